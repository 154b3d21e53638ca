"""The page, the JSON and the CSV of a question are the same answer."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from service.archive import drain
from service.classroom.groups import GroupChange
from service.classroom.kept_groups import keep
from service.reports import visits, words
from service.reports.words import percent, share, span
from service.roster.roster import Class, Enrolment, Person, made
from service.settings import Settings
from tests.service.api.conftest import Api, problem, serving
from tests.service.classroom.made import CATALOG, NOW
from tests.service.made import log, raw

DAY_S = 86_400
ANSWERED = {
    "ada": (("count-0", "+" * 10, 3), ("add-0", "-" * 12, 2)),
    "ben": (("maps-0", "+-+-", 20), ("maps-1", "-" * 9, 2)),
    "cy": (("maps-0", "-" * 12, 1),),
    "dee": (("maps-0", "+-+-", 1),),
    "eve": (("count-0", "+" * 10, 2),),
    "=fay": (("count-0", "+", 30),),
}
PATHS = {
    "today": "today?since=7d",
    "skill": "skill?skill=add",
    "items": "items?item=maps-0",
    "items of all classes": "all-items?item=maps-0",
    "groups": "groups",
    "changed groups": "groups?skill=maps&skill=add&who=ada&to=2&who=eve&to=1&who=cy&to=0",
}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(Settings(data=tmp_path)) as made:
        made.tutor.now = lambda: NOW
        await made.tutor.import_catalog(CATALOG)
        rows = [
            raw(f"{item}{days}{n}", name, item, class_id="4a", correct=sign == "+")
            | {"answered_at": NOW // 1000 - days * DAY_S + n}
            for name, runs in ANSWERED.items()
            for item, verdicts, days in runs
            for n, sign in enumerate(verdicts)
        ]
        assert (await made.send(rows)).json()["rejected"] == 0
        yield made


async def three(api: Api, path: str) -> tuple[dict[str, Any], list[dict[str, str]], list[str]]:
    """The JSON, the rows of the CSV, and the rows and list entries of the page as text."""
    kind, _, query = path.partition("?")
    pooled = kind == "all-items"
    page = {"today": "classes", "skill": "skills"}.get(kind, kind) + ("" if pooled else "/4a")
    address = f"/v1/items?{query}" if pooled else f"/v1/classes/4a/{path}"
    told = (await api.client.get(address)).json()
    sheet = await api.client.get(address, headers={"accept": "text/csv"})
    html = (await api.client.get(f"/reports/{page}?{query}")).text
    parts = re.findall(r"<(tr|li)[ >](.*?)</\1>", html, re.DOTALL)
    shown = [" ".join(unescape(re.sub(r"<[^>]*>", " ", part)).split()) for _, part in parts]
    return told, list(csv.DictReader(io.StringIO(sheet.text))), shown


def as_cell(name: str, value: object) -> str:
    """A value of the JSON as the CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, list):
        return ";".join(value)
    text = str(value)
    return f"'{text}" if text.startswith("=") else text


def assert_same(rows: list[dict[str, str]], lines: list[Mapping[str, Any]]) -> None:
    assert len(rows) == len(lines) > 0
    for row, line in zip(rows, lines, strict=True):
        assert row == {name: as_cell(name, line[name]) for name in row}


def holds(shown: list[str], *parts: str) -> bool:
    return any(all(part in text for part in parts) for text in shown)


async def test_today(api: Api) -> None:
    told, rows, shown = await three(api, PATHS["today"])
    assert_same(rows, told["lines"])
    assert {line["kind"] for line in told["lines"]} == {"stuck", "idle", "ready", "gained", "became stuck"}
    for line in told["lines"]:
        if line["kind"] in {"stuck", "ready"}:
            estimate = f"estimate {percent(line['mastery'])} (between {span(line['low'], line['high'])})"
            assert holds(shown, line["student_id"], line["title"], f"{line['responses']} answer", estimate)
        elif line["kind"] == "idle":
            assert holds(shown, line["student_id"], "last answer 30 days ago")
        else:
            change = f"{percent(line['before'])} → {percent(line['mastery'])}"
            assert holds(shown, line["student_id"], line["title"], change)


