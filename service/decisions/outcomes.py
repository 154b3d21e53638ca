"""What came of a decision: whether its item was answered, what was answered instead, and what was gained since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from engine.responses import History, key
from engine.tracing import AnyState, AnyTracer

AFTER = 10
"""Answers after which a gain is measured, unless said otherwise."""


class Status(StrEnum):
    FOLLOWED = "followed"
    OVERRIDDEN = "overridden"  # other items were answered instead
    OPEN = "open"  # nothing was answered since


@dataclass(frozen=True, slots=True)
class Came:
    """``score`` and ``answered_at`` (ms) of the answer to the item that was given; ``instead`` is the key of the item
    that was answered first where it was another."""

    status: Status
    score: float | None = None
    answered_at: int | None = None
    instead: int | None = None


def came_of(history: History, length: int, item_id: str, asked: int) -> Came:
    """Of a decision after ``length`` records of a history in order of arrival, where ``asked`` items were asked for.

    The item counts as given where it is among the next ``asked`` answers: several are taken in any order.
    """
    following = history[length : length + max(asked, 1)]
    if not len(following):
        return Came(Status.OPEN)
    at = (following["item"] == key(item_id)).nonzero()[0]
    if not len(at):
        return Came(Status.OVERRIDDEN, instead=int(following["item"][0]))
    answer = following[at[0]]
    return Came(Status.FOLLOWED, float(answer["score"]), int(answer["at"]))


Reward = Callable[[AnyTracer, AnyState, History, int, Came], float | None]
"""tracer, state before, history, its length before, what came of the decision -> the reward; None where it has none."""


def correct(tracer: AnyTracer, state: AnyState, history: History, length: int, came: Came) -> float | None:  # noqa: ARG001
    """The score of the answer to the item given, 0..1; none where it was not answered."""
    return came.score


def gain(after: int = AFTER) -> Reward:
    """Rise of expected success, summed over all skills, from before to ``after`` answers later, as the model that chose
    sees it; none where so many answers have not come. What was answered instead counts too: it is what the decision led
    to."""

    def measured(tracer: AnyTracer, state: AnyState, history: History, length: int, came: Came) -> float | None:  # noqa: ARG001
        if len(history) < length + after:
            return None
        later = tracer.fold(history[: length + after])
        return float((tracer.standing(later).mastery - tracer.standing(state).mastery).sum())

    return measured


def reward_of(name: str, after: int = AFTER) -> Reward:
    """By name: ``correct`` or ``gain``. Raises ValueError for any other."""
    if name not in REWARDS:
        raise ValueError(f"no reward is called {name!r}; there are {', '.join(REWARDS)}")
    return correct if name == "correct" else gain(after)


REWARDS = ("correct", "gain")
