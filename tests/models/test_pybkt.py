"""pyBKT as a trainer, as a source, and as an oracle."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

from engine import bundle
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models import bkt, evaluation, pybkt
from models.log import DataError, Floats, ResponseLog
from tests.models.oracle import likelihood, log_of, simulate

TRUTH = np.array([[0.3, 0.2, 0.2, 0.1, 0.0], [0.5, 0.1, 0.1, 0.2, 0.0]])


@pytest.fixture(scope="module")
def simulated() -> ResponseLog:
    return simulate(TRUTH, students=60, answers=5)


def _log_likelihood(log: ResponseLog, params: Floats) -> float:
    """By sums over all hidden paths."""
    total = 0.0
    for k, skill in enumerate(params):  # each answer asks for one skill
        for student in range(len(log.students)):
            total += np.log(likelihood(skill, log.score[(log.student == student) & (log.tag == k)].tolist()))
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


def test_processes_change_nothing(simulated: ResponseLog) -> None:
    told: list[int] = []
    alone = pybkt.fit(simulated, fits=1, seed=2)
    together = pybkt.fit(simulated, fits=1, seed=2, jobs=2, progress=lambda done, *_: told.append(done))
    assert bundle.dump(together) == bundle.dump(alone)
    assert told == [1, 2]


@pytest.fixture(scope="module")
def forgetful() -> ResponseLog:
    return simulate(np.array([[0.3, 0.2, 0.2, 0.1, 0.1], [0.5, 0.1, 0.1, 0.2, 0.3]]), students=40, answers=8)


def test_an_exported_model_predicts_the_same_in_pybkt(forgetful: ResponseLog) -> None:
    ours = bkt.fit(forgetful)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd

        columns = {
            "user_id": forgetful.student,
            "skill_name": np.array(forgetful.skills)[forgetful.tag],
            "correct": forgetful.score.astype(int),
            "order_id": np.arange(len(forgetful)),
        }
        predicted = pybkt.to_pybkt(ours).predict(data=pd.DataFrame(columns)).sort_values("order_id")
    assert predicted["correct_predictions"].to_numpy() == pytest.approx(evaluation.predict(ours, forgetful), abs=1e-4)
    assert pybkt.from_pybkt(pybkt.to_pybkt(ours)).params == pytest.approx(ours.params, abs=1e-9)


def test_a_model_goes_over_as_a_table_and_comes_back(forgetful: ResponseLog, tmp_path: Path) -> None:
    ours = bkt.fit(forgetful)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pybkt.to_pybkt(ours)
        theirs.params().to_csv(tmp_path / "theirs.csv")
    pybkt.to_table(ours).to_csv(tmp_path / "ours.csv")
    assert (tmp_path / "ours.csv").read_text() == (tmp_path / "theirs.csv").read_text()
    again = pybkt.read_table(tmp_path / "ours.csv")
    assert again.skills == ours.skills
    assert again.params == pytest.approx(ours.params, abs=1e-9)


def test_a_table_that_is_none_says_why(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for text, why in {
        "": "not a table of pyBKT parameters",
        "skill,param\na,prior\n": "not a table of pyBKT parameters",
        "skill,param,class,value\na,prior,default,high\n": "could not convert",
        "skill,param,class,value\nNA,prior,default,0.5\n": "skill 'NA' has no row for 'forgets'",
        "skill,param,class,value\n": "holds no skill",
    }.items():
        path.write_text(text)
        with pytest.raises(DataError, match=why):
            pybkt.read_table(path)
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(DataError, match="is a pickle, which may run any program"):
        pybkt.read_table(path)


def test_combinations_stay_behind_and_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    model = bkt.fit(log_of([(f"s{n}", "i", "x;y", (n + t) % 2, t) for n in range(6) for t in range(3)]))
    assert len(pybkt.to_table(model)) == 10
    assert "combinations stays behind" in caplog.text


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
