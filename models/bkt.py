"""The trainer: Bayesian knowledge tracing by penalised EM, with intervals for what the data do not settle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP, Model
from models import draws, em
from models.chains import Chain, chains, combinations, pool
from models.log import DataError, Floats, ResponseLog

Progress = Callable[[int, int, str], None]

# Beta priors as (successes, trials) added to the counts: they keep a parameter off 0 and 1. Rows: prior, learn,
# forget; then guess, slip. These weak ones are for the population.
WEAK_MOVES = np.array([[1.0, 2.0], [1.0, 6.0], [1.0, 100.0]])
WEAK_READS = np.array([[[1.0, 3.0], [1.0, 4.0]]])
# A skill's are centred on the population, with the weight of so many opportunities. Against the weak ones on public
# data: test AUC the same within .0003 (+.002 on a small set), +.000 to +.020 from 5 % of the training students, and a
# quarter to three quarters as many skills with guess > .5.
WEIGHT_MOVES = np.array([10.0, 20.0, 200.0])
WEIGHT_READS = np.array([10.0, 10.0])
# The likelihood has local optima: a skill known by some and learnt by few, and one hard to learn and easy to slip on.
STARTS = np.array([[0.6, 0.1, 0.25, 0.1, 0.01], [0.15, 0.05, 0.15, 0.25, 0.01]])
COMBINED = 20.0  # answers that a combination's guess and slip need to weigh as much as the skill's own
ROUGH = 0.02  # nats a step
MOVES = [PRIOR, LEARN, FORGET]
READS = [GUESS, SLIP]


@dataclass(frozen=True)
class Rules:
    """How to climb: learn forgetting or not; ``tolerance`` in nats a step, ``limit`` in steps; pseudo-counts."""

    forgets: bool = True
    tolerance: float = 1e-4
    limit: int = 500
    moves: Floats = field(default_factory=WEAK_MOVES.copy)
    reads: Floats = field(default_factory=WEAK_READS.copy)

    @property
    def starts(self) -> Floats:
        return STARTS if self.forgets else STARTS * [1, 1, 1, 1, 0]

    def without_priors(self) -> Rules:
        return replace(self, moves=np.zeros_like(WEAK_MOVES), reads=np.zeros_like(WEAK_READS))

    def held_to(self, population: Floats) -> Rules:
        """Pseudo-counts of so many opportunities as the population [5] would have answered."""
        moves = np.stack([WEIGHT_MOVES * population[MOVES], WEIGHT_MOVES], axis=-1)
        return replace(
            self, moves=moves, reads=np.stack([WEIGHT_READS * population[READS], WEIGHT_READS], axis=-1)[None]
        )


def fit(
    log: ResponseLog,
    *,
    seed: int = 0,
    priors: bool = True,
    forgets: bool = True,
    tolerance: float = 1e-4,
    progress: Progress | None = None,
) -> Model:
    """A model of the log's skills; the same log and seed give the same model. Raises :class:`DataError`.

    Every skill is fitted alone, over all answers that asked for it; then the guess and slip of each combination of
    skills, held to the skill's own. The population is the fit of all skills as one: what is known of a skill that
    nobody has answered yet; with ``priors``, skills of few answers stay near it. ``progress(done, total, text)`` is
    called after each skill.
    """
    if len(log) == 0:
        raise DataError("there are no answers to learn from")
    rules = Rules(forgets, tolerance)
    parts = chains(log)
    population = climb(pool(parts), rules.starts[0], replace(rules, tolerance=ROUGH))[0]
    rules = rules.held_to(population) if priors else rules.without_priors()
    params = np.tile(population, (len(parts), 1))
    emissions = np.empty((sum(len(part.links) for part in parts), 2))
    value = 0.0
    for k, part in enumerate(parts):
        if len(part.score):
            params[k], emissions[part.links], gained = fit_skill(part, population, rules)
            value += gained
        if progress:
            progress(k + 1, len(parts), f"skill {log.skills[k]}")
    about = {"trainer": "em", "seed": seed, "priors": priors, "forgets": forgets, "penalised_log_likelihood": value}
    return assemble(log, parts, params, population, emissions, rules, about)


def assemble(
    log: ResponseLog,
    parts: Sequence[Chain],
    params: Floats,
    population: Floats,
    emissions: Floats,
    rules: Rules,
    about: dict[str, Any],
) -> Model:
    """The model of fitted parameters, with its draws; ``about`` is completed by what it was learnt from."""
    seed = int(about["seed"])
    drawn, spread = draws.draw(parts, params, emissions, (rules.moves, rules.reads), seed)
    drawn_population = draws.draw_population(params, population, spread, seed)
    about = about | {
        "answers": len(log),
        "students": len(log.students),
        "skills": len(log.skills),
        "data_digest": log.digest,
        "spread_of_students": spread,
    }
    return Model(log.skills, params, population, drawn, drawn_population, combinations(log), emissions, about=about)


def fit_skill(part: Chain, population: Floats, rules: Rules) -> tuple[Floats, Floats, float]:
    """The skill's parameters [5], guess and slip in each of its combinations [links, 2], and the penalised value."""
    starts = [population, *rules.starts]
    # A race: where a step brings this little, starts that lead to one optimum differ by less than optima do.
    rough = replace(rules, tolerance=ROUGH)
    best, _ = max((climb(part, start, rough) for start in starts), key=lambda found: found[1])
    params, value = climb(part, best, rules)
    if len(part.links) == 0:
        return params, np.empty((0, 2)), value
    own = params[READS]
    trans, emit = params[MOVES], np.tile(own, (1 + len(part.links), 1))
    # Each link is held to the skill's own guess and slip, found over all its answers, with the weight of COMBINED.
    held = np.tile(COMBINED * np.stack([own, np.ones(2)], axis=-1), (len(emit), 1, 1))
    value, _ = em.climb(
        part.start, part.score, part.link, trans, emit, rules.moves, held, rules.forgets, rules.tolerance, rules.limit
    )
    params[MOVES], params[READS] = trans, emit[0]
    return params, emit[1:], value


def climb(part: Chain, start: Floats, rules: Rules) -> tuple[Floats, float]:
    """Plain BKT from one start: parameters [5] and their penalised log-likelihood."""
    trans, emit = start[MOVES], start[None, READS].copy()
    value, _ = em.climb(
        part.start,
        part.score,
        part.plain,
        trans,
        emit,
        rules.moves,
        rules.reads,
        rules.forgets,
        rules.tolerance,
        rules.limit,
    )
    params = np.empty(5)
    params[MOVES], params[READS] = trans, emit[0]
    return params, value
