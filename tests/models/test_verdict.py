"""All gates of a registered version, on a real MLflow database."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.mastery import Thresholds
from engine.model import Model
from models import gates
from models.log import Floats, ResponseLog
from models.registry import Registry, RegistryError
from models.verdict import Evidence, Limits, Verdict, judge
from tests.models.made import model_of
from tests.models.oracle import simulate
from tests.models.registry.made import registry_in

TRUTH = np.array([[0.3, 0.2, 0.2, 0.1, 0.0], [0.4, 0.1, 0.25, 0.1, 0.02]])
WORSE = np.array([[0.7, 0.2, 0.4, 0.3, 0.0], [0.1, 0.1, 0.25, 0.1, 0.02]])
LIMITS = Limits(Thresholds(), 0.1)
ALL = [
    *(gates.BUNDLE, gates.FITS, gates.UNSEEN, gates.LATER, gates.CALIBRATION, gates.PREDICTOR),
    *(gates.CROSSING, gates.GROUPS),
]


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    return simulate(TRUTH, students=100, answers=8)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return registry_in(tmp_path)


def logged(registry: Registry, params: Floats = TRUTH, judged: Model | None = None) -> str:
    judged = judged or model_of(params, held_out={"share": 0.4, "seed": 0})
    return registry.log(model_of(params), params={}, metrics={}, data_digest="d" * 64, judged=judged)


def passed(verdict: Verdict) -> dict[str, bool | None]:
    return {gate.name: gate.passed for gate in verdict.gates}


def test_a_first_model_is_judged_without_a_champion(registry: Registry, log: ResponseLog) -> None:
    version = logged(registry)
    found = judge(registry, version, Evidence(log), LIMITS)
    assert (found.version, found.champion, found.refused, found.crossings) == ("1", None, [], None)
    assert list(passed(found)) == ALL
    assert passed(found)[gates.CALIBRATION]
    assert passed(found)[gates.PREDICTOR] is None  # none is attached
    nothing = judge(registry, version, Evidence(), LIMITS)
    assert nothing.refused == []
    assert passed(nothing)[gates.CALIBRATION] is None


def test_as_good_as_the_champion_passes_and_worse_does_not(registry: Registry, log: ResponseLog) -> None:
    registry.promote(logged(registry))
    assert judge(registry, logged(registry), Evidence(log), LIMITS).refused == []
    found = judge(registry, logged(registry, WORSE), Evidence(log, {"s00001": "7a"}), Limits(Thresholds(), 0.01))
    assert {gates.UNSEEN, gates.CROSSING} <= set(found.refused)
    assert found.champion == "1"
    assert found.crossings is not None
    assert [count.name for count in found.crossings.classes] == ["(no class)", "7a"]


def test_without_answers_what_could_not_be_judged_stands_in_the_way(registry: Registry) -> None:
    registry.promote(logged(registry))
    found = judge(registry, logged(registry), Evidence(), LIMITS)
    assert found.refused == [gates.UNSEEN, gates.LATER, gates.CALIBRATION, gates.CROSSING]


def test_groups_are_judged_where_an_attribute_is_given(registry: Registry, log: ResponseLog) -> None:
    values = {student: "east" if at % 2 else "west" for at, student in enumerate(log.students)}
    found = judge(registry, logged(registry), Evidence(log, attribute=values), LIMITS)
    assert passed(found)[gates.GROUPS]
    assert found.groups is not None
    assert [group.name for group in found.groups] == ["east", "west"]
    assert all(group.mastered is not None for group in found.groups)


def test_a_bundle_that_nobody_would_serve_is_not_judged_further(
    registry: Registry, log: ResponseLog, tmp_path: Path
) -> None:
    version = logged(registry)
    _spoil(tmp_path, "model.npz")
    found = judge(registry, version, Evidence(log), LIMITS)
    assert (passed(found), found.servable) == ({gates.BUNDLE: False}, False)


def test_a_champion_that_cannot_be_loaded_stands_in_the_way(
    registry: Registry, log: ResponseLog, tmp_path: Path
) -> None:
    registry.promote(logged(registry))
    _spoil(tmp_path, "model.npz")
    found = judge(registry, logged(registry), Evidence(log), LIMITS)
    assert found.refused == [gates.UNSEEN, gates.LATER, gates.CROSSING]
    assert all("champion 1 cannot be loaded" in gate.told for gate in found.gates if gate.passed is False)


def test_a_judged_fit_that_cannot_be_read_is_none(
    registry: Registry, log: ResponseLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry.promote(logged(registry))
    version = logged(registry)
    _spoil(tmp_path, "judged.npz")
    assert judge(registry, version, Evidence(log), LIMITS).refused == [gates.UNSEEN]
    assert "judged fit of version 2 cannot be read" in caplog.text


def test_an_unknown_version_is_told(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="there is no version 7"):
        judge(registry, "7", Evidence(), LIMITS)


def _spoil(folder: Path, name: str) -> None:
    for file in folder.rglob(name):
        file.write_bytes(b"spoilt")
