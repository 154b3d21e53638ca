"""A Dask cluster fits as this machine does, though a worker is killed meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from distributed import LocalCluster

from models.bkt import Options, learn
from models.fanout import cluster, fan_out
from models.log import Answers
from service.cli.common import working

SKILLS, STUDENTS, ANSWERS = 400, 2000, 80


def many_skills() -> Answers:
    """Random answers: strings that hardly anybody shares, so that there is work for many pieces."""
    rng = np.random.default_rng(0)
    n = STUDENTS * ANSWERS
    return Answers(
        tuple(f"s{s:04}" for s in range(STUDENTS)),
        tuple(f"k{k:03}" for k in range(SKILLS)),
        np.repeat(np.arange(STUDENTS), ANSWERS),
        np.repeat(rng.integers(SKILLS, size=n // 20), 20),
        (rng.random(n) < 0.6).astype(np.float64),
        np.arange(SKILLS + 1),
        np.arange(SKILLS),
    )


@pytest.fixture
def two_workers() -> Iterator[Any]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local:  # type: ignore[no-untyped-call]
        yield local


@pytest.mark.xdist_group("cluster")
def test_a_worker_that_dies_costs_nothing_but_time(two_workers: Any) -> None:
    answers = many_skills()
    told: list[tuple[int, int]] = []
    victim = two_workers.workers[0].pid

    def progress(done: int, total: int, _: str) -> None:
        if not told:
            os.kill(victim, signal.SIGKILL)
        told.append((done, total))

    fit = partial(learn, answers, Options())
    with cluster(two_workers.scheduler_address) as executor:
        found = fit(executor=executor, progress=progress)
    here = fit(jobs=1)
    for name in ("params", "x", "value", "hessian", "degenerate", "evaluations"):
        assert getattr(found, name).tobytes() == getattr(here, name).tobytes(), name
    assert len(told) > 10
    assert told[-1] == (SKILLS, SKILLS)
    with pytest.raises(ProcessLookupError):
        os.kill(victim, 0)


def _who(_: int) -> int:
    return os.getpid()


@pytest.mark.xdist_group("cluster")
def test_the_command_line_reaches_it_by_its_address(two_workers: Any) -> None:
    workers = {nanny.pid for nanny in two_workers.workers.values()}
    with working(2, two_workers.scheduler_address):
        assert set(fan_out(_who, range(8))) <= workers
    assert set(fan_out(_who, range(2))) == {os.getpid()}
