"""What the rule reads of a model and a catalog, made once: a student's choice then costs the same for any number of
items.

The items of every set of skills lie in order of ease, so that those at a student's level are found by halving. All is
in two flat arrays, since a compiled call takes apart every array that it is given.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.graph.lists import by_level
from engine.mastery import Thresholds, thresholds
from engine.tracing import AnyTracer

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEARNT = 0.95
"""P(L) of an average student that will do where expected success never gets to ``mastered``: practice cannot raise it
further."""


class Parts(NamedTuple):
    """K skills, S sets of skills, I items, M of them active.

    built [B]           the skills that build on others, each after what it builds on
    first, parents      skill k builds on ``parents[first[k]:first[k+1]]``
    start, skills       the skills of set s are ``skills[start[s]:start[s+1]]``
    begin, members      its active items are ``members[begin[s]:begin[s+1]]``, the easiest first
    of_item [I]         the set of an item, ``~set`` for one that may not be given
    mark [K]            mastery from which a skill is not taught any more
    harder [M]          by what the odds of a right answer of a newcomer are lower than on its hardest skill alone
    """

    built: Ints
    first: Ints
    parents: Ints
    start: Ints
    skills: Ints
    begin: Ints
    members: Ints
    of_item: Ints
    mark: Floats
    harder: Floats


class Table:
    """Immutable. ``whole`` and ``real`` are what :func:`opened` opens."""

    def __init__(self, tracer: AnyTracer, mastered: float) -> None:
        catalog, sets = tracer.catalog, tracer.catalog.skill_sets
        self.catalog, k = catalog, len(catalog.skills)
        self.mark = np.minimum(thresholds(tracer, Thresholds(mastered=mastered)), tracer.success(LEARNT))
        self.everything = np.ones(k, np.uint8)  # every skill was asked for, and counts: not to be written to
        self.first, self.parents = tracer.builds_on
        self.order = by_level(*catalog.required, k)
        self.members, ease = by_ease(tracer)
        of_item = ~sets.of_item
        of_item[self.members] = sets.of_item[self.members]
        built = self.order[np.diff(self.first)[self.order] > 0]
        lists = (built, self.first, self.parents, sets.start, sets.skills, sets.first, self.members, of_item)
        sizes = [k, len(built), len(self.parents), len(sets.size), len(sets.skills), len(self.members)]
        self.whole = np.concatenate([np.array(sizes, np.int64), *lists])
        self.real = np.concatenate([self.mark, np.exp(-ease)])

    @cached_property
    def above(self) -> Bools:
        """[K, K]: whether a skill (row) builds on another (column), directly or not."""
        found = np.zeros((len(self.mark), len(self.mark)), bool)
        for k in self.order.tolist():
            for parent in self.parents[self.first[k] : self.first[k + 1]].tolist():
                found[k] |= found[parent]
                found[k, parent] = True
        return found


@lru_cache(4)  # of what is served, and of what was served until now
def by_ease(tracer: AnyTracer) -> tuple[Ints, Floats]:
    """The active items, set by set and the easiest first, and how easy each is, [M]: what takes long in a table."""
    sets, ease = tracer.catalog.skill_sets, _offsets(tracer)
    order = np.lexsort((np.arange(len(sets.members)), -ease[sets.members], sets.of_item[sets.members]))
    return sets.members[order], ease[sets.members[order]]


@lru_cache(4)
def table_of(tracer: AnyTracer, mastered: float) -> Table:
    """The table of a tracer, for a policy's ``mastered``."""
    return Table(tracer, mastered)


@njit(cache=True)
def opened(whole: Ints, real: Floats) -> Any:
    """The parts by name: views, no copies."""
    k, built, edges, sets, links, members = whole[0], whole[1], whole[2], whole[3], whole[4], whole[5]
    a = 6 + built
    b = a + k + 1
    c = b + edges
    d = c + sets + 1
    e = d + links
    f = e + sets + 1
    g = f + members
    return Parts(
        whole[6:a],
        whole[a:b],
        whole[b:c],
        whole[c:d],
        whole[d:e],
        whole[e:f],
        whole[f:g],
        whole[g:],
        real[:k],
        real[k:],
    )


@njit(cache=True)
def set_of(parts: Any, item: int) -> Any:
    """The set of an item, whether it may be given or not."""
    return max(parts.of_item[item], ~parts.of_item[item])


def _offsets(tracer: AnyTracer) -> Floats:
    """How much easier each item is, [I], than the mastery of its hardest skill says: in logits, for a newcomer."""
    sets = tracer.catalog.skill_sets
    if not len(sets.of_item):
        return np.empty(0)
    mastery = tracer.standing(tracer.empty).mastery
    alone = np.minimum.reduceat(mastery[sets.skills], sets.start[:-1])[sets.of_item]
    return _logit(tracer.predict(tracer.empty, np.arange(len(sets.of_item)))) - _logit(alone)


def _logit(p: Floats) -> Floats:
    return np.asarray(np.log(p) - np.log1p(-p))
