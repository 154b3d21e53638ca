"""One answer of one student, and what somebody says of a skill, in place: the equations stand in
:mod:`engine.graph.belief`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.graph.model import FORGET, REST, SHARE

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TINY = 1e-6  # a probability that reaches 0 or 1 exactly could never move again
ROWS = 9  # of what :func:`note` tells a trainer


@njit(cache=True, error_model="numpy")
def note(
    asked: Ints,
    if_not: float,
    if_all: float,
    step: float,
    known: Any,
    held: Floats,
    weight: Floats,
    touched: Floats,
    room: Floats,
    trail: Floats,
) -> Any:
    """One answer of one student, in place; returns its probability.

    asked: skills of the item; if_not, if_all: likelihood of the score where not all of them are known, and where all
    are; step: the student's answers before it; known: :class:`engine.graph.belief.Facts`. ``room`` [3, K] is to work
    in. ``trail`` [skills asked, ROWS, G] receives what a trainer needs: P before, P after the evidence, its likelihood
    if known and if not, readiness where not known, P after learning; x, y, R.
    """
    rest, forget = known.traits[REST], known.traits[FORGET]
    share = known.traits[SHARE] if len(asked) > 1 else 1.0
    _remember(held, touched, asked, step, forget)
    total = 0.0
    for g in range(len(weight)):
        x, y, joint = held[0, g], held[1, g], 1.0
        for q in range(len(asked)):
            _derive(x, y, room[0], asked[q], known)
            trail[q, 0, g] = room[0, asked[q]]
            joint *= room[0, asked[q]]
        chance = if_not * (1.0 - joint) + if_all * joint
        weight[g] *= chance
        total += weight[g]
        for q in range(len(asked)):
            if q > 0:
                _derive(x, y, room[0], asked[q], known)  # what builds on the same was moved
            _weigh(x, y, room, asked[q], joint, if_not, if_all, known, trail[q, :, g])
        for q in range(len(asked)):
            _learn(x, y, room[0], asked[q], known.learn[g, asked[q]] * share, rest, known, trail[q, :, g])
    for g in range(len(weight)):
        weight[g] /= total
    return total


@njit(cache=True, error_model="numpy")
def judge(
    skill: int, if_not: float, if_known: float, step: float, known: Any, held: Floats, weight: Floats, touched: Floats
) -> None:
    """Evidence on one skill from which nothing is learnt, in place."""
    _remember(held, touched, np.array([skill]), step, known.traits[FORGET])
    room, total = np.ones((3, held.shape[2])), 0.0
    for g in range(len(weight)):
        x, y = held[0, g], held[1, g]
        _derive(x, y, room[0], skill, known)
        weight[g] *= if_not * (1.0 - room[0, skill]) + if_known * room[0, skill]
        total += weight[g]
        _blame(x, y, room, skill, if_known, if_not, known)
    for g in range(len(weight)):
        weight[g] /= total


@njit(cache=True, error_model="numpy")
def _weigh(
    x: Floats, y: Floats, room: Floats, k: int, joint: float, if_not: float, if_all: float, graph: Any, row: Floats
) -> None:
    """The evidence of an answer on one of its skills, the others as they were believed; ``row[0]`` is what it was."""
    known = room[0]
    rest = joint / row[0]  # not known[k], which the evidence on the others may have moved: it would count twice
    if_known = if_not * (1.0 - rest) + if_all * rest
    row[0], row[2], row[3] = known[k], if_known, if_not
    row[6], row[7], row[8] = x[k], y[k], _ready(known, k, graph)
    _blame(x, y, room, k, if_known, if_not, graph)


@njit(cache=True, error_model="numpy")
def _learn(x: Floats, y: Floats, known: Floats, k: int, rate: float, unready: float, graph: Any, row: Floats) -> None:
    """An opportunity to learn. What builds on k keeps its P: those who have become ready know it as the unready do."""
    _derive(x, y, known, k, graph)
    before, r = known[k], _ready(known, k, graph)
    row[1], row[4] = before, r * (1.0 - x[k]) / (1.0 - before)
    x[k], y[k] = _within(x[k] + (1.0 - x[k]) * rate), _within(y[k] + (1.0 - y[k]) * rate * unready)
    row[5] = known[k] = x[k] * r + y[k] * (1.0 - r)
    for j in range(graph.below[k], graph.below[k + 1]):  # R is a product, so the other prerequisites cancel
        c = graph.children[j]
        x[c] = _within((x[c] * before + y[c] * (known[k] - before)) / known[k])


@njit(cache=True, error_model="numpy")
def _ready(known: Floats, k: int, graph: Any) -> Any:
    """P(all prerequisites known)."""
    r = 1.0
    for j in range(graph.first[k], graph.first[k + 1]):
        r *= known[graph.parents[j]]
    return r


@njit(cache=True, error_model="numpy")
def _derive(x: Floats, y: Floats, known: Floats, k: int, graph: Any) -> None:
    """P(known) of k and all it builds on into ``known``."""
    for m in range(graph.begin[k], graph.begin[k + 1]):
        a = graph.members[m]
        known[a] = _mix(x, y, a, _ready(known, a, graph))


@njit(cache=True, error_model="numpy")
def _blame(x: Floats, y: Floats, room: Floats, k: int, if_known: float, if_not: float, graph: Any) -> None:
    """Evidence on k for its x and y and, up the graph, for those of all it builds on."""
    low, size = graph.begin[k], graph.begin[k + 1] - graph.begin[k]
    known, yes, no = room[0], room[1], room[2]  # likelihood of the answer where a member is known, and where it is not
    yes[size - 1], no[size - 1] = if_known, if_not
    for m in range(size - 2, -1, -1):
        c = graph.child[low + m]
        through, gap = graph.members[low + c], yes[c] - no[c]
        others = _ready(known, through, graph) / known[graph.members[low + m]]
        yes[m] = no[c] + gap * _mix(x, y, through, others)
        no[m] = no[c] + gap * y[through]
    for m in range(size):
        a = graph.members[low + m]
        x[a], y[a] = _posterior(x[a], yes[m], no[m]), _posterior(y[a], yes[m], no[m])


@njit(cache=True, error_model="numpy")
def _posterior(p: float, if_so: float, if_not: float) -> Any:
    return _within(p * if_so / (p * if_so + (1.0 - p) * if_not))


@njit(cache=True, error_model="numpy")
def _mix(x: Floats, y: Floats, k: int, r: float) -> Any:
    return x[k] * r + y[k] * (1.0 - r)


@njit(cache=True, error_model="numpy")
def remembered(lost: float, answers: float) -> Any:
    """What is left of P(known) after so many of the student's answers."""
    return (1.0 - lost) ** answers


@njit(cache=True, error_model="numpy")
def _remember(held: Floats, touched: Floats, asked: Ints, step: float, lost: float) -> None:
    """Bring skills up to date: what was lost since is taken off."""
    if lost == 0.0:
        return
    for k in asked:
        kept = remembered(lost, step - touched[k])
        for g in range(held.shape[1]):
            held[0, g, k], held[1, g, k] = _within(held[0, g, k] * kept), _within(held[1, g, k] * kept)
        touched[k] = step


@njit(cache=True, error_model="numpy")
def _within(p: float) -> Any:
    return min(max(p, TINY), 1.0 - TINY)
