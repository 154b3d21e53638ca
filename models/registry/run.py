"""What one training leaves in MLflow: parameters, metrics, figures, a table of skills, the data's digest, the model."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import engine
from engine.bundle import AnyModel, dump
from engine.mastery_model import MasteryModel, readable
from engine.model import PARAMETERS

BUNDLE, JUDGED = "model.npz", "judged.npz"
CODE = Path(__file__).with_name("pyfunc.py")


@dataclass(frozen=True)
class Contents:
    """What is logged; ``figures`` are matplotlib's, by name, ``judged`` the fit that the metrics are of."""

    model: AnyModel
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    data_digest: str
    figures: Mapping[str, Any]
    judged: AnyModel | None
    tags: Mapping[str, str]


def log_run(mlflow: Any, experiment: str, contents: Contents) -> tuple[str, Any]:
    """One finished run, and MLflow's information on the model logged in it."""
    digest = contents.data_digest
    with mlflow.start_run(experiment_id=experiment, tags={**contents.tags, "data_digest": digest}) as run:
        mlflow.log_params({**contents.params, "data_digest": digest})
        mlflow.log_metrics({name: float(value) for name, value in contents.metrics.items() if np.isfinite(value)})
        mlflow.log_input(_dataset(digest), context="training")
        for name, figure in contents.figures.items():
            mlflow.log_figure(figure, f"{name}.png")
        mlflow.log_text(skill_table(contents.model), "skills.csv")
        if contents.judged is not None:
            with _file(JUDGED, dump(contents.judged)) as path:
                mlflow.log_artifact(path)
        info = _log_model(mlflow, contents.model)
    return run.info.run_id, info


def skill_table(model: AnyModel) -> str:
    """CSV: the parameters of each skill, with the 90 % range of its draws, and of the population."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["skill_id", *(f"{name}{end}" for name in PARAMETERS for end in ("", "_low", "_high"))])
    rows = zip(("(population)", *model.skills), *_with_population(model), strict=True)
    for skill, values, low, high in rows:
        cells = np.stack([values, low, high], axis=1).ravel()
        writer.writerow([skill, *(f"{cell:.6g}" for cell in cells)])
    return out.getvalue()


def _with_population(model: AnyModel) -> list[Any]:
    skills = model.values if isinstance(model, MasteryModel) else model.params
    values = np.concatenate([model.population[None], skills])
    draws = np.concatenate([model.population_draws[:, None], model.draws], axis=1)
    if isinstance(model, MasteryModel):
        values, draws = readable(values), readable(draws)
    if len(draws) == 0:
        return [values, values, values]
    low, high = np.quantile(draws, (0.05, 0.95), axis=0)
    return [values, low, high]


def _log_model(mlflow: Any, model: AnyModel) -> Any:
    with _file(BUNDLE, dump(model)) as bundle:
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=str(CODE),
            artifacts={"bundle": bundle},
            # Told, not inferred: inferring them loads the model in another process for seconds.
            pip_requirements=[f"nextwise=={engine.__version__}"],
            signature=_signature(mlflow),
        )


@contextmanager
def _file(name: str, content: bytes) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield str(path)


def _signature(mlflow: Any) -> Any:
    kinds, column = mlflow.types.DataType, mlflow.types.ColSpec
    columns = [
        column(kinds.string, "student_id"),
        column(kinds.string, "item_id", required=False),
        column(mlflow.types.schema.Array(kinds.string), "skill_ids"),
        column(kinds.double, "score"),
        column(kinds.long, "answered_at", required=False),
    ]
    outputs = mlflow.types.Schema([column(kinds.double)])
    return mlflow.models.ModelSignature(inputs=mlflow.types.Schema(columns), outputs=outputs)


def _dataset(digest: str) -> Any:
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    # MLflow keeps at most 36 characters here; the whole digest is among the run's parameters.
    make: Any = MetaDataset  # typed as abstract, and documented to be made like this
    return make(CodeDatasetSource(tags={}), name="responses", digest=digest[:36])
