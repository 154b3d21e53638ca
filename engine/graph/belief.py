"""What is believed of a student by way of the graph: BKT on a grid of ability and pace, with evidence that travels.

A student's ability theta and pace rho lie on a grid of G points with weights w. Given a point, every skill k has two
probabilities: x_k, that it is known if its prerequisites are, and y_k, that it is known if they are not.

    known       P_k = x_k R_k + y_k (1 - R_k),   R_k = prod of its prerequisites' P
    memory      x_k, y_k <- x_k keep^n, y_k keep^n, n answers of the student after k was last practised
    predict     P(right) = u + (h - u) J,   J = prod of P_k over the item's skills;   u, h: guess and 1 - slip, moved
                by the item's difficulty
    evidence    Bayes for x and y of the item's skills and of all that they build on, by the likelihood of the answer
                where each is known and where it is not: a right one speaks for all, a wrong one against the
                doubtful. What builds on them follows, since its P is made of theirs.
    learn       x_k <- x_k + (1 - x_k) learn_k(theta, rho),   y_k <- y_k + (1 - y_k) learn_k(theta, rho) rest;
                what builds on k is not known because k was learnt now: its P stays, and its x is mixed with y

and w is multiplied by P(s) and normalised. "By designing for the average we are designing for none": individual
parameters after Yudelson et al. 2013 and Lee & Brunskill 2012; prerequisites as a leaky and-gate (Pearl 1988), its
messages passed once along the graph. Exact where every skill builds on one at most and none is learnt; else close.

After every answer x, y and w lie on a lattice (:func:`coarse`), so that what a snapshot keeps in two bytes is all there
is. A compiled call takes apart every array that it is given, so that all is in flat arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.bkt import likelihood
from engine.borrowed import borrowed
from engine.catalog import Catalog, SkillSets
from engine.graph.filtering import ROWS, TINY, judge, note, remembered
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
    SLIP,
    UNREADY,
    GraphModel,
)
from engine.outlook import GAIN, KNOWN, OUTLOOK, PROMISING, REACHED
from engine.rows import places, with_last

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_LEARN = 0.8


class Facts(NamedTuple):
    """A graph model on a catalog of K skills, S sets of them and I items; G points of the grid.

    The first eight are :class:`engine.graph.lists.Lists`; the skills of set s are ``skills[start[s]:start[s+1]]``.

    of_item [I]    the set of each item
    learn [G, K]   learning rate where the prerequisites are known
    prior [2, G, K]  x and y before the first answer;  weight [G]
    answers [2, I] P(right) where not all skills are known, and where all are;  alone [2, K] the same of an item of
                   average difficulty on one skill
    traits [6]     of the model
    """

    order: Ints
    first: Ints
    parents: Ints
    below: Ints
    children: Ints
    begin: Ints
    members: Ints
    child: Ints
    start: Ints
    skills: Ints
    of_item: Ints
    learn: Floats
    prior: Floats
    weight: Floats
    answers: Floats
    alone: Floats
    traits: Floats


def facts(model: GraphModel, skills: Sequence[str], items: Sequence[str], catalog: Catalog) -> Facts:
    """A model of these skills and items (ids) on a catalog, whose graph it takes: what it does not know is average."""
    own = [skill.id for skill in catalog.skills]
    values = with_last(model.values, model.population, places(skills, own))
    hard = with_last(model.difficulty[:, None], np.zeros(1), places(items, [item.id for item in catalog.items]))
    graph = lists(*catalog.required, len(own))
    return bound(values, hard[:, 0], model.traits, model.grid, graph, catalog.skill_sets)


def bound(values: Floats, difficulty: Floats, traits: Floats, grid: Floats, graph: Lists, sets: SkillSets) -> Facts:
    """The facts of skills [K, 5] and items [I] in the numbering of some lists and skill sets."""
    theta, pace, weight = grid
    log_pace = theta * traits[PACE_OF_ABILITY] + pace * traits[PACE]
    shift = traits[ABILITY] * theta[:, None]
    return Facts(
        *graph,
        np.ascontiguousarray(sets.start),
        np.ascontiguousarray(sets.skills),
        np.ascontiguousarray(sets.of_item),
        np.minimum(values[None, :, LEARN] * np.exp(log_pace)[:, None], MOST_LEARN),
        _rounded(np.stack([moved(values[:, at], shift) for at in (READY, UNREADY)])),
        weight.astype(np.float32).astype(np.float64),
        emissions(values, difficulty, sets.start, sets.skills, sets.of_item),
        np.stack([values[:, GUESS], 1.0 - values[:, SLIP]]),
        traits.copy(),
    )


def emissions(values: Floats, difficulty: Floats, start: Ints, skills: Ints, of: Ints) -> Floats:
    """P(right) where not all skills are known and where all are, [2, N], of items [N] that ask for the sets ``of``: the
    mean over their skills, moved by their difficulty."""
    if not len(of):
        return np.empty((2, 0))
    means = np.add.reduceat(values[skills][:, [GUESS, SLIP]], start[:-1]) / np.diff(start)[:, None]
    guess = moved(means[of, 0], -difficulty)
    return np.stack([guess, np.maximum(moved(1.0 - means[of, 1], -difficulty), guess + 1e-3)])


def moved(p: Floats, logits: Floats) -> Floats:
    """Probabilities moved by so many logits."""
    p = np.clip(p, TINY, 1 - TINY)
    return np.asarray(1.0 / (1.0 + np.exp(-np.log(p / (1 - p)) - logits)))


@njit(cache=True, error_model="numpy")
def coarse(p: float) -> Any:
    """The nearest probability whose distance to 0 or 1 has 11 significant bits, after Dekker 1971."""
    small = min(max(min(p, 1.0 - p), TINY), 0.5)
    split = small * 4398046511105.0  # 2^42 + 1: of 53 bits 11 are left
    small = split - (split - small)
    return small if p < 0.5 else 1.0 - small


@njit(cache=True, error_model="numpy")
def _rounded(of: Floats) -> Floats:
    found = of.copy()
    flat = found.ravel()
    for i in range(len(flat)):
        flat[i] = coarse(flat[i])
    return found


# ------------------------------------------------------------------------------------------------------- flat arrays


def packed(known: Facts) -> tuple[Ints, Floats]:
    """Facts as numbers and values."""
    sizes = [len(known.order), len(known.weight), len(known.of_item), len(known.start) - 1, len(known.skills)]
    sizes += [len(known.parents), len(known.members)]
    numbers = [np.array(sizes, np.int64), *known[:11]]
    return np.concatenate(numbers), np.concatenate([np.ravel(part) for part in known[11:]])


@njit(cache=True, error_model="numpy")
def opened(numbers: Ints, values: Floats) -> Any:
    """The facts by name: views, no copies."""
    k, points, items, sets, links = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    edges, closures = numbers[5], numbers[6]
    a = 7 + k
    b = a + k + 1
    c = b + edges
    d = c + k + 1
    e = d + edges
    f = e + k + 1
    g = f + closures
    h = g + closures
    i = h + sets + 1
    j = i + links
    grid = points * k
    weight = 3 * grid
    answers = weight + points
    alone = answers + 2 * items
    return Facts(
        numbers[7:a],
        numbers[a:b],
        numbers[b:c],
        numbers[c:d],
        numbers[d:e],
        numbers[e:f],
        numbers[f:g],
        numbers[g:h],
        numbers[h:i],
        numbers[i:j],
        numbers[j:],
        values[:grid].reshape(points, k),
        values[grid:weight].reshape(2, points, k),
        values[weight:answers],
        values[answers:alone].reshape(2, items),
        values[alone : alone + 2 * k].reshape(2, k),
        values[alone + 2 * k :],
    )


def newcomer(known: Facts) -> Floats:
    """A student without answers: x and y [2, G, K], weights [G], the student's answers after which each skill was last
    brought up to date [K], and how many there are, in one array."""
    return np.concatenate([known.prior.ravel(), known.weight, np.zeros(len(known.order) + 1)])


@njit(cache=True, error_model="numpy")
def parts(points: int, skills: int, carried: Floats) -> Any:
    """The parts of what :func:`newcomer` makes: views."""
    a = 2 * points * skills
    b = a + points
    return carried[:a].reshape(2, points, skills), carried[a:b], carried[b : b + skills]


# ---------------------------------------------------------------------------------------------------------- kernels


@njit(cache=True, nogil=True, error_model="numpy")
def carry(numbers: Ints, values: Floats, carried: Floats, items: Ints, scores: Floats) -> Floats:
    """What is believed after some answers [n], in order of time."""
    known = opened(borrowed(numbers), borrowed(values))
    moved = carried.copy()
    points, skills = known.learn.shape
    held, weight, touched = parts(points, skills, borrowed(moved))
    most = 0
    for s in range(len(known.start) - 1):
        most = max(most, known.start[s + 1] - known.start[s])
    room, trail = np.ones((3, skills)), np.empty((most, ROWS, points))
    for n in range(len(items)):
        i, score, step = items[n], scores[n], moved[-1]
        asked = known.skills[known.start[known.of_item[i]] : known.start[known.of_item[i] + 1]]
        likely = likelihood(known.answers[0, i], score), likelihood(known.answers[1, i], score)
        note(asked, *likely, step, known, held, weight, touched, borrowed(room), borrowed(trail))
        _settle(asked, known, held, weight)
        moved[-1] = step + 1.0
    return moved


@njit(cache=True, error_model="numpy")
def _settle(asked: Ints, known: Any, held: Floats, weight: Floats) -> None:
    """Put what an answer moved on the lattice."""
    for g in range(len(weight)):
        weight[g] = np.float32(max(weight[g], 1e-30))
        x, y = held[0, g], held[1, g]
        for k in asked:
            for m in range(known.begin[k], known.begin[k + 1]):
                a = known.members[m]
                x[a] = coarse(x[a])
                y[a] = coarse(y[a]) if known.first[a] < known.first[a + 1] else known.prior[1, g, a]  # never asked for
            for j in range(known.below[k], known.below[k + 1]):
                c = known.children[j]
                x[c] = coarse(x[c])


@njit(cache=True, nogil=True, error_model="numpy")
def judged(numbers: Ints, values: Floats, carried: Floats, skill: int, share: float, answers: float) -> Floats:
    """What is believed once somebody said how well a skill goes (:meth:`engine.tracing.base.Tracer.judged`)."""
    known = opened(borrowed(numbers), borrowed(values))
    moved = carried.copy()
    held, weight, touched = parts(len(known.weight), len(known.order), borrowed(moved))
    right, wrong = answers * share, answers * (1.0 - share)
    u, h = known.alone[0, skill], known.alone[1, skill]
    if_not, if_known = u**right * (1.0 - u) ** wrong, h**right * (1.0 - h) ** wrong
    judge(skill, if_not, if_known, moved[-1], known, held, weight, touched)
    _settle(np.array([skill]), known, held, weight)
    return moved


@njit(cache=True, nogil=True, error_model="numpy")
def outlook(numbers: Ints, values: Floats, carried: Floats) -> Floats:
    """What is expected of each skill now, [4, K] as :mod:`engine.outlook` has it.

    Evidence moves P(known) by nothing on average, so what an item brings is what is learnt by it:

        promising = (1 - P) pace,   gain = promising (ready + (1 - ready) rest)

    of the means over the grid: that who knows less is slower, too, is left out, which measured better.
    """
    known = opened(borrowed(numbers), borrowed(values))
    points, skills = known.learn.shape
    held, weight, touched = parts(points, skills, borrowed(carried))
    found, p = np.zeros((OUTLOOK, skills)), np.empty(skills)
    for g in range(points):
        for n in range(skills):
            k, ready = known.order[n], 1.0
            for j in range(known.first[k], known.first[k + 1]):
                ready *= p[known.parents[j]]
            p[k] = held[0, g, k] * ready + held[1, g, k] * (1.0 - ready)
            found[KNOWN, k] += weight[g] * p[k]
            found[REACHED, k] += weight[g] * ready * (1.0 - held[0, g, k]) / (1.0 - p[k])
            found[PROMISING, k] += weight[g] * known.learn[g, k]
    if known.traits[FORGET] > 0.0:
        for k in range(skills):
            found[KNOWN, k] *= remembered(known.traits[FORGET], carried[-1] - touched[k])
    for k in range(skills):
        ready = found[REACHED, k]
        found[PROMISING, k] *= 1.0 - found[KNOWN, k]
        found[GAIN, k] = found[PROMISING, k] * (ready + (1.0 - ready) * known.traits[REST])
    return found
