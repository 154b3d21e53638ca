"""What trials came to, policy by policy, over all worlds: gain, its share of the planner's, who gained least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.trials.trial import Result

Floats = npt.NDArray[np.float64]
Draws = tuple[npt.NDArray[np.int64], Floats]

OMNISCIENT = "omniscient"
DRAWS = 2000


@dataclass(frozen=True)
class Figures:
    """One policy over W worlds.

    gain                 true mastery gained over the budget, summed over skills, mean over students
    share_of_omniscient  per cent of the omniscient planner's gain; None where a family cannot be looked into
    interval             95 %, of gain: worlds are drawn anew, and the students in them
    worst_tenth          mean gain of the tenth of each world's students who gained least
    wasted               share of items on skills that were known already or not ready
    against              by rival: paired difference of gain (this - rival) on the same students, with its 95 % interval
    """

    gain: float
    share_of_omniscient: float | None
    interval: tuple[float, float]
    worst_tenth: float
    wasted: float
    against: dict[str, tuple[float, float, float]]


def summarise(worlds: Sequence[dict[str, Result]], seed: int = 0) -> dict[str, Figures]:
    """Figures of each policy, the planner's too, from the results of every world."""
    names = list(worlds[0])
    gains = {name: [world[name].gain for world in worlds] for name in names}
    draws = _draws(len(worlds), seed)
    best = _mean(gains[OMNISCIENT]) if OMNISCIENT in gains else None
    found = {}
    for name in names:
        mean = _mean(gains[name])
        found[name] = Figures(
            gain=mean,
            share_of_omniscient=100.0 * mean / best if best else None,
            interval=_interval(gains[name], draws),
            worst_tenth=_mean([worst_tenth(gain) for gain in gains[name]]),
            wasted=_mean([world[name].wasted for world in worlds]),
            against={rival: _paired(gains[name], gains[rival], draws) for rival in names if rival != name},
        )
    return found


def worst_tenth(gain: npt.NDArray[Any]) -> Floats:
    """The gains of the tenth of the students who gained least, at least one."""
    return np.sort(gain)[: max(1, round(len(gain) / 10))]


def _paired(own: list[Floats], rival: list[Floats], draws: Draws) -> tuple[float, float, float]:
    apart = [a - b for a, b in zip(own, rival, strict=True)]
    low, high = _interval(apart, draws)
    return _mean(apart), low, high


def _mean(of_worlds: list[Floats]) -> float:
    return float(np.mean([values.mean() for values in of_worlds]))


def _draws(worlds: int, seed: int) -> Draws:
    """Of every draw the worlds, and a standard normal number each: the same for all policies."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, worlds, (DRAWS, worlds)), rng.normal(size=(DRAWS, worlds))


def _interval(of_worlds: list[Floats], draws: Draws) -> tuple[float, float]:
    """95 % by bootstrap in two stages: worlds are drawn anew, and the mean of each within its standard error."""
    means = np.array([values.mean() for values in of_worlds])
    errors = np.array([values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0 for values in of_worlds])
    which, luck = draws
    low, high = np.quantile((means[which] + errors[which] * luck).mean(axis=1), [0.025, 0.975])
    return float(low), float(high)
