"""What is believed of one student under a mastery model, and how answers move it: compiled, one call a history.

The equations stand in :mod:`engine.filter`; here they get what a student's own past gives them: gaps, and earlier
answers to the same item. After every answer a belief lies on a lattice (logits of P(L) on steps of 1/2048, weights as
32-bit floats), so that what a snapshot keeps in two bytes is all there is: a history folded in parts, through any
snapshot, is to the bit the history folded at once. Rounding keeps order: a right answer still lowers nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.covariates import LATELY
from engine.facts import Facts
from engine.filter import answer, drift, emit, of_repeats, retained

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.signedinteger[Any]]
Memory = npt.NDArray[np.float32]

EXACT, LATTICE, COMPACT = range(3)  # how a belief is kept: unrounded; P(L | theta); one P(L) for every theta
STEP = 2048.0  # of the lattice, a logit
FAINT = 1e-30  # a weight that is 0 could never come back
SECOND = 1000  # ms
NEVER = -(2**62)  # no time: before any
COUNT, RIGHT, HIGH, LOW, LATELY_RIGHT, LATELY_WRONG = range(6)  # columns of what is remembered of an item
REMEMBERED = 6
SPLIT = 4096.0  # when an item was met last is HIGH times this and LOW: no 32-bit float holds a time in seconds
FINE = 65535.0  # steps of the lattice that the averages lie on, from 0 to 1


class Belief(NamedTuple):
    """known [K, G] = P(L | theta) after the last answer on each skill; weight [G] of theta; seen [K] answers; last [K]
    time of the last one (whole seconds, in ms) and place [K] its number among the student's answers, -1 where nothing
    was heard of the skill, so that ``known`` is as the model has it; memory [M, 6], as 32-bit floats since there is a
    row for every item ever met: answers, sum of scores, when the last one was (its second, or its number where time
    does not count; in two parts), moving averages of right and of wrong."""

    known: Floats
    weight: Floats
    seen: Counts
    last: Ints
    place: Counts
    memory: Memory


def settled(facts: Facts) -> Facts:
    """The facts with the weights of a student without answers on the lattice."""
    return facts._replace(weight=facts.weight.astype(np.float32).astype(np.float64))


@njit(cache=True, error_model="numpy")
def encode(p: float) -> Any:
    """The nearest point of the lattice: logit p in steps of 1/2048, -32767 to 32767."""
    return min(max(np.rint(np.log(p / (1.0 - p)) * STEP), -32767.0), 32767.0)


@njit(cache=True, error_model="numpy")
def decode(code: float) -> Any:
    """P(L) of a point of the lattice."""
    return 1.0 / (1.0 + np.exp(-code / STEP))


@njit(cache=True, error_model="numpy")
def log_gap(seconds: bool, at: float, last: float, number: int, place: int) -> Any:
    """log(1 + gap): seconds between two times in ms, or answers between two places."""
    gap = (at - last) / SECOND if seconds else number - place - 1.0
    return np.log1p(max(gap, 0.0))


@njit(cache=True, error_model="numpy")
def keeps(
    seconds: bool,
    forget: float,
    slope: float,
    typical: float,
    seen: int,
    at: float,
    last: float,
    number: int,
    place: int,
) -> Any:
    """The chance that a skill which was known is known still. Takes numbers alone, since a compiled function that is
    given facts and beliefs counts a reference to every array in them, at ten times the cost of this."""
    if seen == 0:
        return 1.0
    return retained(forget, slope, typical, log_gap(seconds, at, last, number, place))


@njit(cache=True, error_model="numpy")
def when_met(met: Memory) -> Any:
    """The second of the last answer to an item, or its number among the student's answers."""
    return int(float(met[HIGH]) * SPLIT + float(met[LOW]))


@njit(cache=True, error_model="numpy")
def of_memory(seconds: bool, repeats: Floats, memory: Memory, slot: int, at: float, number: int) -> Any:
    """What earlier answers to an item (row ``slot`` of the memory; none below 0) add to an answer's ease."""
    if slot < 0 or memory[slot, COUNT] == 0.0:
        return 0.0
    when, answers, right = when_met(memory[slot]), float(memory[slot, COUNT]), float(memory[slot, RIGHT])
    gap = log_gap(seconds, at, when * SECOND, number, when)
    return of_repeats(
        repeats, answers, right, gap, float(memory[slot, LATELY_RIGHT]), float(memory[slot, LATELY_WRONG])
    )


