"""Settings come from the environment; the salt is made once for all workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.recommend import Policy
from service.settings import Settings, settings_table


def test_defaults_stand_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    settings = Settings(data=tmp_path)
    assert settings.store_url == f"sqlite:///{tmp_path}/nextwise.db"
    assert settings.mlflow_url == f"sqlite:///{tmp_path}/mlflow.db"


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXTWISE_STORE", "redis://host:6379/0")
    monkeypatch.setenv("NEXTWISE_MASTERED_AT", "0.9")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    settings = Settings()
    assert settings.store_url == "redis://host:6379/0"
    assert settings.thresholds.mastered == 0.9
    assert settings.served_policy().mastered == 0.9
    assert settings.mlflow_url == "http://mlflow:5000"


def test_a_policy_that_settings_change_says_so_in_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().served_policy() == Policy()
    own = tmp_path / "own.json"
    own.write_text('{"name": "own", "version": "7", "settings": {"mastered": 0.7, "exploration": 0.1}}')
    monkeypatch.setenv("NEXTWISE_POLICY", str(own))
    assert Settings().served_policy() == Policy("own", "7", mastered=0.7, exploration=0.1)
    monkeypatch.setenv("NEXTWISE_POLICY_EXPLORATION", "0.1")  # what it has already
    monkeypatch.setenv("NEXTWISE_MASTERED_AT", "0.9")
    assert Settings().served_policy() == Policy("own", "7+mastered=0.9", mastered=0.9, exploration=0.1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("PORT", "70000"), ("MASTERED_AT", "95"), ("SALT", "short")),
        *(("LANGUAGE", "xx"), ("LANGUAGE", "../es"), ("TIME_ZONE", "Mars/Base"), ("TIME_ZONE", "../etc/passwd")),
    ],
)
def test_nonsense_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"NEXTWISE_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_workers_that_start_at_once_share_one_salt(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "new")
    with ThreadPoolExecutor(8) as pool:
        salts = set(pool.map(lambda _: settings.resolve_salt(), range(32)))
    assert len(salts) == 1
    assert len(salts.pop()) == 64
    assert [path.name for path in settings.data.iterdir()] == ["salt"]
    assert settings.data.joinpath("salt").stat().st_mode & 0o077 == 0


def test_a_salt_that_is_set_is_used_and_not_shown(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, salt="0123456789abcdef")
    assert settings.resolve_salt() == b"0123456789abcdef"
    assert "0123456789abcdef" not in repr(settings)
    assert not list(tmp_path.iterdir())


def test_every_setting_is_described() -> None:
    table = settings_table()
    assert all(field.description for field in Settings.model_fields.values())
    assert table.count("\n") == len(Settings.model_fields) + 2
    assert "`MLFLOW_TRACKING_URI`" in table
    assert "`NEXTWISE_MLFLOW_TRACKING_URI`" not in table
