"""Pictures of the pages for the documentation: ``python -m tests.service.reports.screenshots``.

A simulated school behind a real server, in a real browser: a picture is what a teacher sees.
"""

from __future__ import annotations

import io
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from engine.simulate import School, simulate_school
from service.reports.links import class_url
from tests.service.reports.browser import chromium
from tests.service.reports.made import trained
from tests.service.reports.site import Site

IMAGES = Path(__file__).parents[3] / "docs" / "images"
WIDTH = 1280
COLOURS = 128  # flat colours: a palette makes a third of the size, and nobody sees it


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    school = simulate_school(int(time.time() * 1000), classes=1)
    with tempfile.TemporaryDirectory() as data, Site(Path(data)) as site:
        fill(site, school)
        with chromium() as browser:
            page = browser.new_page(base_url=site.address, viewport={"width": WIDTH, "height": 1600})
            page.goto(class_url(school.answers[0].class_id))
            picture(page, "class", 1500)
            page.locator("table.grid tbody a").first.click()
            page.wait_for_url("**/reports/students/*")
            picture(page, "student", 1830)


def picture(page: Page, name: str, height: int) -> None:
    """The page's upper part."""
    taken = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    with Image.open(io.BytesIO(taken)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)


def fill(site: Site, school: School) -> None:
    """The school's catalog, the model behind it, and its answers through the API."""
    site.publish(trained(school))
    site.put_catalog(school.catalog)
    site.record(
        {
            "id": one.id,
            "student_id": one.student_id,
            "class_id": one.class_id,
            "item_id": one.item_id,
            "correct": one.correct,
            "answered_at": one.answered_at / 1000,
        }
        for one in school.answers
    )


if __name__ == "__main__":
    main()
