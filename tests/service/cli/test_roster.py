"""``nextwise roster`` as a school's administrator uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.service.roster.made import ENROLLMENTS, export, write_folder, write_zip

Call = Callable[..., tuple[int, str, str]]


def test_import_and_show(call: Call, tmp_path: Path) -> None:
    assert "No roster was imported" in call("roster", "show")[1]
    answers = tmp_path / "answers.csv"
    answers.write_text("student_id,item_id,correct,class_id\nada,i,1,3b\neve,i,0,3b\n")
    assert call("responses", "import", answers)[0] == 0
    code, out, err = call("roster", "import", write_zip(tmp_path / "r.zip", export()), "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["schools"], told["classes"], told["teachers"], told["students"]) == (1, 2, 2, 2)
    assert (told["with_answers"], told["not_in_roster"]) == (1, 1)
    assert "Not in this roster: 1 student with answers" in err
    lines = call("roster", "show")[1].splitlines()
    assert lines[0].endswith("1 school, 2 classes, 2 teachers, 2 students")
    assert lines[2].split() == ["4a", "Maths", "4a", "Hill", "School", "1", "smith"]
    assert json.loads(call("roster", "show", "--json")[1])["version"] == told["version"]


def test_nothing_is_half_imported(call: Call, tmp_path: Path) -> None:
    good = write_folder(tmp_path / "good", export())
    before = json.loads(call("roster", "import", good, "--json")[1])["version"]
    bad = export(enrollments=ENROLLMENTS.replace("hill,ada", "hill,eve").replace("ben,student", "ben,pupil"))
    code, out, err = call("roster", "import", write_folder(tmp_path / "bad", bad))
    assert (code, out) == (1, "")
    assert "enrollments.csv, row 1: userSourcedId 'eve' is not in users.csv" in err
    assert "enrollments.csv, row 2: role must be" in err
    assert json.loads(call("roster", "show", "--json")[1])["version"] == before


def test_ids_that_differ_are_noticed(call: Call, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "r", export())
    err = call("roster", "import", folder)[2]
    assert "the ids differ: see --user-id" in err
    assert call("roster", "import", folder, "--user-id", "phone")[0] == 1
    assert call("roster", "import", folder, "--user-id", "username")[0] == 0
