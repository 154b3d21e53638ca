"""The leader's figures: counted by hand, suppressed for small groups, the same on screen, in JSON and in CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t  # type: ignore[import-untyped]

from engine.responses import unpack
from service.overview import LEAST, Figures
from service.reports.words import signed
from service.roster import Class, Enrolment, Person, School
from service.roster.roster import made
from service.settings import Settings
from tests.service.access.conftest import ADA, ADMIN, LEADER, LMS, SECRET, SMITH, Door
from tests.service.api.conftest import problem, serving
from tests.service.made import NOW, catalog, raw

BIG = [f"p{n}" for n in range(12)]
SMALL = [f"q{n}" for n in range(9)]


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """Hill School: 4a of 12 (10 answered, 4 of them this week), 4b of 9; Moor School: 5a of the same 9."""
    async with serving(Settings(data=tmp_path, access="links", salt=SECRET)) as api:
        await api.tutor.import_catalog(catalog())
        api.tutor.now = lambda: NOW
        api.tutor.rosters._now = api.tutor.now
        door = Door(api)
        day = 86_400
        rows = [
            raw(f"r{k}", name, answered_at=NOW // 1000 - (2 if n < 4 else 30) * day + k, score=float(n < 6))
            for n, name in enumerate([*BIG[:10], *SMALL])
            for k in range(5)
        ]
        answer = await door.ask(LMS, "/v1/responses", "POST", json=[_recent(row) for row in rows])
        assert answer.json()["rejected"] == 0, answer.text[:500]
        groups = {"4a": BIG, "4b": SMALL, "5a": SMALL}
        everybody = [Person(name, f"Name of {name}") for name in (*BIG, *SMALL)]
        classes = [Class("4a", "=4a", "hill"), Class("4b", "Maths 4b", "hill"), Class("5a", "Maths 5a", "moor")]
        enrolments = [Enrolment(group, name, "student") for group, names in groups.items() for name in names]
        enrolments.append(Enrolment("4b", "smith", "teacher"))
        schools = [School("hill", "Hill School"), School("moor", "Moor School")]
        await api.tutor.rosters.publish(made(everybody, [Person("smith")], schools, classes, enrolments))
        yield door


def _recent(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "correct"}


async def test_figures_counted_by_hand(door: Door) -> None:
    told = (await door.ask(LEADER, "/v1/overview")).json()
    assert [(line["level"], line["school"], line["title"]) for line in told["lines"]] == [
        ("school", "Hill School", "Hill School"),
        ("class", "Hill School", "=4a"),
        ("class", "Hill School", "Maths 4b"),
        ("school", "Moor School", "Moor School"),
        ("class", "Moor School", "Maths 5a"),
    ]
    shown = told["lines"][1]["figures"]
    assert (shown["students"], shown["reached"], shown["active"], shown["answers"]) == (12, 10, 4, 50)
    assert (shown["judged"], shown["mastered"]) == (10, 6)  # five right answers on one skill each; five wrong ones
    assert shown["missing"] == 2
    assert told["suppressed"] == 2


async def test_growth_is_of_who_has_answered_with_its_interval(door: Door) -> None:
    """Of ten who answered, six were right: four of them this week, two a month ago as were the four who were wrong."""
    tutor = door.api.tutor
    (shown,) = [
        line["figures"] for line in (await door.ask(LEADER, "/v1/overview")).json()["lines"] if line["class_id"] == "4a"
    ]
    rises = []
    for name in BIG[:10]:
        (stored,), _ = await tutor.store.read([name], b"")
        tracer, history = tutor.serving.tracer, unpack(stored.records)
        since = NOW - 28 * 86_400_000
        before = tracer.standing(tracer.fold(history[history["at"] < since]), since).mastery
        rises.append(float((tracer.standing(tracer.fold(history), NOW).mastery - before).mean()))
    assert sum(rise > 0 for rise in rises) == 4
    assert sum(abs(rise) < 1e-9 for rise in rises) == 6  # the untrained model forgets nothing
    assert shown["growth"] == pytest.approx(np.mean(rises))
    assert shown["growth_high"] - shown["growth"] == pytest.approx(shown["growth"] - shown["growth_low"])
    assert shown["growth_high"] - shown["growth"] == pytest.approx(
        t.ppf(0.95, 9) * np.std(rises, ddof=1) / np.sqrt(10), rel=1e-3
    )


async def test_growth_of_fewer_than_ten_is_not_told(door: Door) -> None:
    rosters = door.api.tutor.rosters
    now = await rosters.current()
    kept = [one for one in now.enrolments if one.person != "p0"] + [
        Enrolment("4a", f"n{n}", "student") for n in range(3)
    ]
    people = [*now.students, *(Person(f"n{n}") for n in range(3))]
    await rosters.publish(made(people, now.teachers, now.schools, now.classes, kept))
    lines = (await door.ask(LEADER, "/v1/overview")).json()["lines"]
    (shown,) = [line["figures"] for line in lines if line["class_id"] == "4a"]
    assert (shown["students"], shown["reached"], shown["missing"]) == (14, 9, 5)
    assert (shown["growth"], shown["growth_low"], shown["growth_high"]) == (None, None, None)


async def test_a_small_group_is_suppressed_everywhere_and_cannot_be_found_by_subtraction(door: Door) -> None:
    told = (await door.ask(LEADER, "/v1/overview")).json()["lines"]
    assert [line["figures"] for line in told[2:]] == [None, None, None]
    assert told[0]["figures"] == told[1]["figures"]  # the school is its shown classes
    assert LEAST == 10


async def test_screen_json_and_csv_are_equal(door: Door) -> None:
    lines = (await door.ask(LEADER, "/v1/overview")).json()["lines"]
    answer = await door.ask(LEADER, "/v1/overview", accept="text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    page = (await door.ask(LEADER, "/reports/overview", accept="text/html")).text
    body = page.partition("<tbody>")[2]
    shown = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in body.split("</tr>")[:-1]]
    titles = re.findall(r"<bdi>([^<]*)</bdi>", body)
    assert len(lines) == len(rows) == len(shown) == len(titles) == 5
    for line, row, cells, title in zip(lines, rows, shown, titles, strict=True):
        assert row["title"].removeprefix("'") == line["title"] == title
        told = line["figures"]
        names = list(Figures.__dataclass_fields__)
        if told is None:
            assert [row[name] for name in names] == [""] * len(names)
            assert cells == ["not shown: fewer than 10 students, or it would tell of so few"]
            continue
        assert [row[name] for name in names[:7]] == [str(told[name]) for name in names[:7]]
        assert [row[name] for name in names[7:]] == [f"{told[name]:.4f}" for name in names[7:]]
        counts = ("students", "missing", "active", "answers", "judged", "mastered")
        rise, low, high = (signed(told[name]) for name in ("growth", "growth_low", "growth_high"))
        assert cells == [*(str(told[name]) for name in counts), f"{rise} ({low} to {high})"]
    assert rows[1]["title"] == "'=4a"
    for text in (page, answer.text):
        assert not re.search(r"Name of|\b[pq]\d", text)


async def test_who_sees_the_overview(door: Door) -> None:
    for who in (LEADER, ADMIN, LMS):
        assert (await door.ask(who, "/v1/overview")).status_code == 200
    for who in (SMITH, ADA):
        problem(await door.ask(who, "/v1/overview"), 403, "not-allowed")
        assert (await door.ask(who, "/reports/overview")).status_code == 403
    for path in ("/v1/classes", "/v1/classes/4a/mastery", "/v1/students/p1/mastery", "/reports/students/p1"):
        assert (await door.ask(LEADER, path)).status_code == 403
    answer = await door.ask(LEADER, "/reports")
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports/overview")


async def test_classes_that_overlap_do_not_tell_of_few_students(door: Door) -> None:
    """4b with 4a's twelve in it, and its own nine: the difference would be the nine."""
    rosters = door.api.tutor.rosters
    now = await rosters.current()
    extra = [replace(one, class_id="4b") for one in now.enrolments if one.class_id == "4a"]
    await rosters.publish(made(now.students, now.teachers, now.schools, now.classes, [*now.enrolments, *extra]))
    told = (await door.ask(LEADER, "/v1/overview")).json()["lines"]
    assert [line["figures"] and line["figures"]["students"] for line in told[:3]] == [12, 12, None]

    few = [one for one in extra if one.person in BIG[:6]]  # 4b: its nine and six of 4a; both are shown, the school not
    await rosters.publish(made(now.students, now.teachers, now.schools, now.classes, [*now.enrolments, *few]))
    told = (await door.ask(LEADER, "/v1/overview")).json()["lines"]
    assert [line["figures"] and line["figures"]["students"] for line in told[:3]] == [None, 12, 15]


async def test_a_student_in_two_classes_counts_once_in_the_school(door: Door) -> None:
    rosters = door.api.tutor.rosters
    now = await rosters.current()
    people = [*now.students, *(Person(f"z{n}") for n in range(20))]
    extra = [Enrolment("4b", f"z{n}", "student") for n in range(20)] + [Enrolment("4b", "p0", "student")]
    await rosters.publish(made(people, now.teachers, now.schools, now.classes, [*now.enrolments, *extra]))
    told = (await door.ask(LEADER, "/v1/overview")).json()["lines"]
    assert [line["figures"]["students"] for line in told[:3]] == [41, 12, 30]
