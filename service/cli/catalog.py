"""``nextwise catalog``: items, skills and prerequisites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.catalog import Prerequisite
from service.cli.common import Columns, Json, mapping, opened, result, run, say, settings

app = typer.Typer(help="Items, their skills, and what comes before what.", no_args_is_help=True)


@app.command("import")
def import_catalog(
    catalog: Annotated[Path | None, typer.Argument(exists=True, help="A JSON file with all tables.")] = None,
    items: Annotated[Path | None, typer.Option(exists=True, help="CSV: item_id, skill_ids (; between), title.")] = None,
    skills: Annotated[Path | None, typer.Option(exists=True, help="CSV: skill_id, title, mastered_at, area.")] = None,
    prerequisites: Annotated[Path | None, typer.Option(exists=True, help="CSV: prerequisite, skill.")] = None,
    from_responses: Annotated[
        Path | None, typer.Option(exists=True, help="A file of responses: its items and their skills.")
    ] = None,
    column: Columns = None,
    break_cycles: Annotated[
        bool, typer.Option("--break-cycles", help="Drop the prerequisites that close a cycle, and name them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Import a catalog. Tables that are not given stay as they are; items that are gone are kept, retired.

    Nothing is changed where something is wrong: every fault is told, with its row.
    """
    given = {"items": items, "skills": skills, "prerequisites": prerequisites}
    if not (catalog or from_responses or any(given.values())):
        raise typer.BadParameter("name a JSON file, --items, --skills, --prerequisites or --from-responses")
    value = run(_import(settings(), catalog, given, from_responses, mapping(column), break_cycles))
    for edge in value["dropped"]:
        say(f"dropped: {edge['prerequisite']} -> {edge['skill']} (closed a cycle)")
    text = (
        f"catalog {value['version']}: {value['items']} items, {value['skills']} skills, "
        f"{value['prerequisites']} prerequisites" + (f", {value['retired']} items retired" * bool(value["retired"]))
    )
    result(value, as_json, text)


async def _import(
    config: Any,
    catalog: Path | None,
    tables: dict[str, Path | None],
    responses: Path | None,
    columns: dict[str, str],
    break_cycles: bool,
) -> dict[str, Any]:
    from dataclasses import asdict

    from service import catalogs, files
    from service.runtime import tutoring

    async with opened(config) as store, tutoring(config, store) as tutor:
        current = await tutor.catalog()
        if responses is not None:
            parsed, dropped = files.catalog_of(responses, columns), list[Prerequisite]()
        elif catalog is not None:
            parsed, dropped = catalogs.parse_json(catalog.read_bytes(), current=current, break_cycles=break_cycles)
        else:
            texts = {name: path.read_bytes() for name, path in tables.items() if path is not None}
            parsed, dropped = catalogs.parse_tables(
                **texts, columns=columns, current=current, break_cycles=break_cycles
            )
        summary = await tutor.import_catalog(parsed)
    return asdict(summary) | {"dropped": [asdict(edge) for edge in dropped]}


@app.command("show")
def show(as_json: Json = False) -> None:
    """The current catalog: counts, or all of it as JSON (in the form that import reads)."""
    import json

    from engine.catalog import to_json
    from service.runtime import tutoring

    async def read() -> Any:
        config = settings()
        async with opened(config) as store, tutoring(config, store) as tutor:
            return await tutor.catalog()

    found = run(read())
    if as_json:
        typer.echo(to_json(found))
        return
    counts = {"version": found.version, "items": len(found.items), "skills": len(found.skills)}
    result(counts, False, json.dumps(counts))
