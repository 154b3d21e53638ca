"""The pages in a real Chromium: what a teacher sees, can reach by keyboard, and what the browser complains of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request, expect

from service.reports.links import class_url, pooled_url, student_url, url
from tests.service.reports.conftest import HOSTILE, ODD_CLASS
from tests.service.reports.site import Site, answers

pytestmark = pytest.mark.browser

PAGES = {
    "classes": "/reports",
    "class": class_url("known"),
    "class sorted by name": class_url("known", sort="name"),
    "class of 60, second page": class_url("large", page=2),
    "class with odd ids": class_url(ODD_CLASS),
    "class without readable answers": class_url("unread"),
    "class filtered to nobody": class_url("known", status="needs review", around="new"),
    "class filtered by an area": class_url("known", area="<b>Space</b>"),
    "class sorted by a skill, of two students": class_url("known", by="hard", who=["kim", "lee"], since="lesson"),
    "skill": url("skills", "known", skill="hard"),
    "skill with an odd class": url("skills", ODD_CLASS, skill="old"),
    "groups": url("groups", "known"),
    "groups changed": url("groups", "large", skill=["done", "hard"], who=["pupil-1", "pupil-2"], to=[1, 2]),
    "groups of which some are kept": url("groups", ODD_CLASS),
    "items": url("items", "known", item="done-1"),
    "items of many": url("items", "large"),
    "items of all classes": pooled_url(item="done-1"),
    "items of none": url("items", "unread"),
    "recommendations": url("recommendations", "known"),
    "parents": url("parents", "kim"),
    "parents of a hostile id": url("parents", HOSTILE),
    "overview": "/reports/overview",
    "student": student_url("kim"),
    "student with a hostile id": student_url(HOSTILE),
    "student without readable answers": student_url("idle"),
    "unknown class": class_url("nobody"),
    "unknown student": student_url("nobody"),
}

MOST = 150 * 1024
"""Bytes that a first look may load, compressed as they come."""

STILL = 1e-4
"""Layout shift (share of the window times share of its width) that nobody sees: a short link by 8 pixels is 2e-5. So
much was told once, of the first page of a browser that had just started; it did not come again."""

WATCH_SHIFTS = """
  globalThis.shifts = [];
  const keep = list => shifts.push(...list.map(one => one.value));
  const observer = new PerformanceObserver(list => keep(list.getEntries()));
  observer.observe({type: 'layout-shift', buffered: true});
  // Two frames on, whatever was laid out has been painted, and what moved was told.
  globalThis.settled = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
    keep(observer.takeRecords());
    done(shifts);
  })));
"""
NUDGE = "document.querySelector('main').style.paddingTop = '200px'"


@dataclass
class Watched:
    """A page, and what the browser had to say about it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)


@pytest.fixture
def watched(browser: Browser, site: Site) -> Iterator[Watched]:
    context = browser.new_context(base_url=site.address)
    yield _watch(context)
    context.close()


def _watch(context: BrowserContext) -> Watched:
    found = Watched(context.new_page())

    def dialog(opened: Dialog) -> None:
        found.complaints.append(f"dialog: {opened.message}")
        opened.dismiss()

    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda fault: found.complaints.append(str(fault)))
    found.page.on("dialog", dialog)
    found.page.on("request", lambda request: found.requests.append(request))
    found.page.add_init_script(WATCH_SHIFTS)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_quiet_accessible_and_fits(watched: Watched, site: Site, name: str) -> None:
    """One visit: what the browser says, what it loads, what moves, axe in light and in dark, and 360 pixels."""
    answer = watched.page.goto(PAGES[name])
    assert answer is not None
    assert answer.status == (404 if name.startswith("unknown") else 200)
    moved = watched.page.evaluate("settled()")
    assert sum(moved) < STILL, moved
    # Chromium itself notes a page that is not 200; anything else is a fault of ours, CSP violations included.
    assert [text for text in watched.complaints if "404 (Not Found)" not in text] == []
    assert [one.url for one in watched.requests if not one.url.startswith(site.address)] == []
    assert any("reports.css" in one.url for one in watched.requests)
    weights = {one.url: one.sizes()["responseBodySize"] for one in watched.requests}
    assert 1_000 < sum(weights.values()) <= MOST, weights
    for scheme in ("light", "dark"):
        _axe_finds_nothing(watched.page, scheme)
    _nothing_overflows(watched.page)


