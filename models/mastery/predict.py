"""Predicting with a fitted mastery model: each answer before it is learnt from, by the filter that is served."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.log import Floats, ResponseLog
from models.mastery import gradient
from models.mastery.data import arrange
from models.mastery.gradient import Answers, Dynamics, Emissions
from models.mastery.parameters import Parameters
from models.mastery.values import GAIN, GUESS, ON_GAIN, ON_GUESS, forward


@dataclass(frozen=True)
class Mastery:
    """What is believed of each student of a log about each of its skills after the last answer, all [S, K].

    p_known   P(L)
    expected  the chance of success on an item of average difficulty: what thresholds belong on
    spread    standard deviation of ``expected`` over ability, as it is believed of this student
    """

    p_known: Floats
    expected: Floats
    spread: Floats


def predict(parameters: Parameters, log: ResponseLog) -> Floats:
    """P(correct) of every answer of the log before it is learnt from [N]; the log must hold the students' pasts."""
    return np.asarray(gradient.predict(*_read(parameters, log)))


def mastery(parameters: Parameters, log: ResponseLog) -> Mastery:
    """What is believed of the log's students after their last answers."""
    dynamics, answers, emissions = _read(parameters, log)
    known, weight = gradient.believe(dynamics, answers, emissions)
    skills = parameters.values_for(log)[0].skills
    odds = np.exp(skills[:, GUESS, None] + skills[:, ON_GUESS, None] * parameters.theta)
    odds_known = odds * (1 + np.exp(skills[:, GAIN, None] + skills[:, ON_GAIN, None] * parameters.theta))
    success = known * (odds_known / (1 + odds_known)) + (1 - known) * (odds / (1 + odds))
    expected = np.einsum("skg,sg->sk", success, weight)
    variance = np.einsum("skg,sg->sk", (success - expected[:, :, None]) ** 2, weight)
    return Mastery(np.einsum("skg,sg->sk", known, weight), expected, np.sqrt(variance))


def _read(parameters: Parameters, log: ResponseLog) -> tuple[Dynamics, Answers, Emissions]:
    values, item_means = parameters.values_for(log)
    data = arrange(log, parameters.options, item_means, float(parameters.gap[1]))
    dynamics, emissions = forward(values, data, parameters.theta, parameters.weight)
    return dynamics, data.answers, emissions
