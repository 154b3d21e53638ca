"""Policies on simulated students: every policy, every family, and what errors in the graph and exploration cost.

``python -m tests.bench.recommend [WORLDS]``; prints a table a family, ours beside the exact optimum of tiny worlds, and
what a choice and an update of the belief take. The served rule, whose model is slow to fit, has a fifth of the worlds.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace

import numpy as np

from engine.policies.course import Course
from engine.policies.policy import Policy, shipped
from engine.policies.rule import Floats, draw, propensities
from engine.worlds.families import FAMILIES
from engine.worlds.world import Plan, make
from models.trials.figures import Figures, summarise
from models.trials.many import run_many
from models.trials.tiny import random_tiny, share_of_optimum
from models.trials.trial import Setting

SEED = 1
TINY, HORIZON = 40, 5
WARM = 10  # first choices, which compile
TRAITS = {"ability": 0.8, "pace_of_ability": 0.3, "pace": 0.4, "unready": 0.15, "share": 0.7}


def main(worlds: int) -> None:
    """Everything, in order of interest."""
    ours = shipped()["default"]
    peers = {name: policy for name, policy in shipped().items() if name != "served"}
    variants = {"default, 10 % explored": replace(ours, exploration=0.1)}
    few = max(2, worlds // 5)
    for family in FAMILIES:
        began = time.perf_counter()
        figures = trial(family, {**peers, **variants}, Setting(), worlds)
        show(f"{family}, {worlds} worlds, {time.perf_counter() - began:.0f} s", figures)
        blurred = trial(family, {"default": ours}, Setting(Plan(missing=0.15, false=0.15)), worlds)
        kept = blurred["default"].gain / figures["default"].gain
        print(f"with 15 % of the edges missing and 15 % false: {100 * kept:.1f} % of the gain kept\n")
        both = {name: shipped()[name] for name in ("default", "served")}
        show(f"what is served, {few} worlds", trial(family, both, Setting(), few))
    rng = np.random.default_rng(SEED)
    shares = np.array([share_of_optimum(ours, random_tiny(rng), HORIZON) for _ in range(TINY)])
    print(f"{TINY} tiny worlds, {HORIZON} items: mean {shares.mean():.3f} of the optimum, worst {shares.min():.3f}")
    for items, skills in ((2_000, 100), (100_000, 500)):
        middle, slow = np.quantile(milliseconds(ours, items, skills), [0.5, 0.99])
        print(f"{items} items, {skills} skills: a choice and an update p50 {middle:.2f} ms, p99 {slow:.2f} ms")


def trial(family: str, policies: dict[str, Policy], setting: Setting, worlds: int) -> dict[str, Figures]:
    """Figures of some policies on one family."""
    return summarise(run_many(family, policies, setting, worlds, SEED, min(worlds, os.cpu_count() or 1)), SEED)


def milliseconds(policy: Policy, items: int, skills: int) -> Floats:
    """Of a choice, its draw and the update of the belief by the answer, for one student, step by step."""
    rng = np.random.default_rng(SEED)
    world = make(Plan(skills=skills, items=items), rng)
    params = np.stack([world.prior, world.learn, world.guess, world.slip, np.zeros(skills)], axis=1)
    course = Course(world.catalog, params, world.difficulty, TRAITS, 300, params, 0.1 * world.prior)
    session, open_items, took = policy.start(course, 1), np.ones((1, items), bool), []
    for step in range(300):
        score, luck = rng.integers(0, 2, 1).astype(float), rng.random(1)
        began = time.perf_counter()
        given = draw(propensities(session.weigh(open_items), open_items, 0.0), luck)
        session.note(given, score)
        if step >= WARM:
            took.append(1000 * (time.perf_counter() - began))
        open_items[0, given] = False
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