def _axe_finds_nothing(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found = Axe().run(page)
    assert found.response["violations"] == [], json.dumps(found.response["violations"], indent=1)[:4000]
    assert any(rule["id"] == "color-contrast" for rule in found.response["passes"])


def _nothing_overflows(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    _until(page, "innerWidth === 360")  # a busy machine takes its time
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    # And what is cut off by a scroll region can be reached: no text runs out of the page elsewhere.
    outside = page.evaluate(
        """[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll') && !e.closest('.vh')
           && !e.closest('pre') && e.getBoundingClientRect().right > 361).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert outside == []


def test_what_moves_would_be_seen(watched: Watched) -> None:
    watched.page.goto(class_url("known"))
    assert sum(watched.page.evaluate("settled()")) < STILL
    watched.page.evaluate(NUDGE)
    assert sum(watched.page.evaluate("settled()")) > 100 * STILL


def test_grid_shows_the_right_symbols(watched: Watched) -> None:
    watched.page.goto(class_url("known"))
    row = watched.page.locator("table.grid tbody tr", has=watched.page.get_by_role("link", name="kim"))
    cells = row.locator("td")
    shown = [text.split()[0] for text in cells.locator("span[aria-hidden]").all_inner_texts()]
    assert shown == ["●", "◐", "?", "○", "↻"]
    said = cells.locator(".vh").all_inner_texts()
    assert said[1].startswith("stuck, learning: ")
    assert said[1].endswith("13 answers")
    assert said[2].startswith("not enough evidence: ")
    assert said[3] == "not started"
    background = "e => getComputedStyle(e).backgroundColor"
    colours = [cell.evaluate(background) for cell in cells.all()]
    assert len({colours[0], colours[1], colours[3], colours[4]}) == 4


def test_who_is_stuck_stands_first_and_is_named_at_the_top(watched: Watched) -> None:
    watched.page.goto(class_url("known"))
    assert watched.page.locator("tbody th").first.inner_text().startswith("kim")
    brief = watched.page.locator(".brief").inner_text()
    assert "1 of 2 students: kim." in brief
    assert "Order of Operations +,-,/,* () positive reals (1 student)" in brief


def test_from_class_to_student_and_back_by_keyboard(watched: Watched) -> None:
    page = watched.page
    page.goto("/reports")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    _tab_to(page, "known")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/classes/known")
    _tab_to(page, "kim", "table.grid a")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("row", name="lee").get_by_role("link")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/students/lee?class=known")
    _tab_to(page, "Class known")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/classes/known")


def _tab_to(page: Page, text: str, selector: str = "*") -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        here = page.evaluate("s => document.activeElement.matches(s) && document.activeElement.textContent", selector)
        if here and here.strip() == text:
            return
    pytest.fail(f"{text!r} is not reached by the Tab key")


def _until(page: Page, condition: str) -> None:
    """Scrolling is smooth. Playwright's own wait needs unsafe-eval, which our policy refuses."""
    for _ in range(250):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    pytest.fail(f"never: {condition}")


def test_the_grid_is_one_stop_and_arrow_keys_go_from_cell_to_cell(watched: Watched) -> None:
    page = watched.page
    page.goto(class_url("known", sort="name"))
    grid = page.get_by_role("grid", name="Students 1 to 2 of 2, by skill (arrow keys go from cell to cell)")
    expect(grid.locator("[tabindex='0']")).to_have_count(1)
    expect(grid.locator("a[href]:not([tabindex]), td:not([tabindex])")).to_have_count(0)
    kim, lee = grid.get_by_role("row", name="kim"), grid.get_by_role("row", name="lee")
    kim.get_by_role("link", name="kim").focus()
    for keys, reached in (
        ("ArrowRight ArrowRight ArrowDown", lee.get_by_role("gridcell").nth(1)),
        ("End", lee.get_by_role("gridcell").last),
        ("ArrowRight ArrowDown", lee.get_by_role("gridcell").last),
        ("Home", lee.get_by_role("link")),
        ("Control+Home", grid.locator("thead th").first),
        ("ArrowDown ArrowDown", lee.get_by_role("link")),
        ("ArrowUp ArrowUp ArrowRight", grid.get_by_role("link", name="Counting", exact=True)),
        ("ArrowDown", grid.get_by_role("link", name="Sort by Counting, the lowest first")),
        ("Control+End", lee.get_by_role("gridcell").last),
        ("Shift+Tab Tab", lee.get_by_role("gridcell").last),  # out of the grid and back to where it was left
    ):
        for key in keys.split():
            page.keyboard.press(key)
        expect(reached).to_be_focused()
        expect(grid.locator("[tabindex='0']")).to_have_count(1)
    kim.get_by_role("gridcell").first.click()
    page.keyboard.press("ArrowUp")
    expect(grid.get_by_role("link", name="Sort by Counting, the lowest first")).to_be_focused()
    page.keyboard.press("Enter")
    expect(grid.locator("th[aria-sort]")).to_have_count(1)
    expect(grid.get_by_role("link", name="Sort by Counting, the lowest first")).to_be_focused()
    expect(grid.locator("[tabindex='0']")).to_be_focused()
    assert watched.complaints == []


def test_what_is_focused_in_the_grid_is_seen_beside_what_stays(watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(class_url("large"))
    grid = page.get_by_role("grid")
    grid.locator("td").first.focus()
    page.keyboard.press("Control+End")
    _until(
        page, "document.querySelector('.scroll').scrollLeft > 20 && document.querySelector('.scroll').scrollTop > 20"
    )
    page.keyboard.press("ArrowLeft")
    for key in ("ArrowUp",) * 49 + ("ArrowLeft",) * 3:
        page.keyboard.press(key)
    expect(grid.locator("tbody tr").first.locator("td").first).to_be_focused()
    _until(page, UNCOVERED)


UNCOVERED = """(() => {
  const box = document.activeElement.getBoundingClientRect();
  const at = (x, y) => document.activeElement.contains(document.elementFromPoint(x, y));
  return at(box.left + 2, box.top + 2) && at(box.right - 2, box.bottom - 2);
})()"""


def test_without_script_the_grid_is_a_table_that_scrolls_under_a_header_that_stays(
    browser: Browser, site: Site
) -> None:
    context = browser.new_context(
        base_url=site.address, java_script_enabled=False, viewport={"width": 360, "height": 740}
    )
    page = context.new_page()
    page.goto(class_url("large"))
    region = page.get_by_role("region", name="Students 1 to 50")
    expect(region.get_by_role("table")).to_be_visible()
    region.focus()
    place = "e => [e.scrollLeft, e.scrollTop]"
    for key, axis in (("ArrowRight", 0), ("ArrowDown", 1)):
        for _ in range(250):  # scrolling is smooth
            page.keyboard.press(key)
            if region.evaluate(place)[axis] > 20:
                break
        assert region.evaluate(place)[axis] > 20
    inner, outer = region.locator("tbody th").first.bounding_box(), region.bounding_box()
    assert inner is not None
    assert outer is not None
    assert 0 <= inner["x"] - outer["x"] < 2
    top = region.evaluate("e => e.querySelector('thead th').getBoundingClientRect().y - e.getBoundingClientRect().y")
    assert 0 <= top < 60
    context.close()


@pytest.mark.parametrize("student", [HOSTILE, "..", "a/b?c#d", "  ", "\u202eodd", "🦊", "e%2Fe", "x" * 250])
def test_odd_ids_are_text_and_their_links_lead_to_them(watched: Watched, student: str) -> None:
    page = watched.page
    page.goto(class_url(ODD_CLASS))
    shown = {"  ": "(blank)", "\u202eodd": "␣202eodd"}.get(student, student)
    page.locator("table.grid").get_by_role("link", name=shown, exact=True).click()
    expect(page.locator("h1")).to_have_text(f"Student {shown}")
    expect(page.locator(".facts dd").first).to_have_text("4")
    expect(page.locator("script")).to_have_count(0)  # the class page has one, of ours
    assert watched.complaints == []
    page.get_by_role("navigation").get_by_role("link", name=ODD_CLASS).click()
    expect(page.locator("h1")).to_have_text(f"Class {ODD_CLASS}")


def test_student_page_marks_every_answer(watched: Watched) -> None:
    page = watched.page
    page.goto(student_url("kim"))
    hard = page.locator("figure", has=page.get_by_role("heading", name="Order of Operations"))
    assert hard.locator(".mark.wrong").count() == 12
    assert hard.locator(".mark.partly").count() == 1
    assert hard.locator(".mark title").first.text_content()
    assert page.locator("table.answers tbody tr").count() == 36
    assert page.get_by_text("item not in the catalog").count() == 2
    assert page.locator(".items li").count() == 3


def test_the_search_field_opens_a_student(watched: Watched) -> None:
    page = watched.page
    page.goto("/reports")
    page.get_by_label("Student").fill("a/b?c#d")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/students?id=*")
    expect(page.locator("h1")).to_have_text("Student a/b?c#d")


def test_in_print_the_whole_grid_is_there_and_the_controls_are_not(watched: Watched) -> None:
    watched.page.goto(class_url("large"))
    watched.page.emulate_media(media="print")
    expect(watched.page.locator(".find")).to_be_hidden()
    hidden = watched.page.evaluate("(e => e.scrollHeight - e.clientHeight)(document.querySelector('.scroll'))")
    assert hidden == 0


MORE_SKILLS = """
  for (const row of document.querySelector("table.grid").rows)
    for (let n = 1; n < 8; n++) for (const cell of [...row.cells].slice(1, 6)) row.append(cell.cloneNode(true));
"""
SHEETS = """[...document.querySelectorAll("table.grid")].map(table =>
  [...table.tHead.rows[0].cells].flatMap((cell, at) => at && cell.checkVisibility() ? [at] : []))"""


def test_in_print_many_skills_stand_on_several_sheets(watched: Watched) -> None:
    """Every skill on one of them, and each row with its name."""
    page = watched.page
    page.goto(class_url("known"))
    expect(page.get_by_role("grid")).to_be_visible()
    page.evaluate(MORE_SKILLS)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(SHEETS) == [list(range(1, 17)), list(range(17, 33)), list(range(33, 41))]
    names = page.locator("table.grid tbody tr:first-child th")
    assert names.all_inner_texts() == [names.first.inner_text()] * 3
    assert page.evaluate("document.documentElement.querySelectorAll('#grid-caption').length") == 1
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(SHEETS) == [list(range(1, 41))]
    assert watched.complaints == []


def test_in_print_nothing_is_folded_away(watched: Watched) -> None:
    page = watched.page
    page.goto(student_url("kim"))
    folded = page.locator("details li").first
    expect(folded).to_be_hidden()
    page.emulate_media(media="print")
    expect(folded).to_be_visible()


def test_without_any_class_the_page_says_how_to_begin(browser: Browser, empty_site: Site) -> None:
    context = browser.new_context(base_url=empty_site.address)
    found = _watch(context)
    found.page.goto("/")
    expect(found.page).to_have_url(f"{empty_site.address}/reports")
    expect(found.page.locator("main")).to_contain_text("nextwise catalog import")
    expect(found.page.locator("main")).to_contain_text("POST /v1/responses")
    assert Axe().run(found.page).violations_count == 0
    assert found.complaints == []
    context.close()


def test_a_filter_replaces_the_grid_without_a_reload_and_without_eval(watched: Watched) -> None:
    page = watched.page
    page.goto(class_url("known"))
    page.evaluate("document.querySelector('.brief').id = 'kept'")  # gone after a reload
    page.get_by_label("Students with").select_option("stuck")
    expect(page.locator("table.grid tbody th a")).to_have_text(["kim"])
    expect(page).to_have_url(re.compile("status=stuck"))
    expect(page.locator("#kept")).to_have_count(1)
    page.get_by_label("Skills around").select_option("new")
    expect(page.get_by_text("Nobody fits this filter.")).to_be_visible()
    expect(page).to_have_url(re.compile("around=new"))
    page.get_by_role("link", name="Show everything").click()
    expect(page.locator("table.grid tbody th a")).to_have_count(2)
    page.get_by_label("Area").select_option("Number")
    expect(page.locator("table.grid thead bdi")).to_have_text(
        ["Counting", "Number", "Order of Operations +,-,/,* () positive reals", "Number"]
    )
    page.get_by_role("link", name="Show everything").click()
    expect(page.get_by_role("link", name="Sort by Place value")).to_be_visible()
    page.get_by_role("link", name="Sort by Counting, the lowest first").click()
    expect(page.locator("th[aria-sort=ascending] > a bdi")).to_have_text("Counting")
    expect(page).to_have_url(re.compile("by=done"))
    assert watched.complaints == []
    kept = page.evaluate("Object.entries(localStorage).concat(Object.entries(sessionStorage))")
    assert [name for name, _ in kept] == ["htmx-current-path-for-history"]  # an address, and no page
    page.go_back()  # htmx keeps no pages, so it loads this one anew: some time after the address has changed
    expect(page.locator("th[aria-sort]")).to_have_count(0)
    assert "by=" not in page.url


def test_without_script_filters_and_groups_are_plain_forms(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.address, java_script_enabled=False)
    page = context.new_page()
    page.goto(class_url("known"))
    page.get_by_label("Students with").select_option("stuck")
    page.locator("form.filter", has=page.get_by_label("Students with")).get_by_role("button").click()
    expect(page.locator("table.grid tbody th a")).to_have_text(["kim"])
    page.goto(url("groups", "known"))
    page.locator("#skill-new").select_option("hard")
    page.get_by_role("combobox", name="Group of kim").select_option("1")
    page.get_by_role("button", name="Change the groups").click()
    group = page.locator("section", has=page.get_by_role("heading", name="Group 1"))
    expect(group.get_by_role("link", name="kim")).to_be_visible()
    expect(page.get_by_role("link", name="The same as CSV")).to_have_attribute(
        "href", "/v1/classes/known/groups?format=csv&skill=hard&who=kim&who=lee&to=1&to=0"
    )
    page.get_by_label("Name", exact=True).fill("For Monday")
    page.get_by_role("button", name="Keep these groups").click()
    expect(page.get_by_text("For Monday: kept by admin")).to_be_visible()
    expect(group.get_by_role("link", name="kim")).to_be_visible()
    page.get_by_role("button", name="Remove: For Monday").click()
    expect(page.get_by_role("heading", name="Groups that are kept")).to_have_count(0)
    context.close()


def test_groups_can_be_changed_in_a_class_whose_id_no_path_holds(watched: Watched, site: Site) -> None:
    page = watched.page
    site.record(answers("dot", "done-1", "+", class_id=".."))
    page.goto(url("groups", ".."))
    page.get_by_role("button", name="Change the groups").click()
    expect(page.locator("h1")).to_have_text("Groups to teach together")
    page.locator("#skill-new").select_option("hard")
    page.get_by_label("Name", exact=True).fill("Dots")
    page.get_by_role("button", name="Keep these groups").click()
    expect(page.get_by_text("Dots: kept by admin")).to_be_visible()
    page.goto(class_url(".."))
    page.get_by_label("Students with").select_option("learning")
    page.wait_for_url("**status=learning*")
    expect(page.locator("h1")).to_have_text("Class ..")
    assert watched.complaints == []


def test_the_page_for_parents_prints_without_controls(watched: Watched) -> None:
    watched.page.goto(url("parents", "kim"))
    watched.page.emulate_media(media="print")
    expect(watched.page.locator(".crumbs")).to_be_hidden()
    expect(watched.page.get_by_role("heading", name="Needs help with")).to_be_visible()
    expect(watched.page.locator("main table")).to_have_count(0)