@pytest.mark.parametrize(
    ("query", "students"),
    [
        ("", {"ada", "ben", "cy", "dee", "eve", "=fay"}),
        ("status=stuck", {"ada", "ben", "cy"}),
        ("status=stuck&area=World", {"ben", "cy"}),
        ("around=add&who=ada&who=cy", {"ada", "cy"}),
        ("group=set%3A+b", {"cy", "dee"}),
        ("status=needs+review&around=maps", set()),
    ],
)
async def test_grid(api: Api, query: str, students: set[str]) -> None:
    """What a teacher filtered is what the sheet holds."""
    people = [Person(name, "", {"set": "b" if name in {"cy", "dee"} else "a"}) for name in ANSWERED]
    enrolled = [Enrolment("4a", name, "student") for name in ANSWERED]
    await api.tutor.rosters.publish(made(people, [], [], [Class("4a")], enrolled))
    told = (await api.client.get(f"/v1/classes/4a/mastery?{query}")).json()
    html = (await api.client.get(f"/reports/classes/4a?{query}")).text
    address = re.search(r'href="(/v1/classes/4a/mastery[^"]*)"', html)
    assert (address is None) == (not students)
    sheet = await api.client.get(unescape(address[1]) if address else f"/v1/classes/4a/mastery?format=csv&{query}")
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert {line["student_id"] for line in told["students"]} == students
    lines = [
        line | {"student_id": one["student_id"], "low": line["interval"][0], "high": line["interval"][1]}
        for one in told["students"]
        for line in one["skills"]
    ]
    names = ("student_id", "skill_id", "mastery", "low", "high", "responses", "status")
    assert [{name: row[name] for name in names} for row in rows] == [
        {name: as_cell(name, line[name]) for name in names} for line in lines
    ]
    table = html.partition('<table class="grid"')[2].partition("</table>")[0]
    assert set(re.findall(r'href="/reports/skills/4a\?skill=([a-z]+)"', table)) == {line["skill_id"] for line in lines}
    grid = {
        unescape(name): re.findall(r'class="vh">([^<]*)<', cells)
        for name, cells in re.findall(r'<th scope="row".*?<bdi>(.*?)</bdi>(.*?)</tr>', table, re.DOTALL)
    }
    assert set(grid) == students
    for one in told["students"]:
        for line, said in zip(one["skills"], grid[one["student_id"]], strict=True):
            low, high = map(percent, line["interval"])
            numbers = f": {percent(line['mastery'])}, between {low} and {high}, "
            assert said.removeprefix("stuck, ").startswith(line["status"])
            assert (numbers in said) == (line["responses"] > 0)
    spread = {skill["skill_id"]: sum(skill["counts"].values()) for skill in told["skills"]}
    assert set(spread.values()) <= {len(students)}


async def test_skill(api: Api) -> None:
    told, rows, shown = await three(api, PATHS["skill"])
    assert_same(rows, told["lines"])
    for line in told["lines"]:
        numbers = f"{percent(line['mastery'])} {span(line['low'], line['high'])}" if line["responses"] else "– –"
        assert holds(shown, f"{line['student_id']} ", numbers, *line["lacks"])
    for item in told["items"]:
        assert holds(shown, f"{item['item_id']} {item['answers']} {item['students']}")


@pytest.mark.parametrize("path", ["items", "items of all classes"])
async def test_items(api: Api, path: str) -> None:
    told, rows, shown = await three(api, PATHS[path])
    lines = [line | line["facts"] for line in told["lines"]]
    assert_same(rows, lines)
    for line in lines:
        counts = f"{line['answers']} {line['students']} {share(line['right'])} {percent(line['expected'])}"
        assert holds(shown, f"{line['item_id']} {counts}", *line["flags"])
    assert [first["student_id"] for line in lines for first in line["by"]] == ["ben", "cy", "dee"]
    assert holds(shown, "✗ cy wrong")


@pytest.mark.parametrize("path", ["groups", "changed groups", "kept groups"])
async def test_groups(api: Api, path: str) -> None:
    one = await keep(api.tutor, "4a", "Monday", "smith", GroupChange(("maps", "add"), ("ada", "eve"), (2, 1)))
    told, rows, shown = await three(api, PATHS.get(path, f"groups?kept={one.id}"))
    assert told["changed"] is (path != "groups")
    assert (told["kept_as"] is not None) is (path == "kept groups")
    assert holds(shown, f"{told['kept'][0]['name']} {told['kept'][0]['author']}")
    lines = [one | {"group": group["number"]} for group in told["groups"] for one in group["students"]]
    lines += [one | {"group": None} for one in (*told["alone"], *told["without_gap"])]
    assert sorted(line["student_id"] for line in lines) == sorted(ANSWERED)
    assert_same(rows, lines)
    for line in lines:
        if line["skill_id"]:
            numbers = f"{percent(line['mastery'])} ({span(line['low'], line['high'])})"
            assert holds(shown, f" {line['student_id']} ", numbers)


