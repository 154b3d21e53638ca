"""``nextwise demo``: a school to look at, where there is no data."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from service.cli.common import Json, opened, progress, registry, result, run, say, settings, working

if TYPE_CHECKING:
    from engine.simulate import Answer, Pupil, School
    from service.settings import Settings
    from service.store.base import Store
    from service.tutor import Tutor

PART = 500  # answers recorded at once
LESSONS = (2.0, 1.0, 0.05)  # days ago
ITEMS = 6  # that each student is given in a lesson
FOLLOWED = 0.85  # how often they take the item that was recommended
MINUTE = 60_000


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(as_json: Json = False) -> None:
    """Where there is no data: simulate a school, import it and its roster, train a first model, let it give lessons.

    Keeps whatever is there.
    """
    from service.runtime import now

    config = settings()
    school = run(simulate(config, now()))
    trained = run(_has_model(config)) or first_model(config)
    if school is not None and trained:
        run(give_lessons(config, school, now()))
    result({"simulated": school is not None, "model": trained}, as_json, "")


async def _has_model(config: Settings) -> str | None:
    async with opened(config) as store:
        return (await store.heads()).model


async def simulate(config: Settings, now: int) -> School | None:
    """The school, recorded and enrolled; None where there is data already. ``now`` in ms."""
    from engine.simulate import simulate_school
    from service.runtime import tutoring

    async with opened(config) as store:
        if (await store.heads()).catalog is not None:
            say(f"Keeping the data in {config.data}.")
            return None
        say("No data yet: simulating a school of three classes.")
        school = simulate_school(now)
        async with tutoring(config, store) as tutor:
            await tutor.import_catalog(school.catalog)
            with progress("recording responses") as told:
                for at in range(0, len(school.answers), PART):
                    part = school.answers[at : at + PART]
                    await _record(tutor, part, 0)
                    told(at + len(part), len(school.answers), "")
        await _enrol(store, school, config.data / "roster.csv", now)
    return school


async def _enrol(store: Store, school: School, path: Path, now: int) -> None:
    """Write the roster as a sheet, which stays there to be looked at and changed, and import it."""
    from engine.simulate import roster_rows
    from service.roster import Rosters, read

    rows = roster_rows(school)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    await Rosters(store, lambda: now).publish(read(path))


async def give_lessons(config: Settings, school: School, now: int) -> None:
    """Some lessons in which each student who was there lately is given items, and mostly takes them."""
    from service.runtime import tutoring

    recent = {one.student_id for one in school.answers if one.answered_at > now - 14 * 1440 * MINUTE}
    pupils = [one for one in school.pupils if one.id in recent]
    async with opened(config) as store, tutoring(config, store) as tutor:
        with progress("giving lessons") as told:
            for number, days in enumerate(LESSONS, 1):
                await _lesson(tutor, school, pupils, now - int(days * 1440 * MINUTE))
                told(number, len(LESSONS), "")


async def _lesson(tutor: Tutor, school: School, pupils: Sequence[Pupil], start: int) -> None:
    """The tutor's clock is set to the lesson's, so that the log has each recommendation at its time."""
    catalog, real = school.catalog, tutor.now
    given: dict[str, str] = {}
    for at in (start + 2 * MINUTE * n for n in range(ITEMS)):
        tutor.now = lambda at=at: at  # type: ignore[misc]
        answers = []
        for pupil in pupils:
            index = catalog.item_index[given[pupil.id]] if pupil.id in given else None
            if index is None or pupil.rng.random() > FOLLOWED:
                index = int(pupil.rng.integers(len(catalog.items)))
            answers.append(pupil.answer(catalog, catalog.items[index], at))
        given = await _record(tutor, answers, 1)
    tutor.now = real


async def _record(tutor: Tutor, answers: Sequence[Answer], next_items: int) -> dict[str, str]:
    """Record answers as a learning platform sends them; the item that each student is given next."""
    from service.answers import parse

    sent = [asdict(answer) | {"answered_at": answer.answered_at / 1000} for answer in answers]
    receipt = await tutor.record([parse(one, tutor.now()) for one in sent], next_items)
    return {who: one.recommendations[0].item_id for who, one in receipt.next.items() if one.recommendations}


def first_model(config: Settings) -> str | None:
    """Train on what is there and publish it."""
    from service import sync as syncing
    from service.cli.learning import drain, prerequisites, read

    run(drain(config))
    archive = config.data / "archive" / "responses"
    if not any(archive.rglob("*.parquet")):
        say("No responses yet: the built-in model is served until one is trained.")
        return None
    say("Training a first model.")
    from models.training import promote_if_first, train

    log = read(archive, "auto", None, True)
    with working(None, None), progress("training") as told:
        models = registry(config)
        trained = train(log, models, prerequisites=prerequisites(config), progress=told)
    promote_if_first(models, trained.version)
    say(f"Version {trained.version}: AUC {trained.evaluation.auc:.3f} on students held out; it is the champion.")

    async def publish() -> None:
        async with opened(config) as store:
            await syncing.once(store, models, config.data / "archive")

    run(publish())
    return str(trained.version)
