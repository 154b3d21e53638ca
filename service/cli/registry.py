"""``nextwise models``: versions, comparison, rollback; :mod:`service.cli.judging` adds promotion and its gates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from service.cli import judging
from service.cli.common import Json, registry, result, settings, table

app = typer.Typer(help="Model versions: list, compare, check, promote, roll back.", no_args_is_help=True)
judging.add_to(app)

SHOWN = ("auc", "log_loss", "rmse", "ece")


@app.command("list")
def list_versions(as_json: Json = False) -> None:
    """All versions, what was measured of each, and which one is champion."""
    versions = registry(settings()).versions()
    rows = [
        {
            "version": info.version,
            "created": datetime.fromtimestamp(info.created / 1000, UTC).isoformat(timespec="seconds"),
            "champion": "champion" if "champion" in info.aliases else "",
            **{name: info.metrics.get(name) for name in SHOWN},
            "trainer": info.tags.get("trainer", ""),
        }
        for info in versions
    ]
    full = [
        {**row, "metrics": dict(info.metrics), "tags": dict(info.tags)}
        for row, info in zip(rows, versions, strict=True)
    ]
    result(full, as_json, table(rows))


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="A version.")],
    second: Annotated[str, typer.Argument(help="Another; the champion by default.")] = "champion",
    as_json: Json = False,
) -> None:
    """What was measured of two versions, beside each other.

    Each was judged on held-out students of its own training run; a run also judges the champion of its day on the same
    students (metrics that begin with champion_), which is the fairer comparison.
    """
    models = registry(settings())
    first, second = (_resolve(models.champion(), version) for version in (first, second))
    compared = models.compare(first, second)
    rows = [
        {"metric": name, first: a, f"{second} ": b, "difference": None if a is None or b is None else b - a}
        for name, (a, b) in compared.items()
    ]
    result({"versions": [first, second], "metrics": compared}, as_json, table(rows))


@app.command()
def rollback(as_json: Json = False) -> None:
    """Make the version that was champion before the champion again."""
    models = registry(settings())
    before = models.champion()
    version = models.rollback()
    result({"champion": version, "before": before}, as_json, f"version {version} is champion again (before: {before})")


def _resolve(champion: str | None, version: str) -> str:
    if version != "champion":
        return version
    if champion is None:
        raise ValueError("there is no champion to compare with: promote a version first")
    return champion
