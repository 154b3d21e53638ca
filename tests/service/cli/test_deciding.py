"""The decision log and policies from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.service.cli.conftest import Call
from tests.service.decisions.conftest import school as school
from tests.service.decisions.school import School


@pytest.fixture
def at_school(school: School, call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("NEXTWISE_DATA", str(school.folder))
    return call


def test_replay_writes_the_table(at_school: Call, tmp_path: Path) -> None:
    code, out, _ = at_school("decisions", "replay", tmp_path / "t.parquet")
    assert code == 0
    rows = pq.read_metadata(tmp_path / "t.parquet").num_rows
    assert f"{rows} decisions written" in out
    assert f"{rows} are exactly as they were logged" in out


def test_replay_tells_of_a_changed_log(at_school: Call, school: School, tmp_path: Path) -> None:
    lines = []
    for row in pq.read_table(next(school.archive.rglob("recommendations/**/*.parquet"))).to_pylist()[:5]:
        lines.append(json.dumps({**row, **json.loads(row.pop("extra")), "propensity": 0.5}))
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    code, out, _ = at_school("decisions", "replay", tmp_path / "t.parquet", "--log", tmp_path / "log.jsonl", "--json")
    assert code == 1
    assert json.loads(out)["another"] == 5


def test_judge_prints_estimates_with_intervals(at_school: Call, tmp_path: Path) -> None:
    own = tmp_path / "easy.json"
    own.write_text('{"name": "easy", "version": "3", "settings": {"ease": 2.0, "exploration": 0.1}}')
    code, out, _ = at_school("policies", "judge", "--policy", own)
    assert code == 0
    assert "easy@3, reward 'correct'" in out
    assert [line.split()[0] for line in out.splitlines()[-5:]] == ["logged", "ips", "snips", "dr", "advantage"]


def test_several_policies_are_judged_at_once(at_school: Call) -> None:
    words = ("--policy", "default,explore", "--reward", "gain", "--after", 4)
    code, out, _ = at_school("policies", "judge", *words, "--json")
    value = json.loads(out)
    assert (code, value["reward"], value["after"]) == (0, "gain", 4)
    assert [name.split("@")[0] for name in value["policies"]] == ["default", "explore"]
    for told in value["policies"].values():
        assert told["refusal"] == ""
        assert told["estimates"]["dr"]["low"] < told["estimates"]["dr"]["high"]
        assert told["left_out"]["second or later of several items"] == 12


def test_judge_refuses_what_the_log_cannot_answer(at_school: Call, tmp_path: Path) -> None:
    own = tmp_path / "wide.json"
    own.write_text('{"name": "wide", "version": "1", "settings": {"exploration": 1, "worthwhile": 0, "spacing": 0}}')
    code, out, _ = at_school("policies", "judge", "--policy", own)
    assert code == 1
    assert "No estimate. The logging policy never gives" in out


def test_list_and_show(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, out, _ = call("policies", "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["policy", "default", "explore", "random"]
    code, out, _ = call("policies", "show", "explore")
    assert json.loads(out)["settings"]["exploration"] == 0.2
    (tmp_path / "mine.json").write_text(out.replace('"explore"', '"mine"'))
    monkeypatch.setenv("NEXTWISE_POLICY", str(tmp_path / "mine.json"))
    code, out, _ = call("policies", "list")
    assert [line.split()[0] for line in out.splitlines() if line.endswith("yes")] == ["mine"]


@pytest.mark.parametrize("words", [("policies", "show", "best"), ("policies", "judge", "--policy", "best")])
def test_a_policy_that_is_none(call: Call, words: tuple[str, ...]) -> None:
    code, _, err = call(*words)
    assert code == 1
    assert "no policy is called 'best'" in err


def test_nothing_was_recommended_yet(call: Call) -> None:
    code, _, err = call("policies", "judge", "--policy", "explore")
    assert code == 1
    assert "holds no recommendation" in err


def test_serve_refuses_a_policy_that_cannot_be_served(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXTWISE_POLICY", "best")
    code, _, err = call("serve")
    assert code == 1
    assert "no policy is called 'best'" in err
