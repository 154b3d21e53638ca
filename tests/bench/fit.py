"""Our trainer beside pyBKT 1.4's, in one run on the same data: speed, optimum, agreement of seeds, scale, first call.

    python -m tests.bench.fit [--quick] [--thorough] [--sets assist2009 assist2015]

pyBKT is measured twice: with its C++ kernel, built from source, and as pip brings it (pure Python; on one skill). Both
tools get the same data frame, in order of time, without priors of any kind; the faster of pyBKT's settings of
``parallel`` counts. Seconds are medians, of processes that have fitted something small before.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench import exact, first, frames, peers, pybkt_cpp, scale
from tests.bench.race import (
    SETTINGS,
    Optimum,
    Race,
    busy,
    of_seed,
    race,
    skill_of_size,
    verdicts_that_differ,
    workers,
)

STARTS = 96
HEAD = ("model", "tool", "frame to parameters, s", "fit alone, s", "pyBKT / ours", "fit alone, ratio", "runs")


@dataclass(frozen=True)
class Plan:
    """How much of it to do."""

    rounds: int
    slow_answers: int
    millions: tuple[float, ...]
    thorough: bool


def table(races: dict[str, Race]) -> None:
    print("\n| " + " | ".join(HEAD) + " |\n|" + " --- |" * len(HEAD))
    for model, found in races.items():
        own, own_fit = found.seconds("ours"), found.fit_seconds("ours")
        for name, fits in found.fits.items():
            taken, alone = found.seconds(name), found.fit_seconds(name)
            ratios = ("", "") if name == "ours" else (f"{taken / own:.2f}", f"{alone / own_fit:.2f}")
            tool = name if name == "ours" else f"pyBKT C++, 5 starts, {name}"
            print("| " + " | ".join((model, tool, f"{taken:.2f}", f"{alone:.2f}", *ratios, str(len(fits)))) + " |")
    for model, found in races.items():
        for name, fault in found.faults.items():
            print(f"\n{model}: pyBKT C++ ({name}) failed: {fault}")


def judged(data: frames.Data, races: dict[str, Race], plan: Plan) -> None:
    """Optimum and agreement of seeds, by code that neither tool shares."""
    strings = exact.strings(data.frame)
    best = exact.best_of(strings, STARTS) if plan.thorough else None
    for model, found in races.items():
        if found.peer is None:
            continue
        own = [of_seed(found, "ours", seed) for seed in (0, 1)]
        other = [of_seed(found, found.peer, seed) for seed in (0, 1)]
        print(f"\nOptimum, {model}, seed 0, no priors:")
        for line in Optimum.of(strings, own[0], other[0], best if model == "plain" else None).lines():
            print(f"- {line}")
        ours, theirs = verdicts_that_differ(strings, *own), verdicts_that_differ(strings, *other)
        print(f"- mastery verdicts that differ between seeds 0 and 1: ours {ours:.2%}, pyBKT {theirs:.2%}")


def slow(data: frames.Data, folder: Path, plan: Plan, whole: Race) -> None:
    """pip's pure Python pyBKT on one skill, with both settings; what all answers would take at that rate."""
    part = skill_of_size(data, plan.slow_answers)
    at, warm = folder / "part.parquet", folder / "warm.parquet"
    part.frame.to_parquet(at)
    with ExitStack() as stack:
        taken = {}
        for name, worker in workers(stack, None, warm).items():
            try:
                taken[name] = worker.fit(at, forgets=False).seconds
            except peers.PyBKTFailed as fault:
                print(f"\npip's pyBKT ({name}) failed: {fault}")
    if not taken:
        return
    name = min(taken, key=lambda key: taken[key])
    rate = taken[name] / len(part.frame)
    said = ", ".join(f"{key} {value:.1f} s" for key, value in taken.items())
    print(
        f"\npip's pyBKT (pure Python), 5 starts, one skill of {len(part.frame):,} answers: {said}. "
        f"All {len(data.frame):,} answers at the better rate (extrapolated, not measured): "
        f"{rate * len(data.frame):,.0f} s, {rate * len(data.frame) / whole.seconds('ours'):,.0f} times ours"
    )


def measure(name: str, cpp: Path | None, plan: Plan) -> float | None:
    """All of it on one set; the ratio for plain BKT from a data frame."""
    data = frames.load(name)
    print(f"\n## {data.title}\n\n{busy()}", flush=True)
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        at, warm = folder / "all.parquet", folder / "warm.parquet"
        data.frame.to_parquet(at)
        small = frames.simulated(30, 3, 3, 5, seed=0, names=True)
        small.to_parquet(warm)
        pybkt = workers(stack, cpp, warm) if cpp else {}
        for forgets in (False, True):
            peers.ours(small, forgets=forgets)
        races = {
            "plain": race(data, at, pybkt, False, plan.rounds),
            "forgetting": race(data, at, pybkt, True, plan.rounds),
        }
        table(races)
        judged(data, races, plan)
        slow(data, folder, plan, races["plain"])
        kernels = {fitted.kernel for name in SETTINGS for fitted in races["plain"].fits.get(name, [])}
        print(f"\npyBKT's kernel: {', '.join(Path(kernel).name for kernel in kernels) or 'none'}; {busy()}", flush=True)
        if any(not kernel.endswith(".so") for kernel in kernels):
            raise RuntimeError(f"not the compiled kernel: {kernels}")
    return races["plain"].ratio


def main() -> None:
    """Run it; the last line is the smaller ratio of the sets."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer rounds, no more than a million answers")
    options.add_argument("--thorough", action="store_true", help=f"judge against the best of {STARTS} random starts")
    options.add_argument("--sets", nargs="+", choices=sorted(frames.SIZES), default=sorted(frames.SIZES))
    options.add_argument("--rounds", type=int, help="2 at least: seeds 0 and 1")
    given = options.parse_args()
    millions = (0.1, 0.3, 1.0) if given.quick else (1.0, 3.0, 10.0)
    rounds = max(2, given.rounds or (2 if given.quick else 5))
    plan = Plan(rounds, 500 if given.quick else 3_000, millions, given.thorough)
    cpp, how = pybkt_cpp.ready()
    print(f"# Fits\n\npyBKT with its C++ kernel: {how if cpp else f'ABSENT, {how}; nothing to compare with but pip'}")
    ratios = [measure(name, cpp, plan) for name in given.sets]
    scale.scale(list(plan.millions))
    scale.online()
    first.report()
    known = [ratio for ratio in ratios if ratio is not None]
    print(f"\nfit ratio vs pyBKT(5 starts): {f'{min(known):.2f}' if known else 'none (C++ kernel absent)'}")


if __name__ == "__main__":
    main()
