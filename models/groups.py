"""Is the model as good for every group of students? Figures by any attribute of the roster, small groups suppressed.

Predictions that are right on average over all may be too low for one group and too high for another: then mastery is
called too late there, and too early here. ``bias`` is that error, with an interval over the group's students.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models import metrics
from models.log import DataError, Floats, Ints, Mask, ResponseLog

LEAST = 10  # students, below which a group's figures would tell of persons
UNKNOWN = "(unknown)"
INTERVAL = 1.96  # standard errors: 95 %


@dataclass(frozen=True)
class Group:
    """One group's figures; None where it is suppressed, or where there is nothing to measure.

    bias      mean of P(correct) - score, in probability: above 0, the model thinks too well of these students
    interval  of the bias, 95 %, students being the unit
    ece, auc, log_loss  as in :mod:`models.metrics`
    mastered  share of the (student, skill) pairs that are called mastered
    """

    name: str
    students: int | None
    answers: int | None = None
    bias: float | None = None
    interval: tuple[float, float] | None = None
    ece: float | None = None
    auc: float | None = None
    log_loss: float | None = None
    mastered: float | None = None

    @property
    def suppressed(self) -> bool:
        return self.students is None

    @property
    def biased(self) -> bool:
        """Whether the interval of the bias leaves out 0."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def by_group(
    log: ResponseLog,
    predicted: Floats,
    attribute: Mapping[str, str],
    *,
    mastered: tuple[Ints, Mask] | None = None,
    least: int = LEAST,
) -> list[Group]:
    """Figures of predictions [N] for every value of an attribute of students, by name.

    A student whom ``attribute`` leaves out is of the group "(unknown)". ``mastered``: the student (position in the log)
    of each (student, skill) pair, and whether the pair is called mastered. Groups of fewer than ``least`` students are
    suppressed; where that is one alone, the next smallest with it, or the total would tell it. Raises
    :class:`~models.log.DataError` where no student of the log has the attribute.
    """
    values = [attribute.get(student, "").strip() or UNKNOWN for student in log.students]
    if set(values) <= {UNKNOWN}:
        raise DataError("no student of the data has this attribute: are these the ids of the same system?")
    names, group = np.unique(np.array(values, object).astype(str), return_inverse=True)
    sizes = np.bincount(group)
    hidden = suppressed(sizes, least)
    return [
        Group(name, None) if hide else _figures(name, log, predicted, group == at, mastered)
        for at, (name, hide) in enumerate(zip(names.tolist(), hidden.tolist(), strict=True))
    ]


def suppressed(sizes: Ints, least: int) -> Mask:
    """Which groups not to show.

    >>> suppressed(np.array([50, 4, 12]), 10), suppressed(np.array([50, 40]), 10), suppressed(np.array([3, 4, 50]), 10)
    (array([False,  True,  True]), array([False, False]), array([ True,  True, False]))
    """
    hidden = np.asarray(sizes < least)
    if hidden.sum() == 1 and len(sizes) > 1:
        hidden[np.where(hidden, sizes.max() + 1, sizes).argmin()] = True
    return hidden


def _figures(
    name: str, log: ResponseLog, predicted: Floats, members: Mask, mastered: tuple[Ints, Mask] | None
) -> Group:
    rows = members[log.student]
    score, guess = log.score[rows], predicted[rows]
    bias, interval = _bias(guess - score, log.student[rows])
    share = None
    if mastered is not None and members[mastered[0]].any():
        share = float(mastered[1][members[mastered[0]]].mean())
    return Group(
        name,
        int(members.sum()),
        int(rows.sum()),
        bias,
        interval,
        _known(metrics.ece(score, guess)),
        _known(metrics.auc(score, guess)),
        _known(metrics.log_loss(score, guess)),
        share,
    )


def _bias(error: Floats, student: Ints) -> tuple[float, tuple[float, float] | None]:
    """The mean error, and its interval: a ratio of sums over students (sandwich with students as clusters)."""
    _, who = np.unique(student, return_inverse=True)
    mean, n = float(error.mean()), int(who.max()) + 1
    if n < 2:
        return mean, None
    sums = np.bincount(who, error - mean)
    wide = INTERVAL * float(np.sqrt((sums**2).sum() * n / (n - 1))) / len(error)
    return mean, (mean - wide, mean + wide)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def rows(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """As a table; suppressed groups say so and nothing else."""
    return [
        {"group": group.name, "students": "suppressed"}
        | dict.fromkeys(("answers", "bias", "bias from", "bias to", "ece", "auc", "log_loss", "mastered"))
        if group.suppressed
        else {
            "group": group.name,
            "students": group.students,
            "answers": group.answers,
            "bias": group.bias,
            "bias from": group.interval[0] if group.interval else None,
            "bias to": group.interval[1] if group.interval else None,
            "ece": group.ece,
            "auc": group.auc,
            "log_loss": group.log_loss,
            "mastered": group.mastered,
        }
        for group in groups
    ]
