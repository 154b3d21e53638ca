"""The mastery model's parameters: immutable arrays, checked where they are made.

For skill k, set of skills t, grid point theta of ability, item i, what is remembered of the item x, and log gap:

    prior, learn   sig(p_k + a_pk theta), sig(t_k + a_tk theta)
    ease           z = mean_k g_k + ease_t + ease_i + c . x,     theta_u = mean_k a_gk theta
    gain           d = mean_k d_k + gain_t + gain_i,             theta_d = mean_k a_dk theta
    forget         sig(f_k + a_f (log(1 + gap) - typical)), 0 at the first opportunity

The means are over the skills that the answer asks for; an item's difficulty b_i is -ease_i. After every answer a share
sig(drift) of ability's weights is on the move (:func:`steps`). What is done with all this stands in
:mod:`engine.filter`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from engine.covariates import REPEATS
from engine.graph.model import GraphModel
from engine.model import ModelError

Floats = npt.NDArray[np.float64]

PRIOR, LEARN, GUESS, GAIN, FORGET = range(5)  # columns of a skill: logits, and
ON_PRIOR, ON_LEARN, ON_GUESS, ON_GAIN = range(5, 9)  # slopes of theta
COLUMNS = 9
CLOCKS = ("seconds", "answers")


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)); never 0, so that what is kept of a skill never is."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -300.0, 300.0))))


@dataclass(frozen=True)
class MasteryModel:
    """Knowledge tracing with ability, item difficulty and forgetting by time.

    skills        ids, K of them; ``values`` [K, 9]: logits of prior, learn, guess, gain, forget (after a typical gap)
                  at average ability, and slopes of theta on the first four
    population    [9], what an unseen skill backs off to
    gap           [2], slope of the log gap on forget, and the typical log gap
    combinations  sets of two and more skills (sorted ids); ``combined`` [T, 2] their offsets on ease and gain
    items         ids; ``offsets`` [I, 2] on ease and gain, 0 for an unseen item; ``item_means`` [I + 1] the mean
                  score of each in training and, last, of all
    covariates    names of what is added to the ease (:mod:`engine.covariates`), ``coefficients`` [C]
    theta, weight [G] the grid of ability; ``drift`` [1] logit of what of it moves an answer, far below 0 for nothing
    clock         whether a gap is in "seconds", or in the student's "answers" in between
    draws         [D, K, 9] ``values`` as they may be, ``population_draws`` [D, 9]: their spread, with that of ability,
                  is the interval beside mastery
    graph         parameters of what the recommender believes by way of the prerequisite graph, where they were fitted
    version       as the registry counts it
    about         how it was made: trainer, options, data digest, figures (JSON)
    attachments   what else is in its bundle, by name: bytes that the engine does not read

    Raises :class:`ModelError`, with all faults in one message.
    """

    KIND: ClassVar = "mastery"
    ARRAYS: ClassVar = (
        *("values", "population", "gap", "combined", "offsets", "item_means", "coefficients"),
        *("theta", "weight", "drift", "draws", "population_draws"),
    )
    NAMES: ClassVar = ("skills", "combinations", "items", "covariates", "clock")

    skills: tuple[str, ...]
    values: Floats
    population: Floats
    gap: Floats
    combinations: tuple[tuple[str, ...], ...]
    combined: Floats
    items: tuple[str, ...]
    offsets: Floats
    item_means: Floats
    covariates: tuple[str, ...]
    coefficients: Floats
    theta: Floats
    weight: Floats
    drift: Floats
    clock: Literal["seconds", "answers"]
    draws: Floats
    population_draws: Floats
    graph: GraphModel | None = None
    version: str = "unversioned"
    about: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise ModelError("these are no parameters of a mastery model: " + "; ".join(faults))
        for name in self.ARRAYS:
            getattr(self, name).setflags(write=False)

    @property
    def params(self) -> Floats:
        """The five parameters of every skill as a teacher reads them, [K, 5] as :data:`engine.model.PARAMETERS`: at
        average ability, on an item of average difficulty, after a typical gap."""
        return readable(self.values)

    @property
    def difficulty(self) -> Floats:
        """How much harder than the average item of its skills each item is, in logits [I]."""
        return np.asarray(-self.offsets[:, 0])


def unlearnt(points: int = 9) -> MasteryModel:
    """A model that knows no skill and no item: what every skill is believed to be before any is fitted."""
    theta = np.linspace(-3.0, 3.0, points) if points > 1 else np.zeros(1)
    weight = np.exp(-(theta**2) / 2)
    population = np.array([-0.4, -2.0, -1.4, 2.5, -3.5, 0.7, 0.4, 0.7, 0.0])
    return MasteryModel(
        skills=(),
        values=np.empty((0, COLUMNS)),
        population=population,
        gap=np.array([0.1, 8.0]),
        combinations=(),
        combined=np.empty((0, 2)),
        items=(),
        offsets=np.empty((0, 2)),
        item_means=np.array([0.7]),
        covariates=REPEATS,
        coefficients=np.array([0.5, -0.1, 0.0, 0.0, 0.0, 0.0, 0.0]),
        theta=theta,
        weight=weight / weight.sum(),
        drift=np.array([-5.0]),
        clock="seconds",
        draws=np.empty((0, 0, COLUMNS)),
        population_draws=np.empty((0, COLUMNS)),
    )


def steps(weight: Floats) -> Floats:
    """Rates of ability's steps to the next point below and above, [2, G]: those that leave ``weight`` as it is, so that
    nobody's ability drifts beyond those of all students (Metropolis et al. 1953)."""
    rates = np.zeros((2, len(weight)))
    rates[0, 1:] = 0.5 * np.minimum(1.0, weight[:-1] / weight[1:])
    rates[1, :-1] = 0.5 * np.minimum(1.0, weight[1:] / weight[:-1])
    return rates


