"""Pictures of the pages for the documentation: ``python -m tests.service.reports.screenshots``.

The school of ``nextwise demo`` behind a real server, in a real browser: a picture is what a teacher sees, on the screen
(``class.png``) and on paper (``class-print.png``).
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from service.access import Role, Viewer
from service.archive import drain
from service.cli.common import opened
from service.cli.demo import first_model, give_lessons, simulate
from service.reports.links import class_url, pooled_url, student_url, url
from service.runtime import now
from service.settings import Settings
from tests.service.reports.browser import chromium
from tests.service.reports.site import Site

IMAGES = Path(__file__).parents[3] / "docs" / "images"
WIDTH, HEIGHT = 1280, 1500  # the upper part of a page
PAPER, SHEET = 794, 1123  # A4 at 96 dots an inch
LOW = 300  # a window that no page fits into: what is taken is as high as the page
COLOURS = (128, 64, 32, 16)  # flat colours: a palette makes a third of the size, and nobody sees it
MOST = 150_000  # bytes of a picture
CLASS, SKILL = "class-4a", "subtraction-within-20"
TEACHER, LEADER = Viewer(Role.TEACHER, "rivera"), Viewer(Role.LEADER, "head")


def addresses(student: str) -> dict[str, tuple[Viewer, str]]:
    """Who looks at what."""
    return {
        "classes": (TEACHER, "/reports"),
        "class": (TEACHER, class_url(CLASS)),
        "skill": (TEACHER, url("skills", CLASS, skill=SKILL)),
        "items": (TEACHER, url("items", CLASS)),
        "groups": (TEACHER, url("groups", CLASS)),
        "recommendations": (TEACHER, url("recommendations", CLASS)),
        "student": (TEACHER, student_url(student, class_=CLASS)),
        "parents": (TEACHER, url("parents", student)),
        "overview": (LEADER, "/reports/overview"),
        "all-items": (LEADER, pooled_url()),
    }


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        config = Settings(data=Path(data))
        school = asyncio.run(simulate(config, now()))
        assert school is not None
        assert first_model(config)
        asyncio.run(give_lessons(config, school, now()))
        asyncio.run(archived(config))
        with Site(Path(data), "links") as site:
            wanted = addresses(school.pupils[3].id)
            with chromium() as browser:
                for viewer in (TEACHER, LEADER):
                    shoot(site, browser, viewer, {name: to for name, (who, to) in wanted.items() if who == viewer})


async def archived(config: Settings) -> None:
    """What was recommended is read from the archive: the log holds too much before it."""
    async with opened(config) as store:
        await drain(store, config.data / "archive")


def shoot(site: Site, browser: Browser, viewer: Viewer, pages: dict[str, str]) -> None:
    page = browser.new_page(base_url=site.address, viewport={"width": WIDTH, "height": LOW}, locale="en-GB")
    page.goto(site.link(viewer))
    for name, address in pages.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.ok, (address, answer.status)
        page.set_viewport_size({"width": WIDTH, "height": LOW})
        page.emulate_media(media="screen")
        picture(page, name, WIDTH, HEIGHT)
        page.set_viewport_size({"width": PAPER, "height": LOW})
        page.emulate_media(media="print")
        picture(page, f"{name}-print", PAPER, SHEET)
    page.context.close()


def picture(page: Page, name: str, width: int, most: int) -> None:
    """The page's upper part, in as many colours as its size allows."""
    height = min(most, int(page.evaluate("document.documentElement.scrollHeight")))
    taken = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})
    with Image.open(io.BytesIO(taken)) as image:
        for colours in COLOURS:
            image.convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)
            if (IMAGES / f"{name}.png").stat().st_size <= MOST:
                return
    raise RuntimeError(f"{name}.png is larger than {MOST:,} bytes")


if __name__ == "__main__":
    main()
