"""What a fit of plain BKT does not know: intervals of its parameters, and what is wrong with it, in words."""

from __future__ import annotations

from functools import partial
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from models.bkt.chunks import longest
from models.bkt.climb import looked
from models.bkt.learning import CHUNK, Learnt, in_skills, ranges
from models.bkt.objective import Rules, room
from models.bkt.profile import Skill, ends
from models.bkt.strings import Strings
from models.fanout import Executor, Progress, fan_out

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FLAGS = ("no answers", "few answers", "one-sided", "not identified", "on bound", "degenerate")

# With fewer, most simulated skills (8 answers a student) have a parameter whose interval is wider than .5.
FEW_STUDENTS = 30
FEW_ANSWERS = 240
# Direct observations. With 10, a probability near a half has +-.3, and the priors, of weight 10 and more, say as much
# as the answers. Simulated skills (plain, 400 students) fall below where they should: with 10 answers each 1 in 100,
# with 3 a third, and with 2, which four parameters fit in many ways, nearly all.
OPEN = 10.0
EDGE = 1e-4  # of the way between the bounds


def intervals(
    learnt: Learnt,
    level: float = 0.95,
    *,
    priors: bool = False,
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Floats:
    """Profile-likelihood intervals [K, 5, 2]: the lowest and highest value that the answers allow each parameter.

    They end where the log-likelihood, maximised over the skill's other parameters, is chi2_1(level) / 2 below its top
    (1.92 nats for .95), or at a bound that comes first. Fixed parameters have no width, a skill without answers has the
    whole of its bounds, and the estimate is always inside.

    The answers alone speak, whether or not the fit had priors: so 95 % intervals hold the truth in 93 to 97 % of
    simulated skills, parameter by parameter, and in more where the truth is on a bound (``make bench-coverage``). With
    ``priors`` those of the fit are let in: narrower, but right only where skills differ as little as the priors say,
    which forgetting need not. Both follow the hill that the fit stands on; with few answers there may be others,
    nearly as high.

    The result does not depend on ``jobs`` or the executor.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is {level}; it must lie between 0 and 1")
    drop = 0.5 * NormalDist().inv_cdf(0.5 + 0.5 * level) ** 2
    rules = learnt.rules if priors else learnt.rules._replace(pseudo=np.zeros_like(learnt.rules.pseudo))
    chunks = ranges(learnt.strings, CHUNK)
    work = [(learnt.strings.chunk(a, b), rules.some(a, b), learnt.params[a:b]) for a, b in chunks]
    task = partial(profile_chunk, scores=learnt.scores, drop=drop)
    parts = fan_out(task, work, jobs=jobs, executor=executor, done=in_skills(progress, chunks, learnt.skills))
    found = np.concatenate(parts)
    lowest, highest = np.minimum(found[..., 0], learnt.params), np.maximum(found[..., 1], learnt.params)
    return np.stack([lowest, highest], axis=-1)


def profile_chunk(work: tuple[Strings, Rules, Floats], *, scores: Floats, drop: float) -> Floats:
    """The intervals [K, 5, 2] of some skills: their strings, rules and parameters. Runs in any process."""
    strings, rules, params = work
    at = room(longest(strings), len(scores))
    found = np.stack([rules.low, rules.high], axis=-1)
    for k in np.flatnonzero(np.diff(strings.start)).tolist():
        own = rules.one(k)
        found[k], _ = ends(Skill(strings.tree(k), scores, own, at), params[k], drop)
    return found


def flags(learnt: Learnt) -> tuple[tuple[str, ...], ...]:
    """What to know before the parameters of each skill are believed; words of FLAGS, in that order.

    no answers      the parameters are the population's
    few answers     fewer than FEW_STUDENTS students or FEW_ANSWERS answers
    one-sided       all answers are right, or all are wrong
    not identified  on some combination of parameters the answers say less than OPEN direct observations would
    on bound        a parameter has come to the edge of its range, or of guess + slip
    degenerate      the best fit has guess + slip >= 1 when nothing forbids it
    """
    share = _shares(learnt)
    free = learnt.rules.high > learnt.rules.low
    bound = free & (np.minimum(share, 1.0 - share) < EDGE)
    columns = (
        (learnt.students < FEW_STUDENTS) | (learnt.answers < FEW_ANSWERS),
        _one_sided(learnt),
        observations(learnt, free & ~bound) < OPEN,
        np.asarray(bound.any(axis=1)),
        learnt.degenerate,
    )
    rows = (tuple(name for name, on in zip(FLAGS[1:], row, strict=True) if on) for row in zip(*columns, strict=True))
    return tuple(row if answers else FLAGS[:1] for row, answers in zip(rows, learnt.answers.tolist(), strict=True))


def _shares(learnt: Learnt) -> Floats:
    """How far each parameter [K, 5] is on its way between its bounds."""
    return np.asarray(1.0 / (1.0 + np.exp(-learnt.x)))


def _one_sided(learnt: Learnt) -> Mask:
    strings, score = learnt.strings, learnt.scores[learnt.strings.symbol]
    right, wrong = (strings.sums(np.asarray(strings.weight * some, np.int32)) for some in (score > 0.0, score < 1.0))
    return np.asarray((right == 0) | (wrong == 0))


def observations(learnt: Learnt, free: Mask) -> Floats:
    """How many direct observations the answers are worth where they say least [K], over the ``free`` parameters [K, 5].

    The smallest eigenvalue of the observed information about 2 arcsin sqrt(p), on whose scale one observation of any
    probability p, be it small or large, is worth 1. The priors' part is taken out.
    """
    worth = np.full(len(learnt.skills), np.inf)
    turn = np.sqrt(_shares(learnt) * (1.0 - _shares(learnt)))
    information = (_priors_hessian(learnt) - learnt.hessian) / (turn[:, :, None] * turn[:, None, :])
    for k in np.flatnonzero(free.any(axis=1)).tolist():
        worth[k] = np.linalg.eigvalsh(information[k][np.ix_(free[k], free[k])])[0]
    return worth


def _priors_hessian(learnt: Learnt) -> Floats:
    """Second derivatives [K, 5, 5] of the priors by x: what is seen where there are no answers."""
    found, rules = np.zeros_like(learnt.hessian), learnt.rules
    if not rules.pseudo.any():
        return found
    tree, at, seen = np.empty((0, 4), np.int32), room(0, len(learnt.scores)), np.empty((8, 5))
    for k in range(len(found)):
        looked(tree, learnt.scores, rules.one(k).box, rules.ordered, at, learnt.x[k], seen)
        found[k] = seen[:5]
    return found
