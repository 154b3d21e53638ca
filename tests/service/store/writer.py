"""A process that records responses and tells of each one once it is acknowledged: made to be killed.

``python -m tests.service.store.writer URL NAME`` prints ``student response`` a line.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from service.store import open_store
from service.store.base import Outcome, Store, StoreUnavailable
from tests.contract.histories import TAG, record_of, write

ROOT = Path(__file__).parents[3]


async def main(url: str, name: str) -> None:
    store = await open_store(url)
    numbers = itertools.count()

    async def work() -> None:
        for number in numbers:
            student, response = f"s{number % 5}", f"{name}-{number}"
            try:
                (answer,), _ = await store.record([write(student, response)], TAG)
            except StoreUnavailable:
                await asyncio.sleep(0.01)
                continue
            if answer.outcomes[0] is not Outcome.CONFLICT:
                os.write(1, f"{student} {response}\n".encode())

    await asyncio.gather(*(work() for _ in range(16)))


class Writer:
    """Such a process, seen from the test."""

    def __init__(self, url: str, name: str = "r") -> None:
        command = [sys.executable, "-m", __name__, url, name]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)

    def acknowledged(self, count: int) -> list[str]:
        """The next lines that it prints, ``count`` of them."""
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline().decode().strip() for _ in range(count)]
        assert all(lines), "the writer died"
        return lines

    def kill(self) -> list[str]:
        """SIGKILL; the lines that it had printed and nobody had read."""
        self.process.kill()
        rest, _ = self.process.communicate()
        return [line.decode() for line in rest.split(b"\n")[:-1]]


async def assert_holds(store: Store, lines: Sequence[str]) -> None:
    """Every acknowledged response stands in its student's history and in the log, exactly once."""
    assert len(lines) == len(set(lines))
    students = [f"s{number}" for number in range(5)]
    states, _ = await store.read(students, b"")
    histories = {
        student: [state.records[start : start + 32] for start in range(0, len(state.records), 32)]
        for student, state in zip(students, states, strict=True)
    }
    partitions = await store.log_partitions()
    log = [entry.event for one in partitions for entry in await store.read_log(one, 1_000_000)]
    assert len(log) == len(set(log)) == sum(len(history) for history in histories.values())
    logged = b"\n".join(log)
    for line in lines:
        student, response = line.split(" ")
        assert histories[student].count(record_of(response)) == 1, f"{line} was acknowledged and is lost or doubled"
        assert f'"{response}"'.encode() in logged, f"{line} is not in the log"


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
