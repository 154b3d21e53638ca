"""What a choice is: the items given, why, and everything that is needed to judge or to explain it later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.recommending.eligible import FILTERS
from engine.values import value

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Outcome(StrEnum):
    LEARN = "learn"
    NOTHING_LEFT = "nothing left"  # all is mastered, or placed: what comes is review
    NOT_READY = "not ready"  # what was asked for waits for prerequisites
    NO_ITEMS = "no items"  # no item fits the question


class Ranking(NamedTuple):
    """What a slot was drawn from.

    said    [7, K] what the rule says of every skill, rows as :mod:`engine.recommending.skills` names them
    items   [n] the shortlist, positions; an item that was explored and is not in it stands last
    worth   [m] what each item of the shortlist is worth, but for its ease (m is n, or n - 1 where one was explored)
    p       [n] P(correct) of each
    scores  [m] worth x ease, by which they are compared
    ties    places in ``items`` of the near ties, one of which is given
    floor   how many items exploration is spread over; ``explorable`` finds them (positions), near ties among them
    draw    the uniform number that decided
    """

    said: Floats
    items: Ints
    worth: Floats
    p: Floats
    scores: Floats
    ties: Ints
    floor: int
    explorable: Callable[[], Ints]
    draw: float

    def distribution(self, exploration: float) -> tuple[Ints, Floats]:
        """Every item that could be drawn, and its propensity: each near tie has (1 - e) / ties + e / floor, any other
        item e / floor."""
        items = self.explorable()
        chances = np.full(len(items), exploration / max(self.floor, 1))
        chances[np.isin(items, self.items[self.ties])] += (1.0 - exploration) / max(len(self.ties), 1)
        drawn = chances > 0
        return items[drawn], chances[drawn]


@value(frozen=True, slots=True)
class Recommendation:
    """One item (position in the catalog): why, and how likely it was to be chosen given the slots before it.

    ``draw`` is the uniform number that decided, and ``ranked`` tells what the item was drawn from; an item that a
    teacher pinned has no such thing, and needs no draw.
    """

    item: int
    reason: str
    text: str
    p_correct: float
    expected_gain: float
    propensity: float
    draw: float = 0.0
    ranked: Callable[[], Ranking | None] | None = field(default=None, compare=False, repr=False)

    @property
    def ranking(self) -> Ranking | None:
        """What it was drawn from."""
        return None if self.ranked is None else self.ranked()


@value(frozen=True, slots=True)
class Notice:
    """Something that a teacher should be told of: a skill that rests after so many wrong answers in a row."""

    skill: int
    wrong: int
    text: str


@value(frozen=True, slots=True)
class Choice:
    """The answer to "what next?". ``candidates`` is how many items could be given; ``kept`` how many items each of
    :data:`FILTERS` kept, the first being those that could be."""

    outcome: Outcome
    text: str
    recommendations: tuple[Recommendation, ...]
    candidates: int
    kept: tuple[int, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def filtered(self) -> dict[str, int]:
        """Items by what kept them from being given."""
        return {name: count for name, count in zip(FILTERS[1:], self.kept[1:], strict=False) if count}
