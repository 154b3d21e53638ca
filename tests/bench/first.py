"""What the first fit on a machine waits for, in a process with nothing compiled: `python -m tests.bench.first`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from models import BKT
from tests.bench.frames import simulated


def fit(several: bool) -> float:
    """Seconds of one small fit in this process."""
    frame = simulated(30, 3, 3, 5, seed=0, names=True)
    if several:
        frame.loc[::4, "skill_ids"] = "skill 0;skill 1"
    began = time.perf_counter()
    BKT().fit(frame)
    return time.perf_counter() - began


def first(several: bool) -> float:
    """The same in a process that has nothing compiled."""
    with tempfile.TemporaryDirectory() as empty:
        told = subprocess.run(
            [sys.executable, "-m", "tests.bench.first", "--inside", str(int(several))],
            env=os.environ | {"NUMBA_CACHE_DIR": empty},
            capture_output=True,
            check=True,
            text=True,
        )
    return float(told.stdout)


def report() -> None:
    plain, several = first(several=False), first(several=True)
    print(f"\nFirst fit on a machine: {plain:.1f} s; where answers ask for several skills {several:.1f} s.")
    print("All of that is compiling: later processes read what was compiled from disk.")


if __name__ == "__main__":
    if "--inside" in sys.argv:
        print(fit(several=sys.argv[-1] == "1"))
    else:
        report()
