"""Whoever waits for a compiler is told, once, and nobody else."""

from __future__ import annotations

from typing import Any

from numba import njit

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
