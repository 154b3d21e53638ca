"""Kernels are compiled once on a machine and kept; whoever waits meanwhile is told why."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event as events


class _First(events.Listener):
    """Calls ``tell`` at the first compilation, not at a kernel that is read from disk."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell, self._told = tell, threading.Event()

    def on_start(self, event: Any) -> None:  # noqa: ARG002
        if not self._told.is_set():
            self._told.set()
            self._tell()

    def on_end(self, event: Any) -> None:
        """Nothing: what it was for begins by itself."""


class _Undisturbed(events.Listener):
    """No garbage is collected meanwhile: that would look through all that the compiler keeps, again and again."""

    def __init__(self) -> None:
        self._depth, self._collects = 0, False  # one thread compiles at a time

    def on_start(self, event: Any) -> None:  # noqa: ARG002
        if self._depth == 0:
            self._collects = gc.isenabled()
            gc.disable()
        self._depth += 1

    def on_end(self, event: Any) -> None:  # noqa: ARG002
        self._depth -= 1
        if self._depth == 0 and self._collects:
            gc.enable()


def undisturbed() -> None:
    """From now on no garbage is collected in this process while something is compiled: it takes a tenth less time."""
    events.register("numba:compile", _Undisturbed())  # type: ignore[no-untyped-call]


@contextmanager
def told(tell: Callable[[], None]) -> Iterator[None]:
    """``tell()`` is called once if anything is compiled inside."""
    with events.install_listener("numba:compile", _First(tell)):
        yield
