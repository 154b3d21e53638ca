"""Parameters of :mod:`engine.policies.belief` from logs: BKT whose learning waits for prerequisites, by EM.

Plain BKT fitted to logs in which skills are met before their prerequisites are known mixes two rates, and says "nobody
learns". Here each round filters every student with the belief itself, smooths each skill's chain backwards (the
evidence that came along the graph being kept as it came), and counts:

    learn_k   learnt / (not known x pace x share x (r + (1 - r) unready))
    unready   learnt where not ready / (the same without unready), over all skills;  share alike, on several skills
    guess, slip, prior   as in Baum & Welch, from answers on one skill, difficulty apart
    ability, pace        scaled by the root of their posterior mean square (parameter expansion, Liu, Rubin & Wu 1998)

Then ``forget`` is raised step by step as long as the answers become likelier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.bkt import likelihood
from engine.model import GUESS, LEARN, PRIOR, SLIP
from engine.policies.belief import TRAITS, Belief, grid
from engine.policies.course import Course
from engine.policies.filtering import ROWS, Graph, note

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BEGIN = {"ability": 0.5, "pace_of_ability": 0.2, "pace": 0.4, "unready": 0.15, "share": 0.7}
FASTER = 2.5  # than plain BKT says, which mixes in those who were not ready
FORGET = (0.0005, 0.001, 0.002, 0.004, 0.008)  # tried in turn, as long as the answers become likelier
HELD = np.array([20.0, 20.0, 10.0, 10.0])  # answers that hold a skill's prior, learn, guess, slip to the average's
POINTS = (3, 3)
# Rows of counts after those of PARAMETERS: the prior as it was predicted; the prior where not ready, and predicted.
PREDICTED, UNREADY, KINDS = 4, 5, 7


def refine(course: Course, items: Ints, scores: Floats, rounds: int = 4) -> Course:
    """The course with parameters and traits that explain the answers, items and scores [S, T], in order of time."""
    prior = np.clip(course.params[:, PRIOR], 0.02, 0.95)
    params = course.params.copy()
    params[:, LEARN] = np.clip(FASTER * params[:, LEARN], 0.01, 0.6)
    params[:, PRIOR] = prior**0.5
    course = replace(course, informed=params, traits={**TRAITS, **BEGIN}, unready_prior=prior * 0.3)
    for _ in range(rounds):
        course = _maximised(course, expect(course, items, scores))
    some = slice(0, max(1, len(items) // 4))
    return _forgetting(course, items[some], scores[some])


@dataclass
class Counts:
    """What a pass over the answers counts, as (happened, could have happened).

    of_skill  [K, KINDS, 2] prior, learn, guess, slip, and the rows after (:data:`PREDICTED`)
    common    [2, 2] unready and share;  squares [2] mean squares of theta and pace;  value: log-likelihood
    """

    of_skill: Floats
    common: Floats
    squares: Floats
    value: float


def expect(course: Course, items: Ints, scores: Floats) -> Counts:
    """Expected counts under the course's parameters."""
    belief, traits = Belief(course, 1, POINTS), {**TRAITS, **course.traits}
    theta, pace, weight = grid(*POINTS)
    of_skill, common, squares = np.zeros((len(course.params), KINDS, 2)), np.zeros((2, 2)), np.zeros(2)
    speed = np.exp(theta * traits["pace_of_ability"] + pace * traits["pace"])
    ready, unready = belief.held[0]
    value = _expect(
        items,
        scores,
        belief.learn,
        ready,
        unready,
        weight,
        speed,
        theta,
        pace,
        belief.guess,
        belief.right,
        belief.graph,
        belief.traits,
        of_skill,
        common,
        squares,
    )
    return Counts(of_skill, common, squares / len(items), float(value))


def _maximised(course: Course, counts: Counts) -> Course:
    happened, could = counts.of_skill[..., 0], counts.of_skill[..., 1]
    average = happened.sum(axis=0) / np.maximum(could.sum(axis=0), 1e-9)
    held = np.append(HELD, [HELD[0]] * (KINDS - len(HELD)))
    found = (happened + held * average) / (could + held)
    params = _informed(course).copy()
    params[:, PRIOR] = _moved(params[:, PRIOR], found[:, PRIOR], found[:, PREDICTED])
    unready_prior = _moved(course.unready_prior, found[:, UNREADY], found[:, UNREADY + 1])
    params[:, LEARN] = np.clip(found[:, LEARN], 0.005, 0.7)
    params[:, GUESS] = np.clip(found[:, GUESS], 0.02, 0.5)
    params[:, SLIP] = np.clip(found[:, SLIP], 0.02, 0.45)
    unready, share = counts.common[:, 0] / np.maximum(counts.common[:, 1], 1e-9)
    root, traits = np.sqrt(counts.squares), dict(course.traits)
    traits["unready"] = float(np.clip(unready, 0.02, 1.0))
    traits["share"] = float(np.clip(share, 0.1, 1.0)) if counts.common[1, 1] > 0 else 1.0
    traits["ability"] = float(np.clip(traits["ability"] * root[0], 0.05, 2.0))
    traits["pace_of_ability"] = float(np.clip(traits["pace_of_ability"] * root[0], 0.0, 1.0))
    traits["pace"] = float(np.clip(traits["pace"] * root[1], 0.05, 1.0))
    return replace(course, informed=params, traits=traits, unready_prior=unready_prior)


