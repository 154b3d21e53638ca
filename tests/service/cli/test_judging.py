"""A version is put to the gates before it is served: by commands, on a real MLflow database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.bundle import load
from engine.mastery_model import LEARN, PRIOR, MasteryModel
from models.registry import Registry
from tests.models.registry.made import registry_in

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return registry_in(tmp_path / "data")


def _spoilt(registry: Registry) -> str:
    """A version like the first, under which hardly anybody has mastered anything."""
    model = load(registry.bundle("1"), "1")
    assert isinstance(model, MasteryModel)
    values = model.values.copy()
    values[:, [PRIOR, LEARN]] -= 8.0  # logits: less would be outweighed by a few right answers
    other = replace(model, values=values, about={})
    return registry.log(other, params={}, metrics={}, data_digest="d" * 64, judged=other)


def _roster(answers: Path, tmp_path: Path) -> Path:
    students = sorted(set(pd.read_csv(answers)["student_id"]))
    path = tmp_path / "roster.csv"
    pd.DataFrame({"student_id": students, "bus": ["yes", "no"] * 6}).to_csv(path, index=False)
    return path


def test_a_version_that_passes_is_promoted_and_one_that_does_not_is_refused(
    call: Call, answers: Path, registry: Registry
) -> None:
    assert call("train", answers)[0] == 0
    assert call("train", answers)[0] == 0
    code, out, _ = call("models", "check", "2", "--data", answers)
    assert code == 0
    assert "mastery threshold" in out
    assert registry.champion() == "1"
    code, out, _ = call("models", "promote", "2", "--data", answers)
    assert code == 0
    assert out.endswith("version 2 is champion (before: 1)\n")

    version = _spoilt(registry)
    code, out, err = call("models", "check", version, "--data", answers)
    assert code == 1
    assert "BLOCKED" in out
    code, out, err = call("models", "promote", version, "--data", answers, "--json")
    told = json.loads(out)
    assert (code, told["promoted"], told["champion"]) == (1, False, "2")
    assert "mastery threshold" in told["refused"]
    assert told["crossings"]["total"]["lost"] == told["crossings"]["classes"][0]["lost"] > 0
    assert len(told["crossings"]["skills"]) <= 10
    assert f'nextwise models promote {version} --force --reason "..."' in err
    assert registry.champion() == "2"


def test_a_forced_promotion_keeps_the_reason_and_what_stood_in_the_way(
    call: Call, answers: Path, registry: Registry
) -> None:
    call("train", answers)
    version = _spoilt(registry)
    assert call("models", "promote", version, "--data", answers, "--force")[0] == 2
    assert registry.champion() == "1"
    words = ("--data", answers, "--force", "--reason", "the keys were wrong")
    assert call("models", "promote", version, *words)[0] == 0
    tags = registry.version(version).tags
    assert tags["promoted_because"] == "the keys were wrong"
    assert "mastery threshold" in tags["promoted_despite"].split("; ")
    assert call("models", "rollback")[0] == 0  # never gated
    assert registry.champion() == "1"


def test_students_are_named_on_request_alone(call: Call, answers: Path, registry: Registry) -> None:
    call("train", answers)
    version = _spoilt(registry)
    plain = call("models", "check", version, "--data", answers, "--json")[1]
    assert "students" not in json.loads(plain)["crossings"]
    students = set(pd.read_csv(answers)["student_id"])
    assert not any(student in plain for student in students)
    named = json.loads(call("models", "check", version, "--data", answers, "--names", "--json")[1])
    assert {one["student"] for one in named["crossings"]["students"]} <= students
    assert (
        named["crossings"]["students"][0]["student"]
        in call("models", "check", version, "--data", answers, "--names")[1]
    )


def test_with_no_answers_a_first_model_is_promoted_and_a_second_needs_a_reason(
    call: Call, answers: Path, registry: Registry
) -> None:
    call("train", answers)
    call("train", answers)
    code, out, err = call("models", "promote", "2")
    assert code == 1
    assert "not run: there are no answers to judge on" in out
    assert "no response has been recorded yet: name a file with --data" in err
    assert call("models", "promote", "2", "--force", "--reason", "a test")[0] == 0
    registry._client.delete_registered_model_alias("nextwise", "champion")
    assert call("models", "promote", "1")[0] == 0
    assert registry.champion() == "1"


def test_what_nobody_would_serve_cannot_be_forced(
    call: Call, answers: Path, registry: Registry, tmp_path: Path
) -> None:
    call("train", answers)
    for file in tmp_path.rglob("model.npz"):
        file.write_bytes(b"spoilt")
    code, _, err = call("models", "promote", "1", "--data", answers, "--force", "--reason", "all the same")
    assert code == 1
    assert "cannot be forced" in err


def test_the_share_that_may_flip_is_a_setting(
    call: Call, answers: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("train", answers)
    version = _spoilt(registry)
    monkeypatch.setenv("NEXTWISE_MASTERY_FLIPS", "1")
    told = json.loads(call("models", "check", version, "--data", answers, "--json")[1])
    assert "mastery threshold" not in told["refused"]


def test_leaks_and_groups_of_a_version(call: Call, answers: Path, registry: Registry, tmp_path: Path) -> None:
    call("train", answers)
    code, out, _ = call("models", "leaks", "1", "--data", answers)
    assert code == 0
    assert out.count("ok ") == 6
    assert all(one["passed"] for one in json.loads(call("models", "leaks", "1", "--data", answers, "--json")[1]))
    roster = _roster(answers, tmp_path)
    code, out, _ = call("models", "groups", "1", "--data", answers, "--attribute", roster)
    assert code == 0
    assert out.count("suppressed") == 2
    found = json.loads(call("models", "groups", "1", "--data", answers, "--attribute", roster, "--json")[1])
    assert found["attribute"] == "bus"
    assert [group["group"] for group in found["groups"]] == ["no", "yes"]
    judged = json.loads(call("models", "check", "1", "--data", answers, "--attribute", roster, "--json")[1])
    assert judged["groups"] == found["groups"]


def test_a_leak_is_exit_code_1(call: Call, answers: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    call("train", answers)
    monkeypatch.setattr("models.evaluation.predict", lambda model, log: np.clip(log.score, 0.1, 0.9))
    code, out, _ = call("models", "leaks", "1", "--data", answers)
    assert code == 1
    assert "LEAK" in out
