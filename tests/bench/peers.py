"""The tools that the bench of fits compares: ours as one function, pyBKT as a worker process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pandas as pd

from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models import tables
from models.bkt import Options, learn
from tests.bench.pybkt_cpp import ROOT

Floats = npt.NDArray[np.float64]


class PyBKTFailed(Exception):
    """pyBKT raised instead of fitting."""


@dataclass(frozen=True)
class Fitted:
    """``params`` of a skill: prior, learns, forgets, guess, slip as pyBKT means them (learn or forget, in one step).

    ``seconds`` from a data frame to parameters, ``fit_seconds`` without the reading of the frame.
    """

    params: dict[str, Floats]
    seconds: float
    fit_seconds: float
    seed: int = 0
    kernel: str = ""
    steps: int = 0


def ours(frame: pd.DataFrame, *, forgets: bool, seed: int = 0) -> Fitted:
    """Our trainer, without priors and order: it seeks what pyBKT seeks, the likelihood's optimum."""
    began = time.perf_counter()
    answers, _ = tables.answers(frame)
    read = time.perf_counter()
    learnt = learn(answers, Options(forgets, priors=False, ordered=False))
    done = time.perf_counter()
    own = learnt.params
    one_step = np.stack(
        [own[:, PRIOR], own[:, LEARN] * (1 - own[:, FORGET]), own[:, FORGET], own[:, GUESS], own[:, SLIP]], axis=1
    )
    return Fitted(dict(zip(learnt.skills, one_step, strict=True)), done - began, done - read, seed)


@dataclass
class PyBKT:
    """A pyBKT that stays in memory. ``path``: a folder that holds it compiled; None: the one of pip."""

    path: Path | None
    parallel: bool
    _process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
        environment["PYTHONPATH"] = str(self.path or "")
        command = [sys.executable, "-m", "tests.bench.pybkt_worker"]
        pipe, dumb = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=dumb, text=True
        )

    def __enter__(self) -> PyBKT:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        if kind:
            self._process.terminate()
        self._process.wait(60)

    def fit(self, frame: Path, *, forgets: bool, seed: int = 0, fits: int = 5) -> Fitted:
        """Fit a frame that lies in a Parquet file; reading the file is not counted."""
        if not (self._process.stdin and self._process.stdout):
            raise RuntimeError("no pipe")
        job = {"frame": str(frame), "forgets": forgets, "seed": seed, "fits": fits, "parallel": self.parallel}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"fault": "the process ended"}')
        if "fault" in answer:
            raise PyBKTFailed(answer["fault"])
        params = {skill: np.array(values) for skill, values in answer["params"].items()}
        return Fitted(params, answer["seconds"], answer["fit_seconds"], seed, answer["kernel"], answer["steps"])
