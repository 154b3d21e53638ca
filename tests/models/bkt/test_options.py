"""What a fit may be told: bounds, fixed parameters, order, priors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models.bkt import OptionError, Options, learn
from models.bkt.objective import LIMIT
from models.bkt.options import Bound
from tests.models.oracle import simulate

TRUTH = np.array([[0.3, 0.2, 0.2, 0.1, 0.0], [0.6, 0.1, 0.35, 0.25, 0.05]])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"bounds": {"*": {"gues": 0.2}}}, "no parameter 'gues'; there are prior, learn, guess, slip, forget"),
        ({"bounds": {"a": {"guess": (0.4, 0.2)}}}, r"guess is \(0.4, 0.2\); give a value or \(low, high\) in 0..1"),
        ({"bounds": {"a": {"guess": 1.5}}}, "guess is 1.5"),
        ({"bounds": {"a": {"guess": float("nan")}}}, "guess is nan"),
        ({"bounds": {"a": {"slip": "low"}}}, "slip is 'low'"),
        ({"bounds": {"a": {"guess": 0.6, "slip": 0.5}}}, "guess \\+ slip must be able to stay below"),
        ({"bounds": {"a": {"forget": 0.1}}, "forgets": False}, "forget is bounded, but the fit is without forgetting"),
    ],
)
def test_what_cannot_be_meant_is_told(options: dict[str, object], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        Options(**options)  # type: ignore[arg-type]


def test_bounds_of_a_skill_without_answers_are_told() -> None:
    with pytest.raises(OptionError, match="bounds name the skill 'nought', of which there are no answers"):
        learn(simulate(TRUTH, 5, 3), Options(bounds={"nought": {"guess": 0.1}}))


def test_fixed_parameters_stay_and_bounded_ones_stay_within() -> None:
    log = simulate(TRUTH, 150, 8)
    bounds: Mapping[str, Mapping[str, Bound]] = {
        "*": {"guess": (0.0, 0.3), "slip": 0.1},
        "1": {"prior": 0.5, "forget": (0.02, 0.03)},
    }
    for priors in (True, False):
        found = learn(log, Options(priors=priors, bounds=bounds)).params
        assert found[0, GUESS] <= 0.3
        assert found[0, SLIP] == pytest.approx(0.1)
        assert found[1, PRIOR] == pytest.approx(0.5)
        assert 0.02 <= found[1, FORGET] <= 0.03
        assert found[1, GUESS] > 0.25, "bounds of its own replace the common ones"


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("name", ["prior", "learn", "guess", "slip", "forget"])
def test_parameters_fixed_at_an_end_give_a_finite_fit(name: str, value: float) -> None:
    found = learn(simulate(TRUTH, 60, 6), Options(bounds={"*": {name: value}}, ordered=False))
    assert np.isfinite(found.value).all()
    assert found.params[:, ["prior", "learn", "guess", "slip", "forget"].index(name)] == pytest.approx(value, abs=1e-5)


def test_order_is_held_where_the_data_would_swap_the_states() -> None:
    """Students who get worse: the likeliest fit has "known" answer worse than "not known"."""
    log = simulate(np.array([[0.1, 0.15, 0.9, 0.8, 0.0]]), 300, 8)
    free = learn(log, Options(forgets=False, priors=False, ordered=False))
    held = learn(log, Options(forgets=False, priors=False))
    assert free.params[0, [GUESS, SLIP]].sum() > 1
    assert held.params[0, [GUESS, SLIP]].sum() <= LIMIT
    assert held.degenerate[0]
    assert not free.degenerate[0], "where order is not asked for, it is not missed"
    assert free.value[0] > held.value[0] + 1
    forgetting = learn(log, Options(priors=False))
    assert forgetting.value[0] > free.value[0] - 0.5, "with forgetting, students who get worse are no riddle"
    assert not forgetting.degenerate[0]


def test_priors_keep_parameters_off_the_bounds() -> None:
    log = simulate(np.array([[0.5, 0.2, 0.2, 0.1, 0.0]]), 12, 3)
    assert np.abs(learn(log, Options()).params[0, [PRIOR, LEARN, GUESS, SLIP]] - 0.5).max() < 0.48
    assert np.abs(learn(log, Options(priors=False)).params[0] - 0.5).max() > 0.49
