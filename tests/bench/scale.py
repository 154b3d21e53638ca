"""Fits of millions of simulated answers, each in a process of its own; and the price of one online update.

python -m tests.bench.scale [--millions 1 3 10]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from engine.bkt import fold_answers, update
from tests.bench import frames, peers
from tests.bench.pybkt_cpp import ROOT

SKILLS, OWN, ANSWERS = 1_000, 10, 10  # 1,000 skills; a student answers 10 of them, 10 times each


def peak() -> float:
    """Peak resident memory of this program so far, in MB; ru_maxrss would count the one that started it."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(answers: int) -> None:
    """Fit so many answers, warm; print what it took."""
    peers.ours(frames.simulated(50, 5, 5, 5, seed=1), forgets=False)
    frame = frames.simulated(answers // (OWN * ANSWERS), SKILLS, OWN, ANSWERS, seed=0)
    before = peak()
    found = peers.ours(frame, forgets=False)
    taken = {"seconds": found.seconds, "fit_seconds": found.fit_seconds}
    print(json.dumps(taken | {"before": before, "peak": peak(), "answers": len(frame)}))


def scale(millions: list[float]) -> None:
    """Seconds and memory by size, and the exponent of growth between the smallest and the largest."""
    print(f"\n## Scale\n\n{SKILLS:,} skills, {OWN} skills a student, {ANSWERS} answers each; plain BKT, warm.\n")
    print("| answers | students | frame to parameters, s | fit alone, s | peak RSS, MB | before the fit, MB |")
    print("|" + " --- |" * 6)
    grow(
        "tests.bench.scale",
        millions,
        lambda got: (
            f"| {got['answers']:,} | {got['answers'] // (OWN * ANSWERS):,} | {got['seconds']:.2f} "
            f"| {got['fit_seconds']:.2f} | {got['peak']:.0f} | {got['before']:.0f} |"
        ),
    )


def grow(module: str, millions: list[float], row: Callable[[dict[str, Any]], str], *options: str) -> None:
    """A row a size, measured by ``python -m module --child ANSWERS ...`` in a process of its own, that prints JSON with
    answers and seconds last; and the exponent of growth."""
    sizes, seconds = [], []
    for size in millions:
        command = [sys.executable, "-m", module, "--child", str(round(size * 1e6)), *options]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        got = json.loads(done.stdout.splitlines()[-1])
        sizes.append(got["answers"])
        seconds.append(got["seconds"])
        print(row(got), flush=True)
    if len(sizes) > 1:
        slope = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
        print(f"\ngrowth: seconds rise with answers to the power of {slope:.2f}")


def online() -> None:
    """One answer of one student by a call from Python; and a long array of answers through the same kernel."""
    skills, rng = 100, np.random.default_rng(0)
    params = np.tile([0.3, 0.1, 0.2, 0.1, 0.0], (skills, 1))  # any will do
    emit, start, of_item = np.tile([0.2, 0.1], (skills, 1)), np.arange(skills + 1), np.arange(skills)
    whole = np.full(skills, -1)

    def fold(answers: int, times: int) -> float:
        items, scores = rng.integers(skills, size=answers), (rng.random(answers) < 0.7).astype(np.float64)
        p, seen = np.full(skills, 0.3), np.zeros(skills, np.int32)
        before, after = np.empty(answers), np.empty(answers)
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            fold_answers(params, emit, start, of_item, whole, items, scores, p, seen, before, after)
            taken.append(time.perf_counter() - began)
        return median(taken)

    def updates(times: int) -> float:
        p, began = 0.3, time.perf_counter()
        for turn in range(times):
            p = update(p, 1.0, turn, 0.1, 0.2, 0.1, 0.02)
        return (time.perf_counter() - began) / times

    fold(1, 1), updates(10)
    one, many = updates(200_000), fold(1_000_000, 5) / 1_000_000
    print(f"\n## Online\n\none update of one student's state, called from Python: {one * 1e6:.2f} us")
    print(f"a million answers in one call: {many * 1e9:.1f} ns a response")


def main() -> None:
    """All of it, or one size in this process."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--millions", type=float, nargs="+", default=[1.0, 3.0, 10.0])
    options.add_argument("--child", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        child(given.child)
    else:
        scale(given.millions)
        online()


if __name__ == "__main__":
    main()
