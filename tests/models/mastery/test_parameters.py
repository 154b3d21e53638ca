"""Parameters read as a teacher reads them, and refused where they are wrong; options likewise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.model import ModelError
from models.mastery.fit import fit
from models.mastery.options import Options
from models.mastery.parameters import Parameters, dump, load
from models.mastery.predict import predict
from tests.models.mastery.students import mixed


@pytest.fixture(scope="module")
def fitted() -> Parameters:
    return fit(mixed(students=30), Options(recency=True, limits={"a": {"guess": (0.2, 0.2)}}))


def test_five_parameters_are_read_at_average_ability_on_an_average_item(fitted: Parameters) -> None:
    logits = np.array([[0.0, -2.0, -1.0, 2.0, -3.0]] * len(fitted.skills))
    found = replace(fitted, logits=logits)
    assert found.prior[0] == 0.5
    assert found.learn[0] == pytest.approx(1 / (1 + np.exp(2)))
    assert found.guess[0] == pytest.approx(1 / (1 + np.exp(1)))
    assert found.slip[0] == pytest.approx(1 / (1 + np.exp(-1 + np.log(1 + np.exp(2)))))
    assert found.forget[0] == pytest.approx(1 / (1 + np.exp(3)))
    assert (fitted.guess + fitted.slip < 1).all()


def test_what_is_written_is_read_again(fitted: Parameters) -> None:
    again = load(dump(fitted))
    log = mixed(seed=9)
    assert np.array_equal(predict(again, log), predict(fitted, log))
    assert (again.options, again.skills, again.combinations) == (fitted.options, fitted.skills, fitted.combinations)
    assert again.about == fitted.about
    assert dump(again) == dump(fitted)


@pytest.mark.parametrize("blob", [b"", b"nonsense", b"PK\x03\x04"])
def test_what_are_no_parameters_is_refused(blob: bytes) -> None:
    with pytest.raises(ModelError):
        load(blob)


def test_every_fault_is_told_at_once(fitted: Parameters) -> None:
    with pytest.raises(ModelError, match=r"population has shape.*theta holds a value that is not finite"):
        replace(fitted, population=np.zeros(3), theta=np.full(len(fitted.theta), np.nan))
    with pytest.raises(ModelError, match=r"wrong sign.*no distribution"):
        replace(fitted, ability=fitted.ability - 9, weight=fitted.weight * 2)
    with pytest.raises(ModelError, match="stands twice"):
        replace(fitted, skills=("a",) * len(fitted.skills))


def test_arrays_cannot_be_changed(fitted: Parameters) -> None:
    with pytest.raises(ValueError, match="read-only"):
        fitted.logits[0, 0] = 1.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"forgets": "always"}, "forgets is 'always'"),
        ({"items": "all"}, "items is 'all'"),
        ({"ability": ("guess", "slip")}, "not on 'slip'"),
        ({"points": 2}, "needs 3 to 99"),
        ({"limits": {"a": {"luck": (0, 1)}}}, "no parameter is called 'luck'"),
        ({"limits": {"a": {"learn": (0.5, 0.2)}}}, "low <= high"),
        ({"limits": {"a": {"slip": (0.1, 0.1)}}}, "where guess is fixed"),
        ({"limits": {"a": {"slip": (0.6, 0.7), "guess": (0.5, 0.5)}}}, "below 1"),
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Options(**wrong)
