"""Policies as data: a name, a version, a rule and its settings; those that come with the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from engine.policies.alosi import Alosi
from engine.policies.course import Course
from engine.policies.rule import Rule, Session
from engine.policies.served import Served
from engine.policies.simple import FixedOrder, MasteryOrder, MaxInformation, OuterFringe, Random
from engine.policies.zpdes import Zpdes

RULES: dict[str, Rule] = {
    "served": Served,
    "random": Random,
    "fixed-order": FixedOrder,
    "mastery-order": MasteryOrder,
    "outer-fringe": OuterFringe,
    "zpdes": Zpdes,
    "alosi": Alosi,
    "max-information": MaxInformation,
}


class PolicyError(ValueError):
    """A policy that cannot be meant; the message says what can be."""


@dataclass(frozen=True)
class Policy:
    """How items are chosen; a named, versioned piece of data.

    rule         one of :data:`RULES`; ``settings`` are its own
    exploration  share of choices spread evenly over all items that may be given, so that the log can be judged later
    """

    name: str
    version: str
    rule: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    exploration: float = 0.0

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise PolicyError(f"policy {self.name!r}: no rule {self.rule!r}; there are {', '.join(RULES)}")
        if not 0.0 <= self.exploration <= 1.0:
            raise PolicyError(f"policy {self.name!r}: exploration is {self.exploration}; it is a share, 0 to 1")

    def start(self, course: Course, students: int) -> Session:
        """The rule at work for so many students. Raises :class:`PolicyError` for a setting that is missing."""
        try:
            return RULES[self.rule](course, students, self.settings)
        except KeyError as fault:
            raise PolicyError(f"policy {self.name!r}: rule {self.rule!r} needs the setting {fault}") from None


@cache
def shipped() -> Mapping[str, Policy]:
    """The policies that come with the engine, by name."""
    text = files("engine.policies").joinpath("policies.json").read_text("utf-8")
    return {policy["name"]: Policy(**policy) for policy in json.loads(text)}
