"""Parameters of the graph model (:mod:`engine.graph.model`) from logs, by EM: BKT whose learning waits for
prerequisites.

Plain BKT fitted to logs in which skills are met before their prerequisites are known mixes two rates, and says "nobody
learns". Here each round filters every student with the belief itself, smooths each skill's chain backwards (the
evidence that came along the graph being kept as it came), and counts:

    learn_k   learnt / (not known x pace x share x (r + (1 - r) rest))
    rest      learnt where not ready / (the same without rest), over all skills;  share alike, on several skills
    prior                as in Baum & Welch
    guess, slip          from answers on one skill, by Newton on their logits at each item's difficulty; items alike
    ability, pace        scaled by the root of their posterior mean square (parameter expansion, Liu, Rubin & Wu 1998)

Then ``forget`` is raised step by step as long as the answers become likelier.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from engine.bundle import AnyModel
from engine.graph.belief import moved
from engine.graph.lists import Lists, lists
from engine.graph.model import (
    ABILITY,
    FORGET,
    GUESS,
    LEARN,
    PACE,
    PACE_OF_ABILITY,
    READY,
    REST,
    SHARE,
    SLIP,
    UNREADY,
    GraphModel,
    points,
)
from engine.mastery_model import MasteryModel
from engine.responses import digest32
from engine.rows import places, with_last
from models import bkt
from models.fanout import cores
from models.graph.counts import Counts, Floats, Sample, expect
from models.log import DataError, Ints, ResponseLog

POINTS = 3, 3  # of the grid that is fitted on
SERVED = 2, 2  # of the one that is served: the recommender gains as much, from half of the bytes and the time
ROUNDS, ENOUGH = 10, 1e-4  # of EM at most, and by which share of itself the log-likelihood has to rise for another
MOST_STUDENTS, MOST_ANSWERS = 600, 100_000  # more of them change little, and a fit is to take seconds
BEGIN = np.array([0.5, 0.2, 0.4, 0.15, 0.0, 0.7])  # the traits
FASTER = 2.5  # than plain BKT says, which mixes in those who were not ready
FORGETS = (0.0005, 0.001, 0.002, 0.004, 0.008)  # tried in turn, as long as the answers become likelier
HELD = np.array([20.0, 20.0, 20.0])  # answers that hold each column of a skill to the average's
VARIES, VARIES_ITEM = 0.4, 0.7  # logits by which guess, slip and items are taken to differ
LEARNS, ANSWERS = (0.005, 0.7), (0.02, 0.5)  # bounds of learn; of guess and slip
HELD_ITEM = 8.0  # answers that hold an item's difficulty to 0


def fit(log: ResponseLog, prerequisites: Iterable[tuple[str, str]], jobs: int | None = None) -> GraphModel:
    """The graph model that explains the log's answers best, where each of ``prerequisites`` is a skill and one that
    builds on it (ids; of skills that the log lacks they are passed over; there must be no cycle).

    Of many students a sample is read, the same one each time. Raises :class:`DataError` where there is nothing to learn
    from.
    """
    if len(log) == 0:
        raise DataError("there are no answers to learn from")
    some, hard = sampled(log), difficulties(log)
    sample, here = Sample.of(some, graph_of(some, prerequisites)), places(log.items, some.items)
    model = _climb(replace(begin(some, jobs), difficulty=hard[here]), sample, items=some is log)
    model = _forgetting(model, sample.first(max(1, len(some.students) // 4)))
    values, hard[here] = with_last(model.values, model.population, places(some.skills, log.skills)), model.difficulty
    return replace(model, values=values, difficulty=hard, grid=points(*SERVED))


def _climb(model: GraphModel, sample: Sample, items: bool) -> GraphModel:
    """The model once another round makes the answers hardly likelier. ``items``: whether their difficulty is fitted,
    too; of a sample of the answers it is not, since all of them have told more of it."""
    best, value = model, -np.inf
    for _ in range(ROUNDS):
        counts = expect(model, sample)
        if counts.value - value < ENOUGH * abs(counts.value):
            break
        best, value = model, counts.value
        model = maximised(model, counts)
        model = model if items else replace(model, difficulty=best.difficulty)
    return best


def begin(log: ResponseLog, jobs: int | None = None) -> GraphModel:
    """Where the climb begins: plain BKT, made faster."""
    plain = bkt.learn(log, bkt.Options(forgets=False), jobs=jobs)
    prior, learn, guess, slip, _ = np.vstack([plain.params, plain.population]).T
    prior, learn = np.clip(prior, 0.02, 0.95), np.clip(FASTER * learn, 0.01, 0.6)
    values = np.stack([prior**0.5, prior * 0.3, learn, np.clip(guess, 0.02, 0.5), np.clip(slip, 0.02, 0.45)], axis=1)
    return GraphModel(values[:-1], values[-1], difficulties(log), BEGIN.copy(), points(*POINTS))


def sampled(log: ResponseLog) -> ResponseLog:
    """So many students that the bounds hold, drawn by their ids."""
    lengths, students = np.diff(log.bounds), len(log.students)
    if students <= MOST_STUDENTS and len(log) <= MOST_ANSWERS:
        return log
    order = np.argsort([digest32(f"graph\0{student}".encode()) for student in log.students], kind="stable")
    until = int(np.searchsorted(np.cumsum(lengths[order]), MOST_ANSWERS))
    taken = np.zeros(students, bool)
    taken[order[: max(1, min(until, MOST_STUDENTS))]] = True
    return log.select(taken)


def graph_of(log: ResponseLog, prerequisites: Iterable[tuple[str, str]]) -> Lists:
    """The prerequisites among the skills of a log."""
    at = {skill: k for k, skill in enumerate(log.skills)}
    edges = [(at[before], at[after]) for before, after in prerequisites if before in at and after in at]
    before, after = (np.array([edge[side] for edge in edges], np.int64) for side in (0, 1))
    return lists(before, after, len(log.skills))


def difficulties(log: ResponseLog) -> Floats:
    """Logits by which an item is harder than its skills' mean, held to 0 by :data:`HELD_ITEM` answers, [I]."""
    right, number = (np.bincount(log.item, w, minlength=len(log.items)) for w in (log.score, None))
    of_tag: Ints = np.zeros(len(log.items), np.int64)
    of_tag[log.item] = log.tag
    tags = len(log.tag_start) - 1
    right_of_tag = np.bincount(log.tag, log.score, minlength=tags) + 1.0
    mean = np.asarray(right_of_tag / (np.bincount(log.tag, minlength=tags) + 2.0))
    held = np.asarray((right + HELD_ITEM * mean[of_tag]) / (number + HELD_ITEM))
    return logit(mean[of_tag]) - logit(held)


