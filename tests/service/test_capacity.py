"""The plan grows with the load, takes the smallest way that carries it, and its bytes are those of the stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from service import capacity
from service.capacity import Cost, Load, plan
from tests.bench import capacity as bench

NEAR = 0.2
"""How far what is measured on few students may lie from what was measured on many."""


@pytest.mark.parametrize(
    ("held", "said"),
    [
        pytest.param(bench.redis, capacity.REDIS, id="redis"),
        pytest.param(bench.embedded, capacity.EMBEDDED, id="embedded"),
    ],
)
def test_the_bytes_are_what_the_stores_take(
    held: Callable[[Path, int], tuple[bench.Bytes, bench.Archived]],
    said: Cost,
    tmp_path: Path,
) -> None:
    found, _ = held(tmp_path, 40)
    whole = found.student + 500 * found.response
    assert whole == pytest.approx(said.student + 500 * said.response, rel=NEAR)
    assert found.event == pytest.approx(said.event, rel=NEAR)


@pytest.mark.parametrize(
    ("load", "way"),
    [
        (Load(30, 600, 180), "file"),
        (Load(20_000, 400_000, 180), "file"),
        (Load(50_000, 20_000_000, 1), "redis"),
        (Load(1_000_000, 50_000_000, 180), "cluster"),
        (Load(1_000_000, 1_000, 180, peak=5_000.0), "redis"),
    ],
)
def test_the_smallest_way_that_carries_it(load: Load, way: str) -> None:
    assert plan(load).way == way


def test_what_is_planned_carries_what_was_asked() -> None:
    for students in (100, 10_000, 1_000_000):
        for a_day in (1, 20, 100):
            planned = plan(Load(students, students * a_day, 180))
            cost = capacity.REDIS if planned.store_nodes else capacity.EMBEDDED
            assert planned.workers * 1e6 * capacity.BUSY >= planned.per_second * cost.worker_us
            assert planned.store_bytes >= students * 180 * a_day * cost.response
            least = capacity.WORKER_BYTES + cost.beside
            assert least < planned.worker_bytes / planned.workers <= least + capacity.ROOM
            if planned.store_nodes:
                assert planned.store_disk_bytes >= planned.store_bytes + planned.store_nodes * capacity.REWRITTEN_AT
                assert planned.node_bytes <= capacity.NODE
                assert planned.store_cores <= capacity.STORE_BUSY * planned.store_nodes
            assert planned.store_nodes not in {2}


@pytest.mark.parametrize("load", [Load(0, 1, 1), Load(1, 0, 1), Load(1, 1, 0), Load(1, 1, 1, peak=-1.0)])
def test_a_load_that_is_none_is_refused(load: Load) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        plan(load)
