"""One fit on simulated students, for all tests of the predictor."""

from __future__ import annotations

import pytest

from models.log import ResponseLog
from models.predictor import Predictor
from models.predictor.fit import fit
from tests.models.mastery.students import mixed


@pytest.fixture(scope="session")
def students() -> ResponseLog:
    return mixed(students=120, answers=25, seed=1)


@pytest.fixture(scope="session")
def fitted(students: ResponseLog) -> Predictor:
    return fit(students)


@pytest.fixture(scope="session")
def others() -> ResponseLog:
    return mixed(students=25, answers=15, seed=4)
