"""Histories and what is read of them: asked of every store."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from service.store import open_store
from service.store.base import Heads, Outcome, Snapshot, Store, StudentState, Write
from tests.contract.histories import TAG, UNKNOWN, event_of, new, record_of, records, whole_log, write

RECORDED, REPLAYED, CONFLICT = Outcome.RECORDED, Outcome.REPLAYED, Outcome.CONFLICT
ODD_IDS = [
    "{",
    "}",
    "a{b}c",
    "{b7}",
    "{}",
    "🎓",
    "é" * 256,
    "with space",
    "a:b",
    "a'\"; --",
    "%s",
    "*",
    "\\",
    "nul\0nul",
]


class TestRecord:
    async def test_new_responses_are_recorded_in_order_of_arrival(self, store: Store) -> None:
        (first,), _ = await store.record([write("s", "r2", "r1")], TAG)
        (second,), _ = await store.record([write("s", "r0")], TAG)
        assert list(first.outcomes) == [RECORDED, RECORDED]
        assert first.state == StudentState(records("r2", "r1"), None, 2)
        assert second.state == StudentState(records("r2", "r1", "r0"), None, 3)

    async def test_the_same_again_is_replayed_and_counted_once(self, store: Store) -> None:
        await store.record([write("s", "r1", "r2", class_id="c")], TAG)
        (again,), _ = await store.record([write("s", "r1", "r2", class_id="c")], TAG)
        assert list(again.outcomes) == [REPLAYED, REPLAYED]
        assert again.state == StudentState(records("r1", "r2"), None, 2)
        assert await whole_log(store) == [event_of("r1"), event_of("r2")]

    async def test_other_content_under_a_known_id_is_a_conflict_and_writes_nothing(self, store: Store) -> None:
        await store.record([write("s", "r1", class_id="c")], TAG)
        (answer,), _ = await store.record([Write("s", [new("r1", "wrong", class_id="d")])], TAG)
        assert list(answer.outcomes) == [CONFLICT]
        assert answer.state == StudentState(records("r1"), None, 1)
        assert await whole_log(store) == [event_of("r1")]
        assert await store.class_ids() == ["c"]

    async def test_an_id_repeated_inside_a_write(self, store: Store) -> None:
        responses = [new("r1"), new("r1"), new("r1", "wrong"), new("r2")]
        (answer,), _ = await store.record([Write("s", responses)], TAG)
        assert list(answer.outcomes) == [RECORDED, REPLAYED, CONFLICT, RECORDED]
        assert answer.state == StudentState(records("r1", "r2"), None, 2)
        assert await whole_log(store) == [event_of("r1"), event_of("r2")]

    async def test_new_and_known_ids_in_one_write(self, store: Store) -> None:
        await store.record([write("s", "r1")], TAG)
        (answer,), _ = await store.record([Write("s", [new("r0"), new("r1"), new("r2")])], TAG)
        assert list(answer.outcomes) == [RECORDED, REPLAYED, RECORDED]
        assert answer.state == StudentState(records("r1", "r0", "r2"), None, 3)

    async def test_the_same_id_of_another_student_is_another_response(self, store: Store) -> None:
        answers, _ = await store.record([write("s", "r1"), Write("t", [new("r1", "wrong")])], TAG)
        assert [list(answer.outcomes) for answer in answers] == [[RECORDED], [RECORDED]]

    async def test_a_student_twice_in_one_call(self, store: Store) -> None:
        answers, _ = await store.record([write("s", "r1"), write("t", "r5"), write("s", "r1", "r2")], TAG)
        assert [list(answer.outcomes) for answer in answers] == [[RECORDED], [RECORDED], [REPLAYED, RECORDED]]
        assert answers[0].state.length == 1
        assert answers[2].state == StudentState(records("r1", "r2"), None, 2)

    async def test_many_students_are_answered_in_the_order_asked(self, store: Store) -> None:
        names = [f"student-{number}" for number in range(300)]
        answers, _ = await store.record([write(name, f"r-{name}") for name in names], TAG)
        assert [answer.state.records for answer in answers] == [records(f"r-{name}") for name in names]
        states, _ = await store.read(names[::-1], TAG)
        assert [state.records for state in states] == [records(f"r-{name}") for name in names[::-1]]

    async def test_a_write_without_responses_and_a_call_without_writes(self, store: Store) -> None:
        (answer,), _ = await store.record([Write("s", [])], TAG)
        assert (list(answer.outcomes), answer.state) == ([], UNKNOWN)
        assert await store.record([], TAG) == ([], Heads(None, None))

    async def test_a_long_history_and_a_large_write(self, store: Store) -> None:
        names = [f"r{number}" for number in range(1500)]
        (answer,), _ = await store.record([write("s", *names[:700])], TAG)
        assert answer.state.length == 700
        (answer,), _ = await store.record([write("s", *names)], TAG)
        assert [outcome for outcome in answer.outcomes if outcome is RECORDED] == [RECORDED] * 800
        assert answer.state == StudentState(records(*names), None, 1500)

    async def test_a_torn_record_is_refused_before_anything_is_written(self, store: Store) -> None:
        torn = Write("s", [new("r1"), replace(new("r2"), record=record_of("r2")[:-1])])
        with pytest.raises(ValueError, match="32 bytes"):
            await store.record([write("t", "r9"), torn], TAG)
        states, _ = await store.read(["s", "t"], TAG)
        assert states == [UNKNOWN, UNKNOWN]

    @pytest.mark.parametrize("odd", ODD_IDS)
    async def test_any_text_may_be_an_id(self, store: Store, odd: str) -> None:
        (answer,), _ = await store.record([write(odd, odd, class_id=odd)], TAG)
        assert list(answer.outcomes) == [RECORDED]
        await store.save_snapshots([Snapshot(odd, TAG, 1, b"fold")])
        states, _ = await store.read([odd, odd + "2"], TAG)
        assert states == [StudentState(b"", b"fold", 1), UNKNOWN]
        assert await store.class_ids() == [odd]
        assert await store.class_students(odd) == [odd]
        await store.publish("model", odd, b"blob")
        assert await store.fetch("model", odd) == b"blob"
        assert await store.heads() == Heads(None, odd)

    async def test_a_text_that_cannot_be_stored_fails_alone(self, store: Store) -> None:
        good = [store.record([write(f"s{number}", "r1")], TAG) for number in range(20)]
        bad = store.record([write("\ud800", "r1")], TAG)
        refused, *answers = await asyncio.gather(bad, *good, return_exceptions=True)
        assert isinstance(refused, UnicodeEncodeError)
        assert [list(answer[0][0].outcomes) for answer in answers] == [[RECORDED]] * 20  # type: ignore[index]


class TestRead:
    async def test_an_unknown_student_has_an_empty_history(self, store: Store) -> None:
        assert await store.read(["nobody"], TAG) == ([UNKNOWN], Heads(None, None))
        assert await store.read([], TAG) == ([], Heads(None, None))

    async def test_the_same_student_twice(self, store: Store) -> None:
        await store.record([write("s", "r1")], TAG)
        states, _ = await store.read(["s", "t", "s"], TAG)
        assert [state.length for state in states] == [1, 0, 1]

    async def test_what_was_acknowledged_is_read_at_once_and_by_others(self, store: Store, store_url: str) -> None:
        other = await open_store(store_url)
        try:
            for length in range(1, 30):
                await store.record([write("s", f"r{length}")], TAG)
                for reader in (store, other):
                    (state,), _ = await reader.read(["s"], TAG)
                    assert state.length == length
        finally:
            await other.close()
