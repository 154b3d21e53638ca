"""What is worked out while the store has a call: told where it came true, and never else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from engine.responses import History
from engine.tracing import AnyState
from service.ahead import AGAIN, DOUBT
from service.store.base import Outcome, Recorded, Store, StoreUnavailable
from service.tutor import Tutor
from tests.service.conftest import bare_tutor, close
from tests.service.made import answer, log

pytestmark = pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)


@pytest.fixture(autouse=True)
def apart(tutor: Tutor) -> None:
    """The embedded store, too, must be right about it."""
    assert tutor._ahead._apart == tutor.store.apart
    tutor._ahead._apart = True


@pytest.fixture
def worked(tutor: Tutor, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """In order: when the store was asked, when it answered, and what was worked out: a fold or a choice."""
    done: list[str] = []
    record, read, chosen = tutor.store.record, tutor.store.read, tutor._giver._chooser.choose_each
    kind = type(tutor.serving.tracer)
    fold = kind.fold

    async def recorded(*given: Any) -> Any:
        done.append("asked")
        found = await record(*given)
        done.append("store")
        return found

    async def was_read(*given: Any) -> Any:
        done.append("asked")
        found = await read(*given)
        done.append("store")
        return found

    def folded(tracer: Any, history: History, state: AnyState | None = None) -> AnyState:
        if len(history):
            done.append("fold")
        return fold(tracer, history, state)

    def choose_each(serving: Any, who: Sequence[Any], at: int) -> Any:
        done.extend(["choice"] * len(who))
        return chosen(serving, who, at)

    monkeypatch.setattr(tutor.store, "record", recorded)
    monkeypatch.setattr(tutor.store, "read", was_read)
    monkeypatch.setattr(kind, "fold", folded)
    monkeypatch.setattr(tutor._giver._chooser, "choose_each", choose_each)
    return done


async def _same(tutor: Tutor, store: Store) -> None:
    """What is held of ada is what a process that holds nothing makes of the store."""
    other = await bare_tutor(store)
    for asked, again in zip(await tutor.next_each(["ada"], 1), await other.next_each(["ada"], 1), strict=True):
        assert asked == again
    assert (await tutor.mastery("ada")).skills == (await other.mastery("ada")).skills
    await close(other)


async def test_once_a_student_is_held_the_work_is_done_before_the_store_answers(
    tutor: Tutor, worked: list[str]
) -> None:
    await tutor.record([answer("r1", at=1)], 1)
    assert worked == ["asked", "store", "fold", "choice"]
    worked.clear()
    await tutor.record([answer("r2", at=2)], 1)
    await tutor.next_each(["ada"], 1)
    assert worked == ["asked", "fold", "choice", "store", "asked", "choice", "store"]


async def test_it_is_told_and_logged_as_what_is_worked_out_afterwards(tutor: Tutor, store: Store) -> None:
    names = ["ada", "bob", "eve"]
    first = [answer(f"1-{name}", name, at=1) for name in names[:2]]  # the last is new to the process
    second = [answer(f"2-{name}", name, at=2, correct=name == "bob") for name in names]
    await tutor.record(first, 1)
    told = await tutor.record(second, 1)
    other = await bare_tutor(store)
    again = await other.record(second, 1)
    assert told.next == again.next
    assert [one.mastery for one in told.results] == [one.mastery for one in again.results]
    assert [one.outcome for one in again.results] == [Outcome.REPLAYED] * 3
    await close(other)
    await tutor.behind.close()
    logged = await log(store, "recommendation")
    assert sum(told.next["bob"].recommendations[0].recommendation_id.encode() in one for one in logged) == 2, (
        "one a process"
    )


async def test_what_came_in_between_counts(tutor: Tutor, store: Store) -> None:
    other = await bare_tutor(store)
    await tutor.record([answer("r1", at=1)], 1)
    await other.record([answer("r2", at=2, correct=False)])
    told = await tutor.record([answer("r3", at=3)], 1)
    assert told.results[0].mastery[0].responses == 3
    await _same(tutor, store)
    await close(other)


async def test_a_resend_and_a_contradiction_change_nothing(tutor: Tutor, store: Store) -> None:
    await tutor.record([answer("r1", at=1)], 1)
    told = await tutor.record([answer("r2", at=2)], 1)
    again = await tutor.record([answer("r2", at=2)], 1)
    assert again.results[0].outcome is Outcome.REPLAYED
    assert (again.results[0].mastery, again.next) == (told.results[0].mastery, told.next)
    other = await tutor.record([answer("r2", at=2, correct=False)], 1)
    assert other.results[0].outcome is Outcome.CONFLICT
    assert other.next == {}
    await _same(tutor, store)


async def test_a_late_answer_is_left_to_the_whole_history(tutor: Tutor, store: Store) -> None:
    await tutor.record([answer("r2", at=200)], 1)
    told = await tutor.record([answer("r1", at=100, correct=False)], 1)
    assert told.results[0].mastery[0].responses == 2
    await _same(tutor, store)


async def test_where_the_store_fails_nothing_is_held_or_logged(
    tutor: Tutor, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tutor.record([answer("r1", at=1)], 0)
    held = tutor._states._kept.get("ada")

    async def away(*_: Any) -> list[Recorded]:
        raise StoreUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(tutor.store, "record", away)
        with pytest.raises(StoreUnavailable):
            await tutor.record([answer("r2", at=2)], 1)
    assert tutor._states._kept.get("ada") is held
    await _same(tutor, store)
    await tutor.behind.close()
    (only,) = set(await log(store, "recommendation"))  # what _same asked for, of one response
    assert b'"history_length":1' in only


async def test_nothing_is_worked_out_where_it_does_not_come_true(tutor: Tutor, store: Store, worked: list[str]) -> None:
    """Another process answers every second time."""
    other = await bare_tutor(store)
    await tutor.record([answer("first", at=1)], 1)
    for n in range(2, 2 + 2 * AGAIN, 2):
        await other.record([answer(f"r{n}", at=n)])
        worked.clear()
        doubted = tutor._ahead._trust < DOUBT and (tutor._ahead._calls + 1) % AGAIN > 0
        await tutor.record([answer(f"r{n + 1}", at=n + 1)], 1)
        assert worked == ["asked", *([] if doubted else ["fold", "choice"]), "store", "fold", "choice"]
    assert tutor._ahead._trust < DOUBT
    for n in range(1_000, 1_000 + 12 * AGAIN):  # the other one is gone
        await tutor.record([answer(f"r{n}", at=n)], 1)
    assert tutor._ahead._trust > DOUBT
    await _same(tutor, store)
    await close(other)
