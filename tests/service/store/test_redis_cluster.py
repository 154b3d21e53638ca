"""The cluster where things go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store.base import Recorded, StoreUnavailable
from service.store.redis import RedisStore
from service.store.redis_keys import BUCKETS, bucket_of
from tests.contract.histories import TAG, records, write
from tests.servers import RedisCluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    """A cluster of the test's own, to be broken."""
    cluster = RedisCluster(tmp_path / "cluster").start()
    yield cluster
    cluster.stop()


async def test_a_lost_node_is_unavailable_and_keeps_what_it_acknowledged(cluster: RedisCluster) -> None:
    students = [f"s{number}" for number in range(60)]
    store = await RedisStore.open(cluster.url, timeout=3)
    try:
        await store.record([write(student, "r1") for student in students], TAG)
        cluster.nodes[2].kill()
        answers = await asyncio.gather(
            *(store.record([write(student, "r2")], TAG) for student in students), return_exceptions=True
        )
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        assert failures
        assert {type(failure) for failure in failures} == {StoreUnavailable}
        cluster.nodes[2].start()
        answered = [await _until_available(store, student) for student in students]
        assert [one.state.records for one in answered] == [records("r1", "r2")] * len(students)
    finally:
        await store.close()


async def _until_available(store: RedisStore, student: str) -> Recorded:
    """Send until the cluster takes it: the nodes need a moment to agree again."""
    async with asyncio.timeout(60):
        while True:
            try:
                return (await store.record([write(student, "r2")], TAG))[0][0]
            except StoreUnavailable:
                await asyncio.sleep(0.1)


async def test_the_buckets_are_spread_over_all_nodes(redis_cluster: RedisCluster) -> None:
    store = await RedisStore.open(redis_cluster.url)
    try:
        await store.record([write(f"s{number}", "r1") for number in range(200)], TAG)
    finally:
        await store.close()
    sizes = [int(node.ask("DBSIZE")[1:]) for node in redis_cluster.nodes]
    assert min(sizes) > sum(sizes) / 6
    assert len({bucket_of(f"s{number}") for number in range(5000)}) == BUCKETS
