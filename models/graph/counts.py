"""What a pass over a log counts under a graph model, for :mod:`models.graph.em`: compiled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.bkt import likelihood
from engine.catalog import SkillSets
from engine.graph.belief import bound, emissions
from engine.graph.filtering import ROWS, note
from engine.graph.lists import Lists
from engine.graph.model import LEARN, PACE, PACE_OF_ABILITY, READY, REST, SHARE, UNREADY, GraphModel
from models.log import ResponseLog

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """N answers as the kernels read them, those of student s being rows ``bounds[s]:bounds[s+1]``.

    tag [N] the set of skills asked for, ``skills[start[t]:start[t+1]]``;  item [N];  score [N]
    """

    graph: Lists
    start: Ints
    skills: Ints
    tag: Ints
    item: Ints
    score: Floats
    bounds: Ints

    @classmethod
    def of(cls, log: ResponseLog, graph: Lists) -> Sample:
        """A log on the prerequisites among its skills."""
        return cls(graph, log.tag_start, log.tag_skill, log.tag, log.item, log.score, log.bounds)

    def first(self, students: int) -> Sample:
        """The answers of the first students."""
        bounds = self.bounds[: students + 1]
        rows = slice(0, int(bounds[-1]))
        return replace(self, tag=self.tag[rows], item=self.item[rows], score=self.score[rows], bounds=bounds)


@dataclass
class Counts:
    """What a pass over the answers counts, as (happened, could have happened).

    of_skill  [K, 3, 2] priors and learning, columns as :mod:`engine.graph.model` has them;  predicted [K, 2] the two
              priors, as they were
    of_answers  [K, 2, 2] of the answers on one skill, where it is not known and where it is: score less P(right), and
              P(right) (1 - P(right));  of_items [I, 2] the same by item, known or not
    common    [2, 2] rest and share;  squares [2] mean squares of theta and pace;  value: log-likelihood
    """

    of_skill: Floats
    predicted: Floats
    of_answers: Floats
    of_items: Floats
    common: Floats
    squares: Floats
    value: float


def expect(model: GraphModel, sample: Sample) -> Counts:
    """Expected counts under a model whose skills are numbered as the sample's."""
    nothing = np.empty(0, np.int64)
    sets = SkillSets(nothing, sample.start, sample.skills, *[nothing] * 4)
    known = bound(model.values, np.empty(0), model.traits, model.grid, sample.graph, sets)
    theta, pace, _ = model.grid.copy()
    speed = np.exp(theta * model.traits[PACE_OF_ABILITY] + pace * model.traits[PACE])
    skills = len(model.values)
    hard = model.difficulty
    of_skill = np.zeros((skills, 3, 2)), np.zeros((skills, 2)), np.zeros((skills, 2, 2))
    found = *of_skill, np.zeros((len(hard), 2)), np.zeros((2, 2)), np.zeros(2)
    chances = emissions(model.values, hard[sample.item], sample.start, sample.skills, sample.tag)
    given = sample.tag, sample.item, sample.bounds, chances, sample.score
    counts = Counts(*found, float(_expect(known, *given, theta, pace, speed, *found)))
    counts.squares /= len(sample.bounds) - 1
    return counts


