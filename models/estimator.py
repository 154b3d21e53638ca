"""Bayesian knowledge tracing as a scikit-learn classifier: is the next answer right?

A row is an answer, so X holds what is predicted, ``correct``, among its columns: earlier answers of a student tell the
later ones. Split by student (``GroupKFold``): else a student's later answers teach what predicts the earlier ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from engine.bundle import AnyModel
from models import metrics, readers, streams, tables
from models.bkt import OptionError, Options
from models.bkt.options import ALL, Bound
from models.fanout import Executor, working
from models.fits import Fit, PlainFit, VariantFit, combined
from models.log import Answers, Ints, ResponseLog
from models.mastery import Options as VariantOptions

Floats = npt.NDArray[np.float64]


class BKT(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Bayesian knowledge tracing.

    forgets   True: as much at every opportunity; "time": more after a longer gap (needs times); False: nothing is lost
    items     every item has a guess and a slip of its own, held to its skill's (KT-IDEM)
    students  every student has a prior of their own, integrated out (Pardos & Heffernan 2010)
    priors    weak priors, centred on the fit of all skills as one; False: maximum likelihood
    ordered   hold guess + slip below 1, so that a wrong answer never raises mastery
    bounds    ``{skill: {parameter: value or (low, high)}}``; the skill ``"*"`` is every other one
    several   how an answer that asks for several skills is read. "links": as one of each of them, with a guess and slip
              of the combination; "combination": as one of a skill ``a;b``; "both": P(correct) is the mean of the two,
              ``params_`` and mastery are as with "links". A variant knows no "both", and reads it as "links"
    averaged  P(correct) is the mean over what the answers leave open of the parameters, each possibility weighed by the
              student's own earlier answers (:mod:`models.bkt.predictive`); False: at ``params_``, as the service
              predicts. A variant always predicts at what was fitted. Mastery is at ``params_`` either way
    seed      of the draws in ``model_`` and behind ``averaged``; a fit itself draws nothing
    jobs      threads; None: one a core. The result does not depend on it, nor on the executor
    executor  of the concurrent.futures interface, as ``dask.distributed.Client.get_executor()``: does the work instead.
              It stays behind when the estimator is pickled

    X is a pandas frame or an Arrow table with the columns student_id, skill_ids, correct (or score, 0..1), and
    optionally item_id and timestamp (without: in order of the rows); a :class:`~models.log.ResponseLog`; or a path that
    :func:`models.readers.read` takes: Parquet is fitted without holding its rows (:mod:`models.streams`). Raises
    :class:`~models.log.DataError` where these cannot be used.

    >>> frame = pd.DataFrame({"student_id": list("aabb"), "skill_ids": "add", "correct": [0, 1, 1, 1]})
    >>> BKT().fit(frame).predict_proba(frame).shape
    (4, 2)
    """

    def __init__(
        self,
        *,
        forgets: bool | Literal["time"] = True,
        items: bool = False,
        students: bool = False,
        priors: bool = True,
        ordered: bool = True,
        bounds: Mapping[str, Mapping[str, Bound]] | None = None,
        several: Literal["both", "links", "combination"] = "both",
        averaged: bool = True,
        seed: int = 0,
        jobs: int | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.forgets = forgets
        self.items = items
        self.students = students
        self.priors = priors
        self.ordered = ordered
        self.bounds = bounds
        self.several = several
        self.averaged = averaged
        self.seed = seed
        self.jobs = jobs
        self.executor = executor

    # ---------------------------------------------------------------------------------------------- fitting

    def fit(self, X: Any, y: Any = None) -> BKT:  # noqa: N803  # scikit-learn's name
        """Learn the parameters of every skill. ``y`` is not needed: it is the column ``correct``."""
        if self.several not in ("both", "links", "combination"):
            raise OptionError(f"several is {self.several!r}; known: 'both', 'links', 'combination'")
        self._fit = self._fitted(X, y)
        self._table: pd.DataFrame | None = None
        self._model: AnyModel | None = None
        self.classes_ = np.array([0, 1])
        return self

    @property
    def _variant(self) -> bool:
        return self.forgets == "time" or self.items or self.students

    def _fitted(self, X: Any, y: Any) -> Fit:  # noqa: N803
        """Who fits: the seam between plain BKT and its variants."""
        if self._variant:
            answers, _ = self._read(X, y)
            assert isinstance(answers, ResponseLog)
            return VariantFit.of(answers, _variant_options(self, answers.skills), self.seed, jobs=self.jobs)
        if self.forgets not in (True, False):
            raise OptionError(f"forgets is {self.forgets!r}; known: True, False, 'time'")
        options = Options(bool(self.forgets), self.priors, self.ordered, self.bounds or {})
        work: dict[str, Any] = {"wholes": self.several == "both", "jobs": self.jobs, "executor": self.executor}
        if isinstance(X, str | Path) and y is None:
            found = streams.fit(Path(X), options, self.seed, combination=self.several == "combination", **work)
            if found is not None:
                return found
        answers, _ = self._read(X, y)
        return PlainFit.of(answers, options, self.seed, **work)

    def _read(self, X: Any, y: Any = None) -> tuple[Answers, Ints | None]:  # noqa: N803
        """The answers, each student's together, and the row of X that each stands in (None: the same order)."""
        if isinstance(X, str | Path):
            X = readers.read(X)  # noqa: N806
        answers, order = (X, None) if isinstance(X, Answers) else _of_frame(X, y, self._variant)
        if y is not None:
            given = np.asarray(y, np.float64)[slice(None) if order is None else order]
            if given.shape != answers.score.shape or (given != answers.score).any():
                raise ValueError("y is not what X holds as 'correct': leave y out, or give the column itself")
        return (combined(answers) if self.several == "combination" else answers), order

    # ------------------------------------------------------------------------------------------- what was learnt

    @property
    def params_(self) -> pd.DataFrame:
        """One row a skill: prior, learn, guess, slip, forget (fitted to all answers that asked for it), their 95 %
        intervals (``prior_low``, ``prior_high``, ...; :mod:`models.bkt.honesty`, about a millisecond a skill when first
        asked for), log_likelihood of these answers, students, answers, flags. A variant has the five at average
        ability, on an average item, after a typical gap; and the numbers."""
        check_is_fitted(self)
        if self._table is None:
            with working(self.jobs):  # the executor may be gone by now
                self._table = self._fit.table()
        return self._table

    @property
    def model_(self) -> AnyModel:
        """To be served, with its draws."""
        check_is_fitted(self)
        if self._model is None:
            self._model = self._fit.model()
        return self._model

    # ---------------------------------------------------------------------------------------------- predicting

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """P(wrong), P(correct) of each row [N, 2], from the student's earlier answers in X, before it is learnt from.

        Skills that were not in training have the parameters of all skills as one.
        """
        answers, order = self._asked(X)
        right = found = self._predicted(answers)
        if order is not None:
            right = np.empty_like(found)
            right[order] = found
        return np.stack([1.0 - right, right], axis=1)

    def predict(self, X: Any) -> Ints:  # noqa: N803
        """1 where right is likelier than wrong [N]."""
        return (self.predict_proba(X)[:, 1] >= 0.5).astype(np.int64)

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803
        """Mean log-likelihood of an answer, in nats: 0 is perfect, -0.693 a coin. Not accuracy, which says little of
        probabilities."""
        answers, _ = self._asked(X, y)
        return -metrics.log_loss(answers.score, self._predicted(answers))

    def mastery(self, X: Any) -> pd.DataFrame:  # noqa: N803
        """P(known) after the last answer, and the number of answers: a row for each student and skill that met in X."""
        answers, _ = self._asked(X)
        folded = self._fit.fold(answers)
        names = np.array(answers.students, object), np.array(answers.skills, object)
        columns = {
            "student_id": pd.Series(names[0][folded.student], dtype="str"),
            "skill": pd.Series(names[1][folded.skill], dtype="str"),
        }
        return pd.DataFrame(columns | {"mastery": folded.known, "answers": folded.answers})

    def _asked(self, X: Any, y: Any = None) -> tuple[Answers, Ints | None]:  # noqa: N803
        check_is_fitted(self)
        return self._read(X, y)

    def _predicted(self, answers: Answers) -> Floats:
        return self._fit.average(answers) if self.averaged else self._fit.fold(answers).predicted

    # ---------------------------------------------------------------------------------------------- scikit-learn

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.string, tags.input_tags.categorical = False, True, True
        tags.target_tags.required, tags.classifier_tags.multi_class = False, False
        return tags

    def __sklearn_clone__(self) -> BKT:
        """An executor is shared: it cannot be copied."""
        return type(self)(**{k: v if k == "executor" else clone(v, safe=False) for k, v in self.get_params().items()})

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "executor": None}


