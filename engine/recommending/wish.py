"""What is asked for beside "what next?": a mode, and what a teacher or an LMS wants or forbids."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    LEARN = "learn"
    REVIEW = "review"  # what was mastered and is about to be forgotten
    DIAGNOSE = "diagnose"  # fewest questions to place a new student
    TARGETS = "targets"  # these skills, by this date


@dataclass(frozen=True, slots=True)
class Wish:
    """Skills and items by id; those that the catalog does not hold are passed over.

    mode      what for
    targets   skills to reach: with what they build on, and nothing else; ``by`` (ms) when
    left      how many more items there will be, where that is known
    never     skills of which no item is given
    items     only these items; () for all
    order     skills in the order in which they are to be taught, whatever their prerequisites: the first of them that
              is not mastered
    band      P(right), from and to, of the items given: no others, even if none is left
    repeats   how often an item may have been answered before; 0: only new items
    spacing   how many answers must lie between two on the same item
    pins      items that are given first, whatever else is wanted
    """

    mode: Mode = Mode.LEARN
    targets: tuple[str, ...] = ()
    by: int | None = None
    left: int | None = None
    never: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    band: tuple[float, float] | None = None
    repeats: int | None = None
    spacing: int | None = None
    pins: tuple[str, ...] = ()


ANYTHING = Wish()
