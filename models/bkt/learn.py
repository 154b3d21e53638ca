"""Learning the parameters of plain BKT: every skill alone, from its answer strings, in chunks that may run anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.lanes import LANES
from engine.model import GUESS, SLIP
from models.bkt.climb import look, top
from models.bkt.compiled import inner, kernel
from models.bkt.objective import LIMIT, Room, Rules, from_params, room, to_params
from models.bkt.options import FREE, ORDERED, WEAK, WEIGHT, Options
from models.bkt.strings import Forest, Strings, pooled
from models.fanout import Executor, Progress, fan_out
from models.log import Answers, DataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CHUNK = 5_000  # nodes that are fitted as one task: a few milliseconds
LONGEST = 8  # answers of each student and skill that the population is fitted to


class Fitted(NamedTuple):
    """What a chunk of skills came to; arrays over its skills."""

    x: Floats
    params: Floats
    value: Floats
    hessian: Floats
    degenerate: Mask
    evaluations: Ints


@dataclass(frozen=True)
class Learnt:
    """The parameters of K skills, and what speaks for them.

    skills      their names
    params      [K, 5] as :data:`engine.model.PARAMETERS`
    population  [5] all skills as one: what is assumed of a skill without answers
    x, hessian  [K, 5], [K, 5, 5] the fit on the unbounded scale of :mod:`models.bkt.objective`, and the second
                derivatives of what was climbed there
    value       [K] the top: log-likelihood plus log density of the priors
    degenerate  [K] the best fit has guess + slip >= 1 when nothing forbids it
    students, answers, evaluations  [K]
    rules       bounds [K, 5] twice, and pseudo-counts [K, 5, 2]
    """

    skills: tuple[str, ...]
    params: Floats
    population: Floats
    x: Floats
    hessian: Floats
    value: Floats
    degenerate: Mask
    students: Ints
    answers: Ints
    evaluations: Ints
    rules: Rules
    strings: Strings
    scores: Floats


def learn(
    answers: Answers,
    options: Options,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Learnt:
    """Fit every skill of the answers. The result does not depend on ``jobs`` or the executor. Raises
    :class:`~models.log.DataError` where there is nothing to learn from, ``OptionError`` for bounds that do not fit."""
    return learn_strings(answers.skills, *plant(answers), options, jobs=jobs, executor=executor, progress=progress)


def learn_strings(
    skills: tuple[str, ...],
    strings: Strings,
    scores: Floats,
    options: Options,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Learnt:
    """The same from the strings of K skills (:func:`plant`), which may have grown from answers in chunks."""
    rules, population = _prepared(skills, strings, scores, options)
    chunks = ranges(strings, CHUNK)
    task = partial(fit_chunk, scores=scores, forgets=options.forgets)
    work = [(strings.chunk(a, b), rules_of(rules, a, b)) for a, b in chunks]
    parts = fan_out(task, work, jobs=jobs, executor=executor, done=in_skills(progress, chunks, skills))
    fitted = Fitted(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return _learnt(skills, population, rules, strings, scores, fitted)


def given(answers: Answers, params: Floats, options: Options) -> Learnt:
    """What the answers say of parameters [K, 5] that were found elsewhere: nothing is moved."""
    strings, scores = plant(answers)
    rules, population = _prepared(answers.skills, strings, scores, options)
    fitted = _nothing_yet(len(params))._replace(params=params.copy())
    _look_at(strings, scores, rules, room(longest(strings), len(scores)), fitted)
    return _learnt(answers.skills, population, rules, strings, scores, fitted)


def _prepared(skills: tuple[str, ...], strings: Strings, scores: Floats, options: Options) -> tuple[Rules, Floats]:
    """The rules of every skill, and the population."""
    if len(strings.parent) == 0:
        raise DataError("there are no answers to learn from")
    low, high = options.box(skills)
    population = fit_population(strings, scores, options)
    pseudo = np.stack([WEIGHT * population, WEIGHT], axis=-1) if options.priors else np.zeros((5, 2))
    return Rules(low, high, options.ordered, np.tile(pseudo, (len(low), 1, 1))), population


def rules_of(rules: Rules, a: int, b: int) -> Rules:
    return Rules(rules.low[a:b], rules.high[a:b], rules.ordered, rules.pseudo[a:b])


def _learnt(
    skills: tuple[str, ...], population: Floats, rules: Rules, strings: Strings, scores: Floats, fitted: Fitted
) -> Learnt:
    students, number = strings.sums(strings.ends), strings.sums(strings.weight)
    backed_off = np.clip(population, rules.low, rules.high)
    return Learnt(
        skills=skills,
        params=np.where((number > 0)[:, None], fitted.params, backed_off),
        population=population,
        x=fitted.x,
        hessian=fitted.hessian,
        value=fitted.value,
        degenerate=fitted.degenerate,
        students=students,
        answers=number,
        evaluations=fitted.evaluations,
        rules=rules,
        strings=strings,
        scores=scores,
    )


def plant(answers: Answers) -> tuple[Strings, Floats]:
    """The answer strings of every skill, and the scores that their symbols stand for.

    An answer on several skills stands in the strings of each of them.
    """
    row, link = answers.expand()
    skill, score = answers.tag_skill[link], answers.score
    scores, symbol = symbols(score)
    student = answers.student
    if len(row) > len(student):  # answers on several skills
        student, symbol = student[row], symbol[row]
    return Forest(len(answers.skills)).add(student, skill, symbol).strings(), scores


def symbols(score: Floats) -> tuple[Floats, Ints]:
    """The distinct scores, and the position of each score among them; 0 and 1 are always there."""
    if ((score == 0.0) | (score == 1.0)).all():
        return np.array([0.0, 1.0]), score.astype(np.int64)
    scores, symbol = np.unique(np.concatenate([[0.0, 1.0], score]), return_inverse=True)
    return scores, symbol[2:].astype(np.int64)


def fit_population(strings: Strings, scores: Floats, options: Options) -> Floats:
    """Parameters [5] of all skills as one, from the first answers of each student and skill."""
    tree = pooled(strings, LONGEST)
    low, high = (bound.min(axis=0) for bound in Options(options.forgets).box(("all",)))
    rules = Rules(low[None] * 0.0, high[None], True, WEAK[None])
    fitted = fit_chunk((tree, rules), scores=scores, forgets=options.forgets)
    return np.asarray(fitted.params[0])


def fit_chunk(work: tuple[Strings, Rules], *, scores: Floats, forgets: bool) -> Fitted:
    """Fit the skills of some strings; rules with bounds [K, 5] and pseudo-counts [K, 5, 2]. Runs in any process."""
    strings, rules = work
    fitted = _nothing_yet(len(strings.start) - 1)
    _fit(strings, scores, rules, room(longest(strings), len(scores)), ORDERED, FREE, forgets, fitted)
    return fitted


def _nothing_yet(skills: int) -> Fitted:
    x, params, value, hessian = (np.zeros((skills, *shape)) for shape in ((5,), (5,), (), (5, 5)))
    return Fitted(x, params, value, hessian, np.zeros(skills, np.bool_), np.zeros(skills, np.int64))


def longest(strings: Strings) -> int:
    return int(np.diff(strings.start).max(initial=0))


@kernel
def _fit(
    strings: Strings,
    scores: Floats,
    rules: Rules,
    at: Room,
    ordered: Floats,
    free: Floats,
    forgets: bool,
    fitted: Fitted,
) -> None:
    """Fills every skill: first without the order of guess and slip, to see whether it is needed, then with it if it is.

    With forgetting the states may be swapped without loss, so the order costs nothing and is held from the beginning.
    """
    x, params, value, hessian, degenerate, evaluations = fitted
    slope = np.empty(5)
    for k in range(len(x)):
        if strings.start[k] == strings.start[k + 1]:
            continue
        tree = one(strings, k)
        free_first = rules.ordered and not forgets
        own = Rules(rules.low[k], rules.high[k], rules.ordered and forgets, rules.pseudo[k])
        starts = placed(free if not forgets and not own.ordered else ordered, own)
        value[k], evaluations[k] = top(tree, scores, own, at, starts, x[k], hessian[k])
        to_params(x[k], own, params[k], slope)
        if not free_first:
            continue
        own = Rules(own.low, own.high, True, own.pseudo)
        degenerate[k] = params[k, GUESS] + params[k, SLIP] >= LIMIT
        if degenerate[k]:
            value[k], spent = top(tree, scores, own, at, placed(ordered, own), x[k], hessian[k])
            evaluations[k] += spent
            to_params(x[k], own, params[k], slope)
        else:
            _reorder(x[k], hessian[k], params[k], own)


@kernel
def _look_at(strings: Strings, scores: Floats, rules: Rules, at: Room, fitted: Fitted) -> None:
    """Fills x, value and Hessian of parameters that stay."""
    x, params, value, hessian = fitted.x, fitted.params, fitted.value, fitted.hessian
    for k in range(len(x)):
        own = Rules(rules.low[k], rules.high[k], rules.ordered, rules.pseudo[k])
        from_params(params[k], own, x[k])
        seen = look(one(strings, k), scores, own, at, x[k])
        value[k] = seen.value[0]
        for i in range(5):
            for j in range(5):
                hessian[k, i, j] = seen.hessian[i, j]


@kernel
def one(strings: Strings, k: int) -> Any:
    """The tree of skill k."""
    a, b = strings.start[k], strings.start[k + 1]
    start = np.zeros(2, np.int64)
    start[1] = b - a
    parent, symbol, weight, ends = strings.parent[a:b], strings.symbol[a:b], strings.weight[a:b], strings.ends[a:b]
    return Strings(start, parent, symbol, weight, ends)


@inner
def _reorder(x: Floats, hessian: Floats, params: Floats, rules: Rules) -> None:
    """From x and its Hessian at a top found without order to the same point's with it: slip hangs on x[GUESS] too."""
    slope, width = np.empty(5), rules.high[SLIP] - rules.low[SLIP]
    share = 1.0 / (1.0 + np.exp(-x[SLIP]))
    old = max(width * share * (1.0 - share), 1e-12)
    from_params(params, rules, x)
    across = to_params(x, rules, np.empty(5), slope)
    by_slip, by_guess = slope[SLIP] / old, across / old
    for i in range(5):
        hessian[i, GUESS] += by_guess * hessian[i, SLIP]
        hessian[i, SLIP] *= by_slip
    for i in range(5):
        hessian[GUESS, i] += by_guess * hessian[SLIP, i]
        hessian[SLIP, i] *= by_slip


@kernel
def placed(starts: Floats, rules: Rules) -> Any:
    """The x [8, 5] of starts [8, 5] within the bounds of one skill."""
    x = np.empty((LANES, 5))
    for lane in range(LANES):
        from_params(starts[lane], rules, x[lane])
    return x


def ranges(strings: Strings, nodes: int) -> list[tuple[int, int]]:
    """Ranges of skills of about so many nodes each."""
    last = len(strings.start) - 1
    cuts = np.unique(np.searchsorted(strings.start[:-1], np.arange(0, strings.start[-1], nodes)))
    cuts = np.append(cuts[cuts < last], last)
    return list(pairwise(cuts.tolist()))


def in_skills(
    progress: Progress | None, chunks: list[tuple[int, int]], skills: tuple[str, ...]
) -> Callable[[int], None] | None:
    """Progress in skills, from the index of a chunk that is done."""
    if progress is None:
        return None
    done = 0

    def told(chunk: int) -> None:
        nonlocal done
        a, b = chunks[chunk]
        done += b - a
        progress(done, len(skills), f"skill {skills[b - 1]}")

    return told
