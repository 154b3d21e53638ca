"""A packed student as bytes, exactly: what a snapshot keeps.

Numbers are as long as they need to be (seven bits a byte, LEB128; zigzag where they may be negative), times are told
from the one before. Of an item that was answered once, all but its score and time follows from them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.belief import (
    COMPACT,
    COUNT,
    FINE,
    LATELY_RIGHT,
    LATELY_WRONG,
    NEVER,
    RIGHT,
    SECOND,
    Memory,
    decode,
    encode,
    remember,
    when_met,
)
from engine.borrowed import borrowed
from engine.tracing.base import RECENT, Floats, Ints
from engine.tracing.packed import (
    ANSWERS,
    FOLDED_AT,
    ITEMS,
    LENGTH,
    POINTS,
    RECENTS,
    ROW,
    SECONDS,
    SKILLS,
    STUDENT,
    believed,
    met_by,
    opened,
    recent_of,
)

Bytes = npt.NDArray[np.uint8]

LONGEST = 10  # bytes of a number


@njit(cache=True, nogil=True, error_model="numpy")
def write(facts_numbers: Ints, numbers: Ints, values: Floats, kept: int) -> Any:
    """The bytes of a student whose belief was ``kept`` on the lattice; a practised skill takes 24 at the most as long
    as answers to it are no decades apart, 8 where compact, and an item about 4."""
    k, points, seconds = facts_numbers[SKILLS], facts_numbers[POINTS], facts_numbers[SECONDS] > 0
    numbers, values = borrowed(numbers), borrowed(values)
    belief, met, recent = believed(k, points, numbers, values), met_by(k, numbers), recent_of(k, numbers)
    practised, codes = 0, 1 if kept == COMPACT else points
    for n in belief.seen:
        practised += n > 0
    most = (6 + 4 * practised + 6 * len(met) + len(recent)) * LONGEST + 4 * points + 2 * practised * codes
    made, at = np.empty(most, np.uint8), 0
    out = borrowed(made)
    for number in (numbers[LENGTH], numbers[ANSWERS], _zigzag(numbers[FOLDED_AT]), practised, len(met), len(recent)):
        at = _put(out, at, number)
    for g in range(points):
        at = _put_real(out, at, belief.weight[g])
    before, last = 0, 0
    for skill in range(k):
        if belief.seen[skill] > 0:
            now = belief.last[skill] // SECOND if seconds else belief.place[skill]
            for number in (skill - before, belief.seen[skill], _zigzag(now - last)):
                at = _put(out, at, number)
            at = at if seconds else _put(out, at, _zigzag(belief.last[skill] // SECOND))
            for g in range(codes):
                at = _put_short(out, at, int(encode(belief.known[skill, g])) + 32768)
            before, last = skill, now
    last = 0
    for m in range(len(met)):
        now = when_met(belief.memory[m])
        at, last = _put_memory(out, _put(out, at, met[m]), belief.memory[m], now - last), now
    for item in recent:
        at = _put(out, at, _zigzag(item))
    return made[:at]


@njit(cache=True, nogil=True, error_model="numpy")
def read(facts_numbers: Ints, facts_values: Floats, blob: Bytes, kept: int) -> Any:
    """A student's numbers and values, as :func:`write` was given them. Raises IndexError on bytes that are none."""
    facts = opened(facts_numbers, facts_values)
    k, points, items = len(facts.prior), len(facts.weight), facts_numbers[ITEMS]
    head, at = np.empty(6, np.int64), 0
    for n in range(6):
        head[n], at = _take(blob, at)
    practised, mets, recents = head[3], head[4], head[5]
    if practised > k or mets > len(blob) or recents > RECENT:
        raise IndexError("it has more than there can be")
    numbers = np.zeros(STUDENT + 3 * k + RECENT + mets, np.int64)
    values = np.zeros(k * points + points + ROW * mets)
    numbers[LENGTH], numbers[ANSWERS], numbers[FOLDED_AT] = head[0], head[1], _signed(head[2])
    numbers[RECENTS] = recents
    blob, belief = borrowed(blob), believed(k, points, borrowed(numbers), borrowed(values))
    met = met_by(k, borrowed(numbers))
    belief.known[:], belief.last[:], belief.place[:] = facts.prior, NEVER, -1
    for g in range(points):
        belief.weight[g], at = _take_real(blob, at)
    at = _take_skills(blob, at, belief, practised, facts.seconds, kept)
    at = _take_met(blob, at, belief.memory, met, items, kept)
    for n in range(recents):
        item, at = _take(blob, at)
        item = _signed(item)
        numbers[STUDENT + 3 * k + n] = _within(item, items) if item >= 0 else ~_within(~item, items)
    if at != len(blob):
        raise IndexError("something is left over")
    return numbers, values


