"""A prerequisite graph as compiled kernels read it: lists as ``start`` and members."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


class Lists(NamedTuple):
    """K skills.

    order [K]              skills, each after all that it builds on
    first, parents         what skill k builds on directly is ``parents[first[k]:first[k+1]]``
    below, children        what builds directly on it
    begin, members, child  k and all it builds on are ``members[begin[k]:begin[k+1]]``, k last, each before what builds
                           on it; ``child`` is the place, in the same list, of the skill through which it was reached
                           (the nearest to k), -1 for k
    """

    order: Ints
    first: Ints
    parents: Ints
    below: Ints
    children: Ints
    begin: Ints
    members: Ints
    child: Ints


def lists(before: Ints, after: Ints, skills: int) -> Lists:
    """The lists of a graph without cycles, whose edges go from ``before`` [edges] to ``after`` [edges]."""
    order = by_level(before, after, skills)
    first, parents = grouped(before, after, skills)
    return Lists(order, first, parents, *grouped(after, before, skills), *_closures(order, first, parents))


def grouped(of: Ints, by: Ints, skills: int) -> tuple[Ints, Ints]:
    """``of`` grouped by ``by``: start [K + 1] and members."""
    start = np.concatenate([[0], np.cumsum(np.bincount(by, minlength=skills))]).astype(np.int64)
    return start, of[np.argsort(by, kind="stable")].astype(np.int64)


def by_level(before: Ints, after: Ints, skills: int) -> Ints:
    """The skills so that each stands after all that it builds on; ties as they are numbered."""
    level = np.zeros(skills, np.int64)
    for _ in range(skills):  # longest path, by relaxation
        raised = level.copy()
        np.maximum.at(raised, after, level[before] + 1)
        if (raised == level).all():
            break
        level = raised
    return np.argsort(level, kind="stable").astype(np.int64)


def _closures(order: Ints, first: Ints, parents: Ints) -> tuple[Ints, Ints, Ints]:
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(place))
    members, child, start = [], [], [0]
    for k in range(len(place)):
        through, queue = {k: -1}, [k]
        for a in queue:  # breadth first: by the shortest way
            for b in parents[first[a] : first[a + 1]].tolist():
                if b not in through:
                    through[b] = a
                    queue.append(b)
        found = sorted(through, key=lambda j: int(place[j]))
        at = {j: n for n, j in enumerate(found)}
        members += found
        child += [at[through[j]] if j != k else -1 for j in found]
        start.append(len(members))
    return np.array(start, np.int64), np.array(members, np.int64), np.array(child, np.int64)
