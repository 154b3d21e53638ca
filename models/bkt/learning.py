"""Learning the parameters of plain BKT: every skill alone, from its answer strings, in chunks that may run anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.bkt.chunks import Fitted, fit_chunk, look_at
from models.bkt.objective import Rules
from models.bkt.options import WEAK, WEIGHT, Options
from models.bkt.strings import Forest, Strings, pooled
from models.fanout import Executor, Progress, fan_out
from models.log import Answers, DataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CHUNK = 10_000  # nodes that are fitted as one task: a few milliseconds
LONGEST = 8  # answers of each student and skill that the population is fitted to


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
    evaluations: Ints
    rules: Rules
    strings: Strings
    scores: Floats

    @cached_property
    def students(self) -> Ints:
        return self.strings.sums(self.strings.ends)

    @cached_property
    def answers(self) -> Ints:
        return self.strings.sums(self.strings.weight)


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
    work = [(strings.chunk(a, b), rules.some(a, b)) for a, b in chunks]
    parts = fan_out(task, work, jobs=jobs, executor=executor, done=in_skills(progress, chunks, skills))
    fitted = Fitted(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return _learnt(skills, population, rules, strings, scores, fitted)


def given(answers: Answers, params: Floats, options: Options) -> Learnt:
    """What the answers say of parameters [K, 5] that were found elsewhere: nothing is moved."""
    strings, scores = plant(answers)
    rules, population = _prepared(answers.skills, strings, scores, options)
    fitted = look_at((strings, rules), scores=scores, params=params)
    return _learnt(answers.skills, population, rules, strings, scores, fitted)


def _prepared(skills: tuple[str, ...], strings: Strings, scores: Floats, options: Options) -> tuple[Rules, Floats]:
    """The rules of every skill, and the population."""
    if len(strings.parent) == 0:
        raise DataError("there are no answers to learn from")
    low, high = options.box(skills)
    population = fit_population(strings, scores, options)
    pseudo = np.stack([WEIGHT * population, WEIGHT], axis=-1) if options.priors else np.zeros((5, 2))
    return Rules(low, high, options.ordered, np.tile(pseudo, (len(low), 1, 1))), population


def _learnt(
    skills: tuple[str, ...], population: Floats, rules: Rules, strings: Strings, scores: Floats, fitted: Fitted
) -> Learnt:
    backed_off = np.clip(population, rules.low, rules.high)
    return Learnt(
        skills=skills,
        params=np.where((np.diff(strings.start) > 0)[:, None], fitted.params, backed_off),
        population=population,
        x=fitted.x,
        hessian=fitted.hessian,
        value=fitted.value,
        degenerate=fitted.degenerate,
        evaluations=fitted.evaluations,
        rules=rules,
        strings=strings,
        scores=scores,
    )


def plant(answers: Answers) -> tuple[Strings, Floats]:
    """The answer strings of every skill, and the scores that their symbols stand for.

    An answer on several skills stands in the strings of each of them.
    """
    scores, symbol = symbols(answers.score)
    student, skill = answers.student, answers.tag
    if len(answers.tag_skill) >= len(answers.tag_start):  # answers on several skills
        row, link = answers.expand()
        student, skill, symbol = student[row], answers.tag_skill[link], symbol[row]
    elif (answers.tag_skill != np.arange(len(answers.tag_skill))).any():
        skill = answers.tag_skill[skill]
    return Forest(len(answers.skills)).add(student, skill, symbol).strings(), scores


def symbols(score: Floats) -> tuple[Floats, Ints]:
    """The distinct scores, and the position of each score among them; 0 and 1 are always there."""
    whole = score.astype(np.int64)
    if (whole == score).all():
        return np.array([0.0, 1.0]), whole
    scores, symbol = np.unique(np.concatenate([[0.0, 1.0], score]), return_inverse=True)
    return scores, symbol[2:].astype(np.int64)


def fit_population(strings: Strings, scores: Floats, options: Options) -> Floats:
    """Parameters [5] of all skills as one, from the first answers of each student and skill."""
    tree = pooled(strings, LONGEST)
    low, high = (bound.min(axis=0) for bound in Options(options.forgets).box(("all",)))
    rules = Rules(low[None] * 0.0, high[None], True, WEAK[None])
    fitted = fit_chunk((tree, rules), scores=scores, forgets=options.forgets)
    return np.asarray(fitted.params[0])


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
