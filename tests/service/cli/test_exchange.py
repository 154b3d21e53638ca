"""Models from and to pyBKT by the command line."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from engine.mastery_model import unlearnt
from models.log import DataError
from service.cli import app
from tests.models.registry.made import registry_in


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("NEXTWISE_DATA", str(tmp_path / "data"))
    return CliRunner()


def _table(path: Path) -> pd.DataFrame:
    values = {"prior": 0.3, "learns": 0.09, "guesses": 0.2, "slips": 0.1, "forgets": 0.1}
    rows = [(skill, name, "default", value) for skill in ("add", 'say "three, four"') for name, value in values.items()]
    table = pd.DataFrame(rows, columns=["skill", "param", "class", "value"])
    table.to_csv(path, index=False)
    return table


def test_a_table_becomes_a_version_and_a_table_again(runner: CliRunner, tmp_path: Path) -> None:
    given, there, back = _table(tmp_path / "theirs.csv"), tmp_path / "theirs.csv", tmp_path / "ours.csv"
    done = runner.invoke(app, ["models", "import", str(there), "--from", "pybkt", "--json"])
    assert json.loads(done.stdout) == {"version": "1", "skills": 2}
    done = runner.invoke(app, ["models", "export", "1", str(back), "--to", "pybkt", "--json"])
    assert json.loads(done.stdout) == {"file": str(back), "skills": 2}
    found = pd.read_csv(back).merge(given, on=["skill", "param", "class"])
    assert len(found) == len(given)
    assert found["value_x"].tolist() == pytest.approx(found["value_y"].tolist(), abs=1e-9)
    (row,) = json.loads(runner.invoke(app, ["models", "list", "--json"]).stdout)
    assert row["trainer"] == "import from pyBKT"


def test_a_pickle_is_refused(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({}))
    done = runner.invoke(app, ["models", "import", str(path), "--from", "pybkt"])
    assert isinstance(done.exception, DataError)
    assert "to_csv" in str(done.exception)


def test_a_mastery_model_has_no_such_table(runner: CliRunner, tmp_path: Path) -> None:
    model, digest = unlearnt(), "d" * 64
    version = registry_in(tmp_path / "data").log(model, params={}, metrics={}, data_digest=digest, judged=model)
    done = runner.invoke(app, ["models", "export", version, str(tmp_path / "ours.csv"), "--to", "pybkt"])
    assert isinstance(done.exception, ValueError)
    assert "pyBKT cannot hold" in str(done.exception)
    assert not (tmp_path / "ours.csv").exists()


def test_another_tool_is_not_known(runner: CliRunner, tmp_path: Path) -> None:
    _table(tmp_path / "a.csv")
    assert runner.invoke(app, ["models", "import", str(tmp_path / "a.csv"), "--from", "excel"]).exit_code == 2
