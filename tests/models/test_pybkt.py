"""pyBKT as a trainer, as a source, and as an oracle."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest

from engine import bundle
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models import bkt, evaluation, pybkt
from models.chains import chains
from models.log import DataError, Floats, ResponseLog
from tests.models.oracle import likelihood, log_of, simulate

TRUTH = np.array([[0.3, 0.2, 0.2, 0.1, 0.0], [0.5, 0.1, 0.1, 0.2, 0.0]])


@pytest.fixture(scope="module")
def simulated() -> ResponseLog:
    return simulate(TRUTH, students=60, answers=5)


def _log_likelihood(log: ResponseLog, params: Floats) -> float:
    """By sums over all hidden paths."""
    total = 0.0
    for part, skill in zip(chains(log), params, strict=True):
        total += sum(np.log(likelihood(skill, part.score[a:b].tolist())) for a, b in pairwise(part.start.tolist()))
    return float(total)


def test_ours_is_as_likely_as_pybkts_on_its_own_terms(simulated: ResponseLog) -> None:
    theirs = pybkt.fit(simulated, forgets=False, fits=2)
    ours = bkt.fit(simulated, forgets=False, priors=False)
    assert _log_likelihood(simulated, ours.params) >= _log_likelihood(simulated, theirs.params) - 0.1
    assert theirs.params[:, FORGET].tolist() == [0, 0]
    assert bundle.load(bundle.dump(theirs), "1").about["trainer"] == "pybkt"
    assert evaluation.judge(theirs, simulated).auc > 0.6


def test_names_that_pybkt_would_read_as_regular_expressions_are_fitted() -> None:
    rows = [
        (f"s{n}", "i", name, (n + t) % 2, t) for n in range(6) for name in ("a.*(b", "x|y;z", "🦊") for t in range(3)
    ]
    model = pybkt.fit(log_of(rows), fits=1)
    assert model.skills == ("a.*(b", "x|y", "z", "🦊")
    assert model.combinations == (("x|y", "z"),)
    assert model.emissions == pytest.approx(model.params[1:3][:, [GUESS, SLIP]])


@pytest.mark.parametrize("right", [0, 1])
def test_one_sided_data_give_a_model_that_can_be_served(right: int) -> None:
    model = pybkt.fit(log_of([(f"s{n}", "i", "k", right, t) for n in range(4) for t in range(3)]), fits=1)
    assert bundle.load(bundle.dump(model), "1").skills == ("k",)


def test_a_fitted_pybkt_model_predicts_the_same_after_import() -> None:
    """With forgetting, which the two apply at different moments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from pyBKT.models import Model

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(
            {
                "user_id": np.repeat(np.arange(20), 6),
                "skill_name": "fractions",
                "correct": rng.integers(0, 2, 120),
                "order_id": np.arange(120),
            }
        )
        theirs = Model(seed=1, num_fits=1, parallel=False)
        theirs.fit(data=frame.copy(), forgets=True)
        columns = {"prior": 0.4, "learns": [0.3], "guesses": [0.2], "slips": [0.1], "forgets": [0.15]}
        theirs.fit_model["fractions"].update({name: np.array(value) for name, value in columns.items()})
        predicted = theirs.predict(data=frame.copy()).sort_values("order_id")["correct_predictions"].to_numpy()
    ours = pybkt.from_pybkt(theirs)
    assert ours.params[0, [PRIOR, GUESS, SLIP, FORGET]] == pytest.approx([0.4, 0.2, 0.1, 0.15])
    assert ours.params[0, LEARN] == pytest.approx(0.3 / 0.85)
    named = frame.rename(columns={"user_id": "student_id", "skill_name": "skill_ids", "order_id": "timestamp"})
    named["student_id"] = named["student_id"].map("{:02}".format)
    assert evaluation.predict(ours, ResponseLog.from_frame(named)) == pytest.approx(predicted, abs=1e-4)


def test_degenerate_parameters_give_way_to_the_populations() -> None:
    class Fitted:
        coef_ = {  # noqa: RUF012
            "sound": {"prior": 0.3, "learns": [0.2], "guesses": [0.2], "slips": [0.1], "forgets": [0.0]},
            "swapped": {"prior": 0.3, "learns": [0.2], "guesses": [0.8], "slips": [0.9], "forgets": [0.0]},
            "failed": {"prior": np.nan, "learns": [0.2], "guesses": [0.2], "slips": [0.1], "forgets": [0.0]},
        }

    model = pybkt.from_pybkt(Fitted())
    assert model.about["backed_off"] == ["swapped", "failed"]
    assert model.params[1:] == pytest.approx(np.tile(model.params[0], (2, 1)))
    Fitted.coef_ = {}
    with pytest.raises(DataError, match="no skill"):
        pybkt.from_pybkt(Fitted())


def test_partial_scores_are_refused_with_the_way_out() -> None:
    with pytest.raises(DataError, match="use the trainer 'em'"):
        pybkt.fit(log_of([("s", "i", "k", 0.5, 0)]))
