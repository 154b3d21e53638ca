"""A command line with a data folder of its own, and answers to give it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from engine.simulate import simulate_school
from service.cli import main

Call = Callable[..., tuple[int, str, str]]

NOW = 1_760_000_000_000


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Run a command; its exit code, output and errors. The data folder is the test's own."""
    root = logging.getLogger()  # a command sets logging up, for its process: here it is the other tests' too
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    level = root.level
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("NEXTWISE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["nextwise", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    yield run
    root.setLevel(level)


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """A tidy file of responses with a class, ids and times."""
    school = simulate_school(NOW, classes=1, students=12, weeks=3)
    skills = {item.id: ";".join(item.skill_ids) for item in school.catalog.items}
    rows = [
        {
            "id": answer.id,
            "student_id": answer.student_id,
            "item_id": answer.item_id,
            "skill_ids": skills[answer.item_id],
            "correct": int(answer.correct),
            "timestamp": answer.answered_at // 1000,
            "class_id": answer.class_id,
        }
        for answer in school.answers
    ]
    path = tmp_path / "answers.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path
