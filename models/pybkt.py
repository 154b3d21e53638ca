"""pyBKT as a trainer, and fitted pyBKT models read in and written out (Badrinath, Wang & Pardos 2021).

pyBKT forgets and learns in one step, known' = e (1 - forgets) + (1 - e) learns; we learn after the answer and forget
before the next one, known' = (e + (1 - e) learn)(1 - forget). With learn = learns / (1 - forgets) both predict the
same. Only where learns + forgets > 1 there is no such learn, and 1 is the nearest.

What we protect its users from: it reads skill names as regular expressions (it gets codes), starts a process pool,
may end in guess + slip >= 1 or in NaN (such a skill gets the population's parameters, and is named), and saves its
models as pickles, which run any program when they are read: models go over as the table that its ``params()`` gives.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP, Model, logit
from models.bkt import Options, assemble, draws, given, served
from models.bkt.learning import in_skills
from models.bkt.links import combinations
from models.bkt.objective import LIMIT
from models.bkt.options import EDGE
from models.fanout import Executor, Progress, fan_out
from models.log import DataError, Floats, Ints, ResponseLog

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

FALLBACK = np.array([0.35, 0.12, 0.2, 0.1, 0.0])  # where no skill at all was fitted: engine.model.builtin's
SPREAD = 0.5  # between students, in logits, of a model whose data we do not have


def fit(
    log: ResponseLog,
    *,
    seed: int = 0,
    forgets: bool = True,
    fits: int = 5,
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Model:
    """A model by pyBKT's own EM, the best of ``fits`` random starts a skill. Pure Python: about two
    seconds a fit and thousand answers, so minutes on ten thousand; by as many processes as there are ``jobs``.

    Combinations of skills keep each skill's own guess and slip. Raises :class:`DataError` on scores between 0 and 1,
    which pyBKT does not know.
    """
    rows = _by_skill(log)
    task = partial(_fit_skill, seed=seed, forgets=forgets, fits=fits)
    work = [(log.student[mine], log.score[mine]) for mine in rows]
    done = in_skills(progress, [(k, k + 1) for k in range(len(work))], log.skills)
    parts = fan_out(task, work, jobs=jobs, executor=executor, done=done, compiled=False)
    for name, mine, (_, fault) in zip(log.skills, rows, parts, strict=True):
        if fault:
            logger.warning("pyBKT could not fit skill %r, of %d answers: %s", name, len(mine), fault)
    params = np.array([of_skill for of_skill, _ in parts])
    population, backed_off = _back_off(params, np.array([float(len(mine)) for mine in rows]))
    joint = [log.skills.index(name) for names in combinations(log) for name in names]
    about = {"trainer": "pybkt", "seed": seed, "forgets": forgets, "backed_off": [log.skills[k] for k in backed_off]}
    learnt = replace(given(log, params, Options(forgets)), population=population)
    read = served(learnt, combinations(log), params, params[np.ix_(joint, [GUESS, SLIP])])
    return assemble(log, learnt, read, about)


def _by_skill(log: ResponseLog) -> list[Ints]:
    """The rows of every skill's answers."""
    if len(log) == 0:
        raise DataError("there are no answers to learn from")
    between = ~np.isin(log.score, (0.0, 1.0))
    if between.any():
        found = log.score[between][0]
        raise DataError(f"pyBKT knows right and wrong alone, and a score is {found:g}: use the trainer 'em'")
    row, link = log.expand()
    skill = log.tag_skill[link]
    ends = np.cumsum(np.bincount(skill, minlength=len(log.skills)))
    return np.split(row[np.argsort(skill, kind="stable")], ends[:-1])


def _fit_skill(work: tuple[Ints, Floats], *, seed: int, forgets: bool, fits: int) -> tuple[Floats, str]:
    """Parameters [5] of one skill's answers (students, scores); NaN where pyBKT fails on it, and why. Runs anywhere."""
    import pandas as pd

    student, score = work
    frame = pd.DataFrame(
        {"user": student, "skill": "0", "right": score.astype(np.int64), "order": np.arange(len(score))}
    )
    columns = {"user_id": "user", "skill_name": "skill", "correct": "right", "order_id": "order"}
    # Its deprecations, and its divisions by nothing on one-sided data, are not the user's concern.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from pyBKT.models import Model as PyBKT

        fitted = PyBKT(seed=seed, num_fits=fits, parallel=False)
        try:
            fitted.fit(data=frame, defaults=columns, forgets=forgets)
            return _params(fitted.coef_["0"]), ""
        except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as fault:  # as it fails on such data
            return np.full(5, np.nan), repr(fault)


# ------------------------------------------------------------------------------------------------- to and fro


def from_pybkt(model: Any, *, seed: int = 0) -> Model:
    """The parameters of a fitted ``pyBKT.models.Model``. Classes of one skill (multilearn, multigs) are averaged."""
    return _of_coefficients(model.coef_, seed)


