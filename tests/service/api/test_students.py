"""``/v1/students/...``"""

from __future__ import annotations

from tests.service.api.conftest import Api, problem
from tests.service.made import raw


async def test_a_new_student_gets_a_sensible_start(api: Api) -> None:
    told = (await api.student("new", "next", n=3)).json()
    assert told["outcome"] == "learn"
    assert len({one["item_id"] for one in told["recommendations"]}) == 3
    assert {one["reason"]["code"] for one in told["recommendations"]} == {"start"}
    assert not any("carrying" in one["skill_ids"] for one in told["recommendations"])  # it builds on adding


async def test_who_has_mastered_all_hears_so(api: Api) -> None:
    answers = [raw(f"{item}-{n}", item=item, answered_at=n) for item in ("carry-0", "odd-0") for n in range(30)]
    await api.send(answers)
    told = (await api.student("ada", "next")).json()
    assert told["outcome"] == "nothing left"
    assert told["recommendations"][0]["reason"]["code"] == "review"


async def test_without_a_catalog_nothing_can_come_next(bare_api: Api) -> None:
    told = problem(await bare_api.student("ada", "next"), 409, "no-catalog")
    assert "PUT /v1/catalog" in told["mend"]
    answer = await bare_api.send(raw(), next=1)
    assert (answer.status_code, answer.json()["next"]["outcome"]) == (200, "no catalog")
    assert await bare_api.counted() == (1, 1)


async def test_the_same_question_has_the_same_answer(api: Api) -> None:
    first, again = await api.student("ada", "next", n=3), await api.student("ada", "next", n=3)
    assert again.content == first.content


async def test_exclusions(api: Api) -> None:
    told = (await api.student("ada", "next", n=50, exclude=["add-0", "odd-1"])).json()
    given = {one["item_id"] for one in told["recommendations"]}
    assert given
    assert not given & {"add-0", "odd-1"}


async def test_empty_parameters_ask_for_nothing_in_particular(api: Api) -> None:
    plain = (await api.student("ada", "next")).json()
    assert (await api.student("ada", "next", skills="", exclude="")).json() == plain


async def test_mastery(api: Api) -> None:
    await api.send([raw(f"r{n}", answered_at=f"2026-03-0{n + 1}T09:00:00Z") for n in range(3)])
    told = (await api.student("ada", "mastery")).json()
    assert (told["student_id"], told["responses"]) == ("ada", 3)
    adding, carrying = told["skills"][:2]
    assert (adding["skill_id"], adding["title"], adding["responses"]) == ("adding", "Adding", 3)
    assert 0 < adding["interval"][0] <= adding["mastery"] <= adding["interval"][1] < 1
    assert adding["last_practised"] == "2026-03-03T09:00:00Z"
    assert (carrying["status"], carrying["last_practised"]) == ("not started", None)
    assert told["model_version"] == "builtin"


async def test_history_by_pages(api: Api) -> None:
    await api.send([raw(f"r{n}", answered_at=n) for n in range(5)])
    whole = (await api.student("ada", "history")).json()
    assert [step["answered_at"][-3:] for step in whole["steps"]] == ["04Z", "03Z", "02Z", "01Z", "00Z"]
    page = (await api.student("ada", "history", limit=2, offset=1)).json()
    assert (page["steps"], page["total"], page["offset"]) == (whole["steps"][1:3], 5, 1)
    assert (await api.student("ada", "history", offset=9)).json()["steps"] == []
