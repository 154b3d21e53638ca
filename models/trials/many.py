"""Trials over many worlds, on some cores."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import cast

from engine.policies.policy import Policy
from engine.worlds.families import FAMILIES, Family
from models.trials.trial import Result, Setting, run

Told = Callable[[int, int], None]  # worlds done, of how many


class FamilyError(ValueError):
    """A family of students that is not there; the message says which are."""


def family_of(name: str) -> Family:
    """One of ours by its name, or ``package.module:Name``. Raises :class:`FamilyError`."""
    if name in FAMILIES:
        return FAMILIES[name]
    module, _, attribute = name.partition(":")
    if not attribute:
        known = ", ".join(FAMILIES)
        raise FamilyError(f"no family of students is called {name!r}; there are {known}, or give package.module:Name")
    try:
        return cast(Family, getattr(importlib.import_module(module), attribute))
    except (ImportError, AttributeError) as fault:
        raise FamilyError(f"the students {name!r} could not be imported: {fault}") from fault


def run_many(
    family: str,
    policies: Mapping[str, Policy],
    setting: Setting,
    worlds: int,
    seed: int,
    jobs: int = 1,
    told: Told | None = None,
) -> list[dict[str, Result]]:
    """Results of worlds 0 .. ``worlds`` - 1 of the seed. They do not depend on ``jobs``."""
    family_of(family)  # a wrong name is told before any work
    one, found = partial(_one, family, dict(policies), setting, seed), []
    if jobs == 1:
        for number in range(worlds):
            found.append(one(number))
            if told:
                told(number + 1, worlds)
        return found
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for result in pool.map(one, range(worlds)):
            found.append(result)
            if told:
                told(len(found), worlds)
    return found


def _one(family: str, policies: dict[str, Policy], setting: Setting, seed: int, number: int) -> dict[str, Result]:
    return run(family_of(family), policies, setting, seed, number)
