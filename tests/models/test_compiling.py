"""Whoever waits for a compiler is told, once, and nobody else."""

from __future__ import annotations

import gc
from typing import Any, ClassVar

from numba import njit
from numba.core import event as events

import models.bkt  # noqa: F401  # which asks for it
from models.compiling import told


def test_compiling_is_told_once_and_not_when_it_is_done() -> None:
    def double(x: float) -> float:
        return 2 * x

    def triple(x: float) -> float:
        return 3 * x

    said: list[str] = []
    kernels: list[Any] = [njit(double), njit(triple)]
    with told(lambda: said.append("compiling")):
        assert [kernel(2.0) for kernel in kernels] == [4, 6]
    assert said == ["compiling"]
    with told(lambda: said.append("again")):
        assert kernels[0](3.0) == 6
    assert said == ["compiling"]
    kernels[0](1)  # for another type, when nobody listens
    assert said == ["compiling"]


def test_no_garbage_is_collected_while_a_kernel_is_compiled() -> None:
    class Watch(events.Listener):
        collecting: ClassVar[list[bool]] = []

        def on_start(self, event: Any) -> None:
            self.collecting.append(gc.isenabled())

        on_end = on_start

    with events.install_listener("numba:run_pass", Watch()):
        assert njit(lambda x: -x)(2.0) == -2
    assert gc.isenabled()
    assert True not in Watch.collecting
    assert False in Watch.collecting
