"""Answers folded into mastery with given parameters, student by student, by the served equations (:mod:`engine.bkt`,
:mod:`engine.belief`).

As the tracers that serve fold a history, but for a whole log at once, and without a model's draws.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.belief import EXACT, LATTICE, REMEMBERED, SECOND, Belief, Memory, expected, follow, settled
from engine.bkt import fold_answers
from engine.bkt import success as success_of
from engine.bundle import AnyModel
from engine.covariates import clock
from engine.facts import facts
from engine.mastery_model import MasteryModel
from engine.model import GUESS, PRIOR, SLIP, Model, emissions_of, read_whole
from engine.rows import places, with_last
from models.log import Answers, ResponseLog

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Served:
    """What answers are read with; names and shapes as in :class:`engine.model.Model`."""

    skills: tuple[str, ...]
    params: Floats
    population: Floats
    combinations: tuple[tuple[str, ...], ...]
    emissions: Floats
    wholes: tuple[tuple[str, ...], ...]
    whole_params: Floats

    @classmethod
    def of(cls, model: Model) -> Served:
        return cls(*(getattr(model, field.name) for field in fields(cls)))


@dataclass(frozen=True)
class Folded:
    """P(correct) of each answer before it is learnt from [N]; expected success on each of its skills ``after`` it
    [links, as :meth:`~models.log.Answers.expand` has them]; and of every student and skill that was practised, in order
    of students: who, which skill, P(known) and expected success after the last answer, number of answers."""

    predicted: Floats
    after: Floats
    student: Ints
    skill: Ints
    known: Floats
    success: Floats
    answers: Ints


def fold(model: Served | AnyModel, answers: Answers, kept: int = LATTICE) -> Folded:
    """Every student's answers from nothing; skills and items that are not known back off as they do in service.

    ``kept`` is how a mastery model's beliefs are rounded (:mod:`engine.belief`): as in service by default. Raises
    TypeError where a mastery model is not given the items and times of a :class:`ResponseLog`.
    """
    if isinstance(model, MasteryModel):
        if not isinstance(answers, ResponseLog):
            raise TypeError("a mastery model reads items and times: give a ResponseLog")
        return _by_ability(model, answers, kept)
    return _plain(Served.of(model) if isinstance(model, Model) else model, answers)


def by_student(answers: Answers) -> Ints:
    """Where the rows of each student who answered begin, and where the last ones end."""
    return np.flatnonzero(np.diff(answers.student, prepend=-1, append=-1)).astype(np.int64)


def _plain(served: Served, answers: Answers) -> Folded:
    params = with_last(served.params, served.population, places(served.skills, answers.skills))
    bounds = by_student(answers)
    columns = answers.tag_start, answers.tag_skill, bounds, answers.tag, answers.score
    links = int(np.diff(answers.tag_start)[answers.tag].sum())
    own = params[:, [GUESS, SLIP]][answers.tag_skill]
    emit = emissions_of(served.combinations, served.emissions, own, answers.tags)
    whole_params, whole = read_whole(served.wholes, served.whole_params, answers.tags, len(params))
    chains = np.concatenate([params, whole_params])
    predicted, after, place, skill, known, number = _fold(chains, emit, whole, *columns, links)
    asked = answers.tag_skill[answers.expand()[1]]
    shown = success_of(after, params[asked]), success_of(known, params[skill])
    return Folded(predicted, shown[0], answers.student[bounds[place]], skill, known, shown[1], number)


def _by_ability(model: MasteryModel, log: ResponseLog, kept: int) -> Folded:
    known = facts(model, log.skills, log.tag_start, log.tag_skill, log.items)
    known = known if kept == EXACT else settled(known)
    seconds = clock(log.at)
    at = log.at if seconds is None else (seconds * SECOND).astype(np.int64)
    links = int(np.diff(log.tag_start)[log.tag].sum())
    memory = np.zeros((len(log.items) if known.repeats.any() else 0, REMEMBERED), np.float32)
    columns = log.bounds, log.item, log.tag, at, log.score
    return Folded(*_follow_all(known, memory, *columns, kept, links))


@njit(cache=True, nogil=True, error_model="numpy")
def _fold(
    params: Floats, emit: Floats, whole: Ints, start: Ints, skills: Ints, bounds: Ints, tags: Ints, scores: Floats,
    links: int,
) -> Any:  # fmt: skip
    """The students of rows bounds[s]:bounds[s+1]; their P(known) is set back for those chains alone that they meet."""
    n, used, link = len(params), 0, 0
    p, seen, met = params[:, PRIOR].copy(), np.zeros(n, np.int32), np.full(n, -1)
    before, after = np.empty(links), np.empty(links)
    predicted, student, skill = np.empty(len(tags)), np.empty(links, np.int64), np.empty(links, np.int64)
    mastery, number = np.empty(links), np.empty(links, np.int64)
    for s in range(len(bounds) - 1):
        low, high, first = bounds[s], bounds[s + 1], used
        for i in range(low, high):
            for j in range(start[tags[i]], start[tags[i] + 1]):
                k = skills[j]
                if met[k] != s:
                    met[k], p[k], seen[k] = s, params[k, PRIOR], 0
                    student[used], skill[used] = s, k
                    used += 1
            c = whole[tags[i]]
            if c >= 0 and met[c] != s:
                met[c], p[c], seen[c] = s, params[c, PRIOR], 0
        parts, mine = (params, emit, start, skills, whole), (tags[low:high], scores[low:high])
        predicted[low:high] = fold_answers(*parts, *mine, p, seen, before[link:], after[link:])
        for t in tags[low:high]:
            link += start[t + 1] - start[t]
        for at in range(first, used):
            mastery[at], number[at] = p[skill[at]], seen[skill[at]]
    return predicted, after, student[:used], skill[:used], mastery[:used], number[:used]


@njit(cache=True, nogil=True, error_model="numpy")
def _follow_all(
    facts: Any, memory: Memory, bounds: Ints, item: Ints, tag: Ints, at: Ints, score: Floats, kept: int, links: int
) -> Any:
    """The fields of :class:`Folded`; ``memory`` [I, 6] is of zeros, or has no rows where nothing is remembered."""
    n, used, link, none, after = len(facts.prior), 0, 0, np.empty(0), np.empty(links)
    belief = Belief(
        facts.prior.copy(),
        facts.weight.copy(),
        np.zeros(n, np.int32),
        np.zeros(n, np.int64),
        np.zeros(n, np.int32),
        memory,
    )
    slot = item if len(memory) > 0 else np.full(len(item), -1)
    predicted, met = np.empty(len(item)), np.full(n, -1)
    student, skill, number = np.empty(links, np.int64), np.empty(links, np.int64), np.empty(links, np.int64)
    known, success = np.empty(links), np.empty(links)
    for s in range(len(bounds) - 1):
        rows, first, low = slice(bounds[s], bounds[s + 1]), used, link
        belief.weight[:] = facts.weight
        for i in range(bounds[s], bounds[s + 1]):
            if slot[i] >= 0:
                memory[slot[i], :] = 0.0
            for k in facts.skills[facts.start[tag[i]] : facts.start[tag[i] + 1]]:
                link += 1
                if met[k] != s:
                    met[k], belief.seen[k] = s, 0
                    belief.known[k, :] = facts.prior[k, :]
                    student[used], skill[used] = s, k
                    used += 1
        mine = item[rows], tag[rows], slot[rows], at[rows], score[rows]
        follow(facts, belief, 0, *mine, kept, predicted[rows], none, after[low:link])
        for place in range(first, used):
            k = skill[place]
            number[place], known[place] = belief.seen[k], (belief.weight * belief.known[k]).sum()
            success[place] = expected(facts.success, belief.known, belief.weight, k, 1.0)
    return predicted, after, student[:used], skill[:used], known[:used], success[:used], number[:used]
