"""``nextwise plan``."""

from __future__ import annotations

import json

from service.capacity import Load, plan
from tests.service.cli.conftest import Call


def test_a_plan_as_a_table_and_as_json(call: Call) -> None:
    code, out, _ = call("plan", "--students", 50_000, "--responses-per-day", 1_000_000)
    assert code == 0
    assert "API workers" in out
    assert "a student" in out
    code, out, _ = call("plan", "--students", 1_000_000, "--responses-per-day", 50_000_000, "--json")
    told = json.loads(out)
    assert told["way"] == "cluster"
    assert told["store_nodes"] == plan(Load(1_000_000, 50_000_000, 180)).store_nodes
    assert told["responses_kept"] == 9_000_000_000


def test_no_students_is_asked_wrongly(call: Call) -> None:
    code, _, err = call("plan", "--students", 0, "--responses-per-day", 10)
    assert code == 2
    assert "students" in err
