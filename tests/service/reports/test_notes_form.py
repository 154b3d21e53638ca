"""What teachers note from the page: kept with author and date, heard in what is recommended, taken back."""

from __future__ import annotations

import re

import httpx

from service.access import Viewer
from tests.service.access.conftest import ADA, ADMIN, JONES, LEADER, LMS, SMITH, Door, credentials, door

__all__ = ["door"]

PIN = {"kind": "pin", "item_id": "odd-1", "comment": "she asked for it"}


async def post(
    door: Door, who: Viewer | None, student: str, form: dict[str, str], site: str = "same-origin"
) -> httpx.Response:
    """As a browser sends the form of class 4a's page."""
    headers = {"accept": "text/html", "sec-fetch-site": site} | credentials(who)
    data = {"student_id": student, "class_id": "4a"} | form
    return await door.api.client.post("/reports/notes", data=data, headers=headers)


async def test_an_item_is_pinned_and_given_next_and_taken_back(door: Door) -> None:
    first = (await door.ask(LMS, "/v1/students/ada/next")).json()["recommendations"][0]["item_id"]
    answer = await post(door, SMITH, "ada", PIN)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/reports/recommendations/4a?student=ada#notes-title",
    )
    given = (await door.ask(LMS, "/v1/students/ada/next")).json()["recommendations"][0]["item_id"]
    assert given == "odd-1" != first
    page = (await door.ask(SMITH, "/reports/recommendations/4a")).text
    assert "odd-1: to be given next" in page
    assert "teacher smith" in page
    assert "she asked for it" in page
    (told,) = (await door.ask(SMITH, "/v1/classes/4a/recommendations")).json()["notes"]
    assert (told["student_id"], told["author"], told["about"], told["done"]) == ("ada", "teacher smith", "odd-1", False)
    note_id = re.findall(r'name="withdraw" value="([^"]+)"', page)[0]
    assert (await post(door, SMITH, "ada", {"withdraw": note_id})).status_code == 303
    assert (await door.ask(LMS, "/v1/students/ada/next")).json()["recommendations"][0]["item_id"] == first


async def test_what_was_seen_of_a_skill_counts_as_five_answers(door: Door) -> None:
    path = "/v1/students/ada/mastery"
    before = (await door.ask(SMITH, path)).json()["skills"][0]["mastery"]
    seen = {"kind": "estimate", "skill_id": "adding", "mastery": "0.95", "comment": ""}
    assert (await post(door, SMITH, "ada", seen)).status_code == 303
    assert (await door.ask(SMITH, path)).json()["skills"][0]["mastery"] > before
    page = (await door.ask(SMITH, "/reports/recommendations/4a")).text
    assert "Adding: 95 in 100, with the weight of 5 answers" in page


WHO_MAY = [
    (SMITH, "cy", "same-origin", 403),  # of another's class
    (JONES, "ada", "same-origin", 403),
    (ADA, "ada", "same-origin", 403),
    (LEADER, "ada", "same-origin", 403),
    (LMS, "ada", "same-origin", 403),  # a program has /v1/students/{id}/notes
    (None, "ada", "same-origin", 401),
    (SMITH, "ada", "cross-site", 403),
    (ADMIN, "cy", "same-origin", 303),
]


async def test_who_may_note_what(door: Door) -> None:
    for who, student, site, status in WHO_MAY:
        assert (await post(door, who, student, PIN, site)).status_code == status, (who, student)
        assert len(await door.api.tutor.notebook.notes(student)) == (status == 303)


DO_NOT_FIT: list[tuple[dict[str, str], str]] = [
    ({"kind": "pin"}, "item_id"),
    ({"kind": "pin", "item_id": "nowhere"}, "nowhere"),
    ({"kind": "estimate", "skill_id": "adding", "mastery": "7"}, "mastery"),
    ({"kind": "wish"}, "kind"),
    ({}, "kind"),
    ({"kind": "pin", "item_id": "odd-1", "more": "x"}, "more"),
    ({"withdraw": "none"}, "none"),
    ({"kind": "pin", "item_id": "odd-1", "comment": "x" * 200_001}, "too large"),
]


async def test_a_form_that_does_not_fit_is_told_so(door: Door) -> None:
    for form, said in DO_NOT_FIT:
        answer = await post(door, SMITH, "ada", form)
        assert answer.status_code in {404, 413, 422}, form
        assert said in answer.text
    assert await door.api.tutor.notebook.notes("ada") == ()


async def test_nobody_signs_in_another_ones_name(door: Door) -> None:
    await post(door, SMITH, "ada", PIN | {"author": "teacher jones"})
    (note,) = await door.api.tutor.notebook.notes("ada")
    assert note.author == "teacher smith"


async def test_who_comes_from_a_student_finds_the_forms_filled_in(door: Door) -> None:
    student = (await door.ask(SMITH, "/reports/students/ada?class=4a")).text
    (address,) = re.findall(r'href="(/reports/recommendations/4a[^"#]*)#notes-title"', student)
    page = (await door.ask(SMITH, address)).text
    assert page.count('<option value="ada" selected>') == 2
    items = page.partition("<datalist")[2].partition("</datalist>")[0]
    assert 'value="odd-1"' in items  # any item of the catalog can be given, recommended or not
