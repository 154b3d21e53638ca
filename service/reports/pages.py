"""Templates, static files and the headers that every page carries."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from engine import mastery
from service.access import viewer
from service.language import in_template, in_template_many, language, number, translated
from service.reports import class_view, given_words, grid, items_words, links, speech, today_words, words
from service.reports.charts import bar
from service.reports.links import ROOT

HERE = Path(__file__).parent
STATIC = {
    "reports.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "grid.js": "text/javascript; charset=utf-8",
}
VENDORED = {
    # htmx.org 2.0.11 as the npm registry has it, under the licence in htmx.LICENSE (0BSD). It loads the grid anew where
    # a filter or an order is chosen; without it the same links load the page.
    "htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
}
"""SHA-256 of the files that are not ours."""
HEADERS = {
    # No script but those we serve, no eval, no inline style, nothing from another address, no framing by one.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # addresses hold students' ids
}
PRIVATE = {"Cache-Control": "no-store"}  # pages about pupils stay out of caches


@cache
def environment() -> Environment:
    """The templates: everything is escaped, and a name that is missing is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.newstyle_gettext = True  # type: ignore[attr-defined]  # sentences take their values as arguments
    made.globals.update(gettext=in_template, ngettext=in_template_many, language=language, languages=speech.choices)
    made.globals.update(number=number, translated=translated, zone=words.zone)
    made.globals.update(
        url=links.url,
        api_url=links.api_url,
        pooled_url=links.pooled_url,
        bar=bar,
        spread_of=grid.spread_of,
        looks=words.LOOKS,
        words=words,
    )
    made.globals.update(told=today_words, items_told=items_words, given_told=given_words)
    made.globals.update(root=ROOT, static=static_url, legend=class_view.legend(), rule=mastery, viewer=viewer)
    return made


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A rendered template as an answer."""
    html = environment().get_template(template).render(values)
    return HTMLResponse(html.encode("utf-8", "replace"), status, HEADERS | PRIVATE)


def static(name: str) -> Response | None:
    """A static file, or None where there is none of that name."""
    if name not in STATIC:
        return None
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}  # its address changes with its content
    return Response(_content(name), media_type=STATIC[name], headers=HEADERS | headers)


def static_url(name: str) -> str:
    return f"{ROOT}/static/{name}?v={sha256(_content(name)).hexdigest()[:10]}"


@cache
def _content(name: str) -> bytes:
    return (HERE / "static" / name).read_bytes()
