"""The promotion gates: what a version must show before it is served in place of another. Each is a pure function.

``passed`` is None where there was nothing to judge: such a gate says why, and blocks nothing by itself. The numbers
stand here, and why each of them was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.bundle import AnyModel, load
from engine.model import GUESS, SLIP, ModelError
from models.crossings import Crossings
from models.evaluation import predict
from models.evaluation import predictions as predictors
from models.groups import Group
from models.log import Floats, Mask, ResponseLog
from models.metrics import ece
from models.paired import log_loss_difference
from models.trainers import ATTACHED
from models.training import WORSE_LOG_LOSS, allowed_ece, is_held_out

LEAST = 5  # students, below which an interval by bootstrap says nothing
DEGENERATE = 0.1  # of skills: 0 on four public sets, so a tenth means other data, or answers keyed the wrong way round
EXTREME = 1 / 3  # of skills with guess or slip > .5: at most .18 on four public sets
BIAS = 0.05  # in probability, of a group
BIASED_FROM = 30  # students in a group that can block

BUNDLE, UNSEEN, LATER = "bundle", "log loss on unseen students", "log loss on later time"
CALIBRATION, FITS, CROSSING, GROUPS = "calibration", "degenerate fits", "mastery threshold", "groups"
PREDICTOR = "response predictor"
FIRST = "there is no champion to compare with"


@dataclass(frozen=True)
class Gate:
    """One gate and what it found, in a sentence with the figures. ``passed`` is None where nothing could be judged."""

    name: str
    passed: bool | None
    told: str

    @property
    def outcome(self) -> str:
        return {True: "passed", False: "BLOCKED", None: "not judged"}[self.passed]


@dataclass(frozen=True)
class Contender:
    """A registered version: what it serves, and its fit without the held-out students where that was kept.

    ``trained`` is when it was registered, ms since 1970: answers given after it cannot have been learnt from.
    """

    version: str
    model: AnyModel
    judged: AnyModel | None
    trained: int

    def unseen(self, log: ResponseLog) -> Mask:
        """Which students of the log ``judged`` has never seen, [S]; none where that is not known."""
        held_out = self.judged.about.get("held_out") if self.judged else None
        if not held_out:
            return np.zeros(len(log.students), bool)
        return is_held_out(log, held_out["share"], held_out["seed"])


def bundle(content: bytes, version: str) -> tuple[Gate, AnyModel | None]:
    """The checks that every worker makes before it serves a model; the model where it passes them."""
    try:
        model = load(content, version)
    except ModelError as fault:
        return Gate(BUNDLE, False, str(fault)), None
    told = f"{len(model.skills):,} skills: parameters finite and in 0..1, guess + slip < 1, golden prediction the same"
    return Gate(BUNDLE, True, told), model


def unseen_students(candidate: Contender, champion: Contender | None, log: ResponseLog) -> Gate:
    """Against the champion, on students whom neither fit has seen.

    Where there are none, on the candidate's own: the champion then looks better than it is, and where it wins so, the
    gate blocks, since nothing shows that the candidate is as good.
    """
    if champion is None:
        return Gate(UNSEEN, None, FIRST)
    if candidate.judged is None:
        return Gate(UNSEEN, False, "no fit without held-out students was kept with it: train it with nextwise train")
    own = candidate.unseen(log)
    both, old, doubt = own & champion.unseen(log), champion.judged, ""
    if old is None or both.sum() < LEAST:
        both, old, doubt = own, champion.model, "; not fair: the champion was trained on them, and looks better for it"
    if both.sum() < LEAST:
        return Gate(UNSEEN, None, f"{both.sum()} students of the data were held out: at least {LEAST} are needed")
    unseen = log.select(both)
    return _no_worse(UNSEEN, unseen, predict(candidate.judged, unseen), predict(old, unseen), doubt)


def later_time(candidate: Contender, champion: Contender | None, log: ResponseLog) -> Gate:
    """Against the champion, on answers given after both were trained; predicted from the students' whole histories."""
    if champion is None:
        return Gate(LATER, None, FIRST)
    since = max(candidate.trained, champion.trained)
    gave = np.zeros(len(log.students), bool)
    gave[log.student[log.at > since]] = True
    if gave.sum() < LEAST:
        return Gate(LATER, None, f"{gave.sum()} students have answered since both were trained: {LEAST} are needed")
    those = log.select(gave)
    return _no_worse(
        LATER, those, predict(candidate.model, those), predict(champion.model, those), rows=those.at > since
    )


