"""A fitted mastery model: immutable arrays, checked where they are made."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from engine.model import ModelError
from models.log import Floats, ResponseLog
from models.mastery.options import Options
from models.mastery.values import FORGET, GAIN, GUESS, LEARN, PRIOR, Values, sigmoid

ARRAYS = (
    *("logits", "population", "ability", "gap", "combined", "offsets", "item_means", "coefficients", "theta", "weight"),
)


@dataclass(frozen=True)
class Parameters:
    """What :func:`models.mastery.fit.fit` learns; equations in :mod:`engine.filter` and :mod:`models.mastery.values`.

    skills        names, K of them; ``logits`` [K, 5] are prior, learn, guess, gain, forget (after a typical gap)
    ability       [K, 4], slopes of theta on prior, learn, guess, gain
    population    [9], logits and slopes that an unseen skill backs off to
    gap           [2], slope of the log gap on forget, and the typical log gap
    combinations  sets of two and more skills (sorted names); ``combined`` [T, 2] their offsets on ease and gain
    items         names; ``offsets`` [I, 2] on ease and gain, 0 for an unseen item; ``item_means`` [I + 1] the mean
                  score of each in training and, last, of all
    coefficients  [C] of ``options.covariates``
    theta, weight [G] the grid of ability

    Raises :class:`ModelError`, with all faults in one message.
    """

    skills: tuple[str, ...]
    logits: Floats
    population: Floats
    ability: Floats
    gap: Floats
    combinations: tuple[tuple[str, ...], ...]
    combined: Floats
    items: tuple[str, ...]
    offsets: Floats
    item_means: Floats
    coefficients: Floats
    theta: Floats
    weight: Floats
    options: Options
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise ModelError("these are no parameters of the mastery model: " + "; ".join(faults))
        for name in ARRAYS:
            getattr(self, name).setflags(write=False)

    # The five parameters of every skill as a teacher reads them: at average ability, on an item of average difficulty.

    @property
    def prior(self) -> Floats:
        """P(known before the first answer) [K]."""
        return sigmoid(self.logits[:, PRIOR])

    @property
    def learn(self) -> Floats:
        """P(becomes known at an opportunity) [K]."""
        return sigmoid(self.logits[:, LEARN])

    @property
    def guess(self) -> Floats:
        """P(correct | not known) [K]."""
        return sigmoid(self.logits[:, GUESS])

    @property
    def slip(self) -> Floats:
        """P(wrong | known) [K]."""
        return sigmoid(-self.logits[:, GUESS] - np.logaddexp(0.0, self.logits[:, GAIN]))

    @property
    def forget(self) -> Floats:
        """P(lost over a gap of typical length) [K]."""
        return sigmoid(self.logits[:, FORGET])

    @property
    def difficulty(self) -> Floats:
        """How much harder than the average item of its skills each item is, in logits [I]."""
        return np.asarray(-self.offsets[:, 0])

    def values_for(self, log: ResponseLog) -> tuple[Values, Floats]:
        """The values in the log's numbering of skills and items, the population's where unseen; its items' means."""
        skill, item, tag = (
            _rows(self.skills, log.skills),
            _rows(self.items, log.items),
            _rows(self.combinations, log.tags),
        )
        skills = np.concatenate([np.hstack([self.logits, self.ability]), self.population[None]])[skill]
        tags, items = (
            np.concatenate([of, np.zeros((1, 2))])[at] for of, at in ((self.combined, tag), (self.offsets, item))
        )
        values = Values(self.population, skills, self.gap[:1], tags, items, self.coefficients)
        return values, self.item_means[item]


def _rows(known: tuple[Any, ...], names: tuple[Any, ...]) -> Any:
    """The place of each name among the known, -1 (the last row) for an unseen one."""
    places = {name: at for at, name in enumerate(known)}
    return np.array([places.get(name, -1) for name in names], np.int64)


def _faults(given: Parameters) -> list[str]:
    k, i, g, c = len(given.skills), len(given.items), len(given.theta), len(given.options.covariates)
    shapes = {"logits": (k, 5), "population": (9,), "ability": (k, 4), "gap": (2,), "offsets": (i, 2)}
    shapes |= {"combined": (len(given.combinations), 2)}
    shapes |= {"item_means": (i + 1,), "coefficients": (c,), "theta": (g,), "weight": (g,)}
    arrays = {name: getattr(given, name) for name in ARRAYS}
    faults = [
        f"{n} has shape {arrays[n].shape}, not {shape}" for n, shape in shapes.items() if arrays[n].shape != shape
    ]
    faults += [f"{n} holds a value that is not finite" for n, array in arrays.items() if not np.isfinite(array).all()]
    if faults:
        return faults
    if len(set(given.skills)) != k or len(set(given.items)) != i:
        faults.append("a skill or an item stands twice")
    if (given.ability[:, :3] < 0).any() or given.gap[0] < 0:
        faults.append("a slope of ability or of the gap has the wrong sign")
    if (given.weight < 0).any() or abs(given.weight.sum() - 1) > 1e-9:
        faults.append("the weights of the ability grid are no distribution")
    return faults


def dump(parameters: Parameters) -> bytes:
    """Parameters as one file: a NumPy ``.npz`` of the arrays and JSON for the rest. No pickle."""
    rest = {name: getattr(parameters, name) for name in ("skills", "combinations", "items", "about")}
    arrays: dict[str, Any] = {name: getattr(parameters, name) for name in ARRAYS}
    arrays["rest"] = np.frombuffer(json.dumps(rest | {"options": asdict(parameters.options)}).encode(), np.uint8)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def load(blob: bytes) -> Parameters:
    """The parameters that :func:`dump` wrote. Raises :class:`ModelError`."""
    try:
        with np.load(io.BytesIO(blob), allow_pickle=False) as archive:
            rest = json.loads(archive["rest"].tobytes())
            parts: dict[str, Any] = {name: np.ascontiguousarray(archive[name], np.float64) for name in ARRAYS}
        limits = {skill: {n: tuple(pair) for n, pair in of.items()} for skill, of in rest["options"]["limits"].items()}
        options = rest["options"] | {"ability": tuple(rest["options"]["ability"]), "limits": limits}
        parts |= {name: tuple(rest[name]) for name in ("skills", "items")}
        parts["combinations"] = tuple(map(tuple, rest["combinations"]))
        return Parameters(**parts, options=Options(**options), about=rest["about"])
    except ModelError:
        raise
    except Exception as fault:  # foreign data: whatever is wrong with it, it is refused
        raise ModelError(f"not a file of mastery parameters: {fault!r}") from fault
