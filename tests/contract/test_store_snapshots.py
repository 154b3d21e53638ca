"""Snapshots, tags and tails: asked of every store."""

from __future__ import annotations

import pytest

from service.store.base import Held, Outcome, Snapshot, Store, StudentState, Write
from tests.contract.histories import OTHER_TAG, TAG, UNKNOWN, new, record_of, records, write

RECORDED, REPLAYED, CONFLICT = Outcome.RECORDED, Outcome.REPLAYED, Outcome.CONFLICT


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

    async def test_a_snapshot_of_more_than_there_is_is_never_kept(self, store: Store) -> None:
        await store.record([write("s", "r1")], TAG)
        await store.save_snapshots([Snapshot("s", TAG, 2, b"of another life"), Snapshot("never seen", TAG, 1, b"x")])
        states, _ = await store.read(["s", "never seen"], TAG)
        assert states == [StudentState(records("r1"), None, 1), UNKNOWN]
        (answer,), _ = await store.record([write("s", "r2")], TAG)
        assert answer.state == StudentState(records("r1", "r2"), None, 2)

    async def test_a_tag_of_another_length_is_refused(self, store: Store) -> None:
        for tag in (b"", b"short", b"much too long"):
            with pytest.raises(ValueError, match="8 bytes"):
                await store.save_snapshots([Snapshot("s", tag, 0, b"")])

    @pytest.mark.parametrize("limit", [1, 7, 1000])
    async def test_those_of_another_tag_are_told_page_by_page(self, store: Store, limit: int) -> None:
        students = [f"s{number}" for number in range(20)]
        await store.record([write(student, "r1") for student in [*students, "has none"]], TAG)
        await store.save_snapshots([Snapshot(student, TAG, 1, b"old") for student in students])
        assert await _outdated(store, TAG, limit) == []
        assert await _outdated(store, OTHER_TAG, limit) == sorted(students)
        await store.save_snapshots([Snapshot(student, OTHER_TAG, 1, b"new") for student in students[:12]])
        assert await _outdated(store, OTHER_TAG, limit) == sorted(students[12:])


async def _outdated(store: Store, tag: bytes, limit: int) -> list[str]:
    """All pages, each student once."""
    found: set[str] = set()
    after, pages = "", 0
    while pages == 0 or after:
        students, after = await store.outdated(tag, after, limit)
        found.update(students)
        pages += 1
    return sorted(found)


class TestHeld:
    async def test_who_holds_a_state_gets_what_came_after_it_and_no_snapshot(self, store: Store) -> None:
        await store.record([write("s", "r1", "r2", "r3")], TAG)
        await store.save_snapshots([Snapshot("s", TAG, 1, b"fold")])
        held = {"s": Held(2, record_of("r2")), "nobody": Held(1, record_of("r1"))}
        assert (await store.read(["s", "nobody"], TAG, held))[0] == [
            StudentState(records("r3"), None, 3, held=True),
            UNKNOWN,
        ]
        (answer,), _ = await store.record([Write("s", [new("r4"), new("r1")])], TAG, held)
        assert list(answer.outcomes) == [RECORDED, REPLAYED]
        assert answer.state == StudentState(records("r3", "r4"), None, 4, held=True)

    async def test_what_is_held_of_another_history_counts_for_nothing(self, store: Store) -> None:
        """A student was erased, and began again."""
        await store.record([write("s", "r1", "r2")], TAG)
        await store.save_snapshots([Snapshot("s", TAG, 1, b"fold")])
        for held in (Held(2, record_of("r1")), Held(1, record_of("r1", "wrong")), Held(3, record_of("r3"))):
            assert (await store.read(["s"], TAG, {"s": held}))[0] == [StudentState(records("r2"), b"fold", 2)]
        (answer,), _ = await store.record([write("s", "r3")], TAG, {"s": Held(3, record_of("r3"))})
        assert answer.state == StudentState(records("r2", "r3"), b"fold", 3)
