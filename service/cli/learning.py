"""``nextwise train`` and ``nextwise evaluate``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.common import (
    Cluster,
    Columns,
    Jobs,
    Json,
    mapping,
    opened,
    progress,
    registry,
    result,
    run,
    say,
    settings,
    working,
)

if TYPE_CHECKING:
    from models.log import ResponseLog
    from models.training import Trained
    from service.settings import Settings

Format = Annotated[str, typer.Option(help="auto, tidy, assistments, datashop or archive.")]
Seed = Annotated[int, typer.Option(help="The same data and seed give the same model.")]
Unskilled = Annotated[bool, typer.Option("--drop-unskilled", help="Leave out answers without a skill.")]

FIGURES = ("auc", "rmse", "log_loss", "accuracy", "ece")


class Trainer(StrEnum):
    EM = "em"
    PYBKT = "pybkt"


class Kind(StrEnum):
    BKT = "bkt"
    MASTERY = "mastery"
    PREDICTOR = "predictor"


Which = Annotated[
    Kind,
    typer.Option(
        help="mastery: with ability, items, time. bkt: plain knowledge tracing. predictor: mastery, and boosted trees "
        "on it that predict responses."
    ),
]
By = Annotated[Trainer, typer.Option(help="Who fits --model bkt. em: ours. pybkt: pyBKT (slow).")]


def add_to(app: typer.Typer) -> None:
    app.command()(train)
    app.command()(evaluate)


def train(
    source: Annotated[
        Path | None,
        typer.Argument(exists=True, help="A file of responses, or an archive folder. Default: our archive."),
    ] = None,
    format: Format = "auto",
    column: Columns = None,
    drop_unskilled: Unskilled = False,
    model: Which = Kind.MASTERY,
    trainer: By = Trainer.EM,
    seed: Seed = 0,
    jobs: Jobs = None,
    cluster: Cluster = None,
    as_json: Json = False,
) -> None:
    """Fit a model, judge it on students held out, and log and register it in MLflow.

    The first model ever is promoted at once; later ones wait for `nextwise models promote`. Ctrl-C leaves nothing
    half-written.
    """
    from models import training

    config = settings()
    if source is None:
        run(drain(config))
        source = config.data / "archive" / "responses"
        if not any(source.rglob("*.parquet")):
            raise ValueError("no response has been recorded yet: send some, import some, or name a file to train on")
    log, known = read(source, format, column, drop_unskilled), prerequisites(config)
    say(f"{len(log):,} answers of {len(log.students):,} students on {len(log.skills):,} skills")
    models = registry(config)
    by = trainer.value if model is Kind.BKT else model.value
    with working(jobs, cluster), progress("training") as told:
        trained = training.train(log, models, trainer=by, seed=seed, prerequisites=known, progress=told)
    training.promote_if_first(models, trained.version)
    value = _outcome(trained, models.champion(), training.objections(trained))
    result(value, as_json, _summary(value))


def _outcome(trained: Trained, champion: str | None, objections: list[str]) -> dict[str, Any]:
    figures = {name: getattr(trained.evaluation, name) for name in FIGURES}
    before = trained.champion_evaluation
    return {
        "version": trained.version,
        "champion": champion,
        "metrics": figures,
        "champion_metrics": None if before is None else {name: getattr(before, name) for name in FIGURES},
        "objections": objections,
        "seconds": trained.seconds,
    }


def _summary(value: dict[str, Any]) -> str:
    figures = ", ".join(f"{name} {figure:.4f}" for name, figure in value["metrics"].items())
    lines = [f"version {value['version']}: {figures} (students held out)"]
    if value["champion_metrics"]:
        figures = ", ".join(f"{name} {figure:.4f}" for name, figure in value["champion_metrics"].items())
        lines.append(f"champion, same students: {figures}")
    lines += [f"against it: {objection}" for objection in value["objections"]]
    if value["champion"] == value["version"]:
        lines.append("it is the first, and so the champion: a running service serves it within seconds")
    else:
        lines.append(
            f"version {value['champion']} stays champion; to serve this one: nextwise models promote {value['version']}"
        )
    return "\n".join(lines)


def evaluate(
    file: Annotated[Path, typer.Argument(exists=True, metavar="DATA", help="A file of responses.")],
    split: Annotated[Path, typer.Option(exists=True, help="CSV: student_id and one more column.")],
    test: Annotated[str, typer.Option(help="Values of that column that mean test, with commas between.")],
    model: Which = Kind.MASTERY,
    trainer: By = Trainer.EM,
    format: Format = "auto",
    column: Columns = None,
    drop_unskilled: Unskilled = False,
    seed: Seed = 0,
    jobs: Jobs = None,
    cluster: Cluster = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures here too.")
    ] = None,
) -> None:
    """Train on the students whose split value is none of the test values, and report the figures on the others.

    Every answer is predicted before it is learnt from, and all answers count: AUC, RMSE, log loss, accuracy, expected
    calibration error, and a 95 % interval of the AUC by bootstrap over students.
    """
    from models import evaluation

    log = read(file, format, column, drop_unskilled)
    say(f"{len(log):,} answers of {len(log.students):,} students on {len(log.skills):,} skills")
    with working(jobs, cluster):
        figures = evaluation.evaluate(
            log, evaluation.read_split(split), test.split(","), model=model.value, trainer=trainer.value, seed=seed
        )
    text = figures.to_json()
    if json_file is not None:
        json_file.write_text(text + "\n", encoding="utf-8")
    typer.echo(text)


def read(source: Path, format: str, column: list[str] | None, drop_unskilled: bool) -> ResponseLog:
    from models import readers

    say(f"reading {source}")
    return readers.read(source, format, mapping(column), drop_unskilled=drop_unskilled)


def prerequisites(config: Settings) -> list[tuple[str, str]]:
    """What builds on what, as the catalog in the archive has it."""
    from models import readers

    return readers.prerequisites(config.data / "archive")


async def drain(config: Settings) -> None:
    """Move what the store's log holds into the archive."""
    from service import archive

    async with opened(config) as store:
        await archive.drain(store, config.data / "archive")
