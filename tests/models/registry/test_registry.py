"""Versions, champion, promotion and rollback, on a real MLflow database."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient

from engine.bundle import dump, load
from models import charts
from models.metrics import Bin
from models.registry import Registry, RegistryError
from tests.models.registry.made import logged, model


def elsewhere(registry: Registry) -> Any:
    """Another client of the same database, as MLflow's own pages are one."""
    return MlflowClient(registry.tracking_uri, registry.tracking_uri)


class TestVersions:
    def test_none_at_first(self, registry: Registry) -> None:
        assert registry.versions() == []
        assert registry.champion() is None
        assert registry.champion_key() is None

    def test_what_was_logged_comes_back(self, registry: Registry) -> None:
        version = logged(registry, tags={"trainer": "hand"})
        (info,) = registry.versions()
        assert (info.version, list(info.metrics), list(info.aliases)) == (version, ["auc"], [])
        assert info.metrics["auc"] == pytest.approx(0.8)
        assert info.tags == {"trainer": "hand", "data_digest": "d" * 64}
        bundle = registry.bundle(version)
        assert bundle == dump(model())
        assert load(bundle, version).about == {"trainer": "by hand"}

    def test_a_run_holds_all_that_tells_how_it_was_made(self, registry: Registry) -> None:
        figure = charts.calibration([Bin(0.0, 0.5, 3, 0.2, 0.3), Bin(0.5, 1.0, 1, 0.7, 1.0)])
        version = logged(registry, figures={"calibration": figure}, judged=model(0.05), metrics={"auc": float("nan")})
        client = elsewhere(registry)
        run = client.get_run(registry.versions()[0].run_id)
        assert run.data.params == {"trainer": "by hand", "data_digest": "d" * 64}
        assert run.data.metrics == {}
        assert run.inputs.dataset_inputs[0].dataset.digest == "d" * 36
        files = {file.path for file in client.list_artifacts(run.info.run_id)}
        assert files == {"calibration.png", "skills.csv", "judged.npz"}
        table = list(csv.DictReader(_text(registry, run.info.run_id, "skills.csv").splitlines()))
        assert [row["skill_id"] for row in table] == ["(population)", "add", "carry"]
        assert (float(table[1]["prior"]), float(table[2]["forget"])) == (0.3, 0.02)
        judged = registry.judged(version)
        assert judged is not None
        assert load(judged, "judged").params[0, 1] == 0.05

    def test_what_was_judged_may_be_missing(self, registry: Registry) -> None:
        assert registry.judged(logged(registry)) is None

    def test_artifacts_stand_beside_the_database(self, registry: Registry, tmp_path: Path) -> None:
        logged(registry)
        assert list((tmp_path / "mlartifacts").rglob("model.npz"))

    def test_versions_are_compared_by_what_was_measured(self, registry: Registry) -> None:
        a, b = logged(registry, 0.1), logged(registry, metrics={"auc": 0.5, "ece": 0.02})
        assert registry.compare(a, b) == {"auc": (pytest.approx(0.8), 0.5), "ece": (None, 0.02)}
        with pytest.raises(RegistryError, match="no version 9 of 'nextwise'; there are: 1, 2"):
            registry.compare(a, "9")

    def test_a_deleted_run_hides_no_version(self, registry: Registry) -> None:
        version = logged(registry)
        elsewhere(registry).delete_run(registry.versions()[0].run_id)
        assert registry.bundle(version) == dump(model())
        assert [info.version for info in registry.versions()] == [version]

    def test_what_the_process_had_set_in_mlflow_stands_afterwards(self, registry: Registry) -> None:
        is_set: Any = mlflow.is_tracking_uri_set
        assert not is_set()
        logged(registry)
        assert not is_set()
        assert "MLFLOW_TRACKING_URI" not in os.environ


