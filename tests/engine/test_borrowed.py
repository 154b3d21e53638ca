"""What is borrowed is what was lent, and nobody counts it."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.borrowed import borrowed


class Pair(NamedTuple):
    first: npt.NDArray[np.float64]
    second: npt.NDArray[np.int64]


@njit
def _move(pair: Any, by: float) -> Any:
    lent, times = borrowed((pair, by))
    part = lent.first[1:]
    for i in range(len(part)):
        part[i] += times * lent.second[i]
    return borrowed(pair.first).sum()


def test_parts_of_tuples_are_read_and_written_where_they_lie() -> None:
    pair = Pair(np.arange(4, dtype=np.float64), np.arange(1, 4))
    before = sys.getrefcount(pair.first), sys.getrefcount(pair.second)
    for turn in range(1, 1000):
        assert _move(pair, 2.0) == 6 + 12 * turn
    assert pair.first.tolist() == [0, 1 + 2 * 999, 2 + 4 * 999, 3 + 6 * 999]
    assert (sys.getrefcount(pair.first), sys.getrefcount(pair.second)) == before
