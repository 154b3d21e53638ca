"""``nextwise roster``: who is in which class, who teaches it, and what people are called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.common import Columns, Json, mapping, opened, result, run, say, settings, table
from service.reports.words import count

if TYPE_CHECKING:
    from service.roster import Roster
    from service.store.base import Store

app = typer.Typer(help="Who is in which class, who teaches it, and what people are called.", no_args_is_help=True)


@app.command("import")
def import_roster(
    source: Annotated[
        Path, typer.Argument(exists=True, help="A OneRoster 1.1 or 1.2 export (folder or zip), or a plain CSV.")
    ],
    user_id: Annotated[
        str,
        typer.Option(help="Column of OneRoster's users.csv that your platform sends as student_id, or username, ..."),
    ] = "sourcedId",
    column: Columns = None,
    as_json: Json = False,
) -> None:
    """Replace the roster. Nothing is changed where something is wrong: every fault is told, with file and row.

    A plain CSV has a row for each student and class: student_id and class_id; if you like name, class_title,
    teacher_id (several with ; between), school; any other column is kept as an attribute of the student.
    Answers are not touched: a student who moved to another class keeps their history.
    """
    told = run(_import(settings(), source, mapping(column), user_id))
    if told["students"] and not told["with_answers"]:
        say("No student of this roster has answers yet. If that is a surprise, the ids differ: see --user-id.")
    if told["not_in_roster"]:
        say(f"Not in this roster: {count(told['not_in_roster'], 'student')} with answers. The answers are kept.")
    result(told, as_json, _sentence(told))


async def _import(config: Any, source: Path, columns: dict[str, str], user_id: str) -> dict[str, Any]:
    from service.roster import Rosters, read
    from service.runtime import now

    roster = read(source, columns, user_id)
    async with opened(config) as store:
        seen = await _seen(store)
        await Rosters(store, now).publish(roster)
    known = set(roster.student)
    return _counts(roster) | {"with_answers": len(known & seen), "not_in_roster": len(seen - known)}


async def _seen(store: Store) -> set[str]:
    """Students whose answers named a class: enough to see that the ids of the roster are those of the answers."""
    return {name for class_id in await store.class_ids() for name in await store.class_students(class_id)}


def _counts(roster: Roster) -> dict[str, Any]:
    names = ("schools", "classes", "teachers", "students")
    return {"version": roster.version, **{name: len(getattr(roster, name)) for name in names}}


def _sentence(told: dict[str, Any]) -> str:
    nouns = (("schools", "school"), ("classes", "class"), ("teachers", "teacher"), ("students", "student"))
    return f"roster {told['version']}: " + ", ".join(count(told[name], noun, name) for name, noun in nouns)


@app.command("show")
def show(as_json: Json = False) -> None:
    """The current roster: a line for each class with today's members, or all of it as JSON."""
    import json

    from service.roster import EMPTY, Rosters
    from service.roster.roster import to_json
    from service.runtime import now

    async def found() -> Any:
        async with opened(settings()) as store:
            rosters = Rosters(store, now)
            return await rosters.current(), await rosters.members()

    roster, members = run(found())
    if as_json:
        typer.echo(json.dumps({"version": "" if roster is EMPTY else roster.version} | json.loads(to_json(roster))))
    elif members is None:
        typer.echo("No roster was imported: classes are those that responses name.")
    else:
        typer.echo(_sentence(_counts(roster)))
        typer.echo(table([_line(roster, members, one.id) for one in roster.classes]))


def _line(roster: Roster, members: Any, class_id: str) -> dict[str, Any]:
    group = roster.a_class[class_id]
    school = roster.school.get(group.school)
    teachers = sorted(name for name, classes in members.taught.items() if class_id in classes)
    return {
        "class": class_id,
        "title": group.title or "-",
        "school": (school.name or school.id) if school else "-",
        "students": len(members.students[class_id]),
        "teachers": ", ".join(teachers) or "-",
    }
