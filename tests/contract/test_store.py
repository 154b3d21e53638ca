"""What service/store/base.py promises, asked of every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from service.store import open_store
from service.store.base import Heads, Outcome, Snapshot, Store, StoreUnavailable, StudentState, Write
from tests.contract.histories import OTHER_TAG, TAG, event_of, new, record_of, records, write

RECORDED, REPLAYED, CONFLICT = Outcome.RECORDED, Outcome.REPLAYED, Outcome.CONFLICT
UNKNOWN = StudentState(b"", None, 0)
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

pytestmark = pytest.mark.parametrize("store_url", ["sqlite", "redis", "cluster"], indirect=True)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    store = await open_store(store_url)
    yield store
    await store.close()


async def whole_log(store: Store) -> list[bytes]:
    """Every event of the log; in order where all are of one student."""
    partitions = await store.log_partitions()
    return [entry.event for partition in partitions for entry in await store.read_log(partition, 10_000)]


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


class TestSnapshots:
    async def test_with_the_tag_the_tail_comes_and_without_it_the_whole(self, store: Store) -> None:
        await store.record([write("s", "r1", "r2")], TAG)
        await store.save_snapshots([Snapshot("s", TAG, 2, b"fold of 2")])
        (answer,), _ = await store.record([write("s", "r3")], TAG)
        assert answer.state == StudentState(records("r3"), b"fold of 2", 3)
        for tag, expected in [
            (TAG, StudentState(records("r3"), b"fold of 2", 3)),
            (OTHER_TAG, StudentState(records("r1", "r2", "r3"), None, 3)),
            (b"", StudentState(records("r1", "r2", "r3"), None, 3)),
        ]:
            assert (await store.read(["s"], tag))[0] == [expected]

    async def test_a_snapshot_that_covers_all_leaves_no_tail(self, store: Store) -> None:
        await store.record([write("s", "r1", "r2")], TAG)
        await store.save_snapshots([Snapshot("s", TAG, 2, b"fold")])
        assert (await store.read(["s"], TAG))[0] == [StudentState(b"", b"fold", 2)]

    async def test_a_replay_too_is_answered_with_snapshot_and_tail(self, store: Store) -> None:
        await store.record([write("s", "r1", "r2", "r3")], TAG)
        await store.save_snapshots([Snapshot("s", TAG, 2, b"fold of 2")])
        (answer,), _ = await store.record([Write("s", [new("r1"), new("r2", "wrong"), new("r4")])], TAG)
        assert list(answer.outcomes) == [REPLAYED, CONFLICT, RECORDED]
        assert answer.state == StudentState(records("r3", "r4"), b"fold of 2", 4)

    @pytest.mark.parametrize(
        ("tag", "covers", "kept"),
        [(TAG, 1, b"old"), (TAG, 2, b"new"), (TAG, 3, b"new"), (OTHER_TAG, 1, b"new"), (OTHER_TAG, 3, b"new")],
    )
    async def test_only_one_that_covers_more_under_the_same_tag_stays(
        self, store: Store, tag: bytes, covers: int, kept: bytes
    ) -> None:
        await store.record([write("s", "r1", "r2", "r3")], TAG)
        await store.save_snapshots([Snapshot("s", TAG, 2, b"old")])
        await store.save_snapshots([Snapshot("s", tag, covers, b"new")])
        (state,), _ = await store.read(["s"], tag)
        assert state.snapshot == kept
        assert state.records == records("r1", "r2", "r3")[32 * (2 if kept == b"old" else covers) :]

    async def test_several_in_one_call(self, store: Store) -> None:
        await store.record([write("s", "r1"), write("t", "r1")], TAG)
        await store.save_snapshots(
            [Snapshot("s", TAG, 1, b"S"), Snapshot("t", TAG, 0, b"T"), Snapshot("t", TAG, 1, b"U")]
        )
        states, _ = await store.read(["s", "t"], TAG)
        assert states == [StudentState(b"", b"S", 1), StudentState(b"", b"U", 1)]
        await store.save_snapshots([])

    async def test_a_snapshot_may_be_empty_or_any_bytes(self, store: Store) -> None:
        await store.record([write("s", "r1"), write("t", "r1")], TAG)
        blob = bytes(range(256)) * 20
        await store.save_snapshots([Snapshot("s", TAG, 1, b""), Snapshot("t", b"\0\xff\r\n%\\\0'", 1, blob)])
        assert (await store.read(["s"], TAG))[0] == [StudentState(b"", b"", 1)]
        assert (await store.read(["t"], b"\0\xff\r\n%\\\0'"))[0] == [StudentState(b"", blob, 1)]

    async def test_a_snapshot_of_more_than_there_is_counts_as_none(self, store: Store) -> None:
        await store.record([write("s", "r1")], TAG)
        await store.save_snapshots([Snapshot("s", TAG, 2, b"of another life"), Snapshot("never seen", TAG, 1, b"x")])
        states, _ = await store.read(["s", "never seen"], TAG)
        assert states == [StudentState(records("r1"), None, 1), UNKNOWN]

    async def test_a_tag_of_another_length_is_refused(self, store: Store) -> None:
        for tag in (b"", b"short", b"much too long"):
            with pytest.raises(ValueError, match="8 bytes"):
                await store.save_snapshots([Snapshot("s", tag, 0, b"")])


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


class TestLog:
    async def test_events_of_a_partition_come_in_order_and_with_their_kind(self, store: Store) -> None:
        await store.record([write("s", "r1", "r2")], TAG)
        await store.append_log("s", "recommendation", [b"first", b"second"])
        await store.record([write("s", "r3")], TAG)
        (partition,) = await store.log_partitions()
        entries = await store.read_log(partition, 100)
        assert [(entry.kind, entry.event) for entry in entries] == [
            ("response", event_of("r1")),
            ("response", event_of("r2")),
            ("recommendation", b"first"),
            ("recommendation", b"second"),
            ("response", event_of("r3")),
        ]
        assert len({entry.position for entry in entries}) == 5

    async def test_the_limit_takes_the_oldest_and_a_trim_drops_through_its_position(self, store: Store) -> None:
        await store.append_log("s", "recommendation", [b"%d" % number for number in range(10)])
        (partition,) = await store.log_partitions()
        oldest = await store.read_log(partition, 4)
        assert [entry.event for entry in oldest] == [b"0", b"1", b"2", b"3"]
        await store.trim_log(partition, oldest[-1].position)
        assert await whole_log(store) == [b"4", b"5", b"6", b"7", b"8", b"9"]
        await store.trim_log(partition, oldest[0].position)  # once more, and with an older position
        assert len(await whole_log(store)) == 6

    async def test_after_a_trim_of_everything_new_events_are_kept_and_come_later(self, store: Store) -> None:
        await store.append_log("s", "recommendation", [b"old"])
        (partition,) = await store.log_partitions()
        (old,) = await store.read_log(partition, 10)
        await store.trim_log(partition, old.position)
        assert await whole_log(store) == []
        await store.append_log("s", "recommendation", [b"new"])
        (fresh,) = await store.read_log(partition, 10)
        assert fresh.event == b"new"
        await store.trim_log(partition, old.position)
        assert await whole_log(store) == [b"new"]

    async def test_a_drained_log_forgets_no_history(self, store: Store) -> None:
        await store.record([write("s", "r1")], TAG)
        (partition,) = await store.log_partitions()
        await store.trim_log(partition, (await store.read_log(partition, 1))[0].position)
        (again,), _ = await store.record([write("s", "r1")], TAG)
        assert list(again.outcomes) == [REPLAYED]
        assert await whole_log(store) == []

    async def test_all_students_events_are_in_some_partition(self, store: Store) -> None:
        names = [f"student-{number}" for number in range(100)]
        await store.record([write(name, f"r-{name}") for name in names], TAG)
        assert sorted(await whole_log(store)) == sorted(event_of(f"r-{name}") for name in names)

    async def test_nothing_appended_is_nothing_logged(self, store: Store) -> None:
        await store.append_log("s", "recommendation", [])
        assert await whole_log(store) == []

    async def test_an_unknown_partition_is_empty(self, store: Store) -> None:
        assert await store.read_log("no such partition", 10) == []
        await store.trim_log("no such partition", "1-1")

    async def test_any_bytes_may_be_an_event(self, store: Store) -> None:
        event = bytes(range(256))
        await store.append_log("s", "recommendation", [event, b""])
        assert await whole_log(store) == [event, b""]


class TestArtifacts:
    async def test_nothing_is_published_at_first(self, store: Store) -> None:
        assert await store.heads() == Heads(None, None)
        assert await store.fetch("catalog", "v1") is None

    async def test_publishing_stores_and_moves_the_head_of_its_kind(self, store: Store) -> None:
        await store.publish("catalog", "v1", b"catalog")
        await store.publish("model", "v1", b"model")
        await store.publish("model", "v2", bytes(range(256)) * 5000)
        assert await store.heads() == Heads("v1", "v2")
        assert await store.fetch("catalog", "v1") == b"catalog"
        assert await store.fetch("model", "v1") == b"model"
        assert await store.fetch("model", "v2") == bytes(range(256)) * 5000

    async def test_an_existing_version_keeps_its_blob_and_becomes_the_head_again(self, store: Store) -> None:
        await store.publish("model", "v1", b"first")
        await store.publish("model", "v2", b"second")
        await store.publish("model", "v1", b"something else")
        assert await store.fetch("model", "v1") == b"first"
        assert await store.heads() == Heads(None, "v1")

    async def test_heads_come_with_every_record_and_read(self, store: Store) -> None:
        await store.publish("catalog", "v7", b"")
        assert (await store.record([write("s", "r1")], TAG))[1] == Heads("v7", None)
        assert (await store.read(["s"], TAG))[1] == Heads("v7", None)
        assert await store.fetch("catalog", "v7") == b""


class TestClasses:
    async def test_no_class_at_first(self, store: Store) -> None:
        assert await store.class_ids() == []
        assert await store.class_students("unknown") == []

    async def test_classes_and_their_students_are_sorted_and_stand_once(self, store: Store) -> None:
        await store.record([write("s2", "r1", class_id="b"), write("s1", "r1", class_id="b")], TAG)
        await store.record([write("s3", "r1", "r2", class_id="a"), write("s1", "r2", class_id="a")], TAG)
        await store.record([write("s4", "r1"), write("s2", "r2", class_id="b")], TAG)
        assert await store.class_ids() == ["a", "b"]
        assert await store.class_students("a") == ["s1", "s3"]
        assert await store.class_students("b") == ["s1", "s2"]

    async def test_classes_may_differ_inside_a_write(self, store: Store) -> None:
        responses = [new("r1", class_id="a"), new("r2"), new("r3", class_id="b"), new("r4", class_id="a")]
        await store.record([Write("s", responses)], TAG)
        assert await store.class_ids() == ["a", "b"]
        assert (await store.class_students("a"), await store.class_students("b")) == (["s"], ["s"])


class TestTogether:
    async def test_the_same_ids_from_two_stores_are_recorded_exactly_once(self, store: Store, store_url: str) -> None:
        other = await open_store(store_url)
        writes = [write(f"s{number % 7}", f"r{number}") for number in range(210)]
        try:
            answers = await asyncio.gather(*(one.record([w], TAG) for w in writes for one in (store, other)))
        finally:
            await other.close()
        outcomes = [answer[0].outcomes[0] for answer, _ in answers]
        for first, second in zip(outcomes[::2], outcomes[1::2], strict=True):
            assert {first, second} == {RECORDED, REPLAYED}
        states, _ = await store.read([f"s{number}" for number in range(7)], b"")
        for number, state in enumerate(states):
            history = {state.records[start : start + 32] for start in range(0, len(state.records), 32)}
            assert state.length == len(history) == 30
            assert history == {record_of(f"r{one}") for one in range(number, 210, 7)}
        assert sorted(await whole_log(store)) == sorted(event_of(f"r{number}") for number in range(210))

    async def test_each_answer_is_a_prefix_of_the_final_history(self, store: Store) -> None:
        answers = await asyncio.gather(*(store.record([write("s", f"r{number}")], b"") for number in range(50)))
        (final,), _ = await store.read(["s"], b"")
        assert sorted(answer[0].state.length for answer, _ in answers) == list(range(1, 51))
        for (answer,), _ in answers:
            assert final.records.startswith(answer.state.records)
            assert len(answer.state.records) == 32 * answer.state.length

    async def test_a_cancelled_caller_disturbs_no_other(self, store: Store) -> None:
        tasks = [asyncio.create_task(store.record([write(f"s{number}", "r1")], TAG)) for number in range(40)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        for answer in answers[1::2]:
            assert not isinstance(answer, BaseException)
            assert answer[0][0].state.length == 1

    async def test_close_finishes_what_was_accepted(self, store: Store, store_url: str) -> None:
        tasks = [asyncio.create_task(store.record([write("s", f"r{number}")], TAG)) for number in range(50)]
        await asyncio.sleep(0)
        await store.close()
        assert all(answer[0].outcomes == [RECORDED] for answer, _ in await asyncio.gather(*tasks))
        again = await open_store(store_url)
        assert (await again.read(["s"], TAG))[0][0].length == 50
        await again.close()

    async def test_after_close_the_store_is_unavailable(self, store: Store) -> None:
        await store.ping()
        await store.close()
        await store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            await store.record([write("s", "r1")], TAG)
        with pytest.raises(StoreUnavailable, match="closed"):
            await store.ping()
