"""``nextwise responses import`` and ``nextwise export``: answers in, Parquet out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from service.cli.common import Columns, Json, mapping, opened, progress, result, run, say, settings
from service.cli.learning import drain

BATCH = 1000
SHOWN = 20  # faults that are told one by one

responses = typer.Typer(help="Responses: bring them in from a file.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.command()(export)


@responses.command("import")
def import_responses(
    file: Annotated[
        Path, typer.Argument(exists=True, help="CSV, TSV or Parquet; or an ASSISTments or DataShop export.")
    ],
    format: Annotated[str, typer.Option(help="auto, tidy, assistments or datashop.")] = "auto",
    column: Columns = None,
    class_id: Annotated[str | None, typer.Option(help="The class of students for whom the file names none.")] = None,
    as_json: Json = False,
) -> None:
    """Record the responses of a file, as if an LMS had sent them.

    Tidy columns: student_id, item_id, correct (0/1) or score (0..1), answered_at or timestamp (RFC 3339 or unix
    seconds); optional: id, class_id, duration_ms, attempt, hints, session_id. Without ids, a response gets one from its
    content and place, so that the same file imported twice counts once. A bad row is told and left out; the others are
    recorded.
    """
    from service.files import rows_of

    config = settings()
    total, rows = rows_of(file, format, mapping(column), class_id)
    with progress("recording") as told:
        counts, faults = run(_record(config, rows, total, told))
    for fault in faults[:SHOWN]:
        say(fault)
    if len(faults) > SHOWN:
        say(f"... and {len(faults) - SHOWN} more")
    text = ", ".join(f"{count} {name}" for name, count in counts.items())
    result({**counts, "faults": faults}, as_json, text)
    if faults:
        raise typer.Exit(1)


async def _record(
    config: Any, rows: Iterator[tuple[int, dict[str, Any]]], total: int, told: Any
) -> tuple[dict[str, int], list[str]]:
    from service.answers import Answer, parse
    from service.errors import Problem
    from service.runtime import tutoring
    from service.store.base import Outcome

    counts = {"recorded": 0, "replayed": 0, "conflict": 0, "rejected": 0, "unknown_items": 0}
    faults: list[str] = []
    async with opened(config) as store, tutoring(config, store) as tutor:
        batch: list[Answer] = []
        places: list[int] = []

        async def flush() -> None:
            receipt = await tutor.record(batch)
            for place, one in zip(places, receipt.results, strict=True):
                counts[str(one.outcome)] += 1
                counts["unknown_items"] += not one.item_known
                if one.outcome is Outcome.CONFLICT:
                    faults.append(f"row {place}: id {one.id!r} was recorded before with other content")
            batch.clear()
            places.clear()

        done = 0
        for done, (place, raw) in enumerate(rows, 1):
            try:
                batch.append(parse(raw, int(time.time() * 1000)))
                places.append(place)
            except Problem as fault:
                counts["rejected"] += 1
                faults.append(f"row {place}: {fault.detail}")
            if len(batch) == BATCH:
                await flush()
                told(done, total, "")
        if batch:
            await flush()
        told(done, total, "")
    return counts, faults


def export(
    destination: Annotated[Path, typer.Argument(help="The file to write: .parquet or .csv.")],
    what: Annotated[
        Literal["responses", "recommendations", "notes"], typer.Option(help="What to export.")
    ] = "responses",
    as_json: Json = False,
) -> None:
    """Write all responses (or recommendations, or what teachers noted of students) to one file.

    The store's log is drained into the archive first, so that what was acknowledged a moment ago is in the file.
    """
    from service import archive, noted

    config = settings()
    if what == "notes":
        table = run(_noted(config))
        noted.write(table, destination)
        result({"rows": len(table), "file": str(destination)}, as_json, f"{len(table)} notes written to {destination}")
        return
    run(drain(config))
    kind: Literal["response", "recommendation"] = "response" if what == "responses" else "recommendation"
    rows = archive.export(config.data / "archive", destination, kind)
    result({"rows": rows, "file": str(destination)}, as_json, f"{rows} {what} written to {destination}")


async def _noted(config: Any) -> list[dict[str, Any]]:
    from service import noted

    async with opened(config) as store:
        return await noted.rows(store)
