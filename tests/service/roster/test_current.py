"""The roster in a store: what a class is, on which day, for every process that looks at the store."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from service.roster import EMPTY, Class, Enrolment, Person, Rosters, read
from service.roster.roster import from_json, made, to_json
from service.runtime import tutoring
from service.settings import Settings
from service.store import open_store
from service.store.base import Store
from tests.service.made import answer, catalog
from tests.service.roster.made import export, write_folder

MARCH_2027 = 1_804_000_000_000


def roster(**classes: tuple[str, ...]):  # type: ignore[no-untyped-def]
    everybody = {name for names in classes.values() for name in names}
    rows = [Enrolment(group, name, "student") for group, names in classes.items() for name in names]
    return made((Person(name, name.title()) for name in everybody), (), (), map(Class, classes), rows)


def test_a_document_is_read_back_as_it_was(tmp_path: Path) -> None:
    found = read(write_folder(tmp_path, export()))
    assert from_json(to_json(found)) == found


def test_an_enrolment_holds_from_its_first_day_to_the_day_before_its_end(tmp_path: Path) -> None:
    found = read(write_folder(tmp_path, export()))
    members = {day: found.on(day).students["4b"] for day in ("2026-12-31", "2027-01-01", "2027-06-29", "2027-06-30")}
    assert members == {"2026-12-31": (), "2027-01-01": ("ben",), "2027-06-29": ("ben",), "2027-06-30": ()}
    assert found.on("2026-12-31").taught == {"smith": {"4a"}, "jones": {"4b"}}


async def test_every_process_sees_a_new_roster_at_once_and_the_old_one_is_forgotten(store: Store) -> None:
    mine, other = Rosters(store, lambda: MARCH_2027), Rosters(store, lambda: MARCH_2027)
    assert await other.current() is EMPTY
    first, second = roster(a=("ada",)), roster(b=("ada", "ben"))
    await mine.publish(first)
    assert await other.class_ids() == ["a"]
    await mine.publish(second)
    assert (await other.class_ids(), await other.class_students("b")) == (["b"], ["ada", "ben"])
    assert await other.class_students("a") == []
    assert await store.fetch("roster", first.version) is None
    await mine.publish(second)
    assert await store.fetch("roster", second.version) is not None


async def test_a_roster_that_was_changed_is_refused_and_the_last_one_stays(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    rosters = Rosters(store, lambda: MARCH_2027)
    await rosters.publish(roster(a=("ada",)))
    assert await rosters.class_ids() == ["a"]
    await store.publish("roster", "wrong", to_json(roster(b=("eve",))))
    with caplog.at_level(logging.ERROR):
        assert await rosters.class_ids() == ["a"]
    await store.publish("roster", "broken", b"{}")
    assert await rosters.class_ids() == ["a"]
    assert "refused a roster" in caplog.text


async def test_a_student_who_moves_keeps_their_history(store: Store, tmp_path: Path) -> None:
    async with tutoring(Settings(data=tmp_path), store) as tutor:
        await tutor.import_catalog(catalog())
        await tutor.record([answer(f"r{n}", class_id="old") for n in range(4)])
        assert await tutor.classes() == ["old"]
        await tutor.rosters.publish(roster(old=("ben",), new=("ada",)))
        assert await tutor.classes() == ["new", "old"]
        moved = await tutor.class_mastery("new")
        assert [(one.student_id, one.responses) for one in moved.students] == [("ada", 4)]
        stayed = await tutor.class_mastery("old")  # ada's answers named this class: the roster decides
        assert [(one.student_id, one.responses) for one in stayed.students] == [("ben", 0)]
        assert (await tutor.mastery("ben")).responses == 0
        assert (await tutor.history("ben")).total == 0
        assert (await tutor.history("ada")).total == 4


@pytest.fixture
async def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = await open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.close()
