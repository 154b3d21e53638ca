"""``nextwise models import`` and ``nextwise models export``: parameters from and to other tools, as tables."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from service.cli.common import Json, registry, result, settings


class Tool(StrEnum):
    PYBKT = "pybkt"


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_model)
    app.command("export")(export_model)


def import_model(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The parameters as CSV.")],
    tool: Annotated[Tool, typer.Option("--from", help="pybkt: what `model.params().to_csv(FILE)` writes there.")],
    as_json: Json = False,
) -> None:
    """Register a model that was fitted elsewhere as a new version; `nextwise models promote` serves it.

    pyBKT's own files are pickles, which may run any program when they are read: they are refused.
    """
    from models import pybkt

    model = pybkt.read_table(file)
    trainer, digest = str(model.about["trainer"]), sha256(file.read_bytes()).hexdigest()
    params = {"trainer": trainer, "tool": tool.value, "file": file.name, "skills": len(model.skills)}
    version = registry(settings()).log(model, params=params, metrics={}, data_digest=digest, tags={"trainer": trainer})
    text = f"version {version}: {len(model.skills)} skills; to serve it: nextwise models promote {version}"
    result({"version": version, "skills": len(model.skills)}, as_json, text)


def export_model(
    version: Annotated[str, typer.Argument(help="The version.")],
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The CSV to write.")],
    tool: Annotated[Tool, typer.Option("--to", help="pybkt: as `model.params()` there has it.")],
    as_json: Json = False,
) -> None:
    """Write a version's parameters for another tool."""
    from engine.bundle import load
    from engine.mastery_model import MasteryModel
    from models import pybkt

    model = load(registry(settings()).bundle(version), version)
    if isinstance(model, MasteryModel):
        raise ValueError(f"version {version} is a mastery model, which pyBKT cannot hold: train one with --model bkt")
    table = pybkt.to_table(model)
    table.to_csv(file)
    skills = len(table) // 5
    result({"file": str(file), "skills": skills}, as_json, f"{skills} skills written to {file} for {tool.value}")
