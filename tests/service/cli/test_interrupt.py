"""Ctrl-C while training: a real process, which ends at once and leaves nothing half-written."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.waiting import until

STUDENTS, ANSWERS, SKILLS = 20_000, 100, 1_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two million random answers: a fit of some seconds by our trainer, of hours by pyBKT."""
    rng, n = np.random.default_rng(0), STUDENTS * ANSWERS
    columns = {
        "student_id": np.repeat(np.arange(STUDENTS), ANSWERS),
        "skill_ids": np.repeat(rng.integers(SKILLS, size=n // 20), 20),
        "correct": (rng.random(n) < 0.6).astype(np.int8),
    }
    path = tmp_path_factory.mktemp("large") / "answers.parquet"
    pd.DataFrame(columns).to_parquet(path)
    return path


@pytest.mark.parametrize("trainer", ["em", "pybkt"])
def test_training_ends_at_once_and_leaves_nothing_behind(large: Path, tmp_path: Path, trainer: str) -> None:
    command = [sys.executable, "-m", "service.cli", "train", str(large), "--trainer", trainer, "--jobs", "2"]
    environment = {**os.environ, "NEXTWISE_DATA": str(tmp_path / "data")}
    environment.pop("MLFLOW_TRACKING_URI", None)
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    database = tmp_path / "data" / "mlflow.db"
    until(lambda: database.exists() and bool(_ask(database, "SELECT name FROM experiments")))
    time.sleep(4 if trainer == "pybkt" else 1)  # so that its processes have begun
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.splitlines()[-1] == "interrupted"
    assert out == ""
    assert _ask(database, "SELECT * FROM runs WHERE status = 'RUNNING'") == []
    assert _ask(database, "SELECT * FROM model_versions") == []
    until(lambda: not _alive(process.pid), seconds=20)


def _ask(database: Path, question: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(question).fetchall()
    except sqlite3.OperationalError:  # it is being made
        return []
    finally:
        connection.close()


def _alive(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
