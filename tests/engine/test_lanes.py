"""Eight numbers as one, against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from numba import njit

from engine.lanes import LANES, choose, exp, inverse, load, log, splat, store

Floats = npt.NDArray[np.float64]


def compiled(function: Any) -> Any:
    return njit(function)


@compiled
def _compute(rows: Floats, number: float, out: Floats) -> None:
    x, y = load(rows, 0), load(rows, 1)
    store(out, 0, x + y * number)
    store(out, 1, 1.0 - x / y)
    store(out, 2, log(x))
    store(out, 3, splat(number) - 2)
    store(out, 4, choose(x, y, x, 7.0))
    store(out, 5, inverse(y))
    store(out, 6, exp(number * x - y))


def test_lanes_compute_as_numpy_does() -> None:
    rows = np.random.default_rng(0).uniform(1e-300, 4, (2, LANES))
    rows[0, :4] = [1e-300, 1.0, 1.0 - 1e-15, 0.7071067811865476]
    out = np.empty((7, LANES))
    _compute(rows, 3.5, out)
    assert out[0] == pytest.approx(rows[0] + 3.5 * rows[1], rel=1e-15)
    assert out[1] == pytest.approx(1 - rows[0] / rows[1], rel=1e-15)
    assert out[2] == pytest.approx(np.log(rows[0]), rel=1e-14, abs=1e-15)
    assert (out[3] == 1.5).all()
    assert (out[4] == np.where(rows[0] >= rows[1], rows[0], 7)).all()
    assert out[5] == pytest.approx(1 / rows[1], rel=4e-16)
    assert out[6] == pytest.approx(np.exp(3.5 * rows[0] - rows[1]), rel=1e-14)


def test_inverse_and_exp_over_their_range() -> None:
    x = np.concatenate([10.0 ** np.linspace(-36.9, 36.9, 500), -(10.0 ** np.linspace(-36.9, 36.9, 500))])
    y = np.linspace(-699, 699, 1000)
    inverses, powers = np.empty((125, LANES)), np.empty((125, LANES))
    _invert(x.reshape(-1, LANES), y.reshape(-1, LANES), inverses, powers)
    assert inverses.ravel() * x == pytest.approx(np.ones(1000), rel=4e-16)
    assert powers.ravel() == pytest.approx(np.exp(y), rel=1e-15)


@compiled
def _invert(x: Floats, y: Floats, inverses: Floats, powers: Floats) -> None:
    for i in range(len(x)):
        store(inverses, i, inverse(load(x, i)))
        store(powers, i, exp(load(y, i)))
