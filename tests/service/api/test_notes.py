"""What teachers note of a student is heard, told, and withdrawn without a trace."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.api.conftest import Api, problem
from tests.service.made import raw


async def note(api: Api, kind: str, **said: Any) -> dict[str, Any]:
    answer = await api.client.post("/v1/students/ada/notes", json={"kind": kind, "author": "ms-hill"} | said)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def first(api: Api) -> dict[str, Any]:
    told: dict[str, Any] = (await api.student("ada", "next")).json()["recommendations"][0]
    return told


async def test_a_pin_is_given_first_until_it_is_answered(api: Api) -> None:
    pin = await note(api, "pin", item_id="carry-2", comment="for Monday")
    given = (await api.student("ada", "next", n=3)).json()["recommendations"]
    assert (given[0]["item_id"], given[0]["reason"]["code"], given[0]["propensity"]) == ("carry-2", "pinned", 1.0)
    assert "carry-2" not in {one["item_id"] for one in given[1:]}
    answered = (await api.send(raw("other", item="add-0"), next=1)).json()
    assert answered["next"]["recommendations"][0]["item_id"] == "carry-2", "an answer from before, to another item"
    after = raw("done", item="carry-2", answered_at=pin["at"])
    answered = (await api.send(after, next=1)).json()
    assert answered["next"]["recommendations"][0]["item_id"] != "carry-2"
    (kept,) = (await api.student("ada", "notes")).json()["notes"]
    assert kept == pin
    assert kept["author"] == "ms-hill"


async def test_a_pin_that_is_withdrawn_is_given_no_more(api: Api) -> None:
    plain = await first(api)
    pin = await note(api, "pin", item_id="odd-1")
    assert (await first(api))["item_id"] == "odd-1"
    assert (await api.client.delete(f"/v1/students/ada/notes/{pin['id']}")).status_code == 204
    assert await first(api) == plain
    gone = await api.client.delete(f"/v1/students/ada/notes/{pin['id']}")
    problem(gone, 404, "unknown-note")


async def test_an_estimate_is_evidence_and_later_answers_move_it_on(api: Api) -> None:
    await api.send([raw(f"r{n}", answered_at=n, correct=False) for n in range(3)])

    async def adding() -> dict[str, Any]:
        told: dict[str, Any] = (await api.student("ada", "mastery")).json()["skills"][0]
        return told

    before = await adding()
    made = await note(api, "estimate", skill_id="adding", mastery=1.0, answers=8)
    after = await adding()
    assert after["mastery"] > before["mastery"] + 0.2
    assert after["responses"] == before["responses"], "nothing was answered"
    assert after["interval"][0] <= after["mastery"] <= after["interval"][1]
    told = (await api.student("ada", "mastery")).json()["notes"]
    assert [one["said"] for one in told] == [{"skill_id": "adding", "mastery": 1.0, "answers": 8.0}]
    answered = (await api.send(raw("later", answered_at=made["at"], correct=False))).json()
    assert answered["mastery"][0]["mastery"] < after["mastery"]
    assert answered["mastery"][0]["mastery"] == pytest.approx((await adding())["mastery"])
    await api.client.delete(f"/v1/students/ada/notes/{made['id']}")
    assert (await adding())["mastery"] < after["mastery"] - 0.2
    assert (await api.student("ada", "history")).json()["total"] == 4


async def test_an_estimate_changes_what_comes_next(api: Api) -> None:
    assert "carrying" not in (await first(api))["skill_ids"]
    await note(api, "estimate", skill_id="adding", mastery=1.0, answers=20)
    told = (await api.student("ada", "next", n=3, never="Order of Operations +,-,/,* () positive reals")).json()
    assert all("carrying" in one["skill_ids"] for one in told["recommendations"])


async def test_limits_hold_for_every_question_and_add_to_its_own(api: Api) -> None:
    await note(api, "limits", limits={"never": ["adding"], "exclude": ["odd-0"]})
    told = (await api.student("ada", "next", n=50, exclude="odd-1")).json()
    assert {one["item_id"] for one in told["recommendations"]} == {"odd-2"}
    await note(api, "limits", limits={"items": ["add-1"]})
    told = (await api.send(raw(), next=5)).json()["next"]
    assert {one["item_id"] for one in told["recommendations"]} == {"add-1"}, "new limits take the place of old ones"


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"kind": "pin", "author": "a", "item_id": "nope"}, 422, "unknown-items"),
        ({"kind": "estimate", "author": "a", "skill_id": "nope", "mastery": 0.5}, 422, "unknown-skills"),
        ({"kind": "estimate", "author": "a", "skill_id": "adding", "mastery": 1.5}, 422, "invalid-request"),
        ({"kind": "pin", "item_id": "add-0"}, 422, "invalid-request"),
        ({"kind": "wish", "author": "a"}, 422, "invalid-request"),
        ({"kind": "limits", "author": "a", "limits": {"never": ["nope"]}}, 422, "unknown-skills"),
    ],
)
async def test_a_wrong_note_is_told_and_nothing_is_noted(
    api: Api, body: dict[str, Any], status: int, slug: str
) -> None:
    problem(await api.client.post("/v1/students/ada/notes", json=body), status, slug)
    assert (await api.student("ada", "notes")).json()["notes"] == []


async def test_there_is_an_end_to_notes(api: Api) -> None:
    for _ in range(100):
        await note(api, "pin", item_id="add-0")
    answer = await api.client.post(
        "/v1/students/ada/notes", json={"kind": "pin", "author": "ms-hill", "item_id": "add-0"}
    )
    assert problem(answer, 409, "too-many-notes")["most"] == 100
