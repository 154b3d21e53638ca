"""People behind the gate, in a real Chromium: in by a link, what they find, and out again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from service.access import Role, Viewer
from tests.service.access.conftest import ADA, ADMIN, LEADER, SMITH, roster
from tests.service.made import catalog
from tests.service.reports.site import Site, answers

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("links"), "links") as running:
        running.put_catalog(catalog())
        for name in ("ada", "ben", "cy"):
            running.record(answers(name, "add-0", "+-+-"))
        running.enrol(roster())
        yield running


@pytest.fixture
def page(browser: Browser, school: Site) -> Iterator[Page]:
    context = browser.new_context(base_url=school.address)
    yield context.new_page()
    context.close()


def test_a_teacher_comes_in_by_a_link_and_goes_out_by_a_button(page: Page, school: Site) -> None:
    page.goto(school.link(SMITH))
    expect(page).to_have_url(f"{school.address}/reports")  # the token does not stay in the address
    expect(page.locator(".classes h2")).to_have_text(["Maths 4a"])
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("link", name="Maths 4a").click()
    page.get_by_role("link", name="Ada Lovelace").click()
    expect(page.locator("h1")).to_have_text("Student Ada Lovelace")
    answer = page.goto("/reports/classes/4b")
    assert answer is not None
    assert answer.status == 403
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("You are signed out")
    answer = page.goto("/reports")
    assert answer is not None
    assert answer.status == 401


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("who", "address"),
    [
        (None, "/reports"),
        (None, "/reports/enter?token=wrong"),
        (SMITH, "/reports"),
        (SMITH, "/reports/classes/4a"),
        (SMITH, "/reports/classes/4b"),
        (ADA, "/reports"),
        (ADA, "/reports/students/ben"),
        (ADMIN, "/reports/students/cy"),
        (LEADER, "/reports"),
        (Viewer(Role.STUDENT, "x" * 250), "/reports"),
    ],
)
def test_axe_finds_nothing_and_nothing_overflows(
    page: Page, school: Site, who: Viewer | None, address: str, scheme: str
) -> None:
    if who:
        page.goto(school.link(who))
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(address)
    found = Axe().run(page)
    assert found.response["violations"] == [], json.dumps(found.response["violations"], indent=1)[:4000]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
