"""Each answer is predicted from its past and nothing else; the file gives back what was written."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from engine import bundle
from engine.mastery_model import sigmoid
from engine.model import ModelError
from models import mastery
from models.log import ResponseLog
from models.predictor import Predictor, dump, load, predict
from models.predictor.history import FEATURES
from models.predictor.predictor import features
from tests.models.oracle import log_of


def test_later_answers_move_no_earlier_prediction(fitted: Predictor, others: ResponseLog) -> None:
    """All scores from one on are turned over, student by student: the predictions up to it stay as they were."""
    before = predict(fitted, others)
    place = np.arange(len(others)) - others.bounds[others.student]
    for turn in range(int(place.max()) + 1):
        turned = np.where(place >= turn, 1 - others.score, others.score)
        after = predict(fitted, replace(others, score=turned))
        assert np.array_equal(after[place <= turn], before[place <= turn])


def test_other_students_move_no_prediction(fitted: Predictor, others: ResponseLog) -> None:
    """Nor do their order, or how the log numbers items and skills."""
    everybody = predict(fitted, others)
    for student in range(len(others.students)):
        alone = others.select(np.arange(len(others.students)) == student)
        assert predict(fitted, alone) == pytest.approx(everybody[others.student == student], abs=1e-12)


def test_the_logit_is_the_mastery_models(fitted: Predictor, others: ResponseLog) -> None:
    """The kernel works out gaps, repeats and beliefs by itself: they are those of the mastery model."""
    x, _ = features(fitted.mastery, fitted.memory, fitted.names, fitted.habits, others)
    assert x.shape == (len(others), len(FEATURES))
    assert sigmoid(x[:, 0]) == pytest.approx(mastery.predict(fitted.mastery, others), abs=1e-12)
    order = replace(others, at=np.arange(len(others)))
    x, _ = features(fitted.mastery, fitted.memory, fitted.names, fitted.habits, order)
    assert sigmoid(x[:, 0]) == pytest.approx(mastery.predict(fitted.mastery, order), abs=1e-12)


def test_an_answer_to_several_skills_is_predicted_once(fitted: Predictor) -> None:
    log = log_of([("s", "i", "a;b;c", 1, 0), ("s", "i", "a;b;c", 0, 1)])
    assert predict(fitted, log).shape == (2,)


def test_what_is_unseen_gets_a_sane_prediction(fitted: Predictor) -> None:
    rows = [("s", "new", "a", 1, 0), ("s", "newer", "x", 1, 1), ("s", "newest", "y;a", 0, 2), ("t", "new", "y", 1, 0)]
    found = predict(fitted, log_of(rows))
    assert ((found > 0.02) & (found < 0.98)).all()


def test_a_file_gives_back_what_was_written(fitted: Predictor, others: ResponseLog) -> None:
    again = load(dump(fitted), fitted.mastery)
    assert np.array_equal(predict(again, others), predict(fitted, others))
    assert again.names == fitted.names
    assert dict(again.about) == dict(fitted.about)
    assert not again.trees.value.flags.writeable
    with pytest.raises(ModelError, match="not a file"):
        load(b"nothing", fitted.mastery)
    with pytest.raises(ModelError, match="not a file"):
        load(bundle.dump(fitted.mastery), fitted.mastery)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("value", np.nan, "not finite"),
        ("feature", 1000, "beyond"),
        ("left", 0, "circle"),
        ("right", 2**30, "circle"),
        ("first", 5, "runs of nodes"),
        ("calibration", -1.0, "rise"),
        ("habits_key", 0, "in order"),
        ("habits_logit", np.inf, "finite"),
    ],
)
def test_a_file_with_a_fault_is_refused(fitted: Predictor, name: str, value: float, message: str) -> None:
    with np.load(io.BytesIO(dump(fitted))) as archive:
        arrays = {key: archive[key].copy() for key in archive.files}
    arrays[name][:] = value
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    with pytest.raises(ModelError, match=message):
        load(out.getvalue(), fitted.mastery)
