"""``nextwise models check, promote, leaks, groups``: a version is judged before it is served."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.common import Columns, Json, mapping, opened, registry, result, run, say, settings, table
from service.cli.learning import drain, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.bundle import AnyModel
    from models.crossings import Count, Crossings
    from models.log import ResponseLog
    from models.registry import Registry
    from models.verdict import Verdict
    from service.settings import Settings

TOP = 10  # skills that are shown

Version = Annotated[str, typer.Argument(help="A version.")]
Data = Annotated[
    Path | None,
    typer.Option(exists=True, help="A file of responses, or an archive folder. Default: our archive."),
]
Attribute = Annotated[
    Path | None, typer.Option(exists=True, help="CSV: student_id and one column of the roster, for figures by group.")
]
Names = Annotated[bool, typer.Option("--names", help="Name the students who would cross the mastery threshold.")]


def add_to(app: typer.Typer) -> None:
    for command in (check, promote, leaks, groups, probes):
        app.command()(command)


def check(
    version: Version,
    data: Data = None,
    column: Columns = None,
    attribute: Attribute = None,
    names: Names = False,
    as_json: Json = False,
) -> None:
    """Put a version to all promotion gates, and change nothing. Exits with 1 where it would not be promoted."""
    config = settings()
    verdict = _judged(config, registry(config), version, data, column, attribute)
    result(_value(verdict, names), as_json, _text(verdict, names))
    if verdict.refused:
        raise typer.Exit(1)


def promote(
    version: Annotated[str, typer.Argument(help="The version to serve.")],
    data: Data = None,
    column: Columns = None,
    attribute: Attribute = None,
    names: Names = False,
    force: Annotated[bool, typer.Option("--force", help="Promote though a gate blocks; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; kept with the version.")] = None,
    as_json: Json = False,
) -> None:
    """Make a version the champion if it passes all gates: a running service serves it within seconds.

    What the gates ask for, and why, is in docs/models.md. A promotion that was forced keeps the reason and the gates
    that blocked as tags of the version.
    """
    if force and not (reason or "").strip():
        raise typer.BadParameter("say why, with --reason", param_hint="--force")
    config = settings()
    models = registry(config)
    verdict = _judged(config, models, version, data, column, attribute)
    promoted = not verdict.refused or (force and verdict.servable)
    if promoted:
        models.promote(version, reason, verdict.refused)
    told = f"version {version} is champion (before: {verdict.champion or 'none'})"
    value = {"champion": models.champion(), "before": verdict.champion, "promoted": promoted} | _value(verdict, names)
    result(value, as_json, _text(verdict, names) + (f"\n\n{told}" if promoted else ""))
    if not promoted:
        say(f"version {version} is not promoted: {', '.join(verdict.refused)}. {_mend(verdict)}")
        raise typer.Exit(1)


def _mend(verdict: Verdict) -> str:
    if not verdict.servable:
        return "No worker would serve this bundle, so this cannot be forced: train again"
    return f'To promote it all the same: nextwise models promote {verdict.version} --force --reason "..."'


def leaks(version: Version, data: Data = None, column: Columns = None, as_json: Json = False) -> None:
    """The leak guard: does the version predict from what it could not know? Exits with 1 where it does.

    A response predictor that is attached is guarded as well.
    """
    from models.evaluation import predictions
    from models.leaks import guard

    config = settings()
    model = _served(registry(config), version)
    log = _answers(config, data, column)[0]
    checks = {name: guard(predict, log) for name, predict in predictions(model).items()}
    rows = [
        {"model": name, "name": one.name, "passed": one.passed, "moved": one.moved, "at": one.at}
        for name, found in checks.items()
        for one in found
    ]
    result(rows, as_json, "\n".join(f"{name:9} {one}" for name, found in checks.items() for one in found))
    if not all(row["passed"] for row in rows):
        raise typer.Exit(1)


def groups(
    version: Version,
    attribute: Annotated[Path, typer.Option(exists=True, help="CSV: student_id and one column of the roster.")],
    data: Data = None,
    column: Columns = None,
    as_json: Json = False,
) -> None:
    """Bias, calibration, AUC and the share called mastered, by group of students; small groups are suppressed."""
    from models import groups as by_group
    from models.crossings import standing
    from models.rosters import attribute as values_of
    from models.verdict import of_groups

    config = settings()
    name, values = values_of(attribute)
    model = _served(registry(config), version)
    log = _answers(config, data, column)[0]
    found = by_group.rows(of_groups(model, log, values, standing(model, log, config.thresholds, _marks(config))))
    result({"attribute": name, "groups": found}, as_json, table(found))


def probes(version: Version, data: Data = None, column: Columns = None, as_json: Json = False) -> None:
    """Does "mastered" hold? Of those called so, the share that answers wrongly when the skill comes again later."""
    from models import probes as of

    config = settings()
    model = _served(registry(config), version)
    total, each = of.probes(model, _answers(config, data, column)[0], config.thresholds, _marks(config))
    found = of.rows([total, *each])
    result(found, as_json, table([_shown(row) for row in found[: 1 + TOP]]))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    low, high = row.pop("interval") or (None, None)
    names = {"name": "skill", "wrong": "answered wrongly", "expected": "expected"}
    return {names.get(name, name): value for name, value in row.items()} | {"95 % from": low, "to": high}


# ------------------------------------------------------------------------------------------------------ judging


def _judged(
    config: Settings,
    models: Registry,
    version: str,
    data: Path | None,
    column: list[str] | None,
    attribute: Path | None,
) -> Verdict:
    from models import rosters
    from models.verdict import Evidence, Limits, judge

    models.version(version)  # a slip in the number is told before minutes of reading
    values = rosters.attribute(attribute)[1] if attribute else None
    try:
        log, source = _answers(config, data, column)
        evidence = Evidence(log, rosters.classes(source, mapping(column)), values, _marks(config))
    except NoAnswersError as fault:
        say(str(fault))
        evidence = Evidence(attribute=values)
    say(f"putting version {version} to the gates")
    return judge(models, version, evidence, Limits(config.thresholds, config.mastery_flips))


class NoAnswersError(ValueError):
    """The archive holds nothing to judge on."""


def _answers(config: Settings, data: Path | None, column: list[str] | None) -> tuple[ResponseLog, Path]:
    """What to judge on, and where it was read. Raises :class:`NoAnswersError` for an archive without answers."""
    from models.log import DataError

    if data is not None:
        return read(data, "auto", column, True), data
    run(drain(config))
    archive = config.data / "archive" / "responses"
    if not any(archive.rglob("*.parquet")):
        raise NoAnswersError("no response has been recorded yet: name a file with --data")
    try:
        return read(archive, "auto", None, True), archive
    except DataError as fault:
        raise NoAnswersError(f"the archive cannot be read: {fault}; name a file with --data") from fault


def _marks(config: Settings) -> dict[str, float]:
    """The marks for mastery that the current catalog sets for skills."""
    from engine.catalog import from_json

    async def read_catalog() -> bytes | None:
        async with opened(config) as store:
            version = (await store.heads()).catalog
            return None if version is None else await store.fetch("catalog", version)

    found = run(read_catalog())
    skills = () if found is None else from_json(found).skills
    return {skill.id: skill.mastered_at for skill in skills if skill.mastered_at is not None}


def _served(models: Registry, version: str) -> AnyModel:
    from engine.bundle import load

    models.version(version)
    return load(models.bundle(version), version)


# ------------------------------------------------------------------------------------------------------ telling


def _value(verdict: Verdict, names: bool) -> dict[str, Any]:
    from models.groups import rows

    crossings = verdict.crossings
    return {
        "version": verdict.version,
        "refused": verdict.refused,
        "gates": [asdict(gate) for gate in verdict.gates],
        "crossings": crossings and _crossings(crossings, names),
        "groups": None if verdict.groups is None else rows(verdict.groups),
    }


def _crossings(crossings: Crossings, names: bool) -> dict[str, Any]:
    value = {
        "total": asdict(crossings.total),
        "classes": list(map(asdict, crossings.classes)),
        "skills": [asdict(count) for count in crossings.skills[:TOP]],
    }
    return value | ({"students": list(map(asdict, crossings.students))} if names else {})


def _text(verdict: Verdict, names: bool) -> str:
    """Tables: the gates; who would cross the threshold, by class and by skill; groups."""
    from models.groups import rows

    gates = [{"gate": gate.name, "outcome": gate.outcome, "found": gate.told} for gate in verdict.gates]
    parts = [table(gates)]
    if verdict.crossings and verdict.crossings.total.flips:
        parts += _counts("class", verdict.crossings.classes) + _counts("skill", verdict.crossings.skills[:TOP])
        if names:
            parts.append(table([asdict(crossing) for crossing in verdict.crossings.students]))
    if verdict.groups is not None:
        parts.append(table(rows(verdict.groups)))
    return "\n\n".join(parts)


def _counts(kind: str, counts: Sequence[Count]) -> list[str]:
    """Pairs of student and skill with enough answers: mastered before, who becomes so, who no longer is."""
    rows = [
        {kind: c.name, "pairs": c.pairs, "mastered": c.before, "become mastered": c.gained, "no longer": c.lost}
        for c in counts
    ]
    return [table(rows)] if rows else []
