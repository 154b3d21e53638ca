"""Does "mastered" hold? Of those called mastered, how many answer wrongly the next time that it is put to the test.

A pair of student and skill is *called* mastered at the answer after which reports first say so (:mod:`engine.mastery`).
Its *probe* is the first answer on the skill a day later or more; where times are a mere order, the first after
:data:`ANSWERS` others. What came between does not count: right after the call, the answers that led to it still echo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numba import njit
from scipy.stats import binomtest  # type: ignore[import-untyped]

from engine.bundle import AnyModel
from engine.covariates import clock
from engine.mastery import Thresholds
from models.crossings import NO_MARKS, needed
from models.folding import fold
from models.log import Floats, Ints, Mask, ResponseLog

DAY = 86_400.0  # seconds
ANSWERS = 20
NONE = -1


@dataclass(frozen=True)
class Probes:
    """Of the pairs ``called`` mastered, those ``probed`` later; the share of the probes that were ``wrong`` (scores
    between right and wrong count as they are), with its 95 % interval, and the share that the model ``expected``."""

    name: str
    called: int
    probed: int
    wrong: float | None
    interval: tuple[float, float] | None
    expected: float | None


def probes(
    model: AnyModel, log: ResponseLog, rules: Thresholds, marks: Mapping[str, float] = NO_MARKS
) -> tuple[Probes, list[Probes]]:
    """Of all skills together, and of each that someone was called mastered on, the most probed first; ``marks`` are
    those that a catalog sets."""
    folded = fold(model, log)
    row, link = log.expand()
    skill = log.tag_skill[link]
    mastered = folded.after >= needed(log, rules, marks)[skill]
    seconds = clock(log.at)
    when, wait = (np.arange(len(log), dtype=np.float64), ANSWERS) if seconds is None else (seconds, DAY)
    call, probe = _calls(log.student[row], skill, mastered, when[row], wait, rules.enough, len(log.skills))
    score, predicted = log.score[row], folded.predicted[row]
    total = _counted("all", call, probe, score, predicted)
    of_skill = skill[call]
    each = [
        _counted(log.skills[k], call[of_skill == k], probe[of_skill == k], score, predicted)
        for k in np.unique(of_skill).tolist()
    ]
    return total, sorted(each, key=lambda found: -found.probed)


def rows(found: Sequence[Probes]) -> list[dict[str, Any]]:
    """As a table."""
    return [asdict(one) for one in found]


def _counted(name: str, call: Ints, probe: Ints, score: Floats, predicted: Floats) -> Probes:
    at = probe[probe != NONE]
    if not len(at):
        return Probes(name, len(call), 0, None, None, None)
    wrong = float(1.0 - score[at].mean())
    ends = binomtest(round(wrong * len(at)), len(at)).proportion_ci(method="wilson")
    expected = float(1.0 - predicted[at].mean())
    return Probes(name, len(call), len(at), wrong, (float(ends.low), float(ends.high)), expected)


@njit(cache=True)
def _calls(student: Ints, skill: Ints, mastered: Mask, when: Floats, wait: float, enough: int, skills: int) -> Any:
    """The link at which each pair was first called mastered, and that of its probe (:data:`NONE`: there was none)."""
    owner, seen, called = np.full(skills, -1), np.zeros(skills, np.int64), np.full(skills, -1)
    call, probe, n = np.empty(len(student), np.int64), np.full(len(student), NONE), 0
    for at in range(len(student)):
        k = skill[at]
        if owner[k] != student[at]:
            owner[k], seen[k], called[k] = student[at], 0, -1
        seen[k] += 1
        if called[k] >= 0:
            if probe[called[k]] == NONE and when[at] - when[call[called[k]]] >= wait:
                probe[called[k]] = at
        elif mastered[at] and seen[k] >= enough:
            called[k], call[n] = n, at
            n += 1
    return call[:n], probe[:n]
