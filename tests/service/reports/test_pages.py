"""Templates and static files as text: escaping, the untrained model's note, what must not be on a page."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import numpy as np
import pytest
from jinja2 import UndefinedError
from starlette.responses import Response

from engine.mastery import SkillMastery, Status
from service.reports import pages
from service.reports.class_view import class_line, class_page
from service.reports.facts import UNTRAINED, ClassFacts
from service.reports.student_view import student_page
from service.reports.weight import LEVEL
from tests.service.reports.made import (
    CONTEXT,
    a_class,
    a_student,
    a_today,
    answer,
    mastered,
    skill,
    stuck,
    summed,
    unknown,
    unstarted,
)

HOSTILE = "<script>alert(1)</script>"
SCRIPT = re.compile(r'<script src="/reports/static/(htmx\.min|grid)\.js\?v=[0-9a-f]{10}" defer></script>')
FRESH = replace(CONTEXT, model_version=UNTRAINED)


def a_class_page(facts: ClassFacts) -> Response:
    today = a_today(facts.class_id, facts.learners[0].student_id)
    return pages.page("class.html", page=class_page(facts), today=today, since="7d", last="")


def rendered() -> dict[str, str]:
    """Every page with hostile text wherever text comes from outside."""
    skills = (
        stuck(HOSTILE),
        skill(0.3, 1, Status.NOT_ENOUGH_EVIDENCE, f'"{HOSTILE}'),
        mastered(f"'{HOSTILE}"),
        unstarted(f"&{HOSTILE}"),
    )
    facts = a_class((HOSTILE, skills), id=HOSTILE)
    odd = replace(answer(title=HOSTILE), item_title=HOSTILE)
    student = a_student(skills, (odd, answer(score=0.5, title=HOSTILE), unknown()), HOSTILE)
    given = replace(student.next.items[0], item_title=HOSTILE, text=HOSTILE)
    student = replace(student, next=replace(student.next, text=HOSTILE, items=(given,)))
    found = {
        "class": a_class_page(facts),
        "student": pages.page("student.html", page=student_page(student, class_id=HOSTILE)),
        "classes": pages.page("classes.html", context=CONTEXT, lines=[class_line(summed(facts))]),
        "problem": pages.page("problem.html", 404, title="No", text=HOSTILE, help=[HOSTILE]),
    }
    return {name: bytes(answer.body).decode() for name, answer in found.items()}


class Tags(HTMLParser):
    """Collects tags with their attributes, and checks that they nest."""

    VOID = ("meta", "link", "input", "br")
    EMPTY = ("line", "rect", "circle", "path")  # SVG, closed in themselves

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.EMPTY
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", ["class", "student", "classes", "problem"])
def test_what_comes_from_outside_is_text(name: str) -> None:
    html = rendered()[name]
    assert html.count("<script") == len(SCRIPT.findall(html)) == 2 * (name == "class")
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("name", ["class", "student", "classes", "problem"])
def test_tags_nest_and_nothing_needs_a_laxer_policy(name: str) -> None:
    parser = Tags()
    parser.feed(rendered()[name])
    assert parser.open == []
    for tag, attributes in parser.tags:
        assert tag not in {"style", "iframe"}
        assert tag != "script" or (attributes["src"] or "").startswith("/reports/static/")
        assert not [one for one in attributes if one == "style" or one.startswith("on")]
        for one in ("href", "src", "action"):
            assert (attributes.get(one) or "/").startswith(("/", "#"))
    ids = [attributes["id"] for _, attributes in parser.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_page_carries_the_headers() -> None:
    for answer_ in (pages.page("problem.html", title="", text="", help=[]), pages.static("reports.css")):
        assert answer_ is not None
        assert answer_.headers["content-security-policy"].startswith(
            "default-src 'none'; style-src 'self'; script-src 'self';"
        )
        assert "unsafe" not in answer_.headers["content-security-policy"]
        assert answer_.headers["x-content-type-options"] == "nosniff"
        assert answer_.headers["referrer-policy"] == "same-origin"


def test_pages_about_pupils_are_not_cached_and_static_files_are() -> None:
    assert pages.page("problem.html", title="", text="", help=[]).headers["cache-control"] == "no-store"
    found = pages.static("icon.svg")
    assert found is not None
    assert "immutable" in found.headers["cache-control"]
    assert pages.static("../pages.py") is None


def test_what_is_not_ours_is_what_it_was() -> None:
    assert [name for name in pages.STATIC if ".min." in name] == list(pages.VENDORED)
    for name, digest in pages.VENDORED.items():
        assert sha256((pages.HERE / "static" / name).read_bytes()).hexdigest() == digest
    assert "Zero-Clause BSD" in (pages.HERE / "static" / "htmx.LICENSE").read_text(encoding="utf-8")


def test_the_script_may_not_evaluate_text_nor_keep_pages() -> None:
    config = json.loads(re.findall(r"name=\"htmx-config\" content='([^']+)'", rendered()["class"])[0])
    assert config["allowEval"] is False
    assert config["includeIndicatorStyles"] is False  # an inline style, which our policy refuses
    assert config["historyCacheSize"] == 0  # pages about pupils stay out of the browser's storage


def test_the_style_names_no_other_address() -> None:
    found = pages.static("reports.css")
    assert found is not None
    assert not re.search(rb"https?:|//|@import|url\(", bytes(found.body).replace(b"/*", b""))


def test_a_name_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        pages.page("problem.html", title="")


@pytest.mark.parametrize("context", [CONTEXT, FRESH])
def test_the_untrained_model_is_named_as_such(context: object) -> None:
    facts = a_class(("ada", (skill(),)), context=FRESH if context is FRESH else CONTEXT)
    student = a_student((skill(),), context=facts.context)
    for answer_ in (
        a_class_page(facts),
        pages.page("student.html", page=student_page(student)),
        pages.page("classes.html", context=facts.context, lines=[class_line(summed(facts))]),
    ):
        assert (b"untrained model" in bytes(answer_.body)) is (context is FRESH)


@pytest.mark.parametrize(
    ("skills", "said"),
    [((), "There is no catalog yet"), ((unstarted(),), "No answer to read yet"), ((skill(),), "Who is stuck?")],
)
def test_what_is_missing_on_a_class_page_is_said(skills: tuple[object, ...], said: str) -> None:
    html = bytes(a_class_page(a_class(("ada", skills))).body).decode()  # type: ignore[arg-type]
    assert said in html


def test_the_overview_without_classes_says_how_to_begin() -> None:
    bare = replace(CONTEXT, has_catalog=False)
    html = bytes(pages.page("classes.html", context=bare, lines=[]).body).decode()
    assert "nextwise catalog import" in html
    assert "nextwise responses import" in html


def test_a_full_grid_is_light() -> None:
    """Fifty students on sixty skills, no two cells alike, with all that a browser loads beside them."""
    rng = np.random.default_rng(1)

    def skills() -> tuple[SkillMastery, ...]:
        numbers = zip(rng.uniform(0.1, 0.95, 60).tolist(), rng.integers(3, 999, 60).tolist(), strict=True)
        return tuple(skill(mastery, n, title=f"Skill number {k}") for k, (mastery, n) in enumerate(numbers))

    facts = a_class(*((f"student-{n}", skills()) for n in range(50)))
    today = a_today(facts.class_id)
    lines = replace(today, lines=today.lines * 60)
    page = pages.page("class.html", page=class_page(facts), today=lines, since="7d", last="")
    assert bytes(page.body).count(b"<td class=") == 3_000
    loaded = [page, *(pages.static(name) for name in ("reports.css", "htmx.min.js", "grid.js", "icon.svg"))]
    assert sum(len(gzip.compress(bytes(one.body), LEVEL)) for one in loaded if one) <= 150 * 1024


def test_a_table_cell_is_for_eyes_and_for_ears() -> None:
    html = rendered()["class"]
    assert '<td class="cell learning stuck"><span aria-hidden="true">◐ 31<small>21–41 · 14</small></span>' in html
    assert '<span class="vh">stuck, learning: 31, between 21 and 41, 14 answers</span></td>' in html
    assert '<th scope="row" class="who">' in html


def test_charts_are_svg_with_their_words() -> None:
    html = rendered()["student"]
    assert '<g class="mark right"><title>25 Feb 2026, 06:13: right, 40 to 60 (up 20)</title>' in html
    assert 'role="img" aria-labelledby="chart-1-title"' in html
    assert '<rect class="range learning" x="21.0" y="3" width="20.0" height="10"/>' in html


def test_the_pages_say_what_the_number_is_and_from_where_on_a_skill_is_mastered() -> None:
    skills = (stuck("A"), skill(0.6, title="B", threshold=0.65))
    grid = bytes(a_class_page(a_class(("ada", skills))).body).decode()
    student = bytes(pages.page("student.html", page=student_page(a_student(skills))).body).decode()
    for html in (grid, student):
        assert "chance in 100 of a right answer, now, on an average item" in html
        assert "knows" not in html
    assert "<bdi>A</bdi></a><small>mark 80</small>" in grid
    assert "<bdi>B</bdi></a><small>mark 65</small>" in grid
    assert '<td class="num">50–70</td><td class="num">65</td>' in student
    assert '<line class="aim" x1="65.0" y1="0" x2="65.0" y2="16"/>' in student


def test_names_of_the_roster_stand_where_ids_would() -> None:
    facts = replace(a_class(("s-17", (stuck(),)), id="c-4"), title="Maths 4a")
    facts = replace(facts, learners=(replace(facts.learners[0], name="Ada Lovelace"),))
    grid = bytes(a_class_page(facts).body).decode()
    assert '<a href="/reports/students/s-17?class=c-4"><bdi>Ada Lovelace</bdi></a>' in grid
    assert "Maths 4a" in grid
    assert "Ada Lovelace" in class_page(facts).brief.who
    student = replace(a_student((stuck(),), id="s-17"), name="Ada Lovelace", classes={"c-4": "Maths 4a"})
    shown = student_page(student, class_id="c-4")
    assert (shown.name, shown.came_from) == ("Ada Lovelace", ("Maths 4a", "/reports/classes/c-4"))
