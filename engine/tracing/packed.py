"""The facts of a mastery model, and one student, as two flat arrays each: what a server hands to a kernel.

A compiled call takes apart every array that it is given, which costs more than folding an answer does: 28 arrays took
some 60 us in a live server, the four of here take two. Inside, :func:`opened` and :func:`believed` are the named parts
again (views, no copies), and the equations are those of :mod:`engine.belief`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from engine.belief import NEVER, REMEMBERED, SECOND, Belief, chances, follow, keep_all, keeps, stand, stand_on
from engine.borrowed import borrowed
from engine.covariates import REPEATS
from engine.facts import Facts
from engine.tracing.base import RECENT, Floats, Ints, remembered

SKILLS, SETS, ITEMS, POINTS, SECONDS, REMEMBERS, KEYS = range(7)  # the first numbers of the facts
FACTS = 7
LENGTH, ANSWERS, FOLDED_AT, RECENTS = range(4)  # the first numbers of a student
STUDENT = 4
ROW = REMEMBERED // 2  # values that hold what is remembered of an item, as 32-bit floats
FEW = 64  # items looked for one by one
ITEM, AT, SCORE, WORDS = 1, 2, 6, 4  # where they are in a record of so many words of 8 bytes; the score, of 4


def of_facts(facts: Facts, of_item: Ints, keys: Mapping[int, int]) -> tuple[Ints, Floats]:
    """Facts as numbers and values: with the set of every item [items], and the items' places by their keys."""
    k, points = facts.prior.shape
    names, positions = (np.fromiter(part, np.int64, len(keys)) for part in (keys, keys.values()))
    order = np.argsort(names)
    sizes = [k, len(facts.start) - 1, len(of_item), points, facts.seconds, facts.repeats.any(), len(keys)]
    numbers = [sizes, facts.start, of_item, names[order], positions[order], facts.skills]
    values = [np.ravel(part) for part in facts[2:-1]]
    return np.concatenate([np.asarray(part, np.int64) for part in numbers]), np.concatenate(values)


def newcomer(facts: Facts) -> tuple[Ints, Floats]:
    """A student without answers, as numbers and values."""
    k = len(facts.prior)
    numbers = np.zeros(STUDENT + 3 * k + RECENT, np.int64)
    numbers[FOLDED_AT], numbers[STUDENT + k : STUDENT + 2 * k] = NEVER, NEVER
    numbers[STUDENT + 2 * k : STUDENT + 3 * k] = -1
    return numbers, np.concatenate([facts.prior.ravel(), facts.weight])


@njit(cache=True, error_model="numpy")
def opened(numbers: Ints, values: Floats) -> Any:
    """The facts by name, as they are in there."""
    k, sets, items, points = numbers[SKILLS], numbers[SETS], numbers[ITEMS], numbers[POINTS]
    start = FACTS + sets + 1
    skills = start + items + 2 * numbers[KEYS]
    grid = k * points
    lift = 2 * grid
    theta = lift + 2 * sets * points
    flow = theta + 2 * points
    success = flow + 2 * points
    of_set = success + 2 * grid
    of_item = of_set + 2 * sets
    forget = of_item + 2 * items
    gap = forget + k
    repeats = gap + 2
    fresh = repeats + len(REPEATS)
    return Facts(
        numbers[FACTS:start],
        numbers[skills:],
        values[:grid].reshape(k, points),
        values[grid:lift].reshape(k, points),
        values[lift:theta].reshape(sets, 2, points),
        values[theta : theta + points],
        values[theta + points : flow],
        values[flow:success].reshape(2, points),
        values[success:of_set].reshape(k, 2, points),
        values[of_set:of_item].reshape(sets, 2),
        values[of_item:forget].reshape(items, 2),
        values[forget:gap],
        values[gap:repeats],
        values[repeats:fresh],
        values[fresh:].reshape(3, points, k),
        numbers[SECONDS] > 0,
    )


