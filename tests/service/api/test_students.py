"""``/v1/students/...``"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.catalog import Skill
from service.settings import Settings
from tests.service.api.conftest import Api, problem, serving
from tests.service.made import ODD_SKILL, catalog, raw


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
    # The untrained model, three right answers: P(known) 0.9871, on its scale of expected success 0.9 p + 0.2 (1 - p).
    assert adding["p_known"] == pytest.approx(0.98708, abs=1e-5)
    assert adding["mastery"] == pytest.approx(0.89096, abs=1e-5)
    assert adding["threshold"] == carrying["threshold"] == 0.8
    assert (carrying["p_known"], carrying["mastery"]) == (pytest.approx(0.35), pytest.approx(0.445))
    assert adding["last_practised"] == "2026-03-03T09:00:00Z"
    assert (carrying["status"], carrying["last_practised"]) == ("not started", None)
    assert told["model_version"] == "builtin"


async def test_a_skill_is_mastered_from_its_own_threshold_on(api: Api) -> None:
    """What two right answers and a half leave is above what is asked for by default, and below what this one asks."""
    strict = replace(catalog(), skills=(*catalog().skills[:2], Skill(ODD_SKILL, "", 0.88)))
    await api.tutor.import_catalog(strict)
    items = [raw(f"{item}-{n}", item=item, answered_at=n) for item in ("add-0", "odd-0") for n in range(2)]
    items += [raw(f"{item}-x", item=item, answered_at=9, score=0.5) for item in ("add-0", "odd-0")]
    last = (await api.send(items)).json()["results"]
    adding, _, odd = (await api.student("ada", "mastery")).json()["skills"]
    assert (adding["threshold"], odd["threshold"]) == (0.8, 0.88)
    assert adding["mastery"] == odd["mastery"]
    assert 0.8 < adding["mastery"] < 0.88
    assert (adding["status"], odd["status"]) == ("needs review", "learning")  # mastered, in 1970
    now = {one["mastery"][0]["skill_id"]: one["mastery"][0] for one in last}
    assert [now[one["skill_id"]]["status"] for one in (adding, odd)] == ["needs review", "learning"]
    assert now["adding"]["p_known"] == adding["p_known"]
    # And the recommender goes by the same threshold.
    assert (await api.student("ada", "next", skills=ODD_SKILL)).json()["outcome"] == "learn"
    await api.tutor.import_catalog(catalog())
    assert (await api.student("ada", "next", skills=ODD_SKILL)).json()["outcome"] == "nothing left"


async def test_who_is_expected_to_fail_is_not_called_mastered_unless_the_catalog_says_so(
    store_url: str, tmp_path: Path
) -> None:
    """The untrained model slips 0.1: who knows a skill for sure is right at 0.9, where the school asks for 0.95."""
    async with serving(Settings(data=tmp_path, store=store_url, mastered_at=0.95)) as strict:
        await strict.tutor.import_catalog(catalog())
        await strict.send([raw(f"r{n}", answered_at=n) for n in range(20)])
        adding = (await strict.student("ada", "mastery")).json()["skills"][0]
        assert (adding["threshold"], adding["status"]) == (0.95, "learning")
        assert adding["mastery"] == pytest.approx(0.9, abs=1e-6)
        own = (Skill("adding", "", 0.85), *catalog().skills[1:])
        await strict.tutor.import_catalog(replace(catalog(), skills=own))
        adding = (await strict.student("ada", "mastery")).json()["skills"][0]
        assert (adding["threshold"], adding["status"]) == (0.85, "needs review")  # mastered, in 1970


async def test_history_by_pages(api: Api) -> None:
    await api.send([raw(f"r{n}", answered_at=n) for n in range(5)])
    whole = (await api.student("ada", "history")).json()
    assert [step["answered_at"][-3:] for step in whole["steps"]] == ["04Z", "03Z", "02Z", "01Z", "00Z"]
    page = (await api.student("ada", "history", limit=2, offset=1)).json()
    assert (page["steps"], page["total"], page["offset"]) == (whole["steps"][1:3], 5, 1)
    assert (await api.student("ada", "history", offset=9)).json()["steps"] == []
