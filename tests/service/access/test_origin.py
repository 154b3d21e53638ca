"""Forms of other sites are not taken, signed in or not."""

from __future__ import annotations

import pytest

from tests.service.access.conftest import SMITH, Door, credentials

OWN = [
    {"sec-fetch-site": "same-origin"},
    {"origin": "http://test"},
    {"sec-fetch-site": "same-origin", "origin": "https://behind.a.proxy"},
]
FOREIGN = [
    {"sec-fetch-site": "cross-site", "origin": "http://evil.example"},
    {"sec-fetch-site": "same-site", "origin": "http://other.test"},
    {"sec-fetch-site": "none"},
    {"origin": "http://evil.example"},
    {"origin": "http://test.evil.example"},
    {"origin": "http://test:81"},
    {"origin": "null"},
    {},
]


@pytest.mark.parametrize("headers", OWN)
async def test_our_own_forms_are_taken(door: Door, headers: dict[str, str]) -> None:
    answer = await door.api.client.post("/reports/leave", headers=headers | credentials(SMITH))
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", FOREIGN)
async def test_those_of_others_are_not(door: Door, headers: dict[str, str]) -> None:
    answer = await door.api.client.post("/reports/leave", headers=headers | credentials(SMITH))
    assert answer.status_code == 403
    assert "This was not sent from a page of this address." in answer.text
    assert "set-cookie" not in answer.headers


async def test_nor_where_nobody_signs_in(open_door: Door) -> None:
    answer = await open_door.api.client.post("/reports/leave", headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
