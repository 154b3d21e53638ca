"""Taking turns: keeps one busy process from shutting all others out of a lock that is only ever polled."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: no turns there, only luck
    fcntl = None  # type: ignore[assignment]


class Turnstile:
    """Whoever wants the lock stands in here until it has it; so whoever just let go of it cannot overtake.

    Measured without: of three processes that wrote to one file, one wrote 8,200 responses in 6 s and the others
    none. The kernel lets go of a killed process's place.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def enter(self, deadline: float) -> bool:
        """Whether the place was free before the deadline (of ``time.monotonic``). It is about fairness only."""
        if fcntl is None:
            return False
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                pause()

    def leave(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def pause() -> None:
    """Between two tries of a lock: shorter than a commit, random so that no two processes move in step."""
    time.sleep(random.uniform(0.0001, 0.0006))
