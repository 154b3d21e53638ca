"""A model: immutable arrays of parameters, checked where they are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from engine.rows import places

PARAMETERS = ("prior", "learn", "guess", "slip", "forget")
PRIOR, LEARN, GUESS, SLIP, FORGET = range(5)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class ModelError(ValueError):
    """A bundle that must not be served; the message names every fault found."""


@dataclass(frozen=True)
class Model:
    """Bayesian knowledge tracing parameters of every skill.

    skills      ids, K of them
    params      [K, 5], columns as in :data:`PARAMETERS`; forget is per opportunity
    population  [5], what an unseen skill backs off to
    draws       [D, K, 5], parameter draws (students as they may be); their spread is the interval beside mastery
    population_draws  [D, 5]
    combinations  sets of two and more skills (sorted ids) that items of the training data asked for together
    emissions   [links, 2], guess and slip of each skill of each combination, row after row
    wholes      sets of skills (sorted ids) that are read as a skill of their own as well: combinations, and skills that
                stand in one, for what is asked of them alone
    whole_params  [W, 5] of each; the draws, and mastery, know nothing of them
    version     as the registry counts it; ``builtin`` for the one that needs no training
    about       how it was made: trainer, data digest, figures (JSON)
    attachments what else is in its bundle, by name: bytes that the engine does not read

    Raises :class:`ModelError`, with all faults in one message.
    """

    KIND: ClassVar = "bkt"
    ARRAYS: ClassVar = ("params", "population", "draws", "population_draws", "emissions", "whole_params")
    NAMES: ClassVar = ("skills", "combinations", "wholes")

    skills: tuple[str, ...]
    params: Floats
    population: Floats
    draws: Floats
    population_draws: Floats
    combinations: tuple[tuple[str, ...], ...] = ()
    emissions: Floats = field(default_factory=lambda: np.empty((0, 2)))
    wholes: tuple[tuple[str, ...], ...] = ()
    whole_params: Floats = field(default_factory=lambda: np.empty((0, 5)))
    version: str = "unversioned"
    about: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise ModelError("this model cannot be served: " + "; ".join(faults))
        for name in self.ARRAYS:
            getattr(self, name).setflags(write=False)


def _faults(model: Model) -> list[str]:
    k, d = len(model.skills), len(model.draws)
    links = sum(map(len, model.combinations))
    shapes = {
        "params": (model.params, (k, 5)),
        "population": (model.population, (5,)),
        "draws": (model.draws, (d, k, 5)),
        "population_draws": (model.population_draws, (d, 5)),
        "emissions": (model.emissions, (links, 2)),
        "whole_params": (model.whole_params, (len(model.wholes), 5)),
    }
    faults = [f"{n} has shape {a.shape}, not {shape}" for n, (a, shape) in shapes.items() if a.shape != shape]
    if d == 0:
        faults.append("draws are missing: without them mastery has no interval")
    if len(set(model.skills)) != k:
        faults.append("a skill stands twice")
    if not set(model.skills).issuperset(skill for combination in model.combinations for skill in combination):
        faults.append("a combination names a skill that the model does not hold")
    if faults:
        return faults
    for name, (array, _) in shapes.items():
        if not np.isfinite(array).all():
            faults.append(f"{name} holds a value that is not finite")
        elif ((array < 0) | (array > 1)).any():
            faults.append(f"{name} holds a value outside 0..1")
        elif (_guess_plus_slip(array) >= 1).any():
            faults.append(f"{name}: guess + slip >= 1, so that a wrong answer would raise mastery")
    return faults


def _guess_plus_slip(array: Floats) -> Floats:
    return array.sum(-1) if array.shape[-1] == 2 else array[..., GUESS] + array[..., SLIP]


def emissions_of(
    combinations: Sequence[tuple[str, ...]], emissions: Floats, own: Floats, sets: Iterable[Sequence[str]]
) -> Floats:
    """Guess and slip of every skill of every set [links, 2]: the combination's where it was trained, else its ``own``.

    ``combinations`` and ``emissions`` as in :class:`Model`; ``own`` [links, 2] stands in the order of the ``sets``.
    """
    emit, low = own.copy(), 0
    first = np.cumsum([0, *map(len, combinations)])
    trained = dict(zip(combinations, first.tolist(), strict=False))
    for names in sets:
        row = trained.get(tuple(sorted(names))) if len(names) > 1 else None
        if row is not None:
            place = {name: row + at for at, name in enumerate(sorted(names))}
            emit[low : low + len(names)] = emissions[[place[name] for name in names]]
        low += len(names)
    return emit


def drawn_emissions(draws: Floats, params: Floats, emit: Floats, skills: Ints, limit: float = 0.98) -> Floats:
    """Guess and slip of every link under every draw [D, links, 2]: moved on the logit scale as its skill's own, from
    ``params`` [K, 5] to ``draws`` [D, K, 5]. ``emit`` [links, 2], of the skills ``skills`` [links]; guess + slip stay
    below ``limit``."""
    read = [GUESS, SLIP]
    moved = logit(draws[:, :, read][:, skills]) + logit(emit) - logit(params[:, read][skills])
    drawn = 1 / (1 + np.exp(-moved))
    return np.asarray(drawn / np.maximum(1, drawn.sum(-1, keepdims=True) / limit))


def logit(p: Floats) -> Floats:
    """The log odds; of 0 and 1, those of a millionth."""
    clipped = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))


def read_whole(
    wholes: Sequence[tuple[str, ...]], whole_params: Floats, sets: Iterable[Sequence[str]], skills: int
) -> tuple[Floats, Ints]:
    """The chains of those ``sets`` that are read as a whole too: parameters [C, 5]; and of every set its chain, counted
    from ``skills`` on, -1 where it has none. ``wholes`` and ``whole_params`` as in :class:`Model`."""
    at = places(wholes, [tuple(sorted(names)) for names in sets])
    used, chain = np.unique(at[at >= 0], return_inverse=True)
    own = np.full(len(at), -1)
    own[at >= 0] = skills + chain
    return whole_params[used], own


def builtin(draws: int = 32) -> Model:
    """The model of a school that has no data yet: one population, no skill known.

    Values in the middle of those that BKT studies report (Corbett & Anderson 1995 and after). It is served
    until a first model is trained, under the version ``builtin``.
    """
    population = np.array([0.35, 0.12, 0.2, 0.1, 0.0])
    # Published skills differ by about half a logit around these; forget stays 0.
    spread = np.random.default_rng(0).normal(0.0, 0.5, (draws, 5))
    logits = np.log(population[:4] / (1 - population[:4])) + spread[:, :4]
    population_draws = np.zeros((draws, 5))
    population_draws[:, :4] = 1 / (1 + np.exp(-logits))
    population_draws[:, SLIP] = np.minimum(population_draws[:, SLIP], 0.95 - population_draws[:, GUESS])
    return Model(
        (),
        np.empty((0, 5)),
        population,
        np.empty((draws, 0, 5)),
        population_draws,
        version="builtin",
        about={"trainer": "none"},
    )
