"""Predicting with any fitted mastery model, those included that are not served: what training reads, as it reads it."""

from __future__ import annotations

import numpy as np

from engine.mastery_model import MasteryModel
from engine.rows import places, with_last
from models.log import Floats, ResponseLog
from models.mastery import gradient
from models.mastery.data import arrange
from models.mastery.gradient import Answers, Dynamics, Emissions
from models.mastery.options import Options
from models.mastery.values import Values, forward


def predict(model: MasteryModel, log: ResponseLog) -> Floats:
    """P(correct) of every answer of the log before it is learnt from [N]; the log must hold the students' pasts.

    As :func:`models.folding.fold` with the equations that are served, but for their rounding.
    """
    return np.asarray(gradient.predict(*read(model, log)))


def read(model: MasteryModel, log: ResponseLog) -> tuple[Dynamics, Answers, Emissions]:
    """What the filter reads of a log under a model."""
    values, item_means = values_for(model, log)
    data = arrange(log, Options.of(model.about), item_means, float(model.gap[1]))
    dynamics, emissions = forward(values, data, model.theta, model.weight)
    return dynamics, data.answers, emissions


def values_for(model: MasteryModel, log: ResponseLog) -> tuple[Values, Floats]:
    """The values in the log's numbering of skills and items, the population's where unseen; its items' means."""
    item, zero = places(model.items, log.items), np.zeros(2)
    skills = with_last(model.values, model.population, places(model.skills, log.skills))
    tags = with_last(model.combined, zero, places(model.combinations, log.tags))
    items = with_last(model.offsets, zero, item)
    values = Values(model.population, skills, model.gap[:1], tags, items, model.coefficients, model.drift)
    return values, model.item_means[item]
