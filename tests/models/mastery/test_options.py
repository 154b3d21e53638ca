"""Options that do not fit are refused; those of a model are read again from what it says of itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.mastery.fit import fit
from models.mastery.options import Options
from tests.models.mastery.students import mixed


def test_a_model_says_what_it_was_fitted_with() -> None:
    options = Options(recency=True, ability=("prior",), limits={"a": {"guess": (0.2, 0.2)}})
    about = json.loads(json.dumps(fit(mixed(students=20), options).about))
    assert Options.of(about) == options


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