@njit(cache=True, error_model="numpy")
def believed(k: int, points: int, numbers: Ints, values: Floats) -> Any:
    """The belief of a student, as it is in there."""
    grid = k * points
    return Belief(
        values[:grid].reshape(k, points),
        values[grid : grid + points],
        numbers[STUDENT : STUDENT + k],
        numbers[STUDENT + k : STUDENT + 2 * k],
        numbers[STUDENT + 2 * k : STUDENT + 3 * k],
        values[grid + points :].view(np.float32).reshape((len(values) - grid - points) // ROW, REMEMBERED),
    )


@njit(cache=True)
def recent_of(k: int, numbers: Ints) -> Any:
    """The last items that a student answered, as :class:`engine.tracing.State` has them."""
    first = STUDENT + 3 * k
    return numbers[first : first + numbers[RECENTS]]


@njit(cache=True)
def met_by(k: int, numbers: Ints) -> Any:
    """The items that the rows of a student's memory are of, in the order in which they were met."""
    return numbers[STUDENT + 3 * k + RECENT :]


@njit(cache=True, nogil=True, error_model="numpy")
def fold(
    facts_numbers: Ints,
    facts_values: Floats,
    numbers: Ints,
    values: Floats,
    records: Ints,
    kept: int,
    predicted: Floats,
    before: Floats,
    after: Floats,
) -> Any:
    """Another student's numbers and values: after ``records`` [4 n], in order of time, as words of 8 bytes.

    The last four arguments as of :func:`engine.belief.follow`; ``predicted`` may be empty. Records of unknown items
    count among the last items and the length, and move nothing.
    """
    facts = opened(borrowed(facts_numbers), borrowed(facts_values))
    k, points = len(facts.prior), len(facts.weight)
    item, at, score = _answers(facts_numbers, records)
    met, slot = met_by(k, numbers), np.full(len(item), -1)
    if facts_numbers[REMEMBERS] > 0:
        slot, met = slots(met, item, len(facts.of_item))
    moved = np.empty(STUDENT + 3 * k + RECENT + len(met), np.int64)
    moved[: len(numbers)] = numbers
    moved[STUDENT + 3 * k + RECENT :] = met
    weights = np.empty(k * points + points + ROW * len(met))
    weights[: len(values)], weights[len(values) :] = values, 0.0
    if len(predicted) == 0:
        predicted = np.empty(len(item))
    belief, tag = believed(k, points, borrowed(moved), borrowed(weights)), _sets(facts_numbers, item)
    follow(facts, belief, numbers[ANSWERS], item, tag, slot, at, score, kept, predicted, before, after)
    moved[LENGTH] += len(records) // WORDS
    moved[ANSWERS] += len(item)
    for i in range(AT, len(records), WORDS):
        moved[FOLDED_AT] = max(moved[FOLDED_AT], records[i])
    recent = remembered(recent_of(k, numbers), item, score)
    moved[RECENTS] = len(recent)
    moved[STUDENT + 3 * k : STUDENT + 3 * k + len(recent)] = recent
    return moved, weights


@njit(cache=True, error_model="numpy")
def answered(facts_numbers: Ints, records: Ints) -> Any:
    """Item (position) and score of those records whose item is known, each [n]."""
    item, _, score = _answers(borrowed(facts_numbers), borrowed(records))
    return item, score


@njit(cache=True, error_model="numpy")
def _answers(facts_numbers: Ints, records: Ints) -> Any:
    """Item, time and score of those records whose item is known, each [n]."""
    n, first = 0, FACTS + facts_numbers[SETS] + 1 + facts_numbers[ITEMS]
    keys = facts_numbers[first : first + facts_numbers[KEYS]]
    place = facts_numbers[first + len(keys) : first + 2 * len(keys)]
    scores, count = records.view(np.float32), len(records) // WORDS
    item, at, score = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count)
    for i in range(count):
        key = records[WORDS * i + ITEM]
        found = np.searchsorted(keys, key)
        if found < len(keys) and keys[found] == key:
            item[n], at[n], score[n] = place[found], records[WORDS * i + AT], scores[2 * WORDS * i + SCORE]
            n += 1
    return item[:n], at[:n], score[:n]


@njit(cache=True)
def _sets(facts_numbers: Ints, item: Ints) -> Any:
    """The set of skills of each item [n]."""
    of_item, tag = facts_numbers[FACTS + facts_numbers[SETS] + 1 :], np.empty(len(item), np.int64)
    for i in range(len(item)):
        tag[i] = of_item[item[i]]
    return tag


