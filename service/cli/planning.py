"""``nextwise plan``: what so many students need."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from service.cli.common import Json, result

STEPS = {
    "file": "One machine, the store in a file: `nextwise serve --workers {workers}`.",
    "redis": "One Redis, and `nextwise serve --workers ...` on as many machines as the workers need.",
    "cluster": "A Redis Cluster of {store_nodes} primaries, each with a replica elsewhere, and API hosts beside it.",
}


def add_to(app: typer.Typer) -> None:
    app.command()(plan)


def plan(
    students: Annotated[int, typer.Option(min=1, help="Students who are known.")],
    responses_per_day: Annotated[int, typer.Option(min=1, help="Responses on a school day, of all of them.")],
    days: Annotated[int, typer.Option(min=1, help="School days whose responses are kept.")] = 180,
    peak: Annotated[
        float | None,
        typer.Option(help="Responses a second at the busiest. Default: a quarter of the day in an hour, twice that."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Memory, processes, nodes and disk for a number of students, from what was measured (docs/operating.md)."""
    from service import capacity

    planned = capacity.plan(capacity.Load(students, responses_per_day, days, peak))
    lines = [
        ("responses kept", f"{planned.responses_kept:,}"),
        ("at the busiest", f"{planned.per_second:,.1f} responses/s"),
        ("store, in all", f"{_size(planned.store_bytes)} ({_size(planned.bytes_per_student)} a student)"),
        ("API workers", f"{planned.workers} (a core and {_size(planned.worker_bytes // planned.workers)} each)"),
    ]
    if planned.store_nodes:
        lines.append(
            ("Redis", f"{planned.store_nodes} x {_size(planned.node_bytes)}, {planned.store_cores} cores busy")
        )
    lines.append(("store's disk", _size(planned.store_disk_bytes)))
    lines.append(("archive's disk", _size(planned.archive_bytes)))
    width = max(len(name) for name, _ in lines)
    table = "\n".join(f"{name:{width}}  {value}" for name, value in lines)
    result(asdict(planned), as_json, f"{STEPS[planned.way].format(**asdict(planned))}\n\n{table}")


def _size(count: int) -> str:
    """Bytes in the unit that they are read in.

    >>> _size(950), _size(23_400), _size(1_260_000_000)
    ('950 B', '23 KB', '1.3 GB')
    """
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "KB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}" if count < 10 * unit else f"{count / unit:.0f} {name}"
    return f"{count} B"
