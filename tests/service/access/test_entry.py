"""From a link to a session and out again."""

from __future__ import annotations

import time

import pytest

from service.access import Role, Tokens, Viewer
from service.api.gate import COOKIE
from tests.service.access.conftest import ADA, ADMIN, LEADER, SECRET, SMITH, Door


def link(who: Viewer, secret: str = SECRET, days: float = 1) -> str:
    token = Tokens(secret.encode()).make("link", who, int(time.time() + 86_400 * days))
    return f"/reports/enter?token={token}"


@pytest.mark.parametrize(
    ("who", "home"),
    [
        (SMITH, "/reports"),
        (ADMIN, "/reports"),
        (ADA, "/reports/students/ada"),
        (Viewer(Role.STUDENT, "a/b?"), "/reports/students/a%2Fb%3F"),
        (LEADER, "/reports/overview"),
    ],
)
async def test_a_link_opens_a_session(door: Door, who: Viewer, home: str) -> None:
    answer = await door.api.client.get(link(who))
    assert (answer.status_code, answer.headers["location"]) == (303, home)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert f"Max-Age={12 * 3600}" in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    if who is SMITH:
        assert (await door.api.client.get("/reports/classes/4a")).status_code == 200  # the client keeps the cookie


async def test_over_https_the_cookie_is_for_https_alone_and_ends_with_the_link(door: Door) -> None:
    answer = await door.api.client.get(link(SMITH, days=1 / 24), headers={"x-forwarded-proto": "https"})
    assert "Secure" in answer.headers["set-cookie"]
    assert int(answer.headers["set-cookie"].split("Max-Age=")[1].split(";")[0]) in range(3590, 3601)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (link(SMITH, days=-1), "The link has expired."),
        (link(SMITH, "the secret of another one"), "not made by this installation"),
        (link(SMITH)[:-3], "not made by this installation"),
        ("/reports/enter", "not made by this installation"),
        ("/reports/enter?token=" + Tokens(SECRET.encode()).make("session", SMITH, 9_999_999_999), "not made by"),
    ],
)
async def test_a_link_that_does_not_hold_says_so_on_a_page(door: Door, address: str, says: str) -> None:
    answer = await door.api.client.get(address, headers={"accept": "text/html"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert says in answer.text
    assert "nextwise access" in answer.text
    assert "set-cookie" not in answer.headers


async def test_out(door: Door) -> None:
    await door.api.client.get(link(SMITH))
    assert (await door.api.client.get("/reports")).status_code == 200
    answer = await door.api.client.post("/reports/leave", headers={"origin": "http://test"})
    assert "You are signed out" in answer.text
    assert "Sign out" not in answer.text
    assert (await door.api.client.get("/reports")).status_code == 401


async def test_a_student_is_led_to_their_page_and_finds_no_way_to_others(door: Door) -> None:
    answer = await door.ask(ADA, "/reports")
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports/students/ada")
    page = (await door.ask(ADA, "/reports/students/ada")).text
    assert "Ada Lovelace" in page
    assert 'role="search"' not in page
    assert "/reports/classes" not in page
