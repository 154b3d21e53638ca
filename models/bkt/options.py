"""What a fit of plain BKT may be told, and the numbers that it starts from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model import FORGET, GUESS, PARAMETERS, SLIP
from models.bkt.objective import LIMIT

Floats = npt.NDArray[np.float64]
Bound = float | tuple[float, float]

ALL = "*"
EDGE = 1e-6  # nearer to 0 or 1 no probability of guess, slip, prior or learn is fixed

# Beta priors as (successes, trials) added to the counts: they keep a parameter off 0 and 1. Rows as PARAMETERS: these
# weak ones are for the population.
WEAK = np.array([[1.0, 2.0], [1.0, 6.0], [1.0, 3.0], [1.0, 4.0], [1.0, 100.0]])
# A skill's are centred on the population, with the weight of so many opportunities. Against the weak ones on public
# data: test AUC the same within .0003 (+.002 on a small set), +.000 to +.020 from 5 % of the training students, and a
# quarter to three quarters as many skills with guess > .5.
WEIGHT = np.array([10.0, 20.0, 10.0, 10.0, 200.0])

# The likelihood has many tops. Of 160 starts these lead to the best that any found, for each of 500 skills of four
# public sets: with slip + guess < 1, and without (where the best may have the two states swapped).
ORDERED = np.array(
    [
        [0.70, 0.050, 0.30, 0.50, 0.020],
        [0.10, 0.050, 0.05, 0.50, 0.020],
        [0.97, 0.003, 0.30, 0.05, 0.100],
        [0.97, 0.600, 0.05, 0.15, 0.020],
        [0.97, 0.003, 0.05, 0.50, 0.010],
        [0.30, 0.100, 0.50, 0.05, 0.005],
        [0.03, 0.050, 0.50, 0.30, 0.100],
        [0.90, 0.100, 0.30, 0.15, 0.020],
    ]
)
FREE = np.array(
    [
        [0.03, 0.30, 0.05, 0.15, 0.02],
        [0.90, 0.30, 0.50, 0.90, 0.02],
        [0.10, 0.02, 0.05, 0.90, 0.02],
        [0.03, 0.05, 0.95, 0.05, 0.02],
        [0.97, 0.60, 0.05, 0.30, 0.10],
        [0.10, 0.05, 0.70, 0.30, 0.02],
        [0.30, 0.60, 0.15, 0.05, 0.10],
        [0.97, 0.60, 0.70, 0.30, 0.02],
    ]
)


class OptionError(ValueError):
    """An option that cannot be meant; the message says what can be."""


@dataclass(frozen=True)
class Options:
    """How to fit.

    forgets   learn forgetting, per opportunity; else none is lost
    priors    weak Beta priors, centred on the fit of all skills as one; without them, maximum likelihood
    ordered   hold guess + slip below 1, so that a wrong answer never raises mastery
    bounds    per skill (``"*"``: every other skill), per parameter: a value, at which it is fixed, or (low, high)

    Raises :class:`OptionError`.
    """

    forgets: bool = True
    priors: bool = True
    ordered: bool = True
    bounds: Mapping[str, Mapping[str, Bound]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for skill, of_skill in self.bounds.items():
            low, high = _bounds(skill, of_skill)
            if self.ordered and low[GUESS] + low[SLIP] >= LIMIT:
                raise OptionError(f"bounds of skill {skill!r}: guess + slip must be able to stay below {LIMIT}")
            if not self.forgets and high[FORGET] > 0 and "forget" in of_skill:
                raise OptionError(f"bounds of skill {skill!r}: forget is bounded, but the fit is without forgetting")

    def among(self, skills: Sequence[str]) -> Options:
        """The same, of these skills alone."""
        return replace(self, bounds={skill: of for skill, of in self.bounds.items() if skill in {ALL, *skills}})

    def box(self, skills: Sequence[str]) -> tuple[Floats, Floats]:
        """Lowest and highest values, both [K, 5]. Raises :class:`OptionError` for a skill that is not there."""
        if unknown := set(self.bounds) - {ALL} - set(skills):
            raise OptionError(f"bounds name the skill {min(unknown)!r}, of which there are no answers")
        common = self.bounds.get(ALL, {})
        low, high = (np.tile(end, (len(skills), 1)) for end in _bounds(ALL, common))
        for at, skill in enumerate(skills):
            if skill in self.bounds:
                low[at], high[at] = _bounds(skill, self.bounds[skill])
        if not self.forgets:
            low[:, FORGET] = high[:, FORGET] = 0.0
        if self.ordered:
            high[:, GUESS] = np.minimum(high[:, GUESS], LIMIT - low[:, SLIP])
        return low, high


def _bounds(skill: str, of_skill: Mapping[str, Bound]) -> tuple[Floats, Floats]:
    low, high = np.zeros(5), np.ones(5)
    for name, bound in of_skill.items():
        if name not in PARAMETERS:
            raise OptionError(f"bounds of skill {skill!r}: no parameter {name!r}; there are {', '.join(PARAMETERS)}")
        ends: tuple[Any, ...] = tuple(bound) if isinstance(bound, Sequence) else (bound, bound)
        if len(ends) != 2 or not all(_is_probability(end) for end in ends) or ends[0] > ends[1]:
            raise OptionError(f"bounds of skill {skill!r}: {name} is {bound!r}; give a value or (low, high) in 0..1")
        if name != "forget":  # what can never happen would make answers impossible; forgetting may be exactly 0
            within = (min(ends[0], 1 - EDGE), max(ends[1], EDGE))
            ends = within if ends[0] < ends[1] else tuple(np.clip(ends, EDGE, 1 - EDGE))
        low[PARAMETERS.index(name)], high[PARAMETERS.index(name)] = ends
    return low, high


def _is_probability(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= 1