def _of_frame(X: Any, y: Any, items: bool) -> tuple[Answers, Ints | None]:  # noqa: N803
    """The answers of a table; with ``items`` a log."""
    if not hasattr(X, "to_pandas") and not isinstance(X, pd.DataFrame):
        raise TypeError(f"X is a {type(X).__name__}; give a DataFrame, an Arrow table, a ResponseLog or a path")
    table: pd.DataFrame = X if isinstance(X, pd.DataFrame) else X.to_pandas()
    if y is not None and not {"correct", "score"} & set(table.columns):
        table = table.assign(correct=np.asarray(y))
    return tables.arranged(table) if items else tables.answers(table)


def _variant_options(bkt: BKT, skills: tuple[str, ...]) -> VariantOptions:
    """The mastery model with everything off that is not asked for."""
    if not bkt.ordered:
        raise OptionError("a variant of BKT always holds guess + slip below 1: leave ordered as it is")
    if bkt.forgets not in (True, False, "time"):
        raise OptionError(f"forgets is {bkt.forgets!r}; known: True, False, 'time'")
    bounds = bkt.bounds or {}
    common = bounds.get(ALL)
    named = bounds if common is None else {skill: bounds.get(skill, common) for skill in skills}
    forgets: Literal["opportunity", "time"] | None = "opportunity" if bkt.forgets is True else None
    return VariantOptions(
        forgets="time" if bkt.forgets == "time" else forgets,
        ability=("prior",) if bkt.students else (),
        items="guess and slip" if bkt.items else None,
        repeats=False,
        priors=bkt.priors,
        limits={skill: {name: _ends(bound) for name, bound in of.items()} for skill, of in named.items()},
    )


def _ends(bound: Bound) -> tuple[float, float]:
    return (bound, bound) if isinstance(bound, int | float) else (bound[0], bound[1])
