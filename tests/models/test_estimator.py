"""The scikit-learn estimator: its contract, and that it says what the served equations say."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.utils import estimator_checks

import models
from engine import bundle
from engine.catalog import Catalog, Item, Skill
from engine.model import GUESS, Model
from engine.responses import Response, pack, unpack
from engine.tracing import bind
from models import BKT, bkt, evaluation
from models.bkt import OptionError
from models.log import ResponseLog

MIXED = ("a", "b", "a;b", "c")


@cache
def school(students: int = 60, answers: int = 24, seed: int = 0) -> pd.DataFrame:
    """Random answers on skills alone and together, in order of time, the students by turns."""
    rng = np.random.default_rng(seed)
    n = students * answers
    skill = rng.integers(len(MIXED), size=n)
    return pd.DataFrame(
        {
            "student_id": np.tile([f"s{s:03}" for s in range(students)], answers),
            "item_id": [f"{k}-{i}" for k, i in zip(skill, rng.integers(3, size=n), strict=True)],
            "skill_ids": np.array(MIXED)[skill],
            "correct": (rng.random(n) < 0.4 + 0.15 * skill).astype(int),
            "timestamp": np.repeat(np.arange(answers) * 3600 + 1_700_000_000, students),
        }
    )


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_mixin_order,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    ],
)
def test_it_keeps_scikit_learns_rules(check: Callable[[str, Any], None]) -> None:
    check("BKT", BKT())


def test_it_predicts_as_the_served_model_does_and_in_the_order_of_the_rows() -> None:
    frame, log = school(), ResponseLog.from_frame(school())
    fitted = BKT(averaged=False, seed=3).fit(frame)
    served = bkt.fit(log, seed=3)
    assert bundle.dump(_plain(fitted.model_)) == bundle.dump(_plain(served))
    predicted = fitted.predict_proba(log)[:, 1]
    assert predicted == pytest.approx(evaluation.predict(served, log), abs=1e-12)
    order = np.lexsort((frame["timestamp"], frame["student_id"]))
    assert fitted.predict_proba(frame)[order, 1].tolist() == predicted.tolist()
    assert fitted.predict_proba(frame).sum(axis=1) == pytest.approx(1)
    assert fitted.predict(frame).tolist() == (fitted.predict_proba(frame)[:, 1] >= 0.5).astype(int).tolist()
    assert fitted.score(frame, frame["correct"]) == pytest.approx(-evaluation.judge(served, log).log_loss)


def _plain(model: Any) -> Any:
    from dataclasses import replace

    return replace(model, about={})


def test_rows_may_come_in_any_order_and_under_any_index() -> None:
    frame = school()
    shuffled = frame.sample(frac=1, random_state=1)
    odd = frame.set_axis(np.arange(len(frame)) * 7 % 13)
    fitted, again = BKT().fit(frame), BKT().fit(shuffled)
    assert again.params_["guess"].tolist() == pytest.approx(fitted.params_["guess"].tolist(), abs=1e-6)
    expected = pd.Series(fitted.predict_proba(frame)[:, 1], frame.index)
    assert fitted.predict_proba(shuffled)[:, 1].tolist() == expected[shuffled.index].tolist()
    assert fitted.predict_proba(odd)[:, 1].tolist() == expected.tolist()


def test_a_later_answer_changes_no_earlier_prediction() -> None:
    frame = school()
    fitted = BKT().fit(frame)
    half = frame[: len(frame) // 2]
    assert fitted.predict_proba(half)[:, 1].tolist() == fitted.predict_proba(frame)[: len(half), 1].tolist()
    changed = frame.assign(correct=np.where(frame.index < len(half), frame["correct"], 1 - frame["correct"]))
    first = changed.index[len(half) : len(half) + 60]  # one more answer of everybody
    assert fitted.predict_proba(changed)[first, 1].tolist() == fitted.predict_proba(frame)[first, 1].tolist()


def test_frames_arrow_tables_logs_and_files_give_the_same(tmp_path: Path) -> None:
    frame = school()
    frame.to_csv(tmp_path / "a.csv", index=False)
    log = ResponseLog.from_frame(frame)
    expected = BKT().fit(log).params_
    for source in (pa.Table.from_pandas(frame), tmp_path / "a.csv", str(tmp_path / "a.csv")):
        pd.testing.assert_frame_equal(BKT().fit(source).params_, expected, rtol=1e-6, atol=1e-6)
    with pytest.raises(TypeError, match="X is a ndarray; give a DataFrame"):
        BKT().fit(frame.to_numpy())


def test_y_is_what_x_holds_or_stands_in_for_it() -> None:
    frame = school()
    expected = BKT().fit(frame).params_
    without = frame.drop(columns="correct")
    pd.testing.assert_frame_equal(BKT().fit(without, frame["correct"]).params_, expected)
    pd.testing.assert_frame_equal(BKT().fit(frame, frame["correct"].astype(bool)).params_, expected)
    with pytest.raises(ValueError, match="y is not what X holds"):
        BKT().fit(frame, 1 - frame["correct"])


def test_parameters_come_with_what_they_rest_on() -> None:
    frame = school()
    table = BKT().fit(frame).params_
    assert table.index.tolist() == ["a", "b", "c"]
    assert table.index.name == "skill"
    for name in ("prior", "learn", "guess", "slip", "forget"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()
    assert table["answers"].tolist() == [frame["skill_ids"].str.contains(k).sum() for k in "abc"]
    assert (table["students"] <= 60).all()
    assert all(isinstance(flags, str) for flags in table["flags"])


def test_the_log_likelihood_is_that_of_the_answers_without_the_priors() -> None:
    frame = school()
    fitted = BKT(several="combination", averaged=False).fit(frame)
    log_p = np.log(np.take_along_axis(fitted.predict_proba(frame), frame[["correct"]].to_numpy(), 1)[:, 0])
    by_skill = pd.Series(log_p).groupby(frame["skill_ids"]).sum()
    assert fitted.params_["log_likelihood"].to_dict() == pytest.approx(by_skill.to_dict())


def test_combinations_may_be_skills_of_their_own() -> None:
    fitted = BKT(several="combination").fit(school())
    assert fitted.params_.index.tolist() == ["a", "a;b", "b", "c"]
    assert fitted.model_.combinations == ()
    renamed = school().assign(skill_ids=school()["skill_ids"].str.replace(";", "+"))
    again = BKT().fit(renamed)
    assert again.predict_proba(renamed).tolist() == fitted.predict_proba(school()).tolist()
    with pytest.raises(OptionError, match="several is 'sum'; known"):
        BKT(several="sum").fit(school())  # type: ignore[arg-type]


def test_both_readings_are_averaged_where_training_has_met_the_combination() -> None:
    """Of ``a`` and ``b`` what is asked of them alone stands beside all that is asked of them; ``c`` is in none."""
    frame = school()
    more = frame.assign(skill_ids=frame["skill_ids"].replace({"c": "b;c"}))  # unseen
    both, links = BKT().fit(frame), BKT(several="links").fit(frame)
    pd.testing.assert_frame_equal(both.params_, links.params_)
    assert [getattr(of.model_, "wholes", None) for of in (both, links)] == [(("a",), ("a", "b"), ("b",)), ()]
    in_wholes = frame[frame["skill_ids"] != "c"]
    alone = BKT(several="combination").fit(in_wholes)
    for given, met in ((frame, in_wholes), (more, in_wholes)):
        found, by_skill = (pd.Series(of.predict_proba(given)[:, 1], given.index) for of in (both, links))
        whole = pd.Series(alone.predict_proba(met)[:, 1], met.index)
        assert found[met.index].tolist() == pytest.approx((by_skill[met.index] + whole).div(2).tolist(), abs=1e-12)
        rest = given.index.difference(met.index)
        assert len(rest) > 100
        assert found[rest].tolist() == by_skill[rest].tolist()


def test_what_both_skills_at_once_take_is_predicted_better_by_both_readings() -> None:
    """Doing both is learnt by doing both: neither skill alone tells of it."""
    rng, rows = np.random.default_rng(0), []
    for student in range(400):
        known = dict(zip(("a", "b", "a;b"), rng.random(3) < 0.4, strict=True))
        for turn in range(18):
            asked = ("a", "b", "a;b")[rng.integers(3)]
            rows.append((f"s{student:03}", asked, int(rng.random() < (0.85 if known[asked] else 0.2)), turn))
            known[asked] |= rng.random() < 0.15
    frame = pd.DataFrame(rows, columns=["student_id", "skill_ids", "correct", "timestamp"])
    train, test = frame[frame["student_id"] < "s200"], frame[frame["student_id"] >= "s200"]
    assert BKT().fit(train).score(test) > BKT(several="links").fit(train).score(test) + 0.01


def test_bounds_of_a_skill_hold_for_what_is_asked_of_it_alone() -> None:
    model = BKT(bounds={"a": {"guess": 0.25}, "c": {"slip": 0.1}}).fit(school()).model_
    assert isinstance(model, Model)
    assert (model.whole_params[:, GUESS] == 0.25).tolist() == [True, False, False]


def test_an_unseen_skill_has_the_populations_parameters() -> None:
    fitted = BKT(averaged=False).fit(school())
    unseen = pd.DataFrame({"student_id": ["x"], "skill_ids": ["never"], "correct": [1]})
    prior, _, guess, slip, _ = fitted.model_.population
    assert fitted.predict_proba(unseen)[0, 1] == pytest.approx(prior * (1 - slip) + (1 - prior) * guess)


def test_mastery_is_what_a_student_has_after_the_last_answer() -> None:
    frame = school()
    fitted = BKT(averaged=False).fit(frame)
    table = fitted.mastery(frame)
    assert table.columns.tolist() == ["student_id", "skill", "mastery", "answers"]
    assert table["answers"].sum() == sum(len(skills.split(";")) for skills in frame["skill_ids"])
    one = table[(table["student_id"] == "s000") & (table["skill"] == "c")].iloc[0]
    more = pd.concat([frame[frame["student_id"] == "s000"], frame[:1].assign(skill_ids="c", timestamp=2_000_000_000)])
    _, _, guess, slip, forget = fitted.model_.params[2]
    p = one["mastery"] * (1 - forget)
    assert fitted.predict_proba(more)[-1, 1] == pytest.approx(p * (1 - slip) + (1 - p) * guess)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.filterwarnings("ignore:.*process.*may lead to deadlocks:DeprecationWarning")
def test_it_cross_validates_by_students(jobs: int) -> None:
    frame = school()
    found = cross_validate(
        BKT(several="combination"),
        frame,
        frame["correct"],
        groups=frame["student_id"],
        cv=GroupKFold(3),
        scoring=["roc_auc", "neg_log_loss"],
        n_jobs=jobs,
        error_score="raise",
    )
    assert (found["test_roc_auc"] > 0.55).all()
    assert (found["test_neg_log_loss"] > -0.6931).all()


def test_it_pickles_fitted_or_not_and_leaves_an_executor_behind() -> None:
    with ThreadPoolExecutor(2) as executor:
        given = BKT(executor=executor, bounds={"*": {"slip": (0.0, 0.3)}}).fit(school())
    assert clone(given).executor is executor
    again = pickle.loads(pickle.dumps(given))
    assert again.executor is None
    pd.testing.assert_frame_equal(again.params_, given.params_)
    assert bundle.dump(again.model_) == bundle.dump(given.model_)
    assert pickle.loads(pickle.dumps(BKT(seed=4))).seed == 4


def test_options_reach_the_fit() -> None:
    frame = school()
    table = BKT(forgets=False, bounds={"a": {"guess": 0.25}, "*": {"slip": (0.0, 0.05)}}).fit(frame).params_
    assert (table["forget"] == 0).all()
    assert table.loc["a", "guess"] == 0.25
    assert (table.loc[["b", "c"], "slip"] <= 0.05).all()
    with pytest.raises(OptionError, match="forgets is 'always'; known"):
        BKT(forgets="always").fit(frame)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no parameter 'lern'"):
        BKT(bounds={"a": {"lern": 0.1}}).fit(frame)


def test_what_was_not_fitted_says_so() -> None:
    with pytest.raises(NotFittedError):
        BKT().predict(school())
    with pytest.raises(NotFittedError):
        BKT().params_  # noqa: B018


VARIANTS: dict[str, dict[str, Any]] = {"time": {"forgets": "time"}, "items": {"items": True}, "own": {"students": True}}


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS.keys())
def test_variants_fit_predict_and_know_mastery_alike(options: dict[str, Any]) -> None:
    frame = school()
    shuffled = frame.sample(frac=1, random_state=1)
    fitted = BKT(**options).fit(frame)
    expected = pd.Series(fitted.predict_proba(frame)[:, 1], frame.index)
    assert fitted.predict_proba(shuffled)[:, 1] == pytest.approx(expected[shuffled.index].to_numpy(), abs=1e-12)
    assert fitted.score(frame) > -0.6931
    table = fitted.params_
    assert table["answers"].tolist() == BKT().fit(frame).params_["answers"].tolist()
    assert table["students"].tolist() == BKT().fit(frame).params_["students"].tolist()
    assert (table["guess"] + table["slip"] < 1).all()
    keys = ["student_id", "skill", "answers"]
    found, plain = (fit.mastery(frame).sort_values(keys)[keys] for fit in (fitted, BKT().fit(frame)))
    assert found.to_numpy().tolist() == plain.to_numpy().tolist()
    pickle.loads(pickle.dumps(fitted)).predict_proba(frame)


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS.keys())
def test_variants_can_be_served(options: dict[str, Any]) -> None:
    """What the tracer says of a student, from the bundle, is what the estimator says of the same answers."""
    frame = school()
    fitted = BKT(**options).fit(frame)
    model = bundle.load(bundle.dump(fitted.model_), "1")
    one = frame[frame["student_id"] == "s007"]
    items = one.drop_duplicates("item_id")[["item_id", "skill_ids"]].itertuples(index=False)
    known = tuple(Item(item, tuple(skills.split(";"))) for item, skills in items)
    tracer = bind(model, Catalog(tuple(map(Skill, "abc")), known))
    rows = one[["item_id", "correct", "timestamp"]].itertuples(index=False)
    given = [Response(str(n), "s007", item, float(score), 1000 * at) for n, (item, score, at) in enumerate(rows)]
    history = unpack(b"".join(map(pack, given)))
    served = [step.p_correct for step in tracer.trace(history)]
    assert served == pytest.approx(fitted.predict_proba(one)[:, 1].tolist(), abs=1e-12)
    told = fitted.mastery(one).set_index("skill")["mastery"]
    assert tracer.standing(tracer.fold(history)).known == pytest.approx(told[list("abc")].to_numpy(), abs=1e-12)


def test_variants_take_bounds_and_say_what_they_cannot() -> None:
    frame = school()
    table = BKT(items=True, bounds={"*": {"guess": 0.25}, "a": {"learn": (0.0, 0.1)}}).fit(frame).params_
    assert table.loc[["b", "c"], "guess"].tolist() == pytest.approx([0.25, 0.25])
    assert table["learn"]["a"] <= 0.1 + 1e-9
    with pytest.raises(OptionError, match="leave ordered as it is"):
        BKT(students=True, ordered=False).fit(frame)


def test_the_package_offers_it_and_nothing_that_is_not_there() -> None:
    assert models.BKT is BKT
    with pytest.raises(AttributeError, match="no attribute 'DKT'"):
        models.DKT  # noqa: B018
