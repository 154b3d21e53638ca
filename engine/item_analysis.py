"""What the answers say of an item: how hard it is, whether it tells who knows from who does not, and what is odd.

Only the first answer of each student to the item counts. Who *knows* is who, before that answer, was expected to
succeed on every skill of the item with at least the skill's mark.

- **difficulty**: by how much less was right than what these students had mastered made expected; above 0, it is harder
  than other items of its skills.
- **discrimination**: the correlation of the score with the mastery before the answer. An item that works is answered
  better by those who know more.
- **worse by those who know**: those who know are right less often than the others, and chance alone would do that at
  most once in a hundred (Fisher's exact test, one-sided). Mostly the key is wrong, or the question misleads.
- **missed by those who know**: of those who know, less than half of the right answers that are expected of them, and
  chance alone would do that at most once in a thousand (the sum of their chances, exactly). The key is wrong, or the
  item asks for something else than its skills.
- **everybody right**, **everybody wrong**: it tells nobody from anybody.
- **too few answers**: below :data:`ENOUGH`, nothing else is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import comb

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ENOUGH = 10  # students
REVERSED, MISSED = 0.01, 0.001


class Flag(StrEnum):
    TOO_FEW = "too few answers"
    WORSE = "worse by those who know"
    MISSED = "missed by those who know"
    ALL_RIGHT = "everybody right"
    ALL_WRONG = "everybody wrong"


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """``right`` is the share of right answers, ``expected`` what their mastery would have made it, ``difficulty`` the
    latter less the former; all 0 where nobody has answered. ``discrimination`` is None where all scored, or knew, the
    same. ``knowing`` of the ``students`` knew; of them ``knowing_right`` were right, where ``knowing_expected`` were to
    be expected; of the others ``others_right``. These four are None where they must not be shown apart."""

    students: int
    right: float
    expected: float
    discrimination: float | None
    knowing: int | None
    knowing_right: int | None
    knowing_expected: float | None
    others_right: int | None
    flags: tuple[Flag, ...]
    difficulty: float


def analyse(scores: Floats, mastery: Floats, knows: Bools) -> ItemFacts:
    """Facts of an item from the first answers of its students, all [n]: scores in 0..1 (right from 0.5 on), the
    expected success on the item's skills before the answer, and who knew them."""
    n, right = len(scores), scores >= 0.5
    knowing, knowing_right = int(knows.sum()), int(right[knows].sum())
    others_right = int(right.sum()) - knowing_right
    chances = mastery[knows]
    share, expected = (float(scores.mean()), float(mastery.mean())) if n else (0.0, 0.0)
    return ItemFacts(
        n,
        share,
        expected,
        _correlation(scores, mastery),
        knowing,
        knowing_right,
        float(chances.sum()),
        others_right,
        _flags(n, int(right.sum()), chances, knowing_right),
        expected - share,
    )


def _flags(n: int, right: int, chances: Floats, knowing_right: int) -> tuple[Flag, ...]:
    if n < ENOUGH:
        return (Flag.TOO_FEW,)
    knowing = len(chances)
    less = knowing_right * (n - knowing) < (right - knowing_right) * knowing  # else chance need not be asked
    odd = {
        Flag.WORSE: less and fewer_right(knowing_right, knowing, right, n) <= REVERSED,
        Flag.MISSED: 2 * knowing_right < chances.sum() and at_most(knowing_right, chances) <= MISSED,
        Flag.ALL_RIGHT: right == n,
        Flag.ALL_WRONG: right == 0,
    }
    return tuple(flag for flag, holds in odd.items() if holds)


def _correlation(x: Floats, y: Floats) -> float | None:
    if len(x) < 2 or x.min() == x.max() or y.min() == y.max():
        return None
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


def fewer_right(right: int, group: int, all_right: int, total: int) -> float:
    """P(at most ``right`` of a ``group`` of the ``total``) where ``all_right`` are right and it is chance who is.

    >>> fewer_right(0, 2, 2, 4) == 1 / 6
    True
    """
    wrong = total - all_right
    ways = sum(comb(all_right, k) * comb(wrong, group - k) for k in range(right + 1) if group - k <= wrong)
    return ways / comb(total, group)


def at_most(right: int, chances: Floats) -> float:
    """P(at most ``right`` right answers) where each has its own chance [n].

    >>> at_most(0, np.array([0.5, 0.5]))
    0.25
    """
    p = np.ones(1)
    for chance in chances.tolist():
        p = np.append(p, 0.0) * (1 - chance) + np.append(0.0, p) * chance
    return float(p[: right + 1].sum())
