"""The model as MLflow's other users load it: ``mlflow.pyfunc.load_model("models:/nextwise@champion")``.

MLflow copies this file beside the bundle and runs it where the model is loaded; nextwise must be installed there.
The input is one row a response; the answer is P(correct) of each, predicted before the response is learnt from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.bundle import AnyModel, load
from engine.model import Floats
from models.evaluation import predict as predict_log
from models.registry.connection import load_mlflow
from models.tables import arranged


def predict(model: AnyModel, responses: pd.DataFrame) -> Floats:
    """P(correct) of each row, shape [rows]; a student's rows are taken in order of time.

    Columns: student_id, skill_ids (a list, or ids with ``;`` between), score (0..1), and where known answered_at
    (ms; else rows are in order) and item_id (used where a row has no skills: it then is a skill of its own).
    """
    items = responses["item_id"] if "item_id" in responses else responses["student_id"]
    skills = [_skills(given, item) for given, item in zip(responses["skill_ids"], items, strict=True)]
    known = ["student_id", "item_id", "score", "answered_at"]
    table = responses[[name for name in known if name in responses]].rename(columns={"answered_at": "timestamp"})
    log, order = arranged(table.assign(skill_ids=pd.Series(skills, table.index)))
    predicted = np.empty(len(log))
    predicted[slice(None) if order is None else order] = predict_log(model, log)
    return predicted


def _skills(given: Any, item: Any) -> list[str]:
    if isinstance(given, str):
        given = [skill.strip() for skill in given.split(";")]
    elif not isinstance(given, list | tuple | np.ndarray):  # a missing value
        given = []
    return list(dict.fromkeys(str(skill) for skill in given if skill)) or [f"\0{item}"]


_mlflow = load_mlflow()


class NextwiseModel(_mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]  # mlflow is untyped
    """See the file's docstring."""

    def load_context(self, context: Any) -> None:
        """Load the bundle, verified."""
        self.model = load(Path(context.artifacts["bundle"]).read_bytes(), "mlflow")

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Floats:  # noqa: ARG002 - mlflow's form
        """P(correct) of each row."""
        return predict(self.model, model_input)


_mlflow.models.set_model(NextwiseModel())
