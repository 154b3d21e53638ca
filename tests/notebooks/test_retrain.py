"""The notebook runs on simulated students, and does what it says."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import nbformat
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nbclient import NotebookClient

from engine.simulate import simulate_school
from tests.models.registry.made import registry_in

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "retrain.ipynb"

# Warnings of the libraries that run notebooks, none of which is ours to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def notebook() -> Any:
    read: Any = nbformat.read
    return read(NOTEBOOK, as_version=4)


def execute(folder: Path) -> str:
    """All that the notebook printed."""
    book = notebook()
    NotebookClient(book, timeout=240, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def archive(folder: Path, students: int) -> None:
    """A data directory as the service leaves it."""
    made = simulate_school(now=1_800_000_000_000, classes=1, students=students)
    skills = {item.id: list(item.skill_ids) for item in made.catalog.items}
    rows = [
        {
            "student_id": answer.student_id,
            "id": answer.id,
            "item_id": answer.item_id,
            "skill_ids": skills[answer.item_id],
            "score": float(answer.correct),
            "answered_at": answer.answered_at,
            "received_at": answer.answered_at,
        }
        for answer in made.answers
    ]
    place = folder / "archive" / "responses" / "month=2027-01"
    place.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), place / "one.parquet")


def test_it_trains_judges_and_promotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = registry_in(tmp_path)
    monkeypatch.setenv("NEXTWISE_DATA", str(tmp_path))
    for name in ("NEXTWISE_RESPONSES", "NEXTWISE_TRAINER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    archive(tmp_path, students=15)
    assert "version 1 is the first champion" in execute(tmp_path)
    assert registry.champion() == "1"
    printed = execute(tmp_path)  # the same answers: nothing speaks against the same model
    assert "version 2 is champion" in printed
    assert registry.champion() == "2"
    assert registry.rollback() == "1"


def test_it_is_kept_without_outputs_and_defines_nothing() -> None:
    for cell in notebook().cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
            assert not any(isinstance(node, defined) for node in ast.walk(ast.parse(cell.source)))
