"""Which pieces of the mastery model are on: each can be switched alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from engine.covariates import RECENCY, REPEATS
from engine.model import PARAMETERS
from models.log import ResponseLog

ABILITY = ("prior", "learn", "guess", "known")  # what ability may act on


@dataclass(frozen=True)
class Options:
    """The default is the model that is meant to be served.

    forgets   None; "opportunity": as much at every opportunity; "time": more after a longer gap
    ability   what it acts on: all four; ("prior",) is the prior per student of Pardos & Heffernan (2010); () is none
    items     None; "difficulty": an offset an item; "guess and slip": two (KT-IDEM, Pardos & Heffernan 2011)
    repeats   earlier answers to the same item speak for the next one
    recency   the last answers, whatever their skill, speak for the next one; takes over part of what mastery explains
    priors    skills are held to their population, and that to what studies report; items always are held to 0
    drift     ability moves a little after every answer, at a rate that is learnt
    points    of the ability grid
    limits    ``{skill: {parameter: (low, high)}}`` as probabilities at average ability; fixed where both are the same.
              Slip is what the guess leaves: it can be limited where the guess is fixed.

    Raises ValueError, with all faults in one message.
    """

    forgets: Literal["opportunity", "time"] | None = "time"
    ability: tuple[str, ...] = ABILITY
    items: Literal["difficulty", "guess and slip"] | None = "difficulty"
    repeats: bool = True
    recency: bool = False
    priors: bool = True
    drift: bool = True
    points: int = 9
    limits: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = [f"ability acts on {ABILITY}, not on {name!r}" for name in self.ability if name not in ABILITY]
        if self.forgets not in (None, "opportunity", "time"):
            faults.append(f"forgets is {self.forgets!r}; known: None, 'opportunity', 'time'")
        if self.items not in (None, "difficulty", "guess and slip"):
            faults.append(f"items is {self.items!r}; known: None, 'difficulty', 'guess and slip'")
        if self.ability and not 3 <= self.points <= 99:
            faults.append(f"the ability grid has {self.points} points; it needs 3 to 99")
        faults += [fault for skill, limits in self.limits.items() for fault in _limit_faults(skill, limits)]
        if faults:
            raise ValueError("; ".join(faults))

    @classmethod
    def plain(cls, forgets: Literal["opportunity", "time"] | None = None) -> Options:
        """Bayesian knowledge tracing and nothing else."""
        return cls(forgets=forgets, ability=(), items=None, repeats=False, drift=False)

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> Options:
        """The options that a model says it was fitted with (JSON)."""
        limits = {s: {n: tuple(pair) for n, pair in of.items()} for s, of in about["options"]["limits"].items()}
        return cls(**about["options"] | {"ability": tuple(about["options"]["ability"]), "limits": limits})

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of what is added to an answer's ease from the past."""
        return (REPEATS if self.repeats else ()) + (RECENCY if self.recency else ())

    def suited_to(self, log: ResponseLog) -> Options:
        """Without items and their repeats where every set of skills has one item: then it says nothing of its own."""
        pairs = set(zip(log.tag.tolist(), log.item.tolist(), strict=True))
        return self if len(pairs) > len(log.tags) else replace(self, items=None, repeats=False)


def _limit_faults(skill: str, limits: Mapping[str, tuple[float, float]]) -> list[str]:
    faults = []
    for name, (low, high) in limits.items():
        if name not in PARAMETERS:
            faults.append(f"skill {skill!r}: no parameter is called {name!r}; known: {PARAMETERS}")
        elif not 0 <= low <= high <= 1:
            faults.append(
                f"skill {skill!r}: the limits of {name} are {low} and {high}; they need 0 <= low <= high <= 1"
            )
    guess = limits.get("guess", (0.0, 1.0))
    if "slip" in limits and guess[0] != guess[1]:
        faults.append(f"skill {skill!r}: slip can be limited where guess is fixed (the same low and high)")
    elif "slip" in limits and guess[0] + limits["slip"][0] >= 1:
        faults.append(f"skill {skill!r}: guess + slip must stay below 1")
    return faults
