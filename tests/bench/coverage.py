"""Do intervals hold the truth as often as they say? Skills are simulated, fitted, and asked.

    python -m tests.bench.coverage [--skills 2000]

Parameters are drawn evenly from ranges that fits of public logs show. Beside the profile intervals stand those of Wald:
the fit, and 1.96 standard deviations by its Hessian either way, in logits; they never hold a truth of 0.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model import FORGET, GUESS, LEARN, PARAMETERS, PRIOR, SLIP, logit
from models.bkt import Options
from models.bkt.honesty import FLAGS, flags, intervals
from models.bkt.learning import Learnt, learn_strings
from models.bkt.objective import BOX, LIMIT
from models.bkt.strings import Forest

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LOW = np.array([0.2, 0.05, 0.1, 0.05, 0.02])
HIGH = np.array([0.8, 0.35, 0.4, 0.25, 0.15])
NORMAL = 1.959964


@dataclass(frozen=True)
class Case:
    """What is simulated, and how it is fitted; ``lost`` is whether students forget in truth."""

    students: int
    answers: int
    forgets: bool
    lost: bool
    priors: bool

    def __str__(self) -> str:
        model = "forgetting" if self.forgets else "plain"
        if self.forgets and not self.lost:
            model += ", of which there is none"
        return f"{model}, {self.students} x {self.answers}, {'with' if self.priors else 'no'} priors"


CASES = [
    *(Case(400, 10, forgets, forgets, priors) for forgets in (False, True) for priors in (False, True)),
    *(Case(students, 8, False, False, False) for students in (100, 30)),
    *(Case(students, 8, True, True, False) for students in (100, 30)),
    Case(400, 10, True, False, False),
]


def truth(skills: int, lost: bool, rng: np.random.Generator) -> Floats:
    """Parameters [K, 5]."""
    params = rng.uniform(LOW, HIGH, (skills, 5))
    params[:, FORGET] *= lost
    return params


def simulated(params: Floats, students: int, answers: int, rng: np.random.Generator) -> Forest:
    """The answers of so many students, so many each, to skills of parameters [K, 5]."""
    k = len(params)
    prior, learn, guess, slip, forget = params.T[:, :, None]
    known, right = rng.random((k, students)) < prior, np.empty((k, students, answers), np.int64)
    for turn in range(answers):
        right[:, :, turn] = rng.random((k, students)) < np.where(known, 1 - slip, guess)
        known |= rng.random((k, students)) < learn
        known &= rng.random((k, students)) >= forget
    student = np.tile(np.repeat(np.arange(students), answers), k)
    return Forest(k).add(student, np.repeat(np.arange(k), students * answers), right.ravel())


def fitted(forest: Forest, skills: int, options: Options) -> Learnt:
    return learn_strings(tuple(map(str, range(skills))), forest.strings(), np.array([0.0, 1.0]), options)


def inside(found: Floats, params: Floats) -> Mask:
    return np.asarray((found[..., 0] <= params) & (params <= found[..., 1]))


def wald(learnt: Learnt) -> Floats:
    """Intervals [K, 5, 2] of the fit's own Hessian; nothing but the estimate where it has no inverse."""
    share = 1 / (1 + np.exp(-learnt.x))
    spread = np.zeros_like(learnt.params)
    for k, x in enumerate(learnt.x):
        free = (learnt.rules.high[k] > learnt.rules.low[k]) & (np.abs(x) < BOX)
        if np.linalg.eigvalsh(-learnt.hessian[k][np.ix_(free, free)]).min(initial=1.0) <= 1e-6:
            continue
        covariance = np.zeros((5, 5))
        covariance[np.ix_(free, free)] = np.linalg.inv(-learnt.hessian[k][np.ix_(free, free)])
        to_logit, p = np.eye(5), learnt.params[k]  # slip is a share of what guess leaves
        odds = p[SLIP] * (1 - p[SLIP])
        to_logit[SLIP, SLIP] = (LIMIT - p[GUESS]) * share[k, SLIP] * (1 - share[k, SLIP]) / odds
        to_logit[SLIP, GUESS] = -share[k, SLIP] * p[GUESS] * (1 - p[GUESS] / learnt.rules.high[k, GUESS]) / odds
        spread[k] = np.sqrt(np.diag(to_logit @ covariance @ to_logit.T))
    ends = logit(learnt.params)[..., None] + NORMAL * spread[..., None] * np.array([-1.0, 1.0])
    return np.asarray(1 / (1 + np.exp(-np.clip(ends, -BOX, BOX))))


def report(case: Case, skills: int) -> float:
    """Prints a row for each kind of interval; the share that held the truth, of the profiles of the answers alone."""
    rng = np.random.default_rng(0)
    params = truth(skills, case.lost, rng)
    learnt = fitted(simulated(params, case.students, case.answers, rng), skills, Options(case.forgets, case.priors))
    kinds = {"profile": intervals(learnt), "Wald": wald(learnt)}
    if case.priors:
        kinds = {"profile": kinds["profile"], "profile with priors": intervals(learnt, priors=True)} | kinds
    columns = [i for i in (PRIOR, LEARN, GUESS, SLIP, FORGET) if case.forgets or i != FORGET]
    for kind, found in kinds.items():
        held = 100 * inside(found, params).mean(axis=0)
        row = [f"{held[i]:.1f}" if i in columns else "" for i in range(5)]
        width = np.median(found[:, columns, 1] - found[:, columns, 0], axis=0).mean()
        print("| " + " | ".join((str(case), kind, *row, f"{held[columns].mean():.1f}", f"{width:.3f}")) + " |")
    told = flags(learnt)
    shares = (f"{name} {100 * np.mean([name in of for of in told]):.0f} %" for name in FLAGS)
    print(f"|   | flags: {', '.join(shares)} |" + " |" * 7, flush=True)
    return float(inside(kinds["profile"], params)[:, columns].mean())


def main() -> None:
    """Run it; the last line is the lowest and highest share of the cases with 400 students."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--skills", type=int, default=2000)
    skills = options.parse_args().skills
    print(
        f"# Intervals of 95 %: how many hold the truth, % of {skills} skills (+-{196 * np.sqrt(0.0475 / skills):.1f})\n"
    )
    head = ("skills fitted as", "interval", *PARAMETERS, "all", "width")
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    shares = {case: report(case, skills) for case in CASES}
    known = [share for case, share in shares.items() if case.students >= 400 and case.lost == case.forgets]
    print(f"\ncoverage of 95 % intervals: {100 * min(known):.1f} to {100 * max(known):.1f} %")


if __name__ == "__main__":
    main()