@njit(cache=True)
def places(met: Ints, item: Ints, items: int) -> Any:
    """The place of each item [n] among those met, -1 for one that was not."""
    found = np.full(len(item), -1)
    if len(item) > FEW:
        table = np.full(items, -1)
        for at in range(len(met)):
            table[met[at]] = at
        for i in range(len(item)):
            found[i] = table[item[i]]
        return found
    asked = np.zeros(items // 8 + 1, np.uint8)  # a bit an item, which fits the processor's cache
    for i in range(len(item)):
        asked[item[i] >> 3] |= 1 << (item[i] & 7)
    for at in range(len(met)):
        if asked[met[at] >> 3] >> (met[at] & 7) & 1:
            for i in range(len(item)):
                if item[i] == met[at]:
                    found[i] = at
    return found


@njit(cache=True)
def slots(met: Ints, item: Ints, items: int) -> Any:
    """The place of each item [n] among those met, from now on; and the items met from now on."""
    found, size = np.full(len(item), -1), len(met)
    known = np.empty(size + len(item), np.int64)
    known[:size] = met
    table = np.full(items if len(known) * len(item) > items else 0, -1)  # of every item, where looking costs more
    if len(table) > 0:
        for at in range(size):
            table[known[at]] = at
    for i in range(len(item)):
        if len(table) > 0:
            found[i] = table[item[i]]
        else:
            for at in range(size):
                if known[at] == item[i]:
                    found[i] = at
                    break
        if found[i] < 0:
            known[size], found[i] = item[i], size
            if len(table) > 0:
                table[item[i]] = size
            size += 1
    return found, known[:size]


@njit(cache=True, nogil=True, error_model="numpy")
def standing(facts_numbers: Ints, facts_values: Floats, numbers: Ints, values: Floats, at: int, found: Floats) -> None:
    """Fill ``found`` [3, K], see :func:`engine.belief.stand`; never before the last answer."""
    facts = opened(borrowed(facts_numbers), borrowed(facts_values))
    belief = believed(len(facts.prior), len(facts.weight), borrowed(numbers), borrowed(values))
    stand(facts, belief, at if at == NEVER else max(at, numbers[FOLDED_AT]), numbers[ANSWERS], found)


@njit(cache=True, error_model="numpy")
def on_skill(
    facts_numbers: Ints, facts_values: Floats, numbers: Ints, values: Floats, skill: int, at: int
) -> tuple[float, float, float]:
    """Expected success on a skill and P(L) at ``at`` (ms), not before the last answer; and the former as the last
    answer on the skill has left it."""
    facts = opened(borrowed(facts_numbers), borrowed(facts_values))
    belief = borrowed(believed(len(facts.prior), len(facts.weight), borrowed(numbers), borrowed(values)))
    forget, slope, typical = facts.forget[skill], facts.gap[0], facts.gap[1]
    now = max(at, numbers[FOLDED_AT])
    times = now - now % SECOND, belief.last[skill], numbers[ANSWERS], belief.place[skill]
    keep = keeps(facts.seconds, forget, slope, typical, belief.seen[skill], *times)
    success, known, _ = stand_on(facts, belief, skill, keep)
    return success, known, stand_on(facts, belief, skill, 1.0)[0]


@njit(cache=True, nogil=True, error_model="numpy")
def predict(facts_numbers: Ints, facts_values: Floats, numbers: Ints, values: Floats, item: Ints, at: int) -> Any:
    """P(correct) of each of n items, were it given at ``at`` (ms), not before the last answer [n]."""
    facts = opened(borrowed(facts_numbers), borrowed(facts_values))
    belief = believed(len(facts.prior), len(facts.weight), borrowed(numbers), borrowed(values))
    keep = keep_all(facts, belief, max(at, numbers[FOLDED_AT]), numbers[ANSWERS])
    return predict_kept(facts_numbers, facts_values, numbers, values, item, at, keep)


@njit(cache=True, nogil=True, error_model="numpy")
def predict_kept(
    facts_numbers: Ints, facts_values: Floats, numbers: Ints, values: Floats, item: Ints, at: int, keep: Floats
) -> Any:
    """The same where the chance that each skill is known still is known, as of :func:`engine.belief.keep_all`."""
    facts = opened(borrowed(facts_numbers), borrowed(facts_values))
    belief = believed(len(facts.prior), len(facts.weight), borrowed(numbers), borrowed(values))
    given = item, _sets(facts_numbers, item), places(met_by(len(facts.prior), numbers), item, len(facts.of_item))
    return chances(facts, belief, numbers[ANSWERS], *given, max(at, numbers[FOLDED_AT]), keep)
