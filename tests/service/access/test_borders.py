"""Everybody tries every border."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from service.access import Viewer
from service.api.gate import COOKIE, PUBLIC, STATIC
from service.roster.roster import Roster, made
from tests.service.access.conftest import ADA, ADMIN, JONES, LEADER, LMS, SMITH, Door, credentials, roster
from tests.service.api.conftest import problem
from tests.service.made import raw

CLASS_A, CLASS_B = "/v1/classes/4a/mastery", "/v1/classes/4b/mastery"
PAGE_A, PAGE_B = "/reports/classes/4a", "/reports/classes/4b"
QUESTIONS = (
    "today",
    "today?since=lesson&format=csv",
    "mastery?who=cy&group=set%3A%20a&status=stuck&format=csv",
    "skill?skill=adding",
    "groups",
    "groups?who=cy&to=1&skill=adding",
    "items?item=add-0",
    "recommendations",
)
ALLOWED: list[tuple[str, tuple[Viewer, ...]]] = [
    (CLASS_A, (SMITH, ADMIN, LMS)),
    (f"{CLASS_A}?format=csv", (SMITH, ADMIN, LMS)),
    (CLASS_B, (JONES, ADMIN, LMS)),
    (PAGE_A, (SMITH, ADMIN)),
    ("/reports/classes?id=4a", (SMITH, ADMIN)),
    (PAGE_B, (JONES, ADMIN)),
    *((f"/v1/classes/4a/{what}", (SMITH, ADMIN, LMS)) for what in QUESTIONS),
    *((f"/v1/classes/4b/{what}", (JONES, ADMIN, LMS)) for what in QUESTIONS),
    *(
        (f"/reports/{page}", (SMITH, ADMIN))
        for page in ("skills/4a?skill=adding", "groups/4a", "items?id=4a", "recommendations/4a")
    ),
    *(
        (f"/reports/{page}", (JONES, ADMIN))
        for page in ("skills/4b?skill=adding", "groups/4b", "items/4b?item=add-0", "recommendations/4b")
    ),
    ("/v1/classes", (SMITH, JONES, ADMIN, LMS)),
    ("/v1/items", (SMITH, JONES, LEADER, ADMIN, LMS)),
    ("/v1/items?item=add-0&format=csv", (SMITH, JONES, LEADER, ADMIN, LMS)),
    ("/reports/all-items?item=add-0", (SMITH, JONES, LEADER, ADMIN)),
    ("/v1/students/ada/mastery", (SMITH, ADA, ADMIN, LMS)),
    ("/v1/students/ada/history", (SMITH, ADA, ADMIN, LMS)),
    ("/v1/students/ada/outlook", (SMITH, ADA, ADMIN, LMS)),
    ("/v1/students/cy/outlook?format=csv", (JONES, ADMIN, LMS)),
    ("/reports/parents/ada", (SMITH, ADA, ADMIN)),
    ("/reports/parents?id=cy", (JONES, ADMIN)),
    ("/reports/students/ada", (SMITH, ADA, ADMIN)),
    ("/reports/students?id=ada", (SMITH, ADA, ADMIN)),
    ("/v1/students/ben/mastery", (SMITH, ADMIN, LMS)),
    ("/reports/students/ben", (SMITH, ADMIN)),
    ("/v1/students/cy/history", (JONES, ADMIN, LMS)),  # answered in 4a, is in 4b now: the roster decides
    ("/reports/students/cy?class=4a", (JONES, ADMIN)),
    ("/v1/students/ada/next", (LMS,)),
    ("/v1/students/ada/next?n=2&skills=adding", (LMS,)),
    ("/v1/model", (SMITH, JONES, ADA, LEADER, ADMIN, LMS)),
    ("/v1/nowhere", ()),
]
EVERYBODY = {"smith": SMITH, "jones": JONES, "ada": ADA, "leader": LEADER, "admin": ADMIN, "lms": LMS}


@pytest.mark.parametrize("name", EVERYBODY)
async def test_everybody_sees_what_is_theirs_and_nothing_else(door: Door, name: str) -> None:
    who = EVERYBODY[name]
    for path, allowed in ALLOWED:
        answer = await door.ask(who, path, accept="application/json")
        if who in allowed:
            assert answer.status_code == 200, (path, answer.text)
            assert answer.headers["cache-control"] == "no-store"
        elif not (who is LMS and path == "/v1/nowhere"):
            told = problem(answer, 403, "not-allowed")
            assert told["mend"]
            assert not {"Ada", "Ben", "Cy"} & set(answer.text.split())


async def test_who_is_refused_does_not_learn_what_there_is(door: Door) -> None:
    for there, nowhere in ((CLASS_B, "/v1/classes/9z/mastery"), ("/v1/students/cy/mastery", "/v1/students/x/mastery")):
        one, two = [(await door.ask(SMITH, path)).json() for path in (there, nowhere)]
        assert one | {"request_id": 0} == two | {"request_id": 0}


async def test_a_teacher_is_told_of_their_own_classes(door: Door) -> None:
    assert (await door.ask(SMITH, "/v1/classes")).json() == {"classes": ["4a"]}
    page = (await door.ask(SMITH, "/reports")).text
    assert "Maths 4a" in page
    assert "Maths 4b" not in page
    assert "Signed in: <bdi>teacher smith</bdi>" in page


async def test_items_of_all_classes_are_those_of_ones_own(door: Door) -> None:
    for who, names in ((SMITH, ["ada", "ben"]), (JONES, ["cy"]), (ADMIN, ["ada", "ben", "cy"])):
        told = (await door.ask(who, "/v1/items?item=add-0")).json()
        assert [one["student_id"] for line in told["lines"] for one in line["by"]] == names
    leader = await door.ask(LEADER, "/v1/items?item=add-0")
    assert (leader.json()["lines"], leader.json()["hidden"]) == ([], 1)  # three students are too few
    assert (await door.ask(LEADER, "/v1/items?format=csv")).text.count("\n") == 1
    assert "add-0" not in (await door.ask(LEADER, "/reports/all-items")).text


async def test_without_credentials_no_route_answers(door: Door) -> None:
    """Every route that the application has, so that one that is added is closed until somebody opens it."""
    routes = [route for route in _routes(door) if route.path not in PUBLIC and not route.path.startswith(STATIC)]
    assert len(routes) >= 12
    for route in routes:
        path = route.path
        for name in route.param_convertors:
            path = path.replace(f"{{{name}:path}}", "ada").replace(f"{{{name}}}", "ada")
        for method in route.methods or ():
            for who in (None, Viewer(ADA.role, "eve")):
                answer = await door.ask(who, path, method, accept="application/json")
                wanted = {401} if who is None else {403, 404, 422, 200, 303}
                assert answer.status_code in wanted, (method, path, answer.status_code)
    assert (await door.ask(None, "/v1/nowhere")).status_code == 401
    assert (await door.ask(None, "/health/live")).status_code == 200
    assert (await door.ask(None, "/docs")).status_code == 200


def _routes(door: Door) -> list[APIRoute]:
    from service import reports
    from service.api import catalog, classes, classroom, items, operations, outlook, overview, responses, students
    from service.reports.router import reports as pages

    parts = (catalog, classes, classroom, items, operations, outlook, overview, responses, students, reports)
    found = [route for part in parts for route in part.router.routes] + list(pages.routes)
    return [route for route in found if isinstance(route, APIRoute)]


@pytest.mark.parametrize("who", [SMITH, ADA, LEADER, ADMIN])
async def test_a_session_writes_nothing(door: Door, who: Viewer) -> None:
    for method, path in (("POST", "/v1/responses"), ("POST", "/v1/responses?next=1"), ("PUT", "/v1/catalog")):
        problem(await door.ask(who, path, method, json=raw()), 403, "not-allowed")
    for path in ("/v1/students/ada/next", "/v1/students/ada/mastery/next", "/v1/students/ada/next%0A"):
        assert (await door.ask(who, path)).status_code == 403


async def test_a_key_looks_at_no_pages(door: Door) -> None:
    assert (await door.ask(LMS, "/reports")).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        credentials(SMITH, secret="the secret of another one"),
        credentials(SMITH, expires=1_000),
        credentials(LMS, secret="the secret of another one"),
        credentials(LMS, expires=1_000),
        {"cookie": f"{COOKIE}=nonsense"},
        {"cookie": credentials(SMITH)["cookie"][:-4]},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer " + credentials(ADMIN)["cookie"].partition("=")[2]},
        {"authorization": "Bearer"},
        credentials(SMITH) | {"authorization": "Bearer x"},
    ],
)
async def test_what_does_not_hold_opens_nothing(door: Door, headers: dict[str, str]) -> None:
    told = problem(await door.api.client.get(CLASS_A, headers=headers), 401, "not-signed-in")
    assert "nextwise access" in told["mend"]
    page = await door.api.client.get(PAGE_A, headers=headers | {"accept": "text/html"})
    assert page.status_code == 401
    assert page.headers["www-authenticate"] == "Bearer"
    assert "You are not signed in" in page.text
    assert "Ada" not in page.text


async def test_another_teacher_by_another_name_of_the_same_token_is_no_way_in(door: Door) -> None:
    """The payload is readable; changing it breaks the signature."""
    from itsdangerous.encoding import base64_decode, base64_encode

    token = credentials(SMITH)["cookie"].partition("=")[2]
    payload, _, signature = token.partition(".")
    forged = base64_encode(base64_decode(payload).replace(b"smith", b"jones")).decode()
    assert forged != payload
    answer = await door.api.client.get(CLASS_B, headers={"cookie": f"{COOKIE}={forged}.{signature}"})
    problem(answer, 401, "not-signed-in")


async def test_who_loses_a_class_loses_it_with_the_next_request(door: Door) -> None:
    assert (await door.ask(SMITH, CLASS_A)).status_code == 200
    now: Roster = roster()
    kept = [one for one in now.enrolments if one.person not in {"smith", "ben"}]
    await door.api.tutor.rosters.publish(made(now.students, now.teachers, now.schools, now.classes, kept))
    for path in (CLASS_A, PAGE_A, "/v1/students/ada/mastery", "/reports/students/ada"):
        assert (await door.ask(SMITH, path)).status_code == 403
    assert (await door.ask(ADMIN, "/reports/students/ben")).status_code == 200


async def test_a_path_does_not_lead_around_the_borders(door: Door) -> None:
    for path in (
        "/v1/classes/4a%2F..%2F4b/mastery",
        "/v1/students/ada/mastery/../../cy/mastery",
        "/v1/students/cy%2Fmastery%2F..%2F..%2Fada/mastery",
        "/reports//classes/4b",
        "/reports/static/../classes/4b",
        "//reports/classes/4b",
        "/v1/students//mastery",
    ):
        answer = await door.ask(SMITH, path)
        assert answer.status_code in {403, 404}, path
        assert "cy" not in answer.text


async def test_open_is_open_and_says_so(open_door: Door) -> None:
    for path, _ in ALLOWED[:-1]:
        assert (await open_door.ask(None, path)).status_code == 200, path
    page = (await open_door.ask(None, "/reports")).text
    assert "No sign-in." in page
    assert "NEXTWISE_ACCESS=links" in page
    assert "Sign out" not in page


async def test_in_links_no_page_says_that_it_is_open(door: Door) -> None:
    assert "No sign-in." not in (await door.ask(ADMIN, "/reports")).text
    assert "No sign-in." not in (await door.ask(None, "/reports")).text


async def test_the_apis_document_tells_of_the_key(door: Door, open_door: Door) -> None:
    found = (await door.api.client.get("/openapi.json")).json()
    assert found["security"] == [{"key": []}]
    assert found["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "security" not in (await open_door.api.client.get("/openapi.json")).json()
