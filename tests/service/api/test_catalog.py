"""``/v1/catalog`` and ``/v1/model``."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from engine import bundle
from engine.catalog import to_json
from tests.service.api.conftest import Api, problem
from tests.service.made import catalog, model, raw

CSV = {"content-type": "text/csv"}


async def put(api: Api, table: str, text: str, **params: Any) -> httpx.Response:
    return await api.client.put(f"/v1/catalog/{table}", content=text.encode(), headers=CSV, params=params)


async def test_json_goes_in_and_comes_out(bare_api: Api) -> None:
    answer = await bare_api.client.put("/v1/catalog", json=orjson.loads(to_json(catalog())))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["items"], told["skills"], told["prerequisites"], told["retired"]) == (9, 3, 1, 0)
    current = (await bare_api.client.get("/v1/catalog")).json()
    assert current.pop("version") == told["version"] == catalog().version
    assert current == orjson.loads(to_json(catalog()))
    again = await bare_api.client.put("/v1/catalog", json=current | {"version": "x"})
    assert again.json() == told


async def test_before_the_first_import(bare_api: Api) -> None:
    told = (await bare_api.client.get("/v1/catalog")).json()
    assert told == {"version": "", "skills": [], "items": [], "prerequisites": []}


async def test_tables_by_csv(bare_api: Api) -> None:
    assert (await put(bare_api, "items", "name,skill_ids\ni1,a;b\ni2,a\n", column="item_id=name")).status_code == 200
    told = (await put(bare_api, "prerequisites", "prerequisite,exercise\na,b\nb,a\n", break_cycles=1)).json()
    assert told["dropped"] == [{"prerequisite": "b", "skill": "a"}]
    assert (await bare_api.client.get("/v1/catalog")).json()["prerequisites"] == [{"prerequisite": "a", "skill": "b"}]
    given = (await bare_api.student("ada", "next", n=9)).json()["recommendations"]
    assert [one["item_id"] for one in given] == ["i2", "i1"]


async def test_faults_change_nothing(api: Api) -> None:
    told = problem(await put(api, "items", "item_id,skill_ids\ni1,\ni1,nope\n"), 422, "catalog-refused")
    assert [(one["table"], one["row"]) for one in told["faults"]] == [("items", 1), ("items", 2), ("items", 2)]
    told = problem(await put(api, "prerequisites", "prerequisite,skill\nadding,adding\n"), 422, "catalog-refused")
    assert told["cycles"] == [["adding", "adding"]]
    problem(await put(api, "items", ""), 422, "catalog-refused")
    problem(await put(api, "skills", "skill_id\n"), 422, "catalog-refused")
    assert (await api.client.get("/v1/catalog")).json()["version"] == catalog().version


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"items": []}', b'{"items": 3}'])
async def test_wrong_json(api: Api, body: bytes) -> None:
    answer = await api.client.put("/v1/catalog", content=body, headers={"content-type": "application/json"})
    problem(answer, 422, "catalog-refused")


async def test_wrong_requests(api: Api) -> None:
    problem(await put(api, "students", "x\n"), 404, "unknown-table")
    problem(await put(api, "items", "x\n", column="item_id"), 422, "invalid-request")
    problem(await api.client.put("/v1/catalog/items", json={}), 415, "unsupported-media-type")
    answer = await api.client.put("/v1/catalog", content=b"{", headers={"content-type": "application/json"})
    problem(answer, 400, "malformed-body")


async def test_what_a_new_catalog_lacks_is_retired(api: Api) -> None:
    await api.send(raw(item="add-0"))
    told = (await put(api, "items", "item_id,skill_ids\nnew,adding\n")).json()
    assert (told["items"], told["retired"]) == (1, 9)
    assert (await api.student("ada", "mastery")).json()["skills"][0]["responses"] == 1
    given = (await api.student("ada", "next", n=50)).json()["recommendations"]
    assert [one["item_id"] for one in given] == ["new"]


async def test_the_model(api: Api) -> None:
    assert (await api.client.get("/v1/model")).json()["version"] == "builtin"
    await api.tutor.store.publish("model", "3", bundle.dump(model("3")))
    told = (await api.client.get("/v1/model")).json()
    assert (told["version"], told["about"], told["catalog_version"]) == ("3", {"trainer": "none"}, catalog().version)


async def test_a_skills_own_threshold_goes_in_and_comes_out(bare_api: Api) -> None:
    await put(bare_api, "items", "item_id,skill_ids\ni1,a\ni2,b\n")
    before = (await bare_api.client.get("/v1/catalog")).json()
    assert before["skills"] == [{"id": "a", "title": ""}, {"id": "b", "title": ""}]
    assert (await put(bare_api, "skills", "skill_id,mastered_at\na,0.9\nb,\n")).status_code == 200
    current = (await bare_api.client.get("/v1/catalog")).json()
    assert current["skills"] == [{"id": "a", "title": "", "mastered_at": 0.9}, {"id": "b", "title": ""}]
    assert current["version"] != before["version"]
    again = await bare_api.client.put("/v1/catalog", json=current)
    assert again.json()["version"] == current["version"]
    # Items alone: the skills stay. A skills table without a: it stays with its retired items, as it was.
    kept = (await put(bare_api, "items", "item_id,skill_ids\ni2,b\n")).json()
    assert (kept["skills"], kept["retired"]) == (2, 1)
    told = await bare_api.client.put(
        "/v1/catalog", json={"items": [{"id": "i3", "skill_ids": ["b"]}], "skills": [{"id": "b"}]}
    )
    assert told.status_code == 200
    assert (await bare_api.client.get("/v1/catalog")).json()["skills"] == [
        {"id": "b", "title": ""},
        {"id": "a", "title": "", "mastered_at": 0.9},
    ]


async def test_a_threshold_that_is_no_share_is_refused_with_its_row(api: Api) -> None:
    answer = await put(api, "skills", "skill_id,mastered_at\nadding,0.9\ncarrying,90\n")
    told = problem(answer, 422, "catalog-refused")
    assert ("skills", 2) in [(one["table"], one["row"]) for one in told["faults"]]
    assert "mastered_at must lie between 0 and 1, such as 0.8, not '90'" in [one["message"] for one in told["faults"]]
    body = orjson.loads(to_json(catalog()))
    body["skills"][1]["mastered_at"] = True
    told = problem(await api.client.put("/v1/catalog", json=body), 422, "catalog-refused")
    assert [(one["table"], one["row"]) for one in told["faults"]] == [("skills", 2)]
    assert (await api.client.get("/v1/catalog")).json()["version"] == catalog().version


async def test_the_document_tells_of_thresholds(bare_api: Api) -> None:
    schemas = (await bare_api.client.get("/openapi.json")).json()["components"]["schemas"]
    assert "mastered_at" in schemas["SkillRow"]["properties"]
    assert "mastered_at" not in schemas["SkillRow"].get("required", [])
    assert {"mastery", "interval", "p_known", "threshold"} <= schemas["SkillMasteryOut"]["properties"].keys()
    assert {"mastery", "p_known"} <= schemas["SkillNowOut"]["properties"].keys()