def predictor(candidate: Contender, log: ResponseLog) -> Gate:
    """Whether the response predictor that is attached beats the mastery model beside it, on students it has not seen.

    Else it may as well be left off: it is the larger and slower of the two.
    """
    if ATTACHED not in candidate.model.attachments:
        return Gate(PREDICTOR, None, "none is attached (nextwise train --model predictor)")
    own = candidate.unseen(log)
    if candidate.judged is None or ATTACHED not in candidate.judged.attachments:
        return Gate(PREDICTOR, False, "no fit of it without held-out students was kept: train it with nextwise train")
    if own.sum() < LEAST:
        return Gate(PREDICTOR, None, f"{own.sum()} students of the data were held out: at least {LEAST} are needed")
    unseen = log.select(own)
    predictions = [predict(unseen) for predict in predictors(candidate.judged).values()]
    found = log_loss_difference(unseen.score, predictions[1], predictions[0], unseen.student)
    off, allowed = ece(unseen.score, predictions[1]), allowed_ece(len(unseen))
    told = f"{found} against the mastery model; off by {off:.4f} on average, at most {allowed:.4f}"
    return Gate(PREDICTOR, found.mean <= 0 and off <= allowed, told)


def _no_worse(name: str, log: ResponseLog, new: Floats, old: Floats, doubt: str = "", rows: Mask | None = None) -> Gate:
    """Blocks where the new model is worse by more than what matters, and the interval says that it is no chance.

    Both, since of a million answers any difference is clear of 0, and of a hundred any difference is large.
    """
    taken = np.ones(len(log), bool) if rows is None else rows
    found = log_loss_difference(log.score[taken], new[taken], old[taken], log.student[taken])
    worse = found.mean > WORSE_LOG_LOSS and found.low > 0
    return Gate(name, not worse, f"{found} against the champion{doubt}")


def calibration(candidate: Contender, log: ResponseLog) -> Gate:
    """Whether a P(correct) of .7 means 7 of 10, beyond what chance gives; on students held out where there are some."""
    own, model, whom = candidate.unseen(log), candidate.judged, "students held out"
    if model is None or own.sum() < LEAST:
        own, model, whom = (
            np.ones(len(log.students), bool),
            candidate.model,
            "students that it may have been trained on",
        )
    unseen = log.select(own)
    found = ece(unseen.score, predict(model, unseen))
    allowed = allowed_ece(len(unseen))
    told = f"off by {found:.4f} on average, at most {allowed:.4f} ({len(unseen):,} answers of {own.sum():,} {whom})"
    return Gate(CALIBRATION, found <= allowed, told)


def degenerate_fits(candidate: Contender) -> Gate:
    """Skills on which a right answer may mean not knowing: fitted so but for the bound, or near it."""
    model = candidate.model
    count = len(model.skills)
    if count == 0:
        return Gate(FITS, None, "the model has no skill of its own")
    guess, slip = (int((model.params[:, at] > 0.5).sum()) for at in (GUESS, SLIP))
    extreme = int((model.params[:, [GUESS, SLIP]] > 0.5).any(axis=1).sum())
    counted = model.about.get("degenerate")
    degenerate = "not counted by its trainer" if counted is None else f"{counted} (at most {DEGENERATE:.0%})"
    told = (
        f"of {count:,} skills, would have guess + slip >= 1 but for the bound: {degenerate}; "
        f"guess > .5: {guess}, slip > .5: {slip} (at most {EXTREME:.0%} with either)"
    )
    return Gate(FITS, (counted or 0) <= DEGENERATE * count and extreme <= EXTREME * count, told)


def mastery_threshold(crossings: Crossings | None, limit: float) -> Gate:
    """How many would be told something else of their mastery from one day to the next. None: there is no champion.

    On four public sets, training on twice the students flips .03 to .07 of the flags, on a ninth more .01 to .05.
    """
    if crossings is None:
        return Gate(CROSSING, None, FIRST)
    count = crossings.total
    told = (
        f"{count.gained:,} would become mastered and {count.lost:,} no longer be, {count.share:.1%} of those called so "
        f"by either model (at most {limit:.0%}); mastered {count.before:,} -> {count.after:,} "
        f"of {count.pairs:,} pairs of student and skill"
    )
    return Gate(CROSSING, count.share <= limit, told)


def groups(found: Sequence[Group] | None) -> Gate:
    """Whether the candidate thinks too well or too ill of a group. None: no attribute was given."""
    if found is None:
        return Gate(GROUPS, None, "no attribute was given (--attribute)")
    shown = [group for group in found if not group.suppressed and group.bias is not None]
    biased = [group for group in shown if blocks(group)]
    if not shown:
        return Gate(GROUPS, None, "all groups are too small to be shown")
    if biased:
        return Gate(GROUPS, False, f"P(correct) is off for {'; '.join(map(_bias, biased))} (at most {BIAS})")
    most = max(shown, key=lambda group: abs(group.bias or 0.0))
    return Gate(GROUPS, True, f"P(correct) is off most for {_bias(most)}; blocks beyond {BIAS}, clear of 0")


def blocks(group: Group) -> bool:
    """Large enough, and off by more than matters and than chance gives."""
    return (group.students or 0) >= BIASED_FROM and abs(group.bias or 0.0) > BIAS and group.biased


def _bias(group: Group) -> str:
    low, high = group.interval or (math.nan, math.nan)
    return f"{group.name!r} by {group.bias:+.3f} (95 %: {low:+.3f} to {high:+.3f}; {group.students} students)"
