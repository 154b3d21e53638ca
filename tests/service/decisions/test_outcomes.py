"""What came of a decision."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model import builtin
from engine.responses import RECORD, History, key
from engine.tracing import bind
from service.decisions.outcomes import Came, Status, came_of, reward_of
from tests.service.made import catalog

TRACER = bind(builtin(), catalog())


def history(*answers: tuple[str, float]) -> History:
    return np.array([(n, key(item), 1000 + n, score, 0) for n, (item, score) in enumerate(answers)], RECORD)


HISTORY = history(("add-0", 1.0), ("add-1", 0.0), ("odd-0", 1.0), ("add-2", 0.5))


@pytest.mark.parametrize(
    ("length", "item", "asked", "came"),
    [
        (0, "add-0", 1, Came(Status.FOLLOWED, 1.0, 1000)),
        (1, "add-0", 1, Came(Status.OVERRIDDEN, instead=key("add-1"))),
        (1, "add-2", 2, Came(Status.OVERRIDDEN, instead=key("add-1"))),
        (1, "add-2", 3, Came(Status.FOLLOWED, 0.5, 1003)),
        (4, "add-2", 1, Came(Status.OPEN)),
    ],
)
def test_what_came(length: int, item: str, asked: int, came: Came) -> None:
    assert came_of(HISTORY, length, item, asked) == came


def test_correct_is_the_score_of_the_answer() -> None:
    correct = reward_of("correct")
    assert correct(TRACER, TRACER.empty, HISTORY, 0, Came(Status.FOLLOWED, 0.5, 1)) == 0.5
    assert correct(TRACER, TRACER.empty, HISTORY, 0, Came(Status.OVERRIDDEN, instead=1)) is None


def test_gain_is_of_expected_success_over_all_skills() -> None:
    gain = reward_of("gain", after=2)
    state = TRACER.fold(HISTORY[:1])
    later = TRACER.standing(TRACER.fold(HISTORY[:3])).mastery.sum()
    found = gain(TRACER, state, HISTORY, 1, Came(Status.OVERRIDDEN, instead=1))
    assert found == pytest.approx(later - TRACER.standing(state).mastery.sum())
    assert gain(TRACER, state, HISTORY, 3, Came(Status.FOLLOWED, 1.0, 1)) is None


def test_other_rewards_are_refused() -> None:
    with pytest.raises(ValueError, match="no reward is called 'joy'; there are correct, gain"):
        reward_of("joy")
