"""Addresses hold any id, and lead back to it."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from service.reports.links import class_url, student_url

ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(ids)
@example("..")
@example(".")
@example("a/../b")
@example(" ")
@example("?id=x#y&z")
@example("a%2Fb")
def test_an_address_leads_back_to_its_id(id: str) -> None:
    parts = urlsplit(student_url(id, page=2))
    assert parts.fragment == ""
    query = parse_qs(parts.query, keep_blank_values=True)
    assert query["page"] == ["2"]
    if "id" in query:
        assert parts.path == "/reports/students"
        assert query["id"] == [id]
    else:
        rest = parts.path.removeprefix("/reports/students/")
        assert rest not in {"", ".", ".."}
        assert "/" not in rest
        assert unquote(rest) == id


def test_the_way_back_stands_in_the_query() -> None:
    assert student_url("ada", class_="4&a", page=2) == "/reports/students/ada?class=4%26a&page=2"
    assert class_url("..", sort="name") == "/reports/classes?id=..&sort=name"
