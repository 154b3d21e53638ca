"""pyBKT in a process of its own, so that the C++ and the pure Python one can be measured side by side.

Run by :mod:`tests.bench.peers`. One JSON job a line on stdin, one JSON answer a line on stdout. It lives on between
jobs: it is warm, and one setting of ``parallel`` a process is needed anyway, since the C++ kernel never goes back to
many threads once it was asked for one.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = {"user_id": "student_id", "skill_name": "skill_ids", "correct": "correct"}
NAMES = ("prior", "learns", "forgets", "guesses", "slips")


class Watch:
    """Counts calls, steps and seconds of pyBKT's own EM."""

    def __init__(self) -> None:
        from pyBKT.fit import EM_fit

        self.inner, self.seconds, self.calls, self.steps = EM_fit.EM_fit, 0.0, 0, 0
        self.kernel = str(EM_fit.E_step.__file__) if hasattr(EM_fit, "E_step") else "pure Python"
        EM_fit.EM_fit = self

    def __call__(self, *args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        found = self.inner(*args, **options)
        self.seconds += time.perf_counter() - began
        self.calls += 1
        self.steps += len(found[1])
        return found


def work(job: dict[str, Any], frame: pd.DataFrame, watch: Watch) -> dict[str, Any]:
    """Fit once; the parameters of every skill, the seconds in all and those in the EM."""
    from pyBKT.models import Model

    frame = frame.copy()  # it sorts what it is given
    model = Model(seed=job["seed"], num_fits=job["fits"], parallel=job["parallel"])
    watch.seconds, watch.calls, watch.steps = 0.0, 0, 0
    began = time.perf_counter()
    model.fit(data=frame, defaults=dict(COLUMNS), forgets=job["forgets"])
    seconds = time.perf_counter() - began
    params = {
        skill: [float(np.mean(of_skill[name])) for name in NAMES]  # one class each: arrays of one
        for skill, of_skill in model.coef_.items()
    }
    counts = {"calls": watch.calls, "steps": watch.steps, "kernel": watch.kernel}
    return {"params": params, "seconds": seconds, "fit_seconds": watch.seconds, **counts}


def main() -> None:
    """Answer jobs until stdin ends. What pyBKT prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    watch = Watch()
    frames: dict[str, pd.DataFrame] = {}
    for line in sys.stdin:
        job = json.loads(line)
        if job["frame"] not in frames:
            frames[job["frame"]] = pd.read_parquet(job["frame"])
        try:
            answer = work(job, frames[job["frame"]], watch)
        except Exception as fault:  # whatever it dies of is a finding
            answer = {"fault": repr(fault)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
