"""``POST /v1/responses``, on both stores."""

from __future__ import annotations

import asyncio

import pytest

from engine import bundle
from tests.service.api.conftest import Api, problem
from tests.service.made import model, raw

pytestmark = pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)


async def test_one_response(api: Api) -> None:
    answer = await api.send(raw(item="carry-0"), next=2)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["id"], told["status"], told["item_known"]) == ("r1", "recorded", True)
    assert [one["skill_id"] for one in told["mastery"]] == ["adding", "carrying"]
    assert told["model_version"] == "builtin"
    assert told["next"]["student_id"] == "ada"
    first = told["next"]["recommendations"][0]
    assert {"recommendation_id", "item_id", "skill_ids", "reason", "p_correct", "expected_gain"} <= first.keys()
    assert {"propensity", "policy", "model_version"} <= first.keys()
    assert first["reason"].keys() == {"code", "text"}
    assert len(told["next"]["recommendations"]) == 2
    assert "idempotent-replayed" not in answer.headers


async def test_a_resend_gets_the_same_answer(api: Api) -> None:
    first, again = await api.send(raw(), next=1), await api.send(raw(score=1.0), next=1)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert await api.counted() == (1, 1)


async def test_a_resent_batch_gets_the_same_answer(api: Api) -> None:
    batch = [raw(f"r{n}", f"s{n % 3}") for n in range(9)]
    first, again = await api.send(batch, next=1), await api.send(batch, next=1)
    assert again.content == first.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await api.counted("s0") == (3, 9)


async def test_a_partly_new_batch_is_no_replay(api: Api) -> None:
    await api.send([raw("r1")])
    answer = await api.send([raw("r1"), raw("r2")])
    assert "idempotent-replayed" not in answer.headers
    assert answer.json()["recorded"] == 2


async def test_a_contradiction_is_a_conflict(api: Api) -> None:
    await api.send(raw())
    told = problem(await api.send(raw(correct=False)), 409, "response-conflict")
    assert told["id"] == "r1"
    assert await api.counted() == (1, 1)


async def test_one_bad_response_takes_no_other_down(api: Api) -> None:
    batch = [raw("r1"), raw("r2", score=1.3), 3, raw("r3", student="bob"), raw("r1", correct=False), raw("r4")]
    told = (await api.send(batch, next=1)).json()
    assert [one["id"] for one in told["results"]] == ["r1", "r2", None, "r3", "r1", "r4"]
    statuses = [one["status"] for one in told["results"]]
    assert statuses == ["recorded", "rejected", "rejected", "recorded", "rejected", "recorded"]
    assert (told["recorded"], told["rejected"]) == (3, 3)
    assert [told["results"][at]["problem"]["status"] for at in (1, 2, 4)] == [422, 422, 409]
    assert told["results"][1]["problem"]["errors"][0]["field"] == "score"
    assert [one["student_id"] for one in told["next"]] == ["ada", "bob"]
    assert await api.counted() == (2, 3)


async def test_a_batch_of_bad_ones_records_nothing(api: Api) -> None:
    told = (await api.send([{}, raw(score=2)], next=1)).json()
    assert (told["recorded"], told["rejected"], told["next"]) == (0, 2, [])
    assert await api.counted() == (0, 0)


async def test_late_answers_fold_where_they_belong(api: Api) -> None:
    answers = [raw(f"r{n}", item=f"carry-{n % 3}", answered_at=1000 + n, correct=n % 4 > 0) for n in range(40)]
    await api.send([one | {"student_id": "in-order"} for one in answers])
    for low, high in ((20, 40), (0, 7), (7, 20)):
        last = (await api.send(answers[low:high])).json()["results"][-1]
    ordered = (await api.student("in-order", "mastery")).json()
    mixed = (await api.student("ada", "mastery")).json()
    assert mixed["skills"] == ordered["skills"]
    assert [one["mastery"] for one in last["mastery"]] == [one["mastery"] for one in ordered["skills"][:2]]
    of_order, of_mixed = [(await api.student(who, "history")).json()["steps"] for who in ("in-order", "ada")]
    assert of_mixed == of_order


async def test_a_new_model_is_taken_up_without_a_failed_request(api: Api) -> None:
    await api.send([raw(f"r{n}", answered_at=1000 + n, correct=False) for n in range(40)])
    before = (await api.student("ada", "mastery")).json()
    versions = list[str]()
    async with asyncio.timeout(60):
        while versions[-10:] != ["7"] * 10:
            n = len(versions)
            if n == 10:
                await api.tutor.store.publish("model", "7", bundle.dump(model("7", learn=0.5)))
            answer = await api.send(raw(f"x{n}", "bob", answered_at=1000 + n), next=1)
            assert answer.status_code == 200
            versions.append(answer.json()["model_version"])
    assert versions == ["builtin"] * (len(versions) - 10) + ["7"] * 10
    after = (await api.student("ada", "mastery")).json()
    assert after["model_version"] == "7"
    assert after["skills"][0]["mastery"] > before["skills"][0]["mastery"]
    assert after["responses"] == before["responses"] == 40


async def test_a_thousand_at_once(api: Api) -> None:
    batch = [raw(f"r{n}", f"s{n % 200}", f"add-{n % 3}", answered_at=1000 + n) for n in range(1000)]
    told = (await api.send(batch)).json()
    assert told["recorded"] == 1000
    assert await api.counted("s0") == (5, 1000)
    again = await api.send(batch)
    assert again.headers["idempotent-replayed"] == "true"
    assert await api.counted("s0") == (5, 1000)
