"""Memory of the single item: the mastery model once more, with every item a skill of its own.

Each item then has its own chance of being known from the start, learnt and forgotten, where the mastery model beside it
tells items apart by difficulty alone. For students who meet items again and again: vocabulary, facts, cloze.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numba import njit

from engine.covariates import previous
from engine.filter import answer, drift, emit
from models.log import Floats, ResponseLog
from models.predictor.beliefs import ease_of, keep
from models.predictor.figures import COUNT

OFTEN = 0.1  # share of answers to items that the student has met, from which on items have a memory of their own
NAMES = ("memory of the item: logit of P(correct)", "memory of the item: P(L)")


def items_recur(log: ResponseLog) -> bool:
    """Whether students meet items again often enough, and an item says more than its skills."""
    met = previous(log.student * len(log.items) + log.item) >= 0
    if met.mean() < OFTEN:
        return False
    return len(np.unique(log.tag * len(log.items) + log.item)) > len(log.tags)


def by_item(log: ResponseLog) -> ResponseLog:
    """The log with every item a skill of its own."""
    count = len(log.items)
    start = np.arange(count + 1)
    return replace(log, skills=log.items, tag=log.item, tag_start=start, tag_skill=start[:-1].copy())


@njit(cache=True, nogil=True, error_model="numpy")
def recall(facts: Any, state: Any, slot: int, item: int, now: float, place: float, real: bool, x: Floats) -> None:
    """Fill ``x`` as :data:`NAMES`; missing without such a model."""
    memory, weight, row = facts.memory, state.item_weight, state.by_item[slot]
    if len(weight) == 0:
        x[:] = np.nan
        return
    ease = np.exp(ease_of(memory, row, item, item, now, place, real))
    gain = np.exp(memory.of_set[item, 1] + memory.of_item[item, 1])
    known = state.item_known[slot] if row[COUNT] > 0 else memory.prior[item]
    kept = keep(memory, row, item, now, place, real)
    x[:] = 0.0
    for g in range(len(weight)):
        u, h = emit(ease, gain, memory.lift[item], g)
        x[0] += weight[g] * (u + (h - u) * known[g] * kept)
        x[1] += weight[g] * known[g] * kept
    x[0] = np.log(x[0] / (1.0 - x[0]))


@njit(cache=True, nogil=True, error_model="numpy")
def memorise(
    facts: Any, state: Any, slot: int, item: int, now: float, place: float, real: bool, score: float, room: Any
) -> None:
    """Move the memory by an answer that came; ``room`` [1, G] is written over."""
    memory, weight, row = facts.memory, state.item_weight, state.by_item[slot]
    if len(weight) == 0:
        return
    if row[COUNT] == 0:
        state.item_known[slot] = memory.prior[item]
    ease = np.exp(ease_of(memory, row, item, item, now, place, real))
    gain = np.exp(memory.of_set[item, 1] + memory.of_item[item, 1])
    kept = np.array([keep(memory, row, item, now, place, real)])
    one, known = np.zeros(1, np.int64), state.item_known[slot : slot + 1]
    learn = memory.learn[item : item + 1]
    _, seen = answer(learn, memory.lift[item], one, ease, gain, kept, score, known, weight, room)
    drift(weight, seen, memory.flow)
