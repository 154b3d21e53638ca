"""Draws are even, differ where they should, and are the same in every process with the same salt."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model import builtin
from engine.recommend import Policy
from engine.responses import Response, pack, unpack
from engine.tracing import bind
from service.asking import Question
from service.choosing import HOUR, Chooser
from service.serving import Serving
from service.views import Next
from tests.service.made import NOW, ODD_SKILL, catalog, forgetful

SERVING = Serving(bind(builtin(), catalog(items=4)))


def given(salt: bytes, student: str, *, n: int = 1, exploration: float = 0.05) -> list[tuple[str, str]]:
    chooser = Chooser(Policy(exploration=exploration), salt)
    answer, _ = chooser.choose(SERVING, student, SERVING.tracer.empty, Question(n), NOW)
    return [(one.item_id, one.recommendation_id) for one in answer.recommendations]


def test_the_salt_decides() -> None:
    assert given(b"one", "ada", n=4) == given(b"one", "ada", n=4)
    assert [i for _, i in given(b"one", "ada")] != [i for _, i in given(b"two", "ada")]
    assert len({given(bytes([salt]), "ada")[0][0] for salt in range(40)}) > 1


def test_draws_are_even() -> None:
    chooser = Chooser(Policy(), b"salt")
    draws = np.array([chooser._uniform(b"%d" % student, slot) for student in range(2000) for slot in range(3)])
    assert ((draws >= 0) & (draws < 1)).all()
    counts, _ = np.histogram(draws, 10, (0, 1))
    assert counts.min() > 500  # of 600: chance takes none of them so far down
    assert abs(np.corrcoef(draws[::3], draws[1::3])[0, 1]) < 0.1


@pytest.mark.parametrize("exploration", [0.0, 1.0])
def test_the_ends_of_exploration_work(exploration: float) -> None:
    assert len(given(b"salt", "ada", n=3, exploration=exploration)) == 3


def test_propensities_come_true() -> None:
    chooser = Chooser(Policy(exploration=0.5), b"salt")
    told: dict[str, float] = {}
    drawn: dict[str, int] = {}
    for student in range(4000):
        answer, _ = chooser.choose(SERVING, f"s{student}", SERVING.tracer.empty, Question(), NOW)
        (one,) = answer.recommendations
        told[one.item_id] = one.propensity
        drawn[one.item_id] = drawn.get(one.item_id, 0) + 1
    assert sum(told.values()) == pytest.approx(1)
    assert {item: count / 4000 for item, count in drawn.items()} == pytest.approx(told, abs=0.03)


def test_the_same_question_within_the_hour_has_the_same_answer_and_later_what_was_forgotten_counts() -> None:
    serving = Serving(bind(forgetful(), catalog(items=4)))
    answered = [Response(f"r{n}", "ada", f"odd-{n % 4}", 1.0, NOW + 60_000 * n) for n in range(12)]
    state = serving.tracer.fold(unpack(b"".join(map(pack, answered))))
    chooser, question = Chooser(Policy(), b"salt"), Question(2, (ODD_SKILL,))

    def asked(after: int) -> Next:
        return chooser.choose(serving, "ada", state, question, NOW + after)[0]

    hour = HOUR - NOW % HOUR  # the next full hour
    first = asked(hour + 1)
    assert first.outcome == "nothing left"
    assert asked(hour + HOUR - 1) == first
    assert asked(hour + HOUR).recommendations[0].p_correct < first.recommendations[0].p_correct
    assert asked(30 * 24 * HOUR).outcome == "learn"
