"""P(correct) where the parameters are not taken for certain: the posterior predictive of Bayesian knowledge tracing.

A fit names the likeliest parameters; the data leave others open, the more so the fewer answers there are. For a student
with answers x_1..x_t on a skill

    P(x_t+1 | x_1..x_t) = sum_d w_d P(x_t+1 | x_1..x_t, d) / sum_d w_d,    w_d = P(x_1..x_t | d)

over draws d of the parameters from a Laplace approximation at the fit (:func:`models.bkt.draws.left_open`): every draw
is followed through the student's answers, and weighs by how well it predicted them. Skills are fitted one by one, and
so are their draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.bkt import fold_draws
from engine.model import GUESS, PRIOR, SLIP, drawn_emissions, emissions_of, read_whole
from engine.rows import places, with_last
from models.bkt.draws import draw_population, left_open, recentred
from models.bkt.learning import Learnt
from models.bkt.objective import LIMIT, to_params
from models.folding import Served, by_student
from models.log import Answers, Floats, Ints

Counts = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Predictive:
    """What was fitted, and what else it may be.

    served        as answers are read at the fit
    params        [D, K, 5], draws of each skill
    population    [D, 5], of a skill that was not there
    whole_params  [W, 5, D], of each set of skills that is read as a whole
    limit         of guess + slip
    """

    served: Served
    params: Floats
    population: Floats
    whole_params: Floats
    limit: float

    @classmethod
    def of(cls, served: Served, learnt: Learnt, of_wholes: Learnt | None, seed: int) -> Predictive:
        params = recentred(_drawn(learnt, seed), to_params(learnt.x, learnt.rules), served.params)
        population = draw_population(served.params, served.population, 0.0, seed)
        wholes = _drawn(of_wholes, seed) if of_wholes else np.empty((len(params), 0, 5))
        limit = LIMIT if learnt.rules.ordered else 2.0
        return cls(served, params, population, np.moveaxis(wholes, 0, -1), limit)

    def predict(self, answers: Answers) -> Floats:
        """P(correct) of each answer before it is learnt from [N], every student's from nothing."""
        fitted, skill = self.served, answers.tag_skill
        at = places(fitted.skills, answers.skills)
        params, drawn = (
            with_last(of_skills, of_others, at)
            for of_skills, of_others in ((fitted.params, fitted.population), (self.params, self.population))
        )
        own = params[:, [GUESS, SLIP]][skill]
        emit = emissions_of(fitted.combinations, fitted.emissions, own, answers.tags)
        emit = drawn_emissions(drawn, params, emit, skill, self.limit)
        whole_params, whole = read_whole(fitted.wholes, self.whole_params, answers.tags, len(params))
        chains = np.concatenate([np.moveaxis(drawn, 0, -1), whole_params])
        parts = chains, np.moveaxis(emit, 0, -1).copy(), answers.tag_start, skill, whole
        return np.asarray(_predict(*parts, by_student(answers), answers.tag, answers.score))


def _drawn(learnt: Learnt, seed: int) -> Floats:
    return to_params(learnt.x + left_open(learnt, np.random.default_rng(seed)), learnt.rules)


@njit(cache=True, nogil=True, error_model="numpy")
def _predict(
    params: Floats, emit: Floats, start: Ints, skills: Ints, whole: Ints, bounds: Ints, tags: Ints, scores: Floats
) -> Any:
    """The students of rows bounds[s]:bounds[s+1]; those chains alone that they meet are set back for them."""
    chains, _, draws = params.shape
    p, weight, seen = np.empty((chains, draws)), np.empty((chains, draws)), np.empty(chains, np.int32)
    met, predicted = np.full(chains, -1), np.empty(len(tags))
    for s in range(len(bounds) - 1):
        low, high = bounds[s], bounds[s + 1]
        for i in range(low, high):
            for j in range(start[tags[i]], start[tags[i] + 1]):
                _set_back(s, skills[j], params, met, p, weight, seen)
            if whole[tags[i]] >= 0:
                _set_back(s, whole[tags[i]], params, met, p, weight, seen)
        mine = tags[low:high], scores[low:high]
        predicted[low:high] = fold_draws(params, emit, start, skills, whole, *mine, p, weight, seen)
    return predicted


@njit(cache=True, error_model="numpy")
def _set_back(student: int, chain: int, params: Floats, met: Ints, p: Floats, weight: Floats, seen: Counts) -> None:
    if met[chain] != student:
        met[chain], seen[chain] = student, 0
        p[chain, :] = params[chain, PRIOR]
        weight[chain, :] = 1.0 / weight.shape[1]
