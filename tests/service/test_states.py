"""What a process holds of students is a cache: never another answer than from nothing, and never more than its room."""

from __future__ import annotations

import pytest

from engine.bundle import dump
from engine.outlook import KNOWN
from engine.responses import unpack
from service.states import BESIDE, SHARE, SNAPSHOT_AFTER, States
from service.store import open_store
from service.store.base import Snapshot, Store
from service.tutor import Tutor
from tests.service.conftest import bare_tutor, close
from tests.service.made import NOW, answer, graphed

pytestmark = pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)


async def _mastery(tutor: Tutor, student: str = "ada") -> list[float]:
    """From nothing: every page folds the whole history."""
    return [one.mastery for one in (await tutor.mastery(student)).skills]


async def _held(tutor: Tutor, student: str = "ada") -> list[float]:
    _, (state,) = await tutor.states([student])
    found: list[float] = tutor.serving.tracer.standing(state, NOW).mastery.tolist()
    return found


async def test_what_is_held_is_folded_on_with_what_another_process_recorded(tutor: Tutor, store: Store) -> None:
    other = await bare_tutor(store)
    for n in range(0, 12, 3):
        await tutor.record([answer(f"r{n}", at=n)])
        await other.record([answer(f"r{n + 1}", at=n + 1, correct=False), answer(f"r{n + 2}", at=n + 2)])
        assert await _held(tutor) == await _held(other) == await _mastery(tutor)
    await close(other)


async def test_a_late_answer_has_everything_folded_anew(tutor: Tutor) -> None:
    await tutor.record([answer("r2", at=200)])
    await tutor.record([answer("r1", at=100, correct=False)])
    assert await _held(tutor) == await _mastery(tutor)
    await tutor.record([answer("r3", at=300)])
    assert await _held(tutor) == await _mastery(tutor)


async def test_a_student_who_was_erased_and_began_again_is_not_taken_for_the_old_one(
    tutor: Tutor, store_url: str
) -> None:
    """The new history is as long as the one that is held, and longer."""
    before = tutor._states
    await tutor.record([answer(f"r{n}", "bob", at=n) for n in range(3)])
    tutor._states = States(tutor.store, tutor.behind, 2**24)
    await tutor.record([answer(f"q{n}", at=n, correct=False) for n in range(4)])
    of_bob = before._kept.get("bob")
    assert of_bob is not None
    before._kept.keep("ada", of_bob, 0)
    tutor._states = before
    assert await _held(tutor) == await _mastery(tutor)
    assert await _held(tutor) != await _held(tutor, "bob")


async def test_a_snapshot_that_cannot_be_read_is_made_again(tutor: Tutor, store: Store) -> None:
    await tutor.record([answer(f"r{n}", at=n) for n in range(3)])
    await store.save_snapshots([Snapshot("ada", tutor.serving.tag, 3, b"torn")])
    tutor._states = States(store, tutor.behind, 2**24)
    assert await _held(tutor) == await _mastery(tutor)
    await tutor.behind.close()
    (stored,), _ = await store.read(["ada"], tutor.serving.tag)
    assert stored.snapshot not in (None, b"torn")


async def test_a_snapshot_is_written_once_in_a_while_though_one_record_is_folded_at_a_time(
    tutor: Tutor, store_url: str
) -> None:
    for n in range(SNAPSHOT_AFTER + 3):
        await tutor.record([answer(f"r{n}", at=n)])
    await tutor.behind.close()
    store = await open_store(store_url)
    (stored,), _ = await store.read(["ada"], tutor.serving.tag)
    await store.close()
    assert stored.snapshot is not None
    assert len(stored.records) == 3 * 32


async def test_a_long_history_has_its_snapshot_written_less_often(tutor: Tutor, store_url: str) -> None:
    """It is as large as the history is long: else what is written an answer would grow with it."""
    length = 20 * SNAPSHOT_AFTER
    await tutor.record([answer(f"long-{n}", at=n) for n in range(length)])
    one_by_one = SNAPSHOT_AFTER + SNAPSHOT_AFTER // 2  # beyond 1/16 of what is then there
    for n in range(one_by_one):
        await tutor.record([answer(f"r{n}", at=length + n)])
    await tutor.behind.close()
    store = await open_store(store_url)
    (stored,), _ = await store.read(["ada"], tutor.serving.tag)
    await store.close()
    after = next(n for n in range(one_by_one) if n >= SHARE * (length + n))
    assert after > SNAPSHOT_AFTER
    assert len(stored.records) == (one_by_one - after) * 32


async def test_those_that_were_not_asked_for_longest_make_room(tutor: Tutor) -> None:
    size = int(tutor.serving.tracer.empty.belief.nbytes) + BESIDE
    tutor._states = States(tutor.store, tutor.behind, room=3 * size)
    for student in ("ada", "bob", "eve", "ada", "dan"):
        await tutor.record([answer(f"r-{len(tutor._states._kept)}-{student}", student)])
    assert set(tutor._states._kept) == {"eve", "ada", "dan"}
    for student in ("ada", "bob", "eve", "dan"):
        assert await _held(tutor, student) == await _mastery(tutor, student)


async def _outlook(tutor: Tutor, store: Store) -> tuple[list[float], list[float]]:
    """What the recommender expects of ada's skills: by what is held or stored, and from nothing."""
    serving, (state,) = await tutor.states(["ada"])
    (stored,), _ = await store.read(["ada"], b"")
    tracer = serving.tracer
    fresh = tracer.fold(unpack(stored.records))
    held, new = (tracer.outlook(one, tracer.standing(one))[KNOWN].tolist() for one in (state, fresh))
    return held, new


async def test_the_graph_belief_is_held_stored_and_folded_anew_as_mastery_is(tutor: Tutor, store: Store) -> None:
    """Two processes, a duplicate, a snapshot, a late answer, another model: never a mix, never another answer."""
    await store.publish("model", "9", dump(graphed()))
    await tutor.servings.refresh()
    other = await bare_tutor(store)
    for n in range(0, SNAPSHOT_AFTER + 8, 4):
        await tutor.record([answer(f"r{n + i}", at=n + i, item="carry-0", correct=n % 8 == 0) for i in range(3)])
        again = answer(f"r{n}", at=n, item="carry-0", correct=n % 8 == 0)
        await other.record([again, answer(f"r{n + 3}", at=n + 3)])
        ours, fresh = await _outlook(tutor, store)
        assert ours == fresh == (await _outlook(other, store))[0]
    await other.behind.close()
    new = await bare_tutor(store)
    assert (await _outlook(new, store))[0] == ours, "from the snapshot, in a process that holds nothing"
    await new.record([answer("late", at=0, item="carry-1", correct=False)])
    late, fresh = await _outlook(new, store)
    assert late == fresh != ours
    assert (await _outlook(tutor, store))[0] == late
    await store.publish("model", "10", dump(graphed("10", learn=0.5)))
    await tutor.servings.refresh()
    swapped, fresh = await _outlook(tutor, store)
    assert swapped == fresh
    assert swapped != late
    for one in (other, new):
        await close(one)
