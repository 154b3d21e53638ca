"""``nextwise access``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.access import Role, Tokens, Viewer
from tests.service.roster.made import export, write_folder

Call = Callable[..., tuple[int, str, str]]


def test_a_link_for_a_teacher(call: Call, tmp_path: Path) -> None:
    code, out, err = call("access", "--role", "teacher", "--id", "smith", "--days", 2)
    assert code == 0
    assert "a teacher's classes come from the roster, and none was imported" in err
    assert "NEXTWISE_ACCESS is open" in err
    address, _, token = out.strip().partition("?token=")
    assert address == "http://localhost:8000/reports/enter"
    tokens = Tokens((tmp_path / "data" / "salt").read_bytes().strip())
    viewer, expires, name = tokens.read("link", token, int(time.time()))
    assert f"nextwise access revoke {name}" in err
    assert viewer == Viewer(Role.TEACHER, "smith")
    assert expires - time.time() == pytest.approx(2 * 86_400, abs=60)


def test_what_a_link_will_show_is_looked_up(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXTWISE_ACCESS", "links")
    assert call("roster", "import", write_folder(tmp_path / "r", export()))[0] == 0
    assert "note:" not in call("access", "--role", "teacher", "--id", "smith")[2]
    assert "gives no class to teacher 'smyth'" in call("access", "--role", "teacher", "--id", "smyth")[2]
    assert call("access", "--role", "leader", "--url", "https://school.example/")[1].startswith(
        "https://school.example/reports/enter?token="
    )


def test_a_key_for_a_program(call: Call, tmp_path: Path) -> None:
    told = json.loads(call("access", "--role", "lms", "--id", "moodle", "--json")[1])
    tokens = Tokens((tmp_path / "data" / "salt").read_bytes().strip())
    viewer, expires, name = tokens.read("key", told["key"], int(time.time()))
    assert (viewer, name) == (Viewer(Role.LMS, "moodle"), told["name"])
    assert expires - time.time() == pytest.approx(365 * 86_400, abs=60)


def test_taken_back_by_its_name_or_as_it_is(call: Call) -> None:
    link = json.loads(call("access", "--role", "leader", "--json")[1])
    key = json.loads(call("access", "--role", "lms", "--json")[1])
    assert json.loads(call("access", "revoke", link["name"], "--json")[1]) == {"revoked": link["name"]}
    assert json.loads(call("access", "revoke", link["link"], "--json")[1]) == {"revoked": link["name"]}
    assert json.loads(call("access", "revoke", key["key"], "--json")[1]) == {"revoked": key["name"]}
    assert call("access", "revoke", key["key"][:-4])[0] == 2
    assert call("access", "revoke")[0] == 2


@pytest.mark.parametrize(
    "words", [("--role", "teacher"), ("--role", "student"), ("--role", "king"), ("--role", "admin", "--days", "0"), ()]
)
def test_asked_wrongly(call: Call, words: tuple[str, ...]) -> None:
    assert call("access", *words)[0] == 2
