"""Break the service on purpose, and see whether anything acknowledged is lost, doubled or different.

    python -m tests.chaos [--seconds 180] [--stores sqlite redis cluster] [--seed 1]

Real API processes on every kind of store, under load, with random kill -9 of processes, servers and all of them at
once, full disks, slots that move, other models; senders that repeat, delay and shuffle. The exit code is 1 on any
difference.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.run import together

KINDS = ("sqlite", "redis", "cluster")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=180.0, help="of faults, in all")
    options.add_argument("--stores", nargs="+", choices=KINDS, default=KINDS)
    options.add_argument("--seed", type=int, default=time.time_ns() % 10_000, help="of what is sent and broken")
    given = options.parse_args()
    print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory(prefix="nextwise-chaos-") as folder:
        outcomes = together(given.stores, Path(folder), given.seconds, given.seed)
        whole = len(outcomes) == len(given.stores) and all(one.verdict.ok for one in outcomes)
    print("\nNothing lost, nothing double, no difference." if whole else "\nDIFFERENCES: see above.")
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