def maximised(model: GraphModel, counts: Counts) -> GraphModel:
    """The model under which the counts are likeliest, skills held to their average."""
    happened, could, predicted = counts.of_skill[..., 0], counts.of_skill[..., 1], counts.predicted
    average = happened.sum(axis=0) / np.maximum(could.sum(axis=0), 1e-9)
    found = (happened + HELD * average) / (could + HELD)
    middle = predicted.sum(axis=0) / np.maximum(could[:, :2].sum(axis=0), 1e-9)
    before = (predicted + HELD[:2] * middle) / (could[:, :2] + HELD[:2])
    values, population = model.values.copy(), model.population.copy()
    for at in (READY, UNREADY):  # a prior moved by as many logits as the answers moved it
        values[:, at] = moved(values[:, at], logit(found[:, at]) - logit(before[:, at]))
        population[at] = np.median(values[:, at])
    values[:, LEARN], population[LEARN] = np.clip(found[:, LEARN], *LEARNS), np.clip(average[LEARN], *LEARNS)
    _answers(values, population, counts.of_answers)
    difficulty = -_stepped(-model.difficulty, counts.of_items, 0.0, VARIES_ITEM)  # ease, so to speak
    rest, share = counts.common[:, 0] / np.maximum(counts.common[:, 1], 1e-9)
    root, traits = np.sqrt(counts.squares), model.traits.copy()
    traits[REST] = np.clip(rest, 0.02, 1.0)
    traits[SHARE] = np.clip(share, 0.1, 1.0) if counts.common[1, 1] > 0 else 1.0
    traits[ABILITY] = np.clip(traits[ABILITY] * root[0], 0.05, 2.0)
    traits[PACE_OF_ABILITY] = np.clip(traits[PACE_OF_ABILITY] * root[0], 0.0, 1.0)
    traits[PACE] = np.clip(traits[PACE] * root[1], 0.05, 1.0)
    return replace(model, values=values, population=population, difficulty=difficulty, traits=traits)


def _answers(values: Floats, population: Floats, told: Floats) -> None:
    """Guess and slip, in place: one step of Newton on their logits, at the difficulty of every item answered. Shares
    of right answers will not do: over easy and hard items they are nearer to one half than on an average item."""
    for state, at, sign in ((0, GUESS, 1.0), (1, SLIP, -1.0)):
        logits, step = sign * logit(values[:, at]), told[:, state, 0].sum() / max(told[:, state, 1].sum(), 1e-9)
        middle = float(sign * logit(population[at]) + np.clip(step, -1.0, 1.0))
        found = 1.0 / (1.0 + np.exp(-sign * _stepped(logits, told[:, state], middle, VARIES)))
        values[:, at] = np.clip(found, *ANSWERS)
        population[at] = np.clip(1.0 / (1.0 + np.exp(-sign * middle)), *ANSWERS)


def _stepped(logits: Floats, told: Floats, middle: float, varies: float) -> Floats:
    """Logits [n] that spread by ``varies`` around ``middle``, after one step of Newton on their posterior; told [n, 2]:
    score less P(right), and P(right) (1 - P(right)), summed over the answers."""
    slope, curve = told[:, 0] - (logits - middle) / varies**2, told[:, 1] + varies**-2
    return np.asarray(logits + np.where(told[:, 1] > 0.0, np.clip(slope / curve, -1.0, 1.0), 0.0))


def _forgetting(model: GraphModel, sample: Sample) -> GraphModel:
    """The model with the rate of forgetting under which the answers are likeliest; none unless they say so."""
    best, value = model, expect(model, sample).value
    for forget in FORGETS:
        traits = model.traits.copy()
        traits[FORGET] = forget
        one = replace(model, traits=traits)
        told = expect(one, sample).value
        if told < value:
            break
        best, value = one, told
    return best


def logit(p: Floats) -> Floats:
    """Of probabilities that are neither 0 nor 1."""
    return np.asarray(np.log(p / (1.0 - p)))


def beside(model: AnyModel, log: ResponseLog, prerequisites: Collection[tuple[str, str]]) -> AnyModel:
    """A model that was fitted to a log, with the graph model of the same log beside it; a mastery model alone has one,
    and only where one of the log's skills builds on another."""
    skills = set(log.skills)
    if not isinstance(model, MasteryModel) or not any(skills.issuperset(edge) for edge in prerequisites):
        return model
    return replace(model, graph=fit(log, prerequisites, cores()))
