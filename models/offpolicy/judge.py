"""A target policy judged from a log: estimates, what they rest on, and a refusal where the log cannot answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from models.offpolicy import estimators
from models.offpolicy.decisions import Decisions
from models.offpolicy.estimators import Estimate
from models.offpolicy.reward_model import cross_fitted

EXACT = 1e-6
FAR = 4.0  # standard errors by which the mean weight may be off


@dataclass(frozen=True)
class Limits:
    """What a log must have before an estimate is told.

    unsupported  most of the target policy's choices that the logging policy never makes (their value is unknown)
    effective    least effective sample size, in decisions: below it a few decisions make the figure
    students     least students: fewer do not say how students differ
    """

    unsupported: float = 0.01
    effective: float = 100.0
    students: int = 20


@dataclass(frozen=True)
class Judgement:
    """``refusal`` is empty and ``estimates`` are there, or the other way round.

    decisions, students  how many there are with a reward
    effective        (sum w)^2 / sum w^2: how many decisions of the target policy itself would tell as much
    largest_weight   of one decision; ``mean_weight`` should be 1 less ``unsupported``
    unsupported      share of the target policy's choices that the logging policy never makes
    estimates        by name: logged, ips, snips, dr, and ``advantage`` of the target policy (dr less logged)
    """

    decisions: int
    students: int
    effective: float = 0.0
    largest_weight: float = 0.0
    mean_weight: float = 0.0
    unsupported: float = 0.0
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    refusal: str = ""


def judge(decisions: Decisions, limits: Limits | None = None, seed: int = 0) -> Judgement:
    """Judge the target policy; the same seed gives the same result."""
    counts = len(decisions), len(np.unique(decisions.students))
    if refusal := _unusable(decisions):
        return Judgement(*counts, refusal=refusal)
    w = estimators.weights(decisions)
    effective = float(w.sum() ** 2 / max((w**2).sum(), 1e-300))
    told = Judgement(*counts, effective, float(w.max()), float(w.mean()), float(decisions.unsupported.mean()))
    if refusal := next(_objections(decisions, told, limits or Limits()), ""):
        return replace(told, refusal=refusal)
    given, expected = cross_fitted(decisions, seed=seed)
    estimates = {
        "logged": estimators.logged(decisions),
        "ips": estimators.ips(decisions),
        "snips": estimators.snips(decisions),
        "dr": estimators.doubly_robust(decisions, given, expected),
        "advantage": estimators.advantage(decisions, given, expected),
    }
    return replace(told, estimates=estimates)


def _unusable(decisions: Decisions) -> str:
    """Why no weight can be computed; empty where all can."""
    if not len(decisions):
        return "No decision in the log has this reward yet: recommendations must be given, and answered, first."
    p, many = decisions.propensities, f"of {len(decisions):,} decisions"
    if missing := int((~(p > 0) | (p > 1 + EXACT)).sum()):
        return f"{missing:,} {many} have no propensity above 0 and up to 1: how likely they were is not known."
    if off := int((~(np.abs(decisions.mass - 1) <= EXACT)).sum()):
        return f"In {off:,} {many} the propensities of all that could be given do not add up to 1: they are wrong."
    return ""


def _objections(decisions: Decisions, told: Judgement, limits: Limits) -> Iterator[str]:
    """Why the log cannot answer, the plainest reason first."""
    if told.unsupported > limits.unsupported:
        share = f"{100 * told.unsupported:.3g} % of what the target policy would give"
        if (decisions.propensities >= 1 - EXACT).all():
            yield (
                f"The log was made without chance: every item was certain, and {share} was never given. Nothing can be "
                "told of it. Serve a policy with some exploration first."
            )
        yield (
            f"The logging policy never gives {share}: its value is unknown (at most {100 * limits.unsupported:g} % may "
            "be). Judge a policy with fewer new choices, or log with an exploration that reaches them."
        )
    if told.students < limits.students:
        yield f"{told.students:,} students cannot tell how students differ: {limits.students:,} are needed."
    if told.effective < limits.effective:
        yield (
            f"The policies are too far apart: {told.decisions:,} decisions are worth {told.effective:.1f} of the "
            f"target policy's own, and {limits.effective:g} are needed. Log more decisions, or with more exploration."
        )
    fair = estimators.ratio(estimators.weights(decisions), np.ones(len(decisions)), decisions.students)
    if abs(fair.value - (1 - told.unsupported)) > FAR * fair.error + EXACT:
        yield (
            f"The weights average {fair.value:.3f} and should average {1 - told.unsupported:.3f}: what was given was "
            "not drawn by the propensities logged, or decisions were left out by what was given in them."
        )
