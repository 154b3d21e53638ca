"""How the fit of the mastery model grows, or of both models: simulated answers on 1,000 skills with three items each.

    python -m tests.bench.growth [--model predictor] [--millions 0.1 0.3 1]

Students answer 100 items each, hours apart; every size in a process of its own, warm, on all cores.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pandas as pd

from models import trainers
from models.log import ResponseLog
from tests.bench import frames
from tests.bench.scale import ANSWERS, OWN, SKILLS, grow, peak

ITEMS = 3  # a skill
HOUR = 3_600


def log_of(answers: int, skills: int = SKILLS) -> ResponseLog:
    frame = frames.simulated(answers // (OWN * ANSWERS), skills, OWN, ANSWERS, seed=0)
    item = frame["skill_ids"] * ITEMS + np.random.default_rng(1).integers(ITEMS, size=len(frame))
    at = 1_600_000_000 + HOUR * np.arange(len(frame)) % (HOUR * OWN * ANSWERS)
    return ResponseLog.from_frame(pd.DataFrame(frame.assign(item_id=item, timestamp=at)))


def child(model: str, answers: int) -> None:
    trainers.fit(log_of(2_000, 5), model)
    log = log_of(answers)
    began = time.perf_counter()
    trainers.fit(log, model)
    print(json.dumps({"answers": len(log), "seconds": time.perf_counter() - began, "peak": peak()}))


def main() -> None:
    """A row a size, and the exponent of growth."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--millions", type=float, nargs="+", default=[0.1, 0.3, 1.0])
    options.add_argument("--model", choices=("mastery", "predictor"), default="mastery")
    options.add_argument("--child", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        child(given.model, given.child)
        return
    print(f"| answers | fit and draws of the {given.model}, s | peak RSS, MB |\n|" + " --- |" * 3)
    row = "| {answers:,} | {seconds:.1f} | {peak:.0f} |".format_map
    grow("tests.bench.growth", given.millions, row, "--model", given.model)


if __name__ == "__main__":
    main()
