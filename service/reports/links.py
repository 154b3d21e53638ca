"""Addresses of the pages. Ids are whatever the sender chose: slashes, question marks, emoji."""

from __future__ import annotations

from urllib.parse import quote

ROOT = "/reports"


def class_url(class_id: str, **query: str | int) -> str:
    """The class page, with what differs from its defaults in the query.

    >>> class_url("4/a?"), class_url("..")
    ('/reports/classes/4%2Fa%3F', '/reports/classes?id=..')
    """
    return _with(_page("classes", class_id), query)


def student_url(student_id: str, **query: str | int) -> str:
    """The student page; ``class_`` is the class that the reader comes from, for the way back.

    >>> student_url("ada", class_="4/a")
    '/reports/students/ada?class=4%2Fa'
    """
    return _with(_page("students", student_id), query)


def _page(kind: str, id: str) -> str:
    # Browsers resolve "." and ".." away, percent-encoded or not, and an id may be a blank: those go into the query.
    if not id.strip() or id in {".", ".."}:
        return f"{ROOT}/{kind}?id={quote(id, safe='', errors='replace')}"
    return f"{ROOT}/{kind}/{quote(id, safe='', errors='replace')}"


def _with(address: str, query: dict[str, str | int]) -> str:
    pairs = "&".join(f"{name.rstrip('_')}={quote(str(value), safe='')}" for name, value in query.items())
    return address if not pairs else f"{address}{'&' if '?' in address else '?'}{pairs}"
