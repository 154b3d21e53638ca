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
from models.fanout import Executor, Progress
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
    skills, held to the skill's own. The population is the fit of all skills as one: what is known of a skill that
    nobody has answered yet; with ``priors``, skills of few answers stay near it. ``progress(done, total, text)`` is
    called as skills are done.
    """
    learnt = learn(log, Options(forgets, priors), jobs=jobs, executor=executor, progress=progress)
    params, emissions = fit_links(log, learnt)
    about = {"trainer": "em", "seed": seed, "priors": priors, "forgets": forgets}
    return assemble(log, learnt, params, emissions, about)


def assemble(log: ResponseLog, learnt: Learnt, params: Floats, emissions: Floats, about: dict[str, Any]) -> Model:
    """The model of fitted parameters, with its draws; ``about`` is completed by what it was learnt from."""
    counts = {"answers": len(log), "students": len(log.students), "data_digest": log.digest}
    return with_draws(learnt, params, combinations(log), emissions, about | counts)


def with_draws(
    learnt: Learnt, params: Floats, sets: tuple[tuple[str, ...], ...], emissions: Floats, about: Mapping[str, Any]
) -> Model:
    """The model of what was learnt, by the seed in ``about``; ``params`` and ``emissions`` as the links have them."""
    seed = int(about["seed"])
    drawn, spread = draws.draw(learnt, seed)
    of_population = draws.draw_population(params, learnt.population, spread, seed)
    found = {
        "skills": len(learnt.skills),
        "spread_of_students": spread,
        "penalised_log_likelihood": float(learnt.value.sum()),
        "degenerate": int(learnt.degenerate.sum()),
    }
    held = np.clip(learnt.population, 0, 1)
    return Model(learnt.skills, params, held, drawn, of_population, sets, emissions, about={**about, **found})
