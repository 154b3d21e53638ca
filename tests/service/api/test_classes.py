"""``/v1/classes``, as JSON and as CSV that a spreadsheet can open safely."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from engine.catalog import Skill
from service.api.tables import safe_cell
from tests.service.api.conftest import Api, problem
from tests.service.made import catalog, raw


async def test_a_class(api: Api) -> None:
    await api.send([raw(f"r{n}", f"s{n % 2}", class_id="7b") for n in range(4)])
    assert (await api.client.get("/v1/classes")).json() == {"classes": ["7b"]}
    told = (await api.client.get("/v1/classes/7b/mastery")).json()
    assert [student["student_id"] for student in told["students"]] == ["s0", "s1"]
    assert told["students"][0] == (await api.student("s0", "mastery")).json()
    assert told["skills"][0]["counts"]["not enough evidence"] == 2


@pytest.mark.parametrize(
    ("params", "headers"),
    [({"format": "csv"}, {}), ({}, {"accept": "text/csv"}), ({"format": "csv"}, {"accept": "*/*"})],
)
async def test_csv(api: Api, params: dict[str, str], headers: dict[str, str]) -> None:
    await api.send(raw(student='=cmd|"x"', class_id="+7b"))
    answer = await api.client.get("/v1/classes/+7b/mastery", params=params, headers=headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["skill_id"] for row in rows][:2] == ["adding", "carrying"]
    assert (rows[0]["class_id"], rows[0]["student_id"]) == ("'+7b", '\'=cmd|"x"')
    assert rows[0]["responses"] == "1"
    assert float(rows[0]["low"]) <= float(rows[0]["mastery"]) <= float(rows[0]["high"])


async def test_csv_tells_p_known_threshold_and_area_last(api: Api) -> None:
    """At the end, so that a sheet made before there were these reads the other columns where they were."""
    await api.tutor.import_catalog(
        replace(catalog(), skills=(Skill("adding", "", 0.7, "Number"), *catalog().skills[1:]))
    )
    await api.send(raw(class_id="7b"))
    lines = list(csv.reader(io.StringIO((await api.client.get("/v1/classes/7b/mastery?format=csv")).text)))
    assert lines[0][-5:] == ["responses", "status", "p_known", "threshold", "area"]
    # The untrained model guesses 0.2 and slips 0.1: P(known) p shows as 0.9 p + 0.2 (1 - p). Prior 0.35, one right
    # answer, learn 0.12: p = 0.7429. Nothing on the other skills: p = 0.35.
    assert lines[1][-3:] == ["0.7429", "0.7000", "Number"]
    assert lines[1][4] == "0.7200"
    assert lines[2][-3:] == ["0.3500", "0.8000", ""]
    assert lines[2][4] == "0.4450"
    assert {len(line) for line in lines} == {12}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


async def test_json_is_the_default_and_can_be_insisted_on(api: Api) -> None:
    await api.send(raw(class_id="7b"))
    answer = await api.client.get("/v1/classes/7b/mastery?format=json", headers={"accept": "text/csv"})
    assert answer.json()["class_id"] == "7b"


async def test_an_unknown_class(api: Api) -> None:
    assert problem(await api.client.get("/v1/classes/8c/mastery"), 404, "unknown-class")["class_id"] == "8c"
