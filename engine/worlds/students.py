"""What a family of simulated students must do, and the hidden state that all of ours share.

A *family* is a callable ``family(world, count, rng) -> Students``. It hides what its students truly know; whoever
teaches them sees scores and nothing else. From outside the project: ``--students package.module:Name``.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.worlds.world import World

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Students(Protocol):
    """``count`` students of one world, who all take a step at a time.

    Chance must be drawn from the generator given, and as many numbers a step whatever is asked: then two policies
    meet the same students with the same luck, and their difference is told in fewer students.
    """

    def answer(self, items: Ints) -> Floats:
        """Scores 0..1 [S] of one item each [S]; they learn, and time moves on by a step."""

    def known(self) -> Floats:
        """True mastery of every skill now, 0..1, [S, K]: what gain is measured in. Hidden from policies."""

    def ready(self) -> Mask:
        """Whether a skill could be learnt now, [S, K]. Hidden from policies; counts wasted items."""


class Transparent(Students, Protocol):
    """Students whom an omniscient planner can look into. Without this there is no ``share_of_omniscient``."""

    def prospects(self, left: int) -> tuple[Floats, Floats, Mask]:
        """``worth, cost, met``, each [S, K], with ``left`` items to come.

        How much mastery of each skill is to be had by the end, in how many items on average (as if the skill were
        ready; where mastery comes bit by bit, up to the point of the best ratio); whether what builds on it can start.
        """


def spread(base: Floats, multiplier: Floats, limit: float = 0.95) -> Floats:
    """Individual parameters [S, K] of a skill's [K] and a student's multiplier [S], held below ``limit``."""
    return np.asarray(np.clip(base[None, :] * multiplier[:, None], 0.0, limit))


def on_odds(p: Floats, shift: Floats) -> Floats:
    """Probabilities moved by ``shift`` logits."""
    odds = p / (1.0 - p) * np.exp(shift)
    return np.asarray(odds / (1.0 + odds))


def begin_knowing(world: World, own_prior: Floats, rng: np.random.Generator) -> Mask:
    """What students know at the start [S, K]: own prior where all prerequisites are known, a twentieth of it else."""
    count, skills = own_prior.shape
    known, draws = np.zeros((count, skills), bool), rng.random((count, skills))
    padded = np.ones((count, skills + 1), bool)
    for k in range(skills):  # indices are a topological order
        ready = padded[:, world.parents[k]].all(axis=1)
        known[:, k] = padded[:, k] = draws[:, k] < own_prior[:, k] * np.where(ready, 1.0, 0.05)
    return known
