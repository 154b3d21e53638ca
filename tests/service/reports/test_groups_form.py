"""Groups that are kept from the page: by those who teach the class, and nobody else."""

from __future__ import annotations

import re

import httpx

from service.access import Viewer
from tests.service.access.conftest import ADA, ADMIN, JONES, LEADER, LMS, SMITH, Door, credentials, door
from tests.service.api.conftest import problem

__all__ = ["door"]

Form = dict[str, str | list[str]]
MONDAY: Form = {"skill": ["adding", ""], "who": ["ada", "ben"], "to": ["1", "0"], "name": "Monday <b>"}
KEPT = {"name": "Tuesday", "author": "ms-hill", "groups": [{"skill_id": "adding", "students": ["ada", "cy"]}]}


async def post(
    door: Door, who: Viewer | None, form: Form, path: str = "groups/4a", site: str = "same-origin"
) -> httpx.Response:
    headers = {"accept": "text/html", "sec-fetch-site": site} | credentials(who)
    return await door.api.client.post(f"/reports/{path}", data=form, headers=headers)


async def kept(door: Door, class_id: str = "4a") -> list[dict[str, str]]:
    told: list[dict[str, str]] = (await door.ask(LMS, f"/v1/classes/{class_id}/groups")).json()["kept"]
    return told


async def test_groups_are_kept_seen_and_let_go(door: Door) -> None:
    answer = await post(door, SMITH, MONDAY)
    (one,) = await kept(door)
    assert (one["name"], one["author"]) == ("Monday <b>", "teacher smith")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/reports/groups/4a?kept={one['id']}")
    page = (await door.ask(SMITH, answer.headers["location"])).text
    assert "Monday &lt;b&gt;: kept by teacher smith" in page
    sheet = re.findall(r'href="([^"]+)">The same as CSV', page)[0].replace("&amp;", "&")
    assert sheet == f"/v1/classes/4a/groups?format=csv&kept={one['id']}"
    rows = (await door.ask(SMITH, sheet)).text.splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [["1", "ada"], ["", "ben"]]
    assert "Monday &lt;b&gt;" in (await door.ask(SMITH, "/reports/groups/4a")).text
    assert (await post(door, SMITH, {"let_go": one["id"]})).headers["location"] == "/reports/groups/4a"
    assert await kept(door) == []
    gone = await door.ask(SMITH, f"/reports/groups/4a?kept={one['id']}", accept="text/html")
    assert gone.status_code == 404
    assert "There are no such groups of this class" in gone.text


WHO_MAY = [
    (SMITH, "groups/4b", "same-origin", 403),  # another's class
    (SMITH, "groups?id=4b", "same-origin", 403),
    (JONES, "groups/4a", "same-origin", 403),
    (ADA, "groups/4a", "same-origin", 403),
    (LEADER, "groups/4a", "same-origin", 403),
    (LMS, "groups/4a", "same-origin", 403),  # a program has /v1/classes/{id}/groups
    (None, "groups/4a", "same-origin", 401),
    (SMITH, "groups/4a", "cross-site", 403),
    (SMITH, "groups/4a/../4b", "same-origin", 403),
]


async def test_nobody_else_keeps_groups_or_lets_them_go(door: Door) -> None:
    for class_id in ("4a", "4b"):
        made = await door.ask(LMS, f"/v1/classes/{class_id}/groups", "POST", json=KEPT)
        assert made.status_code == 201, made.text
    before = await kept(door), await kept(door, "4b")
    gone: Form = {"let_go": before[0][0]["id"]}
    for form in (MONDAY, gone):
        for who, path, site, status in WHO_MAY:
            assert (await post(door, who, form, path, site)).status_code == status, (who, path)
    assert (await kept(door), await kept(door, "4b")) == before
    assert (await post(door, ADMIN, MONDAY, "groups/4b")).status_code == 303
    for who in (SMITH, JONES, ADA, LEADER, ADMIN):  # sessions write by the forms of pages alone
        problem(await door.ask(who, "/v1/classes/4a/groups", "POST", json=KEPT), 403, "not-allowed")
        address = f"/v1/classes/4a/groups/{before[0][0]['id']}"
        problem(await door.ask(who, address, "DELETE"), 403, "not-allowed")
    problem(await door.ask(JONES, f"/v1/classes/4a/groups?kept={before[0][0]['id']}"), 403, "not-allowed")


async def test_a_program_keeps_groups_and_lets_them_go(door: Door) -> None:
    path = "/v1/classes/4a/groups"
    made = (await door.ask(LMS, path, "POST", json=KEPT)).json()
    assert made["groups"] == [{"skill_id": "adding", "students": ["ada"]}]  # cy is in 4b
    (told,) = await kept(door)
    assert told == {name: made[name] for name in ("id", "name", "author", "at")}
    assert (await door.ask(LMS, f"{path}/{told['id']}", "DELETE")).status_code == 204
    problem(await door.ask(LMS, f"{path}/{told['id']}", "DELETE"), 404, "unknown-groups")
    problem(await door.ask(LMS, f"{path}?kept=x"), 404, "unknown-groups")
    for body in ({}, KEPT | {"groups": []}, KEPT | {"name": " "}, KEPT | {"more": 1}):
        problem(await door.ask(LMS, path, "POST", json=body), 422, "invalid-request")
    odd = KEPT | {"groups": [{"skill_id": "nowhere", "students": []}]}
    problem(await door.ask(LMS, path, "POST", json=odd), 422, "unknown-skills")


async def test_a_form_that_does_not_fit_is_told_so(door: Door) -> None:
    for change, status, said in (
        ({"name": " "}, 422, "need a name"),
        ({"to": ["1", "x"]}, 422, "The group of a student is a number"),
        ({"to": ["1"]}, 422, "As many who as to"),
        ({"skill": ["nowhere"]}, 422, "nowhere"),
        ({"name": "x" * 200_001}, 413, "too large"),
        ({"let_go": "none"}, 404, "no such groups"),
    ):
        answer = await post(door, SMITH, MONDAY | change)  # type: ignore[operator]
        assert answer.status_code == status, change
        assert said in answer.text
    assert await kept(door) == []
