"""Answers folded into mastery with given parameters, student by student, by the served equations (:mod:`engine.bkt`).

As the tracer that serves folds a history, but for a whole log at once, and without a model's draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.bkt import fold_answers
from engine.model import GUESS, PRIOR, SLIP, Model, emissions_of
from models.log import Answers

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

    @classmethod
    def of(cls, model: Model) -> Served:
        return cls(model.skills, model.params, model.population, model.combinations, model.emissions)


@dataclass(frozen=True)
class Folded:
    """P(correct) of each answer before it is learnt from [N]; and of every student and skill that was practised, in
    order of students: who, which skill, P(known) after the last answer, number of answers."""

    predicted: Floats
    student: Ints
    skill: Ints
    mastery: Floats
    answers: Ints


def fold(served: Served, answers: Answers) -> Folded:
    """Every student's answers from nothing; skills that are not known back off to the population."""
    rows = {name: at for at, name in enumerate(served.skills)}
    at = np.array([rows.get(name, -1) for name in answers.skills], np.int64)
    params = np.concatenate([served.params, served.population[None]])[at]
    bounds = np.flatnonzero(np.diff(answers.student, prepend=-1, append=-1)).astype(np.int64)
    columns = answers.tag_start, answers.tag_skill, bounds, answers.tag, answers.score
    links = int(np.diff(answers.tag_start)[answers.tag].sum())
    own = params[:, [GUESS, SLIP]][answers.tag_skill]
    emit = emissions_of(served.combinations, served.emissions, own, answers.tags)
    predicted, place, skill, mastery, number = _fold(params, emit, *columns, links)
    return Folded(predicted, answers.student[bounds[place]], skill, mastery, number)


@njit(cache=True, nogil=True, error_model="numpy")
def _fold(
    params: Floats, emit: Floats, start: Ints, skills: Ints, bounds: Ints, tags: Ints, scores: Floats, links: int
) -> Any:
    """The students of rows bounds[s]:bounds[s+1]; their P(known) is set back for those skills alone that they meet."""
    n, used = len(params), 0
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
        mine = tags[low:high], scores[low:high]
        predicted[low:high] = fold_answers(params, emit, start, skills, *mine, p, seen, before, after)
        for at in range(first, used):
            mastery[at], number[at] = p[skill[at]], seen[skill[at]]
    return predicted, student[:used], skill[:used], mastery[:used], number[:used]
