"""Who does the work changes nothing of what comes out."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from models.fanout import cluster, cores, fan_out, working


def _square(x: int) -> int:
    return x * x


def _who(_: int) -> int:
    return os.getpid()


def _fault(x: int, tally: Path) -> int:
    """Every piece but one leaves a byte behind, in whatever process it runs."""
    if x == 1:
        raise ZeroDivisionError("piece 1")
    time.sleep(0.001)
    with tally.open("a") as file:
        file.write(".")
    return x


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("jobs", [None, 1, 2])
def test_results_come_in_the_order_of_the_work(jobs: int | None, compiled: bool) -> None:
    told: list[int] = []
    assert fan_out(_square, range(5), jobs=jobs, done=told.append, compiled=compiled) == [0, 1, 4, 9, 16]
    assert sorted(told) == [0, 1, 2, 3, 4]
    assert fan_out(_square, [], jobs=jobs, compiled=compiled) == []


def test_any_executor_will_do() -> None:
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(1, get_context("spawn")) as processes:
        for executor in (threads, processes):
            told: list[int] = []
            assert fan_out(_square, range(5), executor=executor, done=told.append) == [0, 1, 4, 9, 16]
            assert sorted(told) == [0, 1, 2, 3, 4]


def test_who_is_not_told_does_as_the_caller_says() -> None:
    with working(jobs=2):
        assert os.getpid() not in fan_out(_who, range(3), compiled=False)
        assert set(fan_out(_who, range(3), jobs=1, compiled=False)) == {os.getpid()}
    assert set(fan_out(_who, range(3), compiled=False)) == {os.getpid()}
    with ThreadPoolExecutor(1, thread_name_prefix="mine") as executor, working(executor=executor):
        names = fan_out(lambda _: threading.current_thread().name, range(3))
    assert {name.split("_")[0] for name in names} == {"mine"}


@pytest.mark.parametrize("compiled", [True, False])
def test_a_fault_in_a_piece_is_the_callers_and_drops_the_rest(compiled: bool, tmp_path: Path) -> None:
    tally = tmp_path / "tally"
    tally.touch()  # it may be over before any other piece has left its byte
    with pytest.raises(ZeroDivisionError, match="piece 1"):
        fan_out(partial(_fault, tally=tally), range(5000), jobs=2, compiled=compiled)
    assert tally.stat().st_size < 4000


def test_a_thread_of_its_own_even_for_one_piece() -> None:
    """The main thread must be there to hear Ctrl-C."""
    names: list[str] = fan_out(lambda _: threading.current_thread().name, [0], jobs=1)
    assert names != [threading.main_thread().name]


@pytest.mark.parametrize("ask", [lambda: fan_out(_square, range(2), jobs=0), lambda: fan_out(_square, [], jobs=-1)])
def test_no_jobs_is_no_number_of_jobs(ask: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="it must be at least 1"):
        ask()


def test_there_is_a_core() -> None:
    assert cores() >= 1


def test_a_cluster_needs_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ValueError, match=r"pip install 'nextwise\[cluster\]'"), cluster("tcp://127.0.0.1:1"):
        pass
