"""The log, artifacts and classes: asked of every store."""

from __future__ import annotations

from service.store.base import Heads, Outcome, Store, Write
from tests.contract.histories import TAG, event_of, new, whole_log, write


class TestLog:
    async def test_events_of_a_partition_come_in_order_and_with_their_kind(self, store: Store) -> None:
        await store.record([write("s", "r1", "r2")], TAG)
        await store.append_log("recommendation", [("s", b"first"), ("s", b"second")])
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
        await store.append_log("recommendation", [("s", b"%d" % number) for number in range(10)])
        (partition,) = await store.log_partitions()
        oldest = await store.read_log(partition, 4)
        assert [entry.event for entry in oldest] == [b"0", b"1", b"2", b"3"]
        assert await store.read_log(partition, 0) == []
        await store.trim_log(partition, oldest[-1].position)
        assert await whole_log(store) == [b"4", b"5", b"6", b"7", b"8", b"9"]
        await store.trim_log(partition, oldest[0].position)  # once more, and with an older position
        assert len(await whole_log(store)) == 6

    async def test_the_newest_come_in_order_too(self, store: Store) -> None:
        await store.append_log("recommendation", [("s", b"%d" % number) for number in range(10)])
        (partition,) = await store.log_partitions()
        whole = await store.read_log(partition, 100)
        for limit in (0, 1, 4, 10, 11):
            assert await store.read_log(partition, limit, newest=True) == whole[10 - min(limit, 10) :]
        await store.trim_log(partition, whole[-1].position)
        assert await store.read_log(partition, 4, newest=True) == []

    async def test_after_a_trim_of_everything_new_events_are_kept_and_come_later(self, store: Store) -> None:
        await store.append_log("recommendation", [("s", b"old")])
        (partition,) = await store.log_partitions()
        (old,) = await store.read_log(partition, 10)
        await store.trim_log(partition, old.position)
        assert await whole_log(store) == []
        await store.append_log("recommendation", [("s", b"new")])
        (fresh,) = await store.read_log(partition, 10)
        assert fresh.event == b"new"
        await store.trim_log(partition, old.position)
        assert await whole_log(store) == [b"new"]

    async def test_a_drained_log_forgets_no_history(self, store: Store) -> None:
        await store.record([write("s", "r1")], TAG)
        (partition,) = await store.log_partitions()
        await store.trim_log(partition, (await store.read_log(partition, 1))[0].position)
        (again,), _ = await store.record([write("s", "r1")], TAG)
        assert list(again.outcomes) == [Outcome.REPLAYED]
        assert await whole_log(store) == []

    async def test_all_students_events_are_in_some_partition(self, store: Store) -> None:
        names = [f"student-{number}" for number in range(100)]
        await store.record([write(name, f"r-{name}") for name in names], TAG)
        assert sorted(await whole_log(store)) == sorted(event_of(f"r-{name}") for name in names)

    async def test_nothing_appended_is_nothing_logged(self, store: Store) -> None:
        await store.append_log("recommendation", [])
        assert await whole_log(store) == []

    async def test_an_unknown_partition_is_empty(self, store: Store) -> None:
        assert await store.read_log("no such partition", 10) == []
        await store.trim_log("no such partition", "1-1")

    async def test_any_bytes_may_be_an_event(self, store: Store) -> None:
        event = bytes(range(256))
        await store.append_log("recommendation", [("s", event), ("s", b"")])
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
        await store.publish("roster", "r1", b"who")
        await store.publish("access", "a1", b"who not")
        assert (await store.read(["s"], TAG))[1] == await store.heads() == Heads("v7", None, "r1", "a1")
        assert await store.fetch("catalog", "v7") == b""

    async def test_what_is_discarded_is_gone_and_the_head_stays(self, store: Store) -> None:
        await store.publish("roster", "v1", b"names")
        await store.publish("roster", "v2", b"other names")
        await store.publish("model", "v1", b"model")
        for version in ("v1", "v2", "v3"):
            await store.discard("roster", version)
        assert await store.fetch("roster", "v1") is None
        assert await store.fetch("roster", "v2") == b"other names"
        assert await store.fetch("model", "v1") == b"model"
        assert await store.heads() == Heads(None, "v1", "v2")


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
