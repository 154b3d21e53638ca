"""A seeded site for the tests that go through a real server, and the browser that looks at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from engine.catalog import Item, Prerequisite, Skill, build
from tests.service.reports.browser import chromium, chromium_path
from tests.service.reports.site import Site, answers

HOSTILE = "<script>alert(1)</script>"
ODD_CLASS = '4/a?#🎈 "<b>&amp;'
SKILLS = {
    "done": "Counting",
    "hard": "Order of Operations +,-,/,* () positive reals",
    "thin": "Place value",
    "new": "Decimals",
    "old": "<i>Shapes</i>",
}
AREAS = {"done": "Number", "hard": "Number", "old": "<b>Space</b>"}
CATALOG, _ = build(
    [Skill(*pair, area=AREAS.get(pair[0], "")) for pair in SKILLS.items()],
    [Item(f"{skill}-{n}", (skill,), f"{title}, exercise {n}") for skill, title in SKILLS.items() for n in (1, 2, 3)]
    + [Item("both", ("done", "hard"), "A word problem")],
    [Prerequisite("done", "new")],
)


def seed(site: Site) -> None:
    """Students whose cells are known beforehand, ids that try to break out, and answers to unknown items."""
    site.put_catalog(CATALOG)
    site.record(
        answers("kim", "done-1", "+" * 10)
        + answers("kim", "hard-1", "-" * 12)
        + answers("kim", "thin-1", "+")
        + answers("kim", "old-1", "+" * 10, days_ago=60)
        + answers("kim", "both", "~")
        + answers("kim", "nowhere", "++")
        + answers("lee", "done-1", "+" * 10)
        + answers("idle", "nowhere", "+", class_id="unread")
    )
    site.record(
        [
            row
            for student in (HOSTILE, "..", "a/b?c#d", "  ", "\u202eodd", "🦊", "e%2Fe", "x" * 250)
            for row in answers(student, "done-1", "+-+-", class_id=ODD_CLASS)
        ]
    )
    site.keep_groups(ODD_CLASS, f"{HOSTILE} & more", {"hard": [HOSTILE, ".."], "old": ["🦊"]})
    site.record(row for n in range(60) for row in answers(f"pupil-{n}", "done-2", "+-+-", class_id="large"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as running:
        seed(running)
        yield running


@pytest.fixture(scope="module")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("empty")) as running:
        yield running


# By module, not by session: as long as Playwright runs, no test of this thread can start an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        pytest.skip("no Chromium: install Debian's chromium, or set NEXTWISE_CHROMIUM to one")
    with chromium() as running:
        yield running
