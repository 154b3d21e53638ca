"""The rule's numbers: a named, versioned piece of data."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Policy:
    """What each part of the rule weighs. Where a number was measured, ``docs/experiments.md`` has how.

    mastered     expected success from which a skill is not taught any more, where the catalog sets none of its own
    gate, steep  a skill is worth (P(prerequisites known) / gate) ^ steep of itself, at most all of it
    closed       gate below which it is not given at all: what was asked for is not ready
    opening      how much what a skill would open counts beside what is learnt on it
    discount     what of a skill's worth counts for the one that it builds on: later, or never
    soon         items before the end at which opening others counts by half only (where the end is known)
    wrong, rest  after so many wrong answers in a row a skill rests for so many items, twice as long each time, or until
                 a right answer
    resting      what is left of its worth meanwhile
    stuck        what is left of the worth of a skill on which the student is stuck (:mod:`engine.mastery`)
    drop         how much more a skill is worth while one rests that builds on it
    run, tired   after so many answers in a row on one skill, what is left of its worth: another one is preferred
    share        share at which an item of several skills teaches each
    ease         of two items of a skill rather the one that will be answered: worth 1 + ease (P(right) - 1/2)
    easiest, hardest  P(right) beyond which an item is left out, unless all are
    near         share of the best score from which an item is a near tie; one of these is drawn
    shortlist    how many items are scored one by one; 0: every one
    exploration  share of choices spread evenly over what is ``worthwhile`` (share of the best skill's worth), so that
                 the log can be judged later
    spacing      how many of the last items are not given again, unless nothing else is left
    review_days  review looks so far ahead for what will be forgotten
    """

    name: str = "default"
    version: str = "5"
    mastered: float = 0.8
    gate: float = 0.7
    steep: float = 4.0
    closed: float = 0.05
    opening: float = 1.5
    discount: float = 0.8
    soon: float = 10.0
    wrong: int = 4
    rest: int = 15
    resting: float = 0.25
    stuck: float = 0.15
    drop: float = 2.0
    run: int = 6
    tired: float = 0.25
    share: float = 0.8
    ease: float = 0.4
    easiest: float = 0.95
    hardest: float = 0.3
    near: float = 0.99
    shortlist: int = 32
    exploration: float = 0.05
    worthwhile: float = 0.25
    spacing: int = 10
    review_days: float = 7.0

    @cached_property
    def numbers(self) -> Floats:
        """In the order of the fields, as compiled code reads them. Not to be written to."""
        return np.array(astuple(self)[2:], np.float64)


(
    MASTERED,
    GATE,
    STEEP,
    CLOSED,
    OPENING,
    DISCOUNT,
    SOON,
    WRONG,
    REST,
    RESTING,
    STUCK,
    DROP,
    RUN,
    TIRED,
    SHARE,
    EASE,
    EASIEST,
    HARDEST,
    NEAR,
    SHORTLIST,
    EXPLORATION,
    WORTHWHILE,
    SPACING,
    REVIEW_DAYS,
) = range(24)
