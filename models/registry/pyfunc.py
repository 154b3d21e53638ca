"""The model as MLflow's other users load it: ``mlflow.pyfunc.load_model("models:/nextwise@champion")``.

MLflow copies this file beside the bundle and runs it where the model is loaded; nextwise must be installed there.
The input is one row a response; the answer is P(correct) of each, predicted before the response is learnt from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.bundle import load
from engine.catalog import Catalog, Item, Skill
from engine.model import Floats, Model
from engine.responses import Response, pack, unpack
from engine.tracing import Tracer
from models.registry.connection import load_mlflow


def predict(model: Model, responses: pd.DataFrame) -> Floats:
    """P(correct) of each row, shape [rows]; a student's rows are taken in order of time.

    Columns: student_id, skill_ids (a list, or ids with ``;`` between), score (0..1), and where known answered_at
    (ms; else rows are in order) and item_id (used where a row has no skills: it then is a skill of its own).
    """
    items = responses["item_id"] if "item_id" in responses else responses["student_id"]
    groups = [_skills(skills, item) for skills, item in zip(responses["skill_ids"], items, strict=True)]
    tracer = _tracer(model, groups)
    scores = responses["score"].to_numpy(np.float64)
    at = responses["answered_at"].to_numpy(np.int64) if "answered_at" in responses else np.arange(len(responses))
    predicted = np.empty(len(responses))
    students, _ = pd.factorize(responses["student_id"])
    order = np.lexsort((at, students))
    for ordered in np.split(order, np.flatnonzero(np.diff(students[order])) + 1):
        answers = [Response(str(row), "", _name(groups[row]), scores[row], turn) for turn, row in enumerate(ordered)]
        steps = tracer.trace(unpack(b"".join(map(pack, answers))))
        predicted[ordered] = [step.p_correct for step in steps]
    return predicted


def _skills(skills: Any, item: Any) -> tuple[str, ...]:
    if isinstance(skills, str):
        skills = [skill.strip() for skill in skills.split(";")]
    elif not isinstance(skills, Sequence | np.ndarray):  # a missing value
        skills = []
    return tuple(dict.fromkeys(str(skill) for skill in skills if skill)) or (f"\0{item}",)


def _tracer(model: Model, groups: Sequence[tuple[str, ...]]) -> Tracer:
    """The model on a catalog of these groups of skills: to the mastery model an item is the skills it asks for."""
    items = tuple(Item(_name(group), group) for group in dict.fromkeys(groups))
    skills = dict.fromkeys(skill for item in items for skill in item.skill_ids)
    return Tracer(model, Catalog(tuple(map(Skill, skills)), items))


def _name(group: tuple[str, ...]) -> str:
    return "\0\0".join(group)


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
