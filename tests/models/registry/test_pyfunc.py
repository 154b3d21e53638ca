"""The model as MLflow's other users load it."""

from __future__ import annotations

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

import engine
from models.evaluation import predict
from models.log import ResponseLog
from models.registry import Registry
from models.registry.connection import fluent
from tests.models.registry.made import logged, model


def responses(n: int = 200) -> pd.DataFrame:
    """Answers of five students, in no order of time, on known, combined and unknown skills."""
    rng = np.random.default_rng(0)
    sets = [["add"], ["carry"], ["carry", "add"], ["unseen"]]
    return pd.DataFrame(
        {
            "student_id": rng.choice(list("abcde"), n),
            "item_id": rng.choice(["i1", "i2"], n),
            "skill_ids": [sets[at] for at in rng.integers(4, size=n)],
            "score": rng.choice([0.0, 0.5, 1.0], n),
            "answered_at": rng.permutation(n),
        }
    )


def test_a_loaded_model_predicts_what_the_engine_predicts(registry: Registry) -> None:
    registry.promote(logged(registry))
    with fluent(registry.tracking_uri):
        loaded = mlflow.pyfunc.load_model("models:/nextwise@champion")
    frame = responses()
    log = ResponseLog.from_frame(frame.rename(columns={"answered_at": "timestamp"}))
    ordered = frame.sort_values(["student_id", "answered_at"]).index
    assert loaded.predict(frame)[ordered] == pytest.approx(predict(model(), log), abs=1e-9)


def test_skills_may_be_text_and_times_may_be_missing() -> None:
    from models.registry.pyfunc import predict as predict_rows

    frame = responses()
    frame["student_id"] = "one"
    frame = frame.sort_values("answered_at", ignore_index=True)
    plain = frame.drop(columns=["answered_at", "item_id"]).assign(skill_ids=frame["skill_ids"].map(";".join))
    assert (predict_rows(model(), plain) == predict_rows(model(), frame)).all()


def test_a_row_without_skills_backs_off_to_the_population() -> None:
    from models.registry.pyfunc import predict as predict_rows

    frame = pd.DataFrame(
        {"student_id": ["s", "s"], "item_id": ["i", "j"], "skill_ids": [None, ""], "score": [1.0, 1.0]}
    )
    first, second = predict_rows(model(), frame)
    assert 0 < first < 1
    assert first == second  # two items, each a skill of its own


def test_its_requirements_are_told(registry: Registry) -> None:
    registry.promote(logged(registry))
    with fluent(registry.tracking_uri):
        path = mlflow.artifacts.download_artifacts("models:/nextwise@champion/requirements.txt")
    assert Path(path).read_text().splitlines() == [f"mlflow=={mlflow.__version__}", f"nextwise=={engine.__version__}"]
