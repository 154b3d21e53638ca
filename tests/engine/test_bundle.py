"""Bundles: what is loaded is what was dumped, and nothing else is ever loaded."""

from __future__ import annotations

import io
import json
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine import bundle
from engine.mastery_model import MasteryModel
from engine.model import Model, ModelError, builtin
from tests.engine.made import mastery_model, with_graph


def _model(skills: int = 3) -> Model:
    rng = np.random.default_rng(0)
    names = tuple(f"skill {k} 🦊" for k in range(skills))
    params, draws = rng.uniform(0.01, 0.45, (skills, 5)), rng.uniform(0.01, 0.45, (8, skills, 5))
    population = rng.uniform(0.01, 0.45, 5)
    return Model(
        names,
        params,
        population,
        draws,
        draws[:, 0].copy(),
        ((names[0], names[1]),),
        np.array([[0.1, 0.2], [0.3, 0.4]]),
        ((names[0],), (names[0], names[1])),
        rng.uniform(0.01, 0.45, (2, 5)),
        about={"trainer": "em", "answers": 7},
    )


def _changed(blob: bytes, **members: Any) -> bytes:
    with np.load(io.BytesIO(blob)) as archive:
        content = {name: archive[name] for name in archive.files} | members
    out = io.BytesIO()
    np.savez(out, **content)
    return out.getvalue()


def _manifest(blob: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(blob)) as archive:
        return dict(json.loads(archive["manifest"].tobytes()))


def _packed(manifest: dict[str, Any]) -> Any:
    return np.frombuffer(json.dumps(manifest).encode(), np.uint8)


MODELS = {
    "small": _model(),
    "large": _model(60),
    "builtin": builtin(),
    "mastery": mastery_model(),
    "graph": with_graph(mastery_model()),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_a_bundle_round_trips(model: bundle.AnyModel) -> None:
    loaded = bundle.load(bundle.dump(model), "12")
    assert type(loaded) is type(model)
    assert loaded.version == "12"
    for name in model.NAMES:
        assert getattr(loaded, name) == getattr(model, name)
    assert dict(loaded.about) == dict(model.about)
    for name in model.ARRAYS:
        assert (getattr(loaded, name) == getattr(model, name)).all()
        assert not getattr(loaded, name).flags.writeable
    assert bundle.dump(model) == bundle.dump(loaded)


def test_the_golden_prediction_covers_skills_combinations_and_the_unseen() -> None:
    golden = bundle.golden(_model())
    assert len(golden) == 4 * (3 + 1 + 1)
    assert all(0 < p < 1 for p in golden)


def test_the_golden_prediction_of_a_mastery_model_covers_its_items_too() -> None:
    model = mastery_model()
    golden = bundle.golden(model)
    harder = replace(model, offsets=model.offsets - 0.5)
    assert len(golden) == 4 * (len(model.skills) + len(model.combinations) + 1)
    changed = np.array(bundle.golden(harder)) != np.array(golden)
    assert changed[: len(model.items)].all()


def test_a_bundle_from_before_wholes_were_known_is_read() -> None:
    model = replace(_model(), wholes=(), whole_params=np.empty((0, 5)))
    with np.load(io.BytesIO(bundle.dump(model))) as archive:
        arrays = {name: archive[name] for name in archive.files}
    manifest = json.loads(arrays.pop("manifest").tobytes())
    arrays.pop("whole_params"), manifest.pop("wholes"), manifest.pop("digest")
    manifest["digest"] = bundle._digest(manifest, arrays)
    out = io.BytesIO()
    np.savez(out, manifest=_packed(manifest), **arrays)
    loaded = bundle.load(out.getvalue(), "1")
    assert isinstance(loaded, Model)
    assert bundle.dump(loaded) == bundle.dump(model)


def test_attachments_are_kept_and_sealed() -> None:
    model = replace(mastery_model(), attachments={"predictor": b"trees"})
    blob = bundle.dump(model)
    loaded = bundle.load(blob, "1")
    assert isinstance(loaded, MasteryModel)
    assert loaded.attachments == {"predictor": b"trees"}
    with pytest.raises(ModelError, match="digest"):
        bundle.load(_changed(blob, **{"attached:predictor": np.frombuffer(b"frees", np.uint8)}), "1")


def test_a_changed_parameter_is_refused() -> None:
    blob = bundle.dump(_model())
    params = _model().params.copy()
    params[0, 0] += 1e-12
    with pytest.raises(ModelError, match="digest"):
        bundle.load(_changed(blob, params=params), "1")


def test_a_machine_that_predicts_otherwise_refuses() -> None:
    blob = bundle.dump(_model())
    manifest = _manifest(blob)
    manifest["golden"][5] += 1e-6
    del manifest["digest"]
    with np.load(io.BytesIO(blob)) as archive:
        manifest["digest"] = bundle._digest(manifest, {name: archive[name] for name in Model.ARRAYS})
    with pytest.raises(ModelError, match="golden"):
        bundle.load(_changed(blob, manifest=_packed(manifest)), "1")


@pytest.mark.parametrize("change", [{"format": 2}, {"kind": "dkt"}])
def test_another_format_or_kind_is_named(change: dict[str, Any]) -> None:
    blob = bundle.dump(_model())
    with pytest.raises(ModelError, match="reads 'bkt', 'mastery', format 1"):
        bundle.load(_changed(blob, manifest=_packed(_manifest(blob) | change)), "1")


@pytest.mark.parametrize(
    "blob",
    [b"", b"not a bundle", bundle.dump(_model())[:-200], pickle.dumps({"params": 1})],
    ids=["empty", "text", "cut off", "pickle"],
)
def test_what_is_no_bundle_is_refused(blob: bytes) -> None:
    with pytest.raises(ModelError):
        bundle.load(blob, "1")


def test_pickled_arrays_are_never_loaded() -> None:
    blob = _changed(bundle.dump(_model()), params=np.array([{"evil": True}], dtype=object))
    with pytest.raises(ModelError, match="not a model bundle"):
        bundle.load(blob, "1")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ((0, 0), np.nan, "not finite"),
        ((0, 1), 1.5, "outside 0..1"),
        ((1, 2), 0.95, "guess [+] slip >= 1"),
    ],
)
def test_a_model_that_must_not_be_served_cannot_be_made(place: tuple[int, int], value: float, message: str) -> None:
    params = np.full((2, 5), 0.3)
    params[place] = value
    with pytest.raises(ModelError, match=message):
        Model(("a", "b"), params, np.full(5, 0.3), np.full((4, 2, 5), 0.3), np.full((4, 5), 0.3))


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ModelError) as error:
        Model(
            ("a", "a"), np.ones((1, 5)), np.ones(4), np.ones((1, 2, 5)), np.ones((1, 5)), (("a", "z"),), np.ones((1, 2))
        )
    for part in ("params has shape", "population has shape", "emissions has shape", "stands twice", "does not hold"):
        assert part in str(error.value)