def readable(values: Floats) -> Floats:
    """Prior, learn, guess, slip, forget [..., 5] of ``values`` [..., 9]."""
    slip = -values[..., GUESS] - np.logaddexp(0.0, values[..., GAIN])
    logits = [values[..., PRIOR], values[..., LEARN], values[..., GUESS], slip, values[..., FORGET]]
    return sigmoid(np.stack(logits, axis=-1))


def _faults(given: MasteryModel) -> list[str]:
    k, i, g, d = len(given.skills), len(given.items), len(given.theta), len(given.draws)
    shapes: dict[str, tuple[int, ...]] = {"values": (k, COLUMNS), "population": (COLUMNS,), "gap": (2,)}
    shapes |= {"combined": (len(given.combinations), 2), "offsets": (i, 2), "item_means": (i + 1,)}
    shapes |= {"coefficients": (len(given.covariates),), "theta": (g,), "weight": (g,), "drift": (1,)}
    shapes |= {"draws": (d, k, COLUMNS), "population_draws": (d, COLUMNS)}
    arrays = {name: getattr(given, name) for name in given.ARRAYS}
    faults = [
        f"{n} has shape {arrays[n].shape}, not {shape}" for n, shape in shapes.items() if arrays[n].shape != shape
    ]
    faults += [f"{n} holds a value that is not finite" for n, array in arrays.items() if not np.isfinite(array).all()]
    if faults:
        return faults
    if len(set(given.skills)) != k or len(set(given.items)) != i:
        faults.append("a skill or an item stands twice")
    if given.clock not in CLOCKS:
        faults.append(f"its clock is {given.clock!r}; known: {', '.join(CLOCKS)}")
    for values in (given.values, given.population, given.draws, given.population_draws):
        if (values[..., ON_PRIOR:ON_GAIN] < 0).any():
            faults.append("a slope of ability is below 0: who is abler would know less")
            break
    if given.gap[0] < 0:
        faults.append("the slope of the gap is below 0: a longer gap would be forgotten less")
    if given.graph is not None and (len(given.graph.values), len(given.graph.difficulty)) != (k, i):
        faults.append("the graph model beside it is of other skills or items")
    if (given.weight < 0).any() or abs(given.weight.sum() - 1) > 1e-9:
        faults.append("the weights of the ability grid are no distribution")
    return faults
