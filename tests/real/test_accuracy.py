"""Accuracy on real students, by the protocol of every published figure. The data are the user's own and stay outside.

NEXTWISE_REAL_DATA names a folder with ``NAME.parquet`` (student_id, item_id, skill_ids, correct, timestamp) and
``splits/NAME.csv``; the default is ``../shared/data`` beside this repository.
"""

from __future__ import annotations

import pytest

from models import BKT, evaluation, readers
from tests.real.sets import FOLDER, RealSet

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    ("data", "least"),
    [
        (RealSet("assist2009", "test"), 0.715),
        (RealSet("assist2015", "-1"), 0.700),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_trainer_reaches_what_bkt_can(data: RealSet, least: float) -> None:
    _require(data)
    found = evaluation.evaluate(readers.read(data.table), evaluation.read_split(data.split), data.test)
    assert found.auc >= least
    assert found.ece <= 0.02
    assert found.auc_interval[0] < found.auc < found.auc_interval[1]


@pytest.mark.parametrize(
    ("data", "least"),
    [
        (RealSet("assist2009", "test"), 0.717),
        (RealSet("assist2015", "-1"), 0.700),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_estimator_reaches_it_without_forgetting_and_better_averaged_than_at_the_fit(
    data: RealSet, least: float
) -> None:
    _require(data)
    train, test = data.halves()
    fitted = BKT(forgets=False).fit(train)
    averaged, at_fit = (
        evaluation.figures("", test, fitted.set_params(averaged=averaged).predict_proba(test)[:, 1])
        for averaged in (True, False)
    )
    assert averaged.auc >= least
    assert averaged.auc > at_fit.auc
    assert averaged.log_loss < at_fit.log_loss


def _require(data: RealSet) -> None:
    if not data.present:
        pytest.skip(f"no {data.table.name} in {FOLDER}: set NEXTWISE_REAL_DATA to a folder that holds it")