@njit(cache=True, error_model="numpy")
def _expect(
    known: Any, tag: Ints, item: Ints, bounds: Ints, right: Floats, score: Floats, theta: Floats, pace: Floats,
    speed: Floats, of_skill: Floats, predicted: Floats, of_answers: Floats, of_items: Floats, common: Floats,
    squares: Floats,
) -> Any:  # fmt: skip
    points, skills = known.learn.shape
    start, value, room = known.start, 0.0, np.ones((3, skills))
    for s in range(len(bounds) - 1):
        number = 0
        for n in range(bounds[s], bounds[s + 1]):
            number += start[tag[n] + 1] - start[tag[n]]
        trail = np.empty((number, ROWS, points))
        skill, previous, alone = np.empty(number, np.int64), np.full(number, -1, np.int64), np.empty(number, np.int64)
        last, touched, at = np.full(skills, -1, np.int64), np.zeros(skills), 0
        held, weight, answer = known.prior.copy(), known.weight.copy(), np.empty(number, np.int64)
        for n in range(bounds[s], bounds[s + 1]):
            asked, step = known.skills[start[tag[n]] : start[tag[n] + 1]], float(n - bounds[s])
            after = at + len(asked)
            likely = likelihood(right[0, n], score[n]), likelihood(right[1, n], score[n])
            value += np.log(note(asked, *likely, step, known, held, weight, touched, room, trail[at:after]))
            for q in range(len(asked)):
                k = asked[q]
                skill[at + q], previous[at + q], last[k] = k, last[k], at + q
                alone[at + q], answer[at + q] = len(asked) == 1, n
            at = after
        squares[0] += (weight * theta**2).sum()
        squares[1] += (weight * pace**2).sum()
        left = np.zeros((number, 2, 2))  # of each row, what is told where the skill is not known, and where it is
        of = trail, skill, previous, alone, answer, right, score, weight, speed
        _smooth(*of, known, of_skill, predicted, left, common)
        for row in range(number):
            of_answers[skill[row]] += left[row]
            of_items[item[answer[row]]] += left[row, 0] + left[row, 1]
    return value


@njit(cache=True, error_model="numpy")
def _smooth(
    trail: Floats, skill: Ints, previous: Ints, alone: Ints, answer: Ints, right: Floats, score: Floats,
    weight: Floats, speed: Floats, facts: Any, of_skill: Floats, predicted: Floats, left: Floats, common: Floats,
) -> None:  # fmt: skip
    """Backwards over a student's answers: ``future[row]`` is the likelihood of what follows if known, over if not."""
    learn, rest, share = facts.learn, facts.traits[REST], facts.traits[SHARE]
    future = np.ones((len(skill), len(weight)))
    for row in range(len(skill) - 1, -1, -1):
        k = skill[row]
        split = 1.0 if alone[row] else share
        for g in range(len(weight)):
            w, after, ready = weight[g], future[row, g], trail[row, 4, g]
            reach = ready + (1.0 - ready) * rest
            rate = min(learn[g, k] * split * reach, 0.95)
            if_unknown = rate * after + (1.0 - rate)
            m = trail[row, 1, g]
            known = m * after / (m * after + (1.0 - m) * if_unknown)
            learnt = (1.0 - known) * rate * after / if_unknown
            of_skill[k, LEARN, 0] += w * learnt
            of_skill[k, LEARN, 1] += w * (1.0 - known) * speed[g] * split * reach
            part = (1.0 - ready) * rest / reach
            common[0, 0] += w * learnt * part
            common[0, 1] += w * (1.0 - known) * learn[g, k] * split * (1.0 - ready)
            if alone[row]:
                for state, share_of in ((0, 1.0 - known), (1, known)):
                    p = right[state, answer[row]]
                    left[row, state, 0] += w * share_of * (score[answer[row]] - p)
                    left[row, state, 1] += w * share_of * p * (1.0 - p)
            else:
                common[1, 0] += w * learnt
                common[1, 1] += w * (1.0 - known) * learn[g, k] * reach
            here = trail[row, 2, g] * after / (trail[row, 3, g] * if_unknown)
            if previous[row] >= 0:
                met, before = trail[row, 0, g], trail[previous[row], 5, g]
                # What the graph told in between, and what was forgotten, moved the odds.
                future[previous[row], g] = here * met / (1.0 - met) * (1.0 - before) / before
                continue
            x, y, r = trail[row, 6, g], trail[row, 7, g], trail[row, 8, g]
            seen = (x * r + y * (1.0 - r)) * (here - 1.0) + 1.0
            for prior, p, at in ((READY, x, r), (UNREADY, y, 1.0 - r)):
                among = w * at * (p * here + 1.0 - p) / seen
                of_skill[k, prior, 0] += w * at * p * here / seen
                predicted[k, prior] += among * p
                of_skill[k, prior, 1] += among
