"""What teachers noted of a student: asked of every store."""

from __future__ import annotations

import asyncio

from service.store import open_store
from service.store.base import Held, Snapshot, Store
from tests.contract.histories import TAG, record_of, write


async def notes_of(store: Store, student: str) -> bytes:
    (state,), _ = await store.read([student], TAG)
    return state.notes


class TestNotes:
    async def test_none_are_empty(self, store: Store) -> None:
        await store.record([write("s", "r1")], TAG)
        assert (await notes_of(store, "s"), await notes_of(store, "nobody")) == (b"", b"")

    async def test_they_come_with_every_state(self, store: Store) -> None:
        assert await store.keep_notes("s", b"one\0\xff", b"")
        assert await notes_of(store, "s") == b"one\0\xff", "of a student without an answer too"
        (recorded,), _ = await store.record(
            [
                write("s", "r1", class_id="c"),
            ][:1],
            TAG,
        )
        assert recorded.state.notes == b"one\0\xff"
        held = {"s": Held(1, record_of("r1"))}
        (state,), _ = await store.read(["s"], TAG, held)
        assert (state.held, state.notes) == (True, b"one\0\xff")
        await store.save_snapshots([Snapshot("s", TAG, 1, b"blob")])
        (state,), _ = await store.read(["s"], TAG)
        assert (state.snapshot, state.notes) == (b"blob", b"one\0\xff")
        assert await notes_of(store, "other") == b""
        assert await store.class_students("c") == ["s"]

    async def test_they_are_replaced_only_by_who_knew_them(self, store: Store) -> None:
        assert await store.keep_notes("s", b"one", b"")
        assert not await store.keep_notes("s", b"two", b"")
        assert not await store.keep_notes("s", b"two", b"other")
        assert await notes_of(store, "s") == b"one"
        assert await store.keep_notes("s", b"two", b"one")
        assert await store.keep_notes("s", b"", b"two")
        assert await notes_of(store, "s") == b""
        assert await store.keep_notes("s", b"three", b"")

    async def test_who_has_some_is_told(self, store: Store) -> None:
        assert await store.noted() == []
        for name in ("zoe", "a/b?", "ada"):
            assert await store.keep_notes(name, b"one", b"")
        await store.record([write("ben", "r1")], TAG)
        assert await store.noted() == ["a/b?", "ada", "zoe"]
        assert await store.keep_notes("zoe", b"", b"one")
        assert not await store.keep_notes("ada", b"", b"other")
        assert await store.noted() == ["a/b?", "ada"]

    async def test_of_several_at_once_one_wins(self, store: Store) -> None:
        kept = await asyncio.gather(*(store.keep_notes("s", b"%d" % n, b"") for n in range(8)))
        assert sum(kept) == 1
        assert await notes_of(store, "s") == b"%d" % kept.index(True)


class TestClassNotes:
    async def test_they_are_kept_for_a_class_and_no_student(self, store: Store) -> None:
        assert await store.class_notes("4a") == b""
        assert await store.keep_class_notes("4a", b"one\0\xff", b"")
        assert (await store.class_notes("4a"), await store.class_notes("4b")) == (b"one\0\xff", b"")
        assert (await notes_of(store, "4a"), await store.noted(), await store.class_ids()) == (b"", [], [])

    async def test_they_are_replaced_only_by_who_knew_them(self, store: Store) -> None:
        assert not await store.keep_class_notes("4a", b"two", b"other")
        assert await store.keep_class_notes("4a", b"one", b"")
        assert not await store.keep_class_notes("4a", b"two", b"")
        assert await store.class_notes("4a") == b"one"
        assert await store.keep_class_notes("4a", b"", b"one")
        assert await store.class_notes("4a") == b""
        assert await store.keep_class_notes("4a", b"three", b"")

    async def test_they_survive_a_restart(self, store: Store, store_url: str) -> None:
        assert await store.keep_class_notes("4a", b"one", b"")
        again = await open_store(store_url)
        assert await again.class_notes("4a") == b"one"
        await again.close()

    async def test_of_several_at_once_one_wins(self, store: Store) -> None:
        kept = await asyncio.gather(*(store.keep_class_notes("4a", b"%d" % n, b"") for n in range(8)))
        assert sum(kept) == 1
        assert await store.class_notes("4a") == b"%d" % kept.index(True)
