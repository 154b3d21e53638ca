"""What may be asked of ``/next``: modes, limits, explanations, by query and by body alike."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.api.conftest import Api, problem
from tests.service.made import ODD_SKILL, raw


async def ask(api: Api, student: str = "ada", **body: Any) -> dict[str, Any]:
    """POST /next; the answer is what the query would have had."""
    answer = await api.client.post(f"/v1/students/{student}/next", json=body)
    assert answer.status_code == 200, answer.text
    asked = (await api.student(student, "next", **body)).json()
    told: dict[str, Any] = answer.json()
    assert told == asked
    return told


def given(told: dict[str, Any]) -> set[str]:
    return {one["item_id"] for one in told["recommendations"]}


async def test_nothing_in_particular_is_the_plain_question(api: Api) -> None:
    assert await ask(api) == (await api.student("ada", "next", n=1)).json()


async def test_limits(api: Api) -> None:
    assert given(await ask(api, n=50, items=["add-1", "odd-2"])) == {"add-1", "odd-2"}
    assert given(await ask(api, n=50, never=["adding"])) == {"odd-0", "odd-1", "odd-2"}
    forced = await ask(api, n=3, order=["carrying", "adding"])
    assert {one["reason"]["code"] for one in forced["recommendations"]} == {"ordered"}
    assert given(forced) == {"carry-0", "carry-1", "carry-2"}, "whatever it builds on"
    hard = await ask(api, p_min=0.99)
    assert (hard["outcome"], hard["recommendations"]) == ("no items", [])
    assert "band" in hard["text"]


async def test_repeats_and_spacing_look_at_the_whole_history(api: Api) -> None:
    await api.send([raw(f"r{n}", item=f"add-{n}", answered_at=n, correct=False) for n in range(2)])
    asked: dict[str, Any] = {"n": 50, "skills": ["adding"], "never": ["carrying"]}
    assert given(await ask(api, **asked)) == {"add-0", "add-1", "add-2"}
    assert given(await ask(api, **asked, repeats=0)) == {"add-2"}
    assert given(await ask(api, **asked, spacing=1)) == {"add-0", "add-2"}
    assert given(await ask(api, **asked, repeats=1)) == {"add-0", "add-1", "add-2"}


async def test_modes(api: Api) -> None:
    await api.send([raw(f"r{n}", item=f"odd-{n % 3}", answered_at=n) for n in range(9)])
    review = await ask(api, mode="review")
    assert review["recommendations"][0]["skill_ids"] == [ODD_SKILL]
    assert review["recommendations"][0]["reason"]["code"] == "review"
    placing = await ask(api, mode="diagnose")
    assert placing["recommendations"][0]["reason"]["code"] == "place"
    target = await ask(api, targets=["carrying"], by="2100-01-01T00:00:00Z", n=50)
    assert {one["reason"]["code"] for one in target["recommendations"]} <= {"target", "explore"}
    assert not any(ODD_SKILL in one["skill_ids"] for one in target["recommendations"])


async def test_an_explanation_is_given_where_it_is_asked_for(api: Api) -> None:
    plain, told = await ask(api), await ask(api, explain=True)
    assert plain["explanation"] is None
    assert told | {"explanation": None} == plain
    (detail,) = told["explanation"]["recommendations"]
    assert detail["recommendation_id"] == plain["recommendations"][0]["recommendation_id"]
    assert detail["for_student"].startswith("Let us begin with")
    assert {one["skill_id"]: one["why"] for one in detail["alternatives"]}["carrying"] in {"gate", "not ready"}
    assert (told["explanation"]["candidates"], told["explanation"]["filtered"]) == (9, {})
    fewer = (await ask(api, explain=True, never=["carrying"], exclude=["odd-0"]))["explanation"]
    assert (fewer["candidates"], fewer["filtered"]) == (5, {"never": 3, "excluded": 1})


async def test_a_skill_that_rests_is_told_to_the_teacher(api: Api) -> None:
    await api.send([raw(f"r{n}", item=f"odd-{n % 3}", answered_at=n, correct=False) for n in range(4)])
    (notice,) = (await ask(api))["notices"]
    assert (notice["code"], notice["skill_id"]) == ("wheel-spinning", ODD_SKILL)
    assert "4 wrong answers in a row" in notice["text"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"mode": "targets"}, "needs targets"),
        ({"by": "2030-01-01T00:00:00Z"}, "by is for targets"),
        ({"p_min": 0.8, "p_max": 0.2}, "p_min is above p_max"),
        ({"p_min": 1.5}, "p_min"),
        ({"mode": "guess"}, "mode"),
        ({"repeats": -1}, "repeats"),
        ({"n": 51}, "n"),
    ],
)
async def test_a_wrong_question_is_told(api: Api, body: dict[str, Any], said: str) -> None:
    posted = await api.client.post("/v1/students/ada/next", json=body)
    for answer in (posted, await api.student("ada", "next", **body)):
        assert said in str(problem(answer, 422, "invalid-request"))


async def test_unknown_names_are_told(api: Api) -> None:
    answer = await api.client.post("/v1/students/ada/next", json={"order": ["adding", "nope"]})
    assert problem(answer, 422, "unknown-skills")["unknown"] == ["nope"]
    answer = await api.client.post("/v1/students/ada/next", json={"skils": ["adding"]})
    assert "skils" in str(problem(answer, 422, "invalid-request"))