class TestChampion:
    def test_promotion_moves_the_alias(self, registry: Registry) -> None:
        one, two = logged(registry), logged(registry, 0.2)
        registry.promote(one)
        registry.promote(two, "predicts better")
        assert registry.champion() == two
        first, second = registry.versions()
        assert (first.aliases, first.tags["replaced_by"]) == ([], two)
        assert (second.aliases, second.tags["promoted_because"]) == (["champion"], "predicts better")
        key = registry.champion_key()
        assert key == (two, second.run_id)

    def test_what_stood_in_the_way_is_kept_until_nothing_does(self, registry: Registry) -> None:
        one = logged(registry)
        registry.promote(one, "we know", ["calibration", "groups"])
        assert registry.version(one).tags["promoted_despite"] == "calibration; groups"
        registry.promote(one)
        assert "promoted_despite" not in registry.version(one).tags
        with pytest.raises(RegistryError, match="there is no version 7 of 'nextwise'; there are: 1"):
            registry.version("7")

    def test_rollback_goes_back_step_by_step(self, registry: Registry) -> None:
        versions = [logged(registry, 0.1 * n) for n in (1, 2, 3)]
        for version in versions:
            registry.promote(version)
        assert (registry.rollback(), registry.champion()) == (versions[1], versions[1])
        assert registry.rollback() == versions[0]
        with pytest.raises(RegistryError, match="no version of 'nextwise' was champion before 1"):
            registry.rollback()
        assert registry.champion() == versions[0]
        registry.promote(versions[2])
        assert registry.rollback() == versions[0]
        assert "replaced_by" not in registry.versions()[0].tags

    def test_promoting_the_champion_again_changes_nothing(self, registry: Registry) -> None:
        one, two = logged(registry), logged(registry)
        for version in (one, two, two, two):
            registry.promote(version)
        assert registry.rollback() == one

    def test_an_alias_moved_elsewhere_is_seen_and_can_be_rolled_back(self, registry: Registry) -> None:
        one, two, three = (logged(registry, 0.1 * n) for n in (1, 2, 3))
        registry.promote(one)
        elsewhere(registry).set_registered_model_alias("nextwise", "champion", two)
        assert registry.champion() == two
        registry.promote(three)
        assert [registry.rollback(), registry.rollback()] == [two, one]

    def test_a_deleted_version_is_passed_over(self, registry: Registry) -> None:
        one, two, three = (logged(registry, 0.1 * n) for n in (1, 2, 3))
        for version in (one, two, three):
            registry.promote(version)
        elsewhere(registry).delete_model_version("nextwise", two)
        assert registry.rollback() == one

    def test_an_alias_taken_away_is_no_champion(self, registry: Registry) -> None:
        registry.promote(logged(registry))
        elsewhere(registry).delete_registered_model_alias("nextwise", "champion")
        assert registry.champion() is None

    def test_an_unknown_version_is_refused_and_the_champion_stays(self, registry: Registry) -> None:
        one = logged(registry)
        registry.promote(one)
        with pytest.raises(RegistryError, match="there is no version 7"):
            registry.promote("7")
        with pytest.raises(RegistryError, match="there is no version latest"):
            registry.promote("latest")
        assert registry.champion() == one


class TestStart:
    def test_four_processes_on_a_fresh_database(self, tmp_path: Path) -> None:
        script = "import sys; from models.registry import Registry; print(Registry(sys.argv[1]).champion())"
        command = [sys.executable, "-c", script, f"sqlite:///{tmp_path / 'mlflow.db'}"]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
        ]
        ended = [(process.communicate(), process.returncode) for process in running]
        assert ended == [(("None\n", ""), 0)] * 4

    def test_the_package_is_cheap_to_import_and_nothing_of_the_service_needs_mlflow(self) -> None:
        script = "import sys, models.registry, models.training, service.sync; sys.exit('mlflow' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0

    def test_the_environment_names_another_mlflow(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'elsewhere' / 'mlflow.db'}")
        with monkeypatch.context() as patched:
            patched.setattr("models.registry.registry.connect", lambda uri: uri)
            assert Registry.beside(tmp_path).tracking_uri.endswith("elsewhere/mlflow.db")

    def test_an_mlflow_that_cannot_be_reached_is_told_without_its_password(self) -> None:
        with pytest.raises(RegistryError) as told:
            Registry("http://me:secret@127.0.0.1:1/").champion()
        assert "127.0.0.1:1" in str(told.value)
        assert "secret" not in str(told.value)


def _text(registry: Registry, run_id: str, name: str) -> str:
    uri = elsewhere(registry).get_run(run_id).info.artifact_uri
    return Path(uri.removeprefix("file://"), name).read_text()
