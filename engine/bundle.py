"""A model as one file: a NumPy ``.npz`` of its arrays and a JSON manifest. No pickle.

The digest covers both, and a golden prediction is inside: whoever loads the bundle predicts the same answers again,
and refuses it where the result differs. A worker then keeps the model that it has.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from engine.catalog import Catalog, Item, Skill
from engine.model import ARRAYS, Floats, Model, ModelError
from engine.responses import Response, pack, unpack
from engine.tracing import Tracer

FORMAT = 1
GOLDEN_SKILLS = 50
TOLERANCE = 1e-9


def dump(model: Model) -> bytes:
    """The bundle of a model."""
    arrays = {name: getattr(model, name) for name in ARRAYS}
    manifest = {
        "format": FORMAT,
        "kind": "bkt",
        "skills": list(model.skills),
        "combinations": [list(combination) for combination in model.combinations],
        "about": dict(model.about),
        "golden": golden(model),
    }
    manifest["digest"] = _digest(manifest, arrays)
    out = io.BytesIO()
    packed: dict[str, Any] = {"manifest": np.frombuffer(json.dumps(manifest).encode(), np.uint8), **arrays}
    np.savez_compressed(out, **packed)
    return out.getvalue()


def load(bundle: bytes, version: str) -> Model:
    """The model of a bundle, verified: format, digest, bounds, golden prediction. Raises :class:`ModelError`."""
    try:
        with np.load(io.BytesIO(bundle), allow_pickle=False) as archive:
            manifest = json.loads(archive["manifest"].tobytes())
            arrays = {name: np.ascontiguousarray(archive[name], np.float64) for name in ARRAYS}
        model = _assemble(manifest, arrays, version)
    except ModelError:
        raise
    except Exception as fault:  # a bundle is foreign data: whatever is wrong with it, it is refused and not served
        raise ModelError(f"not a model bundle: {fault!r}") from fault
    if not np.allclose(golden(model), manifest["golden"], rtol=0, atol=TOLERANCE):
        raise ModelError("this machine does not reproduce the bundle's golden prediction")
    return model


def golden(model: Model) -> list[float]:
    """P(correct) of a fixed run of answers over the model's first skills and combinations."""
    groups = [(skill,) for skill in model.skills[:GOLDEN_SKILLS]] + list(model.combinations[:GOLDEN_SKILLS])
    unseen = "\0unseen"  # no skill can be called so: what an unknown skill backs off to is verified as well
    items = tuple(Item(str(at), names) for at, names in enumerate([*groups, (unseen,)]))
    catalog = Catalog(tuple(map(Skill, (*model.skills, unseen))), items)
    answers = [
        Response(f"{item.id}-{turn}", "golden", item.id, score, turn)
        for turn, score in enumerate((1.0, 0.0, 1.0, 0.5))
        for item in catalog.items
    ]
    steps = Tracer(model, catalog).trace(unpack(b"".join(map(pack, answers))))
    return [step.p_correct for step in steps if step.p_correct is not None]


def _assemble(manifest: dict[str, Any], arrays: Mapping[str, Floats], version: str) -> Model:
    if (manifest["format"], manifest["kind"]) != (FORMAT, "bkt"):
        found = f"{manifest['kind']!r}, format {manifest['format']}"
        raise ModelError(f"bundle of kind {found}: this version of nextwise reads 'bkt', format {FORMAT}")
    if manifest.pop("digest") != _digest(manifest, arrays):
        raise ModelError("the bundle's digest does not match its content: it was changed or cut off")
    return Model(
        tuple(map(str, manifest["skills"])),
        combinations=tuple(tuple(map(str, names)) for names in manifest["combinations"]),
        version=version,
        about=manifest["about"],
        **arrays,
    )


def _digest(manifest: Mapping[str, Any], arrays: Mapping[str, Floats]) -> str:
    digest = sha256(json.dumps(manifest, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name], "<f8").tobytes())
    return digest.hexdigest()