async def test_recommendations_from_the_log_and_from_the_archive(api: Api) -> None:
    for n in range(3):
        sent = raw(f"next-{n}", "cy", "maps-0", class_id="4a") | {"answered_at": NOW // 1000 + n - 60}
        given = (await api.send(sent, next=1)).json()["next"]["recommendations"][0]
        if n == 1:
            sent = raw("followed", "cy", given["item_id"], class_id="4a") | {"answered_at": NOW // 1000 - 30}
            await api.send(sent)
    while len(await log(api.tutor.store, "recommendation")) < 3:  # they are written behind the answers
        await asyncio.sleep(0.01)
    path = "recommendations?since=7d"
    told, rows, shown = await three(api, path)
    assert_same(rows, told["lines"])
    assert sorted(line["status"] for line in told["lines"]) == ["followed", "open", "overridden"]
    for line in told["lines"]:
        word = {"followed": "✓ followed", "open": "… not answered yet", "overridden": "↷ something else was answered"}
        numbers = f"{percent(line['before'])} → {percent(line['now'])}"
        assert holds(shown, "cy ", line["item_id"], word[line["status"]], numbers)
    counts = [(one["reason"], one["given"], one["followed"], one["open"]) for one in told["sums"]]
    assert sum(given for _, given, _, _ in counts) == 3
    await drain(api.tutor.store, api.app.state.settings.data / "archive")
    assert await three(api, path) == (told, rows, shown)


async def test_what_a_teacher_said_counts_on_the_pages_of_the_class_too(api: Api) -> None:
    path = "skill?skill=maps"
    before = {line["student_id"]: line for line in (await three(api, path))[0]["lines"]}
    said = {"skill_id": "maps", "mastery": 0.95, "answers": 30.0}
    await api.tutor.notebook.add("cy", "estimate", "smith", said)
    after = {line["student_id"]: line for line in (await three(api, path))[0]["lines"]}
    assert after["cy"]["mastery"] > before["cy"]["mastery"]
    assert after["dee"] == before["dee"]
    told = (await api.student("cy", "mastery")).json()["skills"][3]
    assert (told["skill_id"], told["mastery"]) == ("maps", pytest.approx(after["cy"]["mastery"]))


async def test_what_changed_is_told_from_the_last_visit_on(api: Api) -> None:
    """A reload is the same visit; who comes back hours later is told from when they looked last."""
    started, page = NOW - 50 * 3_600_000, "/reports/classes/4a"

    async def headline(hours: int, path: str = page) -> str:
        api.tutor.now = lambda: started + hours * 3_600_000
        html = (await api.client.get(path)).text
        return unescape(re.sub(r"<[^>]*>", "", html.partition('id="changed-title">')[2].partition("</form>")[0]))

    def day(hours: float) -> str:
        return words.day(int(started + hours * 3_600_000))

    week = 7 * 24
    assert f"What changed since {day(-week)}" in await headline(0)
    assert "you looked last" not in await headline(3)
    for hours in (26, 29, 30):  # the last look of the first visit was 3 hours after its begin
        told = await headline(hours)
        assert f"What changed since {day(3)}" in told
        assert "you looked last" in told
    assert f"What changed since {day(30)}" in await headline(50)
    assert f"What changed since {day(50 - week)}" in await headline(50, f"{page}?since=7d")
    sheet = await api.client.get(f"/v1/classes/4a/today?since={words.iso(started)[:13]}:00Z&format=csv")
    assert sheet.status_code == 200
    api.client.cookies.set(visits.COOKIE, "odd.0a1b2c3d:x:y.:::", path="/reports")
    assert "What changed since" in await headline(50)


async def test_what_is_wrong_is_told(api: Api) -> None:
    problem(await api.client.get("/v1/classes/4a/today?since=odd"), 422, "invalid-request")
    problem(await api.client.get("/v1/classes/4a/skill?skill=odd"), 422, "unknown-skills")
    problem(await api.client.get("/v1/classes/4a/groups?skill=maps&who=ada"), 422, "invalid-request")
    problem(await api.client.get("/v1/classes/nobody/items"), 404, "unknown-class")
    page = await api.client.get("/reports/skills/4a?skill=odd")
    assert page.status_code == 422
    assert "The catalog does not hold these skills" in page.text
