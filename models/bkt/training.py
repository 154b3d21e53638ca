"""The trainer: a model that can be served, from a log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model import Model
from models.bkt import draws
from models.bkt.learning import Learnt, learn
from models.bkt.links import combinations, fit_links
from models.bkt.options import Options
from models.bkt.wholes import NONE, Sets, fit_wholes
from models.fanout import Executor, Progress
from models.folding import Served
from models.log import ResponseLog

Floats = npt.NDArray[np.float64]


def fit(
    log: ResponseLog,
    *,
    seed: int = 0,
    priors: bool = True,
    forgets: bool = True,
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Model:
    """A model of the log's skills; the same log and seed give the same model. Raises :class:`models.log.DataError`.

    Every skill is fitted alone, over all answers that asked for it; then the guess and slip of each combination of
    skills, held to the skill's own; and combinations as wholes (:mod:`models.bkt.wholes`). The population is the fit of
    all skills as one: what is known of a skill that nobody has answered yet; with ``priors``, skills of few answers
    stay near it. ``progress(done, total, text)`` is called as skills are done.
    """
    options = Options(forgets, priors)
    learnt = learn(log, options, jobs=jobs, executor=executor, progress=progress)
    wholes = fit_wholes(log, options, jobs=jobs, executor=executor)
    about = {"trainer": "em", "seed": seed, "priors": priors, "forgets": forgets}
    return assemble(log, learnt, served(learnt, combinations(log), *fit_links(log, learnt), *wholes), about)


def served(
    learnt: Learnt,
    combinations: tuple[tuple[str, ...], ...],
    params: Floats,
    emissions: Floats,
    wholes: Sets = NONE[0],
    of_wholes: Learnt | None = NONE[1],
) -> Served:
    """What answers are read with: ``params`` and ``emissions`` as :mod:`models.bkt.links` has them, ``wholes`` as
    :mod:`models.bkt.wholes`."""
    held = np.clip(learnt.population, 0, 1)
    whole_params = np.empty((0, 5)) if of_wholes is None else of_wholes.params
    return Served(learnt.skills, params, held, combinations, emissions, wholes, whole_params)


def assemble(log: ResponseLog, learnt: Learnt, read: Served, about: dict[str, Any]) -> Model:
    """The model of fitted parameters, with its draws; ``about`` is completed by what it was learnt from."""
    counts = {"answers": len(log), "students": len(log.students), "data_digest": log.digest}
    return with_draws(learnt, read, about | counts)


def with_draws(learnt: Learnt, read: Served, about: Mapping[str, Any]) -> Model:
    """The model of what was learnt, by the seed in ``about``."""
    seed = int(about["seed"])
    drawn, spread = draws.draw(learnt, seed)
    drawn = draws.recentred(drawn, draws.to_params(learnt.x, learnt.rules), read.params)
    of_population = draws.draw_population(read.params, learnt.population, spread, seed)
    found = {
        "skills": len(learnt.skills),
        "spread_of_students": spread,
        "penalised_log_likelihood": float(learnt.value.sum()),
        "degenerate": int(learnt.degenerate.sum()),
    }
    return Model(**vars(read), draws=drawn, population_draws=of_population, about={**about, **found})
