"""Addresses of the pages. Ids are whatever the sender chose: slashes, question marks, emoji."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

ROOT = "/reports"


Query = str | int | Sequence[str | int]


def url(kind: str, id: str, **query: Query) -> str:
    """A page of one class or student; a value that is a list is repeated, and an empty one left out.

    >>> url("skills", "4a", skill="a b"), url("groups", "4a", to=[1, 2], since="")
    ('/reports/skills/4a?skill=a%20b', '/reports/groups/4a?to=1&to=2')
    """
    return _with(_page(kind, id), query)


def pooled_url(**query: Query) -> str:
    """The items of all classes together."""
    return _with(f"{ROOT}/all-items", query)


def api_url(class_id: str, what: str, **query: Query) -> str:
    """What a page of a class shows, as CSV.

    >>> api_url("4/a", "items")
    '/v1/classes/4%2Fa/items?format=csv'
    """
    return _with(f"/v1/classes/{quote(class_id, safe='', errors='replace')}/{what}?format=csv", query)


def student_api_url(student_id: str, what: str) -> str:
    return f"/v1/students/{quote(student_id, safe='', errors='replace')}/{what}?format=csv"


def class_url(class_id: str, **query: Query) -> str:
    """The class page, with what differs from its defaults in the query.

    >>> class_url("4/a?"), class_url("..")
    ('/reports/classes/4%2Fa%3F', '/reports/classes?id=..')
    """
    return url("classes", class_id, **query)


def student_url(student_id: str, **query: Query) -> str:
    """The student page; ``class_`` is the class that the reader comes from, for the way back.

    >>> student_url("ada", class_="4/a")
    '/reports/students/ada?class=4%2Fa'
    """
    return url("students", student_id, **query)


def _page(kind: str, id: str) -> str:
    # Browsers resolve "." and ".." away, percent-encoded or not, and an id may be a blank: those go into the query.
    if not id.strip() or id in {".", ".."}:
        return f"{ROOT}/{kind}?id={quote(id, safe='', errors='replace')}"
    return f"{ROOT}/{kind}/{quote(id, safe='', errors='replace')}"


def _with(address: str, query: Mapping[str, Query]) -> str:
    told = [(name.rstrip("_"), [value] if isinstance(value, str | int) else value) for name, value in query.items()]
    pairs = "&".join(f"{name}={quote(str(one), safe='')}" for name, values in told for one in values if one != "")
    return address if not pairs else f"{address}{'&' if '?' in address else '?'}{pairs}"
