"""Facts from a real tutor on a real store."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.catalog import EMPTY
from engine.mastery import Status
from engine.said import Said
from service.answers import parse
from service.errors import UnknownClass, UnknownStudent
from service.reports.source import TutorSource
from service.roster import Class, Enrolment, Person
from service.roster.roster import made
from service.runtime import tutoring
from service.settings import Settings
from service.store import open_store
from service.tutor import Tutor
from tests.service.reports.conftest import CATALOG
from tests.service.reports.site import answers


@pytest.fixture
async def tutor(tmp_path: Path) -> AsyncIterator[Tutor]:
    settings = Settings(data=tmp_path)
    store = await open_store(settings.store_url)
    async with tutoring(settings, store) as made:
        yield made
    await store.close()


async def record(tutor: Tutor, *groups: list[dict[str, object]]) -> None:
    now = int(time.time() * 1000)
    await tutor.record([parse(row, now) for group in groups for row in group])


async def test_a_students_answers_come_in_order_of_time_with_titles(tutor: Tutor) -> None:
    await tutor.import_catalog(CATALOG)
    await record(
        tutor, answers("kim", "hard-1", "+-"), answers("kim", "both", "~", days_ago=2), answers("kim", "x", "+")
    )
    found = await TutorSource(tutor).one_student("kim")
    assert [answer.at for answer in found.answers] == sorted(answer.at for answer in found.answers)
    first = found.answers[0]
    assert (first.item_id, first.item_title, first.score) == ("both", "A word problem", 0.5)
    assert [move.title for move in first.moves] == ["Counting", "Order of Operations +,-,/,* () positive reals"]
    assert sum(answer.item_id is None for answer in found.answers) == 1
    assert {skill.title: skill.responses for skill in found.skills}["Counting"] == 1
    assert 1 <= len(found.next.items) <= 3
    assert found.next.items[0].text
    assert found.next.lost
    assert all(isinstance(text, Said) for text in found.next.lost)  # so that a page can say it in Spanish
    assert found.context.untrained
    assert found.context.has_catalog


async def test_a_class_has_its_students_and_no_other(tutor: Tutor) -> None:
    await tutor.import_catalog(CATALOG)
    await record(tutor, answers("kim", "done-1", "++++"), answers("lee", "done-1", "+", class_id="other"))
    source = TutorSource(tutor)
    found = (await source.class_today("known", "7d"))[0]
    assert [learner.student_id for learner in found.learners] == ["kim"]
    assert found.learners[0].skills[0].status in {Status.LEARNING, Status.MASTERED}
    context, classes = await source.classes()
    assert [one.class_id for one in classes] == ["known", "other"]
    assert context.catalog_version == CATALOG.version


async def test_without_a_catalog_the_answers_are_there_and_next_says_so(tutor: Tutor) -> None:
    await record(tutor, answers("kim", "done-1", "++"))
    found = await TutorSource(tutor).one_student("kim")
    assert (len(found.answers), found.skills, found.next.items) == (2, (), ())
    assert "Nothing can be recommended" in found.next.text
    assert not found.context.has_catalog
    assert tutor.serving.catalog == EMPTY


async def test_who_is_unknown_is_told(tutor: Tutor) -> None:
    source = TutorSource(tutor)
    with pytest.raises(UnknownStudent):
        await source.one_student("nobody")
    with pytest.raises(UnknownClass):
        await source.class_today("nobody", "7d")
    assert (await source.classes())[1] == []


async def test_who_is_in_the_roster_is_called_by_name(tutor: Tutor) -> None:
    await tutor.import_catalog(CATALOG)
    await record(tutor, answers("kim", "done-1", "++++"))
    people = [Person("kim", "Kim Lee"), Person("k2", "Kim Lee"), Person("new")]
    rows = [Enrolment("4a", one.id, "student") for one in people]
    await tutor.rosters.publish(made(people, (), (), [Class("4a", "Maths 4a")], rows))
    source = TutorSource(tutor)
    found = (await source.class_today("4a", "7d"))[0]
    assert (found.label, [one.label for one in found.learners]) == (
        "Maths 4a",
        ["Kim Lee (k2)", "Kim Lee (kim)", "new"],
    )
    student = await source.one_student("kim")
    assert (student.label, student.classes) == ("Kim Lee", {"4a": "Maths 4a"})
    assert (await source.one_student("new")).answers == ()
