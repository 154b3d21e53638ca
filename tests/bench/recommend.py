"""Policies on simulated students: every policy, every family, and what errors in the graph and exploration cost.

``python -m tests.bench.recommend [WORLDS]``; prints a table a family, ours beside the exact optimum of tiny worlds, and
what a choice and an update of the belief take.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace

import numpy as np

from engine.graph import model as graph_model
from engine.mastery_model import unlearnt
from engine.policies import policy as policies
from engine.policies.policy import shipped
from engine.policies.rule import Floats
from engine.recommend import Policy, choose
from engine.responses import RECORD, key
from engine.tracing import bind
from engine.worlds.families import FAMILIES
from engine.worlds.world import Plan, make
from models.trials.figures import Figures, summarise
from models.trials.many import run_many
from models.trials.tiny import random_tiny, share_of_optimum
from models.trials.trial import Setting

SEED = 1
TINY, HORIZON = 40, 5
WARM = 10  # first choices, which compile


def main(worlds: int) -> None:
    """Everything, in order of interest."""
    ours = shipped()["default"]
    variants = {f"default, {100 * share:g} % explored": replace(ours, exploration=share) for share in (0.0, 0.1)}
    for family in FAMILIES:
        began = time.perf_counter()
        figures = trial(family, {**shipped(), **variants}, Setting(), worlds)
        show(f"{family}, {worlds} worlds, {time.perf_counter() - began:.0f} s", figures)
        blurred = trial(family, {"default": ours}, Setting(Plan(missing=0.15, false=0.15)), worlds)
        kept = blurred["default"].gain / figures["default"].gain
        print(f"with 15 % of the edges missing and 15 % false: {100 * kept:.1f} % of the gain kept\n")
    rng = np.random.default_rng(SEED)
    shares = np.array([share_of_optimum(ours, random_tiny(rng), HORIZON) for _ in range(TINY)])
    print(f"{TINY} tiny worlds, {HORIZON} items: mean {shares.mean():.3f} of the optimum, worst {shares.min():.3f}")
    for items, skills in ((2_000, 100), (100_000, 500)):
        middle, slow = np.quantile(milliseconds(items, skills), [0.5, 0.99])
        print(f"{items} items, {skills} skills: a choice and an update p50 {middle:.2f} ms, p99 {slow:.2f} ms")


def trial(family: str, rules: dict[str, policies.Policy], setting: Setting, worlds: int) -> dict[str, Figures]:
    """Figures of some policies on one family."""
    return summarise(run_many(family, rules, setting, worlds, SEED, min(worlds, os.cpu_count() or 1)), SEED)


def milliseconds(items: int, skills: int) -> Floats:
    """Of a choice and the update of the belief by the answer, for one student, step by step."""
    rng = np.random.default_rng(SEED)
    catalog, policy = make(Plan(skills=skills, items=items), rng).catalog, Policy()
    tracer = bind(replace(unlearnt(), graph=graph_model.unlearnt()), catalog)
    state, keys, took = tracer.empty, [key(item.id) for item in catalog.items], []
    for step in range(300):
        score, luck, now = float(rng.integers(0, 2)), float(rng.random()), step * 60_000
        began = time.perf_counter()
        (given,) = choose(tracer, state, policy, lambda _, luck=luck: luck, now=now).recommendations  # type: ignore[misc]
        state = tracer.fold(np.array([(step, keys[given.item], now, score, 0)], RECORD), state)
        if step >= WARM:
            took.append(1000 * (time.perf_counter() - began))
    return np.array(took)


def show(title: str, figures: dict[str, Figures]) -> None:
    """One line a policy; the last columns: our gain over its own, less 1, and the 95 % interval of the difference."""
    ours = figures["default"]
    print(title)
    for name, of in sorted(figures.items(), key=lambda pair: -pair[1].gain):
        lead, low, high = ours.against.get(name, (0.0, 0.0, 0.0))
        print(
            f"  {name:24}{of.gain:7.2f}{of.share_of_omniscient or 0:7.1f} %  worst tenth {of.worst_tenth:6.2f}"
            f"  wasted {100 * of.wasted:3.0f} %  ours {100 * lead / of.gain:+6.1f} % ({low:+.2f} to {high:+.2f})"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