def to_pybkt(model: Model) -> Any:
    """A ``pyBKT.models.Model`` of our parameters: its ``predict`` says what ours says of answers on one skill each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyBKT.models import Model as PyBKT
    theirs = PyBKT(parallel=False)
    coefficients = _coefficients(model)
    theirs.coef_, theirs.skills = coefficients, ".*"
    for name in coefficients:  # as its fit leaves it: all skills, one class of items each
        theirs.fit_model[name] |= {"resource_names": {"default": 1}, "gs_names": {"default": 1}}
    return theirs


def read_table(path: Path, *, seed: int = 0) -> Model:
    """The model of a CSV file that ``pyBKT.models.Model.params().to_csv(path)`` wrote. Raises :class:`DataError`."""
    import pandas as pd

    with path.open("rb") as file:
        if file.read(1) == b"\x80":
            raise DataError(
                f"{path} is a pickle, which may run any program when it is read. Write the parameters as a table, "
                f"model.params().to_csv('model.csv'), and import that"
            )
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        values = table["value"].to_numpy().astype(np.float64)
        rows = zip(table["skill"], table["param"], values, strict=True)
    except (KeyError, ValueError) as fault:  # of no such column, of no number, of no table
        raise DataError(f"{path}: not a table of pyBKT parameters (skill, param, class, value): {fault}") from fault
    coefficients: dict[str, dict[str, list[float]]] = {}
    for skill, name, value in rows:
        coefficients.setdefault(skill, {}).setdefault(name, []).append(value)
    for skill, found in coefficients.items():
        if missing := {"prior", "learns", "guesses", "slips", "forgets"} - set(found):
            raise DataError(f"{path}: skill {skill!r} has no row for {min(missing)!r}")
    return _of_coefficients(coefficients, seed)


def to_table(model: Model) -> pd.DataFrame:
    """The frame that ``pyBKT.models.Model.params()`` gives: write it by ``to_csv(path)``."""
    import pandas as pd

    rows = [
        (skill, name, "default", float(np.mean(value)))
        for skill, of_skill in _coefficients(model).items()
        for name, value in of_skill.items()
    ]
    return pd.DataFrame(rows, columns=["skill", "param", "class", "value"]).set_index(["skill", "param", "class"])


def _coefficients(model: Model) -> dict[str, dict[str, Any]]:
    """Our parameters as pyBKT's ``coef_``."""
    if model.combinations or model.wholes:
        logger.warning("pyBKT knows no answers on several skills: what was learnt of combinations stays behind")
    return {
        skill: {
            "prior": float(p[PRIOR]),
            "learns": np.array([p[LEARN] * (1.0 - p[FORGET])]),
            "guesses": np.array([p[GUESS]]),
            "slips": np.array([p[SLIP]]),
            "forgets": np.array([p[FORGET]]),
        }
        for skill, p in zip(model.skills, model.params, strict=True)
    }


def _of_coefficients(coefficients: Mapping[str, Mapping[str, Any]], seed: int) -> Model:
    if not coefficients:
        raise DataError("this pyBKT model holds no skill: fit it first")
    names = tuple(map(str, coefficients))
    params = np.array([_params(of_skill) for of_skill in coefficients.values()])
    population, backed_off = _back_off(params, np.ones(len(names)))
    if any(np.size(of_skill["learns"]) > 1 or np.size(of_skill["guesses"]) > 1 for of_skill in coefficients.values()):
        logger.warning("this pyBKT model has parameters by class of item: their mean is used")
    rng = np.random.default_rng(seed)
    noise = rng.normal(0.0, SPREAD, (draws.DRAWS, *params.shape))
    drawn = draws.probabilities(logit(params) + noise, params)
    of_population = draws.draw_population(params, population, SPREAD, seed)
    about = {"trainer": "import from pyBKT", "backed_off": [names[k] for k in backed_off]}
    return Model(names, params, population, drawn, of_population, about=about)


def _params(of_skill: Mapping[str, Any]) -> Floats:
    learns, forgets, guess, slip = (
        float(np.mean(of_skill[name])) for name in ("learns", "forgets", "guesses", "slips")
    )
    params = np.empty(5)
    params[PRIOR], params[GUESS], params[SLIP], params[FORGET] = float(np.mean(of_skill["prior"])), guess, slip, forgets
    params[LEARN] = learns / max(1.0 - forgets, EDGE)
    inner = np.clip(params, EDGE, 1 - EDGE)
    inner[FORGET] = np.clip(params[FORGET], 0.0, 1 - EDGE)  # exactly 0 is a model without forgetting
    return inner


def _back_off(params: Floats, weights: Floats) -> tuple[Floats, list[int]]:
    """The population, the weighted mean of the sound skills' logits; unsound skills get it, in place."""
    sound = np.isfinite(params).all(axis=1) & (params[:, [GUESS, SLIP]].sum(axis=1) < LIMIT)
    if sound.any():
        mean = np.average(logit(params[sound]), axis=0, weights=weights[sound])
        population = draws.probabilities(mean, params[sound].max(axis=0))
    else:
        population = FALLBACK.copy()
    params[~sound] = population
    return population, np.flatnonzero(~sound).tolist()