@njit(cache=True, error_model="numpy")
def _take_skills(blob: Bytes, at: int, belief: Any, practised: int, seconds: bool, kept: int) -> Any:
    k, points = belief.known.shape
    skill, last, code = 0, 0, 0
    for _ in range(practised):
        step, at = _take(blob, at)
        count, at = _take(blob, at)
        passed, at = _take(blob, at)
        skill, last = _within(skill + step, k), last + _signed(passed)
        belief.seen[skill], belief.last[skill] = count, last * SECOND
        belief.place[skill] = 0 if seconds else last
        if not seconds:
            passed, at = _take(blob, at)
            belief.last[skill] = _signed(passed) * SECOND
        for g in range(points):
            if g == 0 or kept != COMPACT:
                code, at = _take_short(blob, at)
            belief.known[skill, g] = decode(float(code - 32768))
    return at


@njit(cache=True, error_model="numpy")
def _take_met(blob: Bytes, at: int, memory: Memory, met: Ints, items: int, kept: int) -> Any:
    last = 0
    for m in range(len(met)):
        item, at = _take(blob, at)
        met[m] = _within(item, items)
        last, at = _take_memory(blob, at, memory[m], last, kept)
    return at


@njit(cache=True)
def _within(place: int, size: int) -> Any:
    """The place of a skill or an item, which there must be."""
    if place < 0 or place >= size:
        raise IndexError("there is no such skill or item")
    return place


@njit(cache=True, error_model="numpy")
def _put_memory(out: Bytes, at: int, row: Memory, passed: int) -> Any:
    """What is remembered of an item: the time since the one before and, in the same number, one of four forms. A single
    answer, wrong (0) or right (1), needs no more; else the count, the sum of scores (2 whole, 3 not) and the averages
    follow."""
    count, right = int(row[COUNT]), float(row[RIGHT])
    whole, passed = right == np.floor(right), _zigzag(passed) << 2
    if count == 1 and whole:
        return _put(out, at, passed | int(right))
    at = _put(out, _put(out, at, passed | (2 if whole else 3)), count)
    at = _put(out, at, int(right)) if whole else _put_real(out, at, right)
    at = _put_short(out, at, int(np.rint(row[LATELY_RIGHT] * FINE)))
    return _put_short(out, at, int(np.rint(row[LATELY_WRONG] * FINE)))


@njit(cache=True, error_model="numpy")
def _take_memory(blob: Bytes, at: int, row: Memory, last: int, kept: int) -> Any:
    """When the item was met last, and where the next byte is."""
    code, at = _take(blob, at)
    last, form = last + _signed(code >> 2), code & 3
    remember(row, 1.0 if form == 1 else 0.0, last, kept)
    if form > 1:
        count, at = _take(blob, at)
        row[COUNT] = float(count)
        if form == 2:
            right, at = _take(blob, at)
            row[RIGHT] = float(right)
        else:
            row[RIGHT], at = _take_real(blob, at)
        right, at = _take_short(blob, at)
        wrong, at = _take_short(blob, at)
        row[LATELY_RIGHT], row[LATELY_WRONG] = right / FINE, wrong / FINE
    return last, at


@njit(cache=True)
def _zigzag(number: int) -> Any:
    return (number << 1) ^ (number >> 63)


@njit(cache=True)
def _signed(number: int) -> Any:
    return (number >> 1) ^ -(number & 1)


@njit(cache=True)
def _put(out: Bytes, at: int, number: int) -> Any:
    """A number from 0 on; where the next byte goes."""
    while number >= 128:
        out[at] = (number & 127) | 128
        number >>= 7
        at += 1
    out[at] = number
    return at + 1


@njit(cache=True)
def _take(blob: Bytes, at: int) -> Any:
    number, shift = 0, 0
    while shift < 63:
        if at >= len(blob):
            raise IndexError("it ends too soon")
        byte = int(blob[at])
        number |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return number, at
        shift += 7
    raise IndexError("a number is too long")


@njit(cache=True)
def _put_short(out: Bytes, at: int, number: int) -> Any:
    out[at], out[at + 1] = number & 255, number >> 8
    return at + 2


@njit(cache=True)
def _take_short(blob: Bytes, at: int) -> Any:
    if at + 2 > len(blob):
        raise IndexError("it ends too soon")
    return int(blob[at]) | int(blob[at + 1]) << 8, at + 2


@njit(cache=True)
def _put_real(out: Bytes, at: int, real: float) -> Any:
    """A number that 32 bits hold exactly."""
    out[at : at + 4] = np.array([real], np.float32).view(np.uint8)
    return at + 4


@njit(cache=True)
def _take_real(blob: Bytes, at: int) -> Any:
    if at + 4 > len(blob):
        raise IndexError("it ends too soon")
    return float(blob[at : at + 4].view(np.float32)[0]), at + 4
