"""``nextwise simulate``: the figures of policies on simulated students."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Call = Callable[..., tuple[int, str, str]]
FIGURES = {"gain", "share_of_omniscient", "interval", "worst_tenth", "wasted", "against"}


def test_policies_are_compared_on_the_same_students(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    small = ("--worlds", "1", "--per-world", "4", "--seed", "3", "--json", str(file))
    code, out, _ = call("simulate", "--students", "pfa", "--policy", "random,outer-fringe", *small)
    assert code == 0
    assert "outer-fringe" in out
    told = json.loads(file.read_text("utf-8"))
    assert set(told["policies"]) == {"random", "outer-fringe", "omniscient"}
    assert all(set(of) == FIGURES for of in told["policies"].values())
    first = told["policies"]
    call("simulate", "--students", "pfa", "--policy", "random,outer-fringe", *small)
    assert json.loads(file.read_text("utf-8"))["policies"] == first


def test_the_engine_learns_from_as_many_students_as_it_is_given(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    small = ("--worlds", "1", "--per-world", "4", "--seed", "3", "--json", str(file))
    gains = []
    for logs in (60, 61):
        code, *_ = call("simulate", "--students", "pfa", "--policy", "alosi", "--logs", logs, *small)
        assert code == 0
        told = json.loads(file.read_text("utf-8"))
        assert told["setting"]["logs"] == logs
        gains.append(told["policies"]["alosi"]["gain"])
    assert gains[0] != gains[1], "one student more, other parameters"


def test_a_name_that_is_not_there_is_told(call: Call) -> None:
    code, _, err = call("simulate", "--policy", "best")
    assert code == 1
    assert "no policy is called 'best'" in err
    code, _, err = call("simulate", "--students", "elves")
    assert code == 1
    assert "no family of students is called 'elves'" in err


def test_a_policy_of_ones_own_is_simulated_before_it_is_served(call: Call, tmp_path: Path) -> None:
    own, file = tmp_path / "own.json", tmp_path / "figures.json"
    own.write_text('{"name": "own", "version": "1", "rule": "outer-fringe", "settings": {"mastered": 0.5, "most": 9}}')
    small = ("--worlds", "1", "--per-world", "4", "--seed", "3", "--json", str(file))
    code, *_ = call("simulate", "--students", "pfa", "--policy", f"random,{own}", *small)
    assert code == 0
    assert set(json.loads(file.read_text("utf-8"))["policies"]) == {"random", "own", "omniscient"}


def test_a_file_that_is_no_policy_is_told(call: Call, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    for text, told in {
        "[]": "is no policy",
        '{"name": "own", "version": "1", "color": 3}': "is no policy",
        '{"name": "own", "version": "1", "settings": {"nearr": 1}}': "there is no setting 'nearr'",
        '{"name": "own", "version": "1", "rule": "best"}': "no rule 'best'",
    }.items():
        own.write_text(text)
        code, _, err = call("simulate", "--policy", own)
        assert code == 1
        assert told in err
