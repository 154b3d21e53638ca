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
import numpy.typing as npt

from engine.catalog import Catalog, Item, Skill
from engine.graph.model import GraphModel
from engine.mastery_model import MasteryModel
from engine.model import Model, ModelError
from engine.outlook import KNOWN
from engine.responses import Response, pack, unpack
from engine.tracing import bind

AnyModel = Model | MasteryModel

FORMAT = 1
KINDS: Mapping[str, type[AnyModel]] = {kind.KIND: kind for kind in (Model, MasteryModel)}
ATTACHED = "attached:"  # before the name of what the engine does not read
GRAPH = "graph:"  # before the names of a graph model's arrays
GOLDEN_SKILLS = 50
TOLERANCE = 1e-9


def dump(model: AnyModel) -> bytes:
    """The bundle of a model."""
    arrays: dict[str, npt.NDArray[Any]] = {name: getattr(model, name) for name in model.ARRAYS}
    if graph := _graph_of(model):
        arrays |= {GRAPH + name: getattr(graph, name) for name in graph.ARRAYS}
    for name, content in model.attachments.items():
        arrays[ATTACHED + name] = np.frombuffer(content, np.uint8)
    manifest = {
        "format": FORMAT,
        "kind": model.KIND,
        **{name: getattr(model, name) for name in model.NAMES},
        "about": dict(model.about),
        "golden": golden(model),
    }
    manifest = json.loads(json.dumps(manifest))  # tuples as they are read again
    manifest["digest"] = _digest(manifest, arrays)
    out = io.BytesIO()
    packed: dict[str, Any] = {"manifest": np.frombuffer(json.dumps(manifest).encode(), np.uint8), **arrays}
    np.savez_compressed(out, **packed)
    return out.getvalue()


def load(bundle: bytes, version: str) -> AnyModel:
    """The model of a bundle, verified: format, digest, bounds, golden prediction. Raises :class:`ModelError`."""
    try:
        with np.load(io.BytesIO(bundle), allow_pickle=False) as archive:
            arrays = {name: np.ascontiguousarray(archive[name]) for name in archive.files}
        manifest = json.loads(arrays.pop("manifest").tobytes())
        model = _assemble(manifest, arrays, version)
    except ModelError:
        raise
    except Exception as fault:  # a bundle is foreign data: whatever is wrong with it, it is refused and not served
        raise ModelError(f"not a model bundle: {fault!r}") from fault
    if not np.allclose(golden(model), manifest["golden"], rtol=0, atol=TOLERANCE):
        raise ModelError("this machine does not reproduce the bundle's golden prediction")
    return model


def golden(model: AnyModel) -> list[float]:
    """P(correct) of a fixed run of answers over the model's first skills, combinations and items; and what a graph
    model makes of them."""
    unseen = "\0unseen"  # nothing can be called so: what an unknown skill and item back off to is verified as well
    groups = [(skill,) for skill in model.skills[:GOLDEN_SKILLS]] + list(model.combinations[:GOLDEN_SKILLS])
    known = model.items[: len(groups)] if isinstance(model, MasteryModel) else ()
    names = [*known, *(f"{unseen}{at}" for at in range(len(groups) + 1 - len(known)))]
    items = tuple(Item(name, skills) for name, skills in zip(names, [*groups, (unseen,)], strict=True))
    catalog = Catalog(tuple(map(Skill, (*model.skills, unseen))), items)
    answers = [
        Response(f"{item.id}-{turn}", "golden", item.id, score, turn * 86_400_000)
        for turn, score in enumerate((1.0, 0.0, 1.0, 0.5))
        for item in catalog.items
    ]
    tracer, history = bind(model, catalog), unpack(b"".join(map(pack, answers)))
    found = [step.p_correct for step in tracer.trace(history) if step.p_correct is not None]
    if _graph_of(model):
        state = tracer.fold(history)
        found += tracer.outlook(state, tracer.standing(state))[KNOWN].tolist()
    return found


def _graph_of(model: AnyModel) -> GraphModel | None:
    return model.graph if isinstance(model, MasteryModel) else None


def _assemble(manifest: dict[str, Any], arrays: dict[str, npt.NDArray[Any]], version: str) -> AnyModel:
    kind = KINDS.get(manifest["kind"])
    if manifest["format"] != FORMAT or kind is None:
        found, known = f"{manifest['kind']!r}, format {manifest['format']}", ", ".join(map(repr, KINDS))
        raise ModelError(f"bundle of kind {found}: this version of nextwise reads {known}, format {FORMAT}")
    if manifest.pop("digest") != _digest(manifest, arrays):
        raise ModelError("the bundle's digest does not match its content: it was changed or cut off")
    attached = {name: arrays[name].tobytes() for name in arrays if name.startswith(ATTACHED)}
    # What an older version did not know has its default; what it knew and is missing fails the digest.
    parts: dict[str, Any] = {name: _tuples(manifest[name]) for name in kind.NAMES if name in manifest}
    parts |= {name: np.asarray(arrays[name], np.float64) for name in kind.ARRAYS if name in arrays}
    if any(name.startswith(GRAPH) for name in arrays):
        parts["graph"] = GraphModel(*[np.asarray(arrays[GRAPH + name], np.float64) for name in GraphModel.ARRAYS])
    return kind(
        **parts,
        version=version,
        about=manifest["about"],
        attachments={name.removeprefix(ATTACHED): content for name, content in attached.items()},
    )


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _digest(manifest: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = sha256(json.dumps(manifest, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].shape}".encode())
        kind = "<f8" if arrays[name].dtype.kind == "f" else "u1"
        digest.update(np.ascontiguousarray(arrays[name], kind).tobytes())
    return digest.hexdigest()