@njit(cache=True, error_model="numpy")
def expected(success: Floats, known: Floats, weight: Floats, k: int, keep: float) -> Any:
    """P(correct) on an item of average difficulty that asks for skill k alone."""
    total = 0.0
    for g in range(len(weight)):
        u, h = success[k, 0, g], success[k, 1, g]
        total += weight[g] * (u + (h - u) * known[k, g] * keep)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def follow(
    facts: Any,
    belief: Any,
    number: int,
    item: Ints,
    tag: Ints,
    slot: Ints,
    at: Ints,
    score: Floats,
    kept: int,
    predicted: Floats,
    before: Floats,
    after: Floats,
) -> None:
    """Move a belief by n answers, in order of time, the first of which is the student's answer ``number``.

    item, tag (its set of skills), slot (its row of the memory; -1: none is kept), at (ms), score [n]; ``kept`` is one
    of EXACT, LATTICE, COMPACT. ``predicted`` [n] receives P(correct) of each before it; ``before`` and ``after``
    [links] the expected success on each of its skills at the answer and after it, where they are not empty.
    """
    known, weight, memory, success = belief.known, belief.weight, belief.memory, facts.success
    seconds, slope, typical = facts.seconds, facts.gap[0], facts.gap[1]
    points, link, most = len(weight), 0, 0
    for t in tag:
        most = max(most, facts.start[t + 1] - facts.start[t])
    keep, room = np.empty(most), np.empty((most, points))
    for i in range(len(item)):
        t, now = tag[i], at[i] - at[i] % SECOND
        members = facts.skills[facts.start[t] : facts.start[t + 1]]
        n = len(members)
        for j in range(n):
            k = members[j]
            keep[j] = keeps(
                seconds, facts.forget[k], slope, typical, belief.seen[k], now, belief.last[k], number, belief.place[k]
            )
            if len(before) > 0:
                before[link + j] = expected(success, known, weight, k, keep[j])
        ease = facts.of_set[t, 0] + facts.of_item[item[i], 0]
        odds = np.exp(ease + of_memory(seconds, facts.repeats, memory, slot[i], now, number))
        more = np.exp(facts.of_set[t, 1] + facts.of_item[item[i], 1])
        predicted[i], seen = answer(
            facts.learn, facts.lift[t], members, odds, more, keep[:n], score[i], known, weight, room[:n]
        )
        drift(weight, seen, facts.flow)
        if kept != EXACT:
            _settle(known, weight, members, kept)
        for j in range(n):
            k = members[j]
            belief.seen[k] += 1
            belief.last[k], belief.place[k] = now, number
            if len(after) > 0:
                after[link + j] = expected(success, known, weight, k, 1.0)
        if slot[i] >= 0:
            remember(memory[slot[i]], score[i], now // SECOND if seconds else number, kept)
        number, link = number + 1, link + n


@njit(cache=True, error_model="numpy")
def remember(met: Memory, score: float, when: int, kept: int) -> None:
    """Count an answer to an item into its row of the memory; ``when`` as of :func:`when_met`."""
    met[COUNT] += 1.0
    met[RIGHT] += score
    high = np.floor(when / SPLIT)
    met[HIGH], met[LOW] = high, when - high * SPLIT
    met[LATELY_RIGHT] = _moved(float(met[LATELY_RIGHT]), score, kept)
    met[LATELY_WRONG] = _moved(float(met[LATELY_WRONG]), 1.0 - score, kept)


@njit(cache=True, error_model="numpy")
def _moved(average: float, score: float, kept: int) -> Any:
    """A moving average after another score."""
    average += LATELY * (score - average)
    return average if kept == EXACT else np.rint(average * FINE) / FINE


@njit(cache=True, error_model="numpy")
def _settle(known: Floats, weight: Floats, members: Ints, kept: int) -> None:
    """Put the weights and the skills just answered on the lattice."""
    for g in range(len(weight)):
        weight[g] = np.float32(max(weight[g], FAINT))
    for k in members:
        if kept == COMPACT:
            mean = 0.0
            for g in range(len(weight)):
                mean += weight[g] * known[k, g]
            known[k, :] = min(mean, 1.0 - 1e-9)  # the weights add up to 1 but for rounding
        for g in range(len(weight)):
            known[k, g] = decode(encode(known[k, g]))


@njit(cache=True, nogil=True, error_model="numpy")
def keep_all(facts: Any, belief: Any, at: int, number: int) -> Any:
    """The chance that each skill, were it known after its last answer, is known still [K]; 1 where ``at`` is
    :data:`NEVER`."""
    found, forget, seen, last, place = np.ones(len(belief.seen)), facts.forget, belief.seen, belief.last, belief.place
    seconds, slope, typical, now = facts.seconds, facts.gap[0], facts.gap[1], at - at % SECOND
    if at != NEVER:
        for k in range(len(found)):
            found[k] = keeps(seconds, forget[k], slope, typical, seen[k], now, last[k], number, place[k])
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def stand(facts: Any, belief: Any, at: int, number: int, found: Floats) -> None:
    """Fill ``found`` [3, K]: of every skill, were it asked for at time ``at`` (ms) as answer ``number``, the expected
    success at average difficulty, P(L), and how much the former should rise by one opportunity to learn. Nothing is
    forgotten where ``at`` is :data:`NEVER`."""
    stand_kept(facts, belief, keep_all(facts, belief, at, number), found)


@njit(cache=True, error_model="numpy")
def stand_kept(facts: Any, belief: Any, keep: Floats, found: Floats) -> None:
    """The same where the chance that each skill is known still is known, as of :func:`keep_all`."""
    weight, fresh, place = belief.weight, facts.fresh, belief.place
    for row in range(3):
        _means(weight, fresh[row], found[row])
    for k in range(len(keep)):
        if place[k] >= 0:
            found[0, k], found[1, k], found[2, k] = stand_on(facts, belief, k, keep[k])


@njit(cache=True, error_model="numpy")
def _means(weight: Floats, of: Floats, found: Floats) -> None:
    """Fill ``found`` [K] with the means over the weights [G]."""
    found[:] = 0.0
    for g in range(len(weight)):
        w, of_point = weight[g], of[g]
        for k in range(len(found)):  # the inner loop, so that it is done several at a time
            found[k] += w * of_point[k]


@njit(cache=True, error_model="numpy")
def stand_on(facts: Any, belief: Any, k: int, keep: float) -> Any:
    """The same of skill k alone, known still by the chance ``keep``."""
    success, known, gain = 0.0, 0.0, 0.0
    for g in range(len(belief.weight)):
        w, u, h = belief.weight[g], facts.success[k, 0, g], facts.success[k, 1, g]
        a = belief.known[k, g] * keep
        success += w * (u + (h - u) * a)
        known += w * a
        gain += w * ((h - u) * (1.0 - a) * facts.learn[k, g])
    return success, known, gain


@njit(cache=True, nogil=True, error_model="numpy")
def chances(facts: Any, belief: Any, number: int, item: Ints, tag: Ints, slot: Ints, at: int, keep: Floats) -> Any:
    """P(correct) of each of n items, were it given now [n]; ``keep`` as of :func:`keep_all`, other arguments as of
    :func:`follow`."""
    found, now, members = np.zeros(len(item)), at - at % SECOND, facts.skills
    known, weight, memory, points = belief.known, belief.weight, belief.memory, len(belief.weight)
    ease, joint = np.empty((len(item), 2)), np.empty(points)
    for i in range(len(item)):  # apart, so that what is far off in memory is fetched for many items at once
        t = tag[i]
        ease[i, 0] = facts.of_set[t, 0] + facts.of_item[item[i], 0]
        ease[i, 1] = facts.of_set[t, 1] + facts.of_item[item[i], 1]
    for i in range(len(item)):
        odds = np.exp(ease[i, 0] + of_memory(facts.seconds, facts.repeats, memory, slot[i], now, number))
        more, lift = np.exp(ease[i, 1]), facts.lift[tag[i]]
        joint[:] = 1.0
        for j in range(facts.start[tag[i]], facts.start[tag[i] + 1]):
            k = members[j]
            for g in range(points):
                joint[g] *= known[k, g] * keep[k]
        for g in range(points):  # by themselves, so that several are done at a time
            u, h = emit(odds, more, lift, g)
            joint[g] = weight[g] * (u + (h - u) * joint[g])
        for g in range(points):
            found[i] += joint[g]
    return found