def _informed(course: Course) -> Floats:
    return course.params if course.informed is None else course.informed


def _moved(prior: Floats | None, posterior: Floats, predicted: Floats) -> Floats:
    """A prior moved by as many logits as the answers moved it."""
    assert prior is not None
    return np.asarray(1.0 / (1.0 + np.exp(-logit(prior) - logit(posterior) + logit(predicted))))


def _forgetting(course: Course, items: Ints, scores: Floats) -> Course:
    """The course with the rate of forgetting under which the answers are likeliest; none unless they say so."""
    best, value = course, expect(course, items, scores).value
    for forget in FORGET:
        one = replace(course, traits={**course.traits, "forget": forget})
        told = expect(one, items, scores).value
        if told < value:
            break
        best, value = one, told
    return best


@njit(cache=True, error_model="numpy")
def _expect(
    items: Ints, scores: Floats, learn: Floats, ready_prior: Floats, unready_prior: Floats, prior_weight: Floats,
    speed: Floats, theta: Floats, pace: Floats, guess: Floats, right: Floats, graph: Graph, traits: Floats,
    of_skill: Floats, common: Floats, squares: Floats,
) -> Any:  # fmt: skip
    skills, start = ready_prior.shape[1], graph.start
    value, known, held = 0.0, np.ones(skills), np.empty((2, len(learn), skills))
    for s in range(len(items)):
        number = 0
        for i in items[s]:
            number += start[i + 1] - start[i]
        trail = np.empty((number, ROWS, len(learn)))
        skill, previous, alone = np.empty(number, np.int64), np.full(number, -1, np.int64), np.empty(number, np.int64)
        last, touched = np.full(skills, -1, np.int64), np.zeros(skills, np.int64)
        held[0], held[1] = ready_prior, unready_prior
        weight, score, at = prior_weight.copy(), np.empty(number), 0
        for n in range(items.shape[1]):
            i, c = items[s, n], scores[s, n]
            asked, after = graph.skills[start[i] : start[i + 1]], at + start[i + 1] - start[i]
            likely = (likelihood(guess[i], c), likelihood(right[i], c))
            chance = note(asked, *likely, n, learn, graph, traits, held, weight, touched, known, trail[at:after])
            value += np.log(chance)
            for q in range(len(asked)):
                k = asked[q]
                skill[at + q], previous[at + q], last[k] = k, last[k], at + q
                alone[at + q], score[at + q] = len(asked) == 1, c
            at = after
        squares[0] += (weight * theta**2).sum()
        squares[1] += (weight * pace**2).sum()
        smooth = (trail, skill, previous, alone, score, weight, speed, learn, traits[0], traits[2])
        _smooth(*smooth, of_skill, common)
    return value


@njit(cache=True, error_model="numpy")
def _smooth(
    trail: Floats, skill: Ints, previous: Ints, alone: Ints, score: Floats, weight: Floats, speed: Floats,
    learn: Floats, unready: float, share: float, of_skill: Floats, common: Floats,
) -> None:  # fmt: skip
    """Backwards over a student's answers: ``future[row]`` is the likelihood of what follows if known, over if not."""
    future = np.ones((len(skill), len(weight)))
    for row in range(len(skill) - 1, -1, -1):
        k = skill[row]
        split = 1.0 if alone[row] else share
        for g in range(len(weight)):
            w, after, ready = weight[g], future[row, g], trail[row, 4, g]
            reach = ready + (1.0 - ready) * unready
            rate = min(learn[g, k] * split * reach, 0.95)
            if_unknown = rate * after + (1.0 - rate)
            m = trail[row, 1, g]
            known = m * after / (m * after + (1.0 - m) * if_unknown)
            learnt = (1.0 - known) * rate * after / if_unknown
            of_skill[k, LEARN, 0] += w * learnt
            of_skill[k, LEARN, 1] += w * (1.0 - known) * speed[g] * split * reach
            part = (1.0 - ready) * unready / reach
            common[0, 0] += w * learnt * part
            common[0, 1] += w * (1.0 - known) * learn[g, k] * split * (1.0 - ready)
            if alone[row]:
                of_skill[k, GUESS, 0] += w * (1.0 - known) * score[row]
                of_skill[k, GUESS, 1] += w * (1.0 - known)
                of_skill[k, SLIP, 0] += w * known * (1.0 - score[row])
                of_skill[k, SLIP, 1] += w * known
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
            for prior, predicted, p, at in ((PRIOR, PREDICTED, x, r), (UNREADY, UNREADY + 1, y, 1.0 - r)):
                among = w * at * (p * here + 1.0 - p) / seen
                of_skill[k, prior, 0] += w * at * p * here / seen
                of_skill[k, predicted, 0] += among * p
                of_skill[k, prior, 1] += among
                of_skill[k, predicted, 1] += among


def logit(p: Floats) -> Floats:
    """Of probabilities that are neither 0 nor 1."""
    return np.asarray(np.log(p / (1.0 - p)))
