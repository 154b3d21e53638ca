"""The protocol: what is predicted from what, and what a split must hold."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.catalog import Catalog, Item, Skill
from engine.model import Model, builtin
from engine.responses import Response, pack, unpack
from engine.tracing import bind
from models import bkt, evaluation
from models.evaluation import evaluate, holdout, judge, read_split
from models.log import DataError, ResponseLog
from tests.models.oracle import log_of, simulate

TRUTH = np.array([[0.3, 0.15, 0.2, 0.1, 0.01], [0.6, 0.05, 0.3, 0.05, 0.0]])


@pytest.fixture(scope="module")
def simulated() -> ResponseLog:
    return simulate(TRUTH, students=200, answers=8)


def _split(log: ResponseLog, every: int = 4) -> dict[str, str]:
    return {name: "test" if at % every == 0 else "train" for at, name in enumerate(log.students)}


def test_figures_are_of_the_test_students_alone(simulated: ResponseLog) -> None:
    found = evaluate(simulated, _split(simulated), "test")
    assert (found.answers, found.students, found.train_answers, found.train_students) == (800, 50, 2400, 150)
    assert found.auc_interval[0] < found.auc < found.auc_interval[1]
    assert 0.6 < found.auc < 0.9
    assert found.model == "bkt/em"
    told = json.loads(found.to_json())
    assert told["auc"] == found.auc
    assert told["auc_unseen"] is None  # every item was seen


def test_nothing_of_the_test_students_is_learnt(simulated: ResponseLog) -> None:
    """Whoever answers the other way round in the test set changes no parameter, hence not their first prediction."""
    split = _split(simulated)
    test = np.array([split[name] == "test" for name in simulated.students])
    train, held = simulated.split(test)
    model = bkt.fit(train)
    flipped = replace(held, score=1 - held.score)
    first = held.bounds[:-1]
    assert (evaluation.predict(model, held)[first] == evaluation.predict(model, flipped)[first]).all()


def test_each_answer_is_predicted_as_the_service_predicts_it() -> None:
    rows = [("ann", "1", "0", 1, 1), ("ann", "2", "0;1", 0, 2), ("ann", "3", "new;0", 1, 3), ("bob", "2", "1", 0.5, 1)]
    log = log_of(rows)
    model = bkt.fit(simulate(TRUTH, students=30, answers=4))
    predicted = evaluation.predict(model, log)
    items = (Item("1", ("0",)), Item("2", ("0", "1")), Item("3", ("new", "0")))
    tracer = bind(model, Catalog((Skill("new"), Skill("1"), Skill("0")), items))
    history = unpack(b"".join(pack(Response(str(at), "ann", item, score, at)) for _, item, _, score, at in rows[:3]))
    assert [step.p_correct for step in tracer.trace(history)] == pytest.approx(predicted[:3].tolist(), abs=1e-6)


def test_an_answer_does_not_predict_itself(simulated: ResponseLog) -> None:
    model = builtin()
    for row in (0, 5, 11):
        score = simulated.score.copy()
        score[row:] = 1 - score[row:]
        changed = replace(simulated, score=score)
        last = simulated.bounds[simulated.student[row] + 1]
        same = evaluation.predict(model, simulated) == evaluation.predict(model, changed)
        assert same[: row + 1].all()
        assert not same[row + 1 : last].all() or row + 1 == last


def test_any_model_can_be_judged(simulated: ResponseLog) -> None:
    untrained, trained = judge(builtin(), simulated), judge(bkt.fit(simulated), simulated)
    assert (untrained.model, trained.model) == ("builtin", "unversioned")
    assert trained.log_loss < untrained.log_loss
    assert untrained.fit_seconds == untrained.train_answers == 0


def test_data_never_seen_before() -> None:
    """New items, several skills on an item, no times, a student of thousands of answers, students of one class."""
    rows = [(f"s{n}", f"i{n % 3}", "a;b" if n % 2 else "a", n % 2, t) for n in range(8) for t in range(3)]
    rows += [("long", "i0", "c", t % 3 > 0, t) for t in range(3000)]
    rows += [("new", f"new{t}", "d;a" if t else "e", t % 2, t) for t in range(6)]
    log = log_of(rows)
    found = evaluate(log, {name: str(name in {"new", "long"}) for name in log.students}, ["True"])
    assert (found.answers, found.unseen_answers) == (3006, 6)
    assert np.isfinite([found.auc, found.auc_unseen, found.log_loss]).all()


def test_a_test_set_of_one_class_has_no_auc_and_is_no_error() -> None:
    log = log_of([(f"s{n}", "i", "a", int(n == 0 or t % 2), t) for n in range(3) for t in range(4)])
    found = evaluate(log, {"s0": "test", "s1": "train", "s2": "train"}, "test")
    assert np.isnan(found.auc)
    assert json.loads(found.to_json())["auc_interval"] == [None, None]


def test_ids_of_split_and_data_are_compared_as_text(tmp_path: Path) -> None:
    rows = [(float(n), "i", "a", (n + t) % 2, t) for n in range(4) for t in range(4)]
    path = tmp_path / "split.csv"
    path.write_text("student_id,fold\n0,0\n1,1\n2,0\n3,-1\n", encoding="utf-8")
    split = read_split(path)
    assert split == {"0": "0", "1": "1", "2": "0", "3": "-1"}
    assert evaluate(log_of(rows), split, "-1.0").students == 1
    path.write_text("student_id,fold\n0.0,0\n1.0,1\n2.0,0\n3.0,-1\n", encoding="utf-8")
    assert read_split(path) == split


@pytest.mark.parametrize(
    ("split", "value", "message"),
    [
        ({"a": "train"}, "test", "lacks 1 of 2 students of the data, among them 'b'"),
        ({"a": "train", "b": "test"}, "fold 1", r"test value 'fold 1'; its values are \['test', 'train'\]"),
        ({"a": "train", "b": "train", "c": "test"}, "test", "leaves no test student"),
        ({"a": "test", "b": "test", "c": "train"}, "test", "leaves no training student"),
    ],
)
def test_a_split_that_does_not_fit_is_told(split: dict[str, str], value: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        evaluate(log_of([("a", "i", "k", 1, 0), ("b", "i", "k", 0, 0)]), split, value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student,fold\na,1\n", "has the columns 'student_id' and one more"),
        ("student_id\na\n", "has the columns 'student_id' and one more"),
        ("student_id,f,g\na,1,2\n", "several columns may hold the split"),
        ("student_id,f\na,1\nb,\n", "row 2: a cell is empty"),
        ("student_id,f\na,1\na,2\n", "student 'a' has '1' and '2'"),
        ("", "is empty"),
    ],
)
def test_a_split_file_that_is_none_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "split.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_split(path)


def test_one_of_several_split_columns_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_text("student_id,f,g\na,1,2\n", encoding="utf-8")
    assert read_split(path, "g") == {"a": "2"}
    with pytest.raises(DataError, match="no column 'h'"):
        read_split(path, "h")


def test_held_out_students_are_a_share_drawn_by_the_seed(simulated: ResponseLog) -> None:
    train, test = holdout(simulated, 0.25)
    assert (len(train.students), len(test.students)) == (150, 50)
    assert not set(train.students) & set(test.students)
    assert holdout(simulated, 0.25)[1].digest == test.digest
    assert holdout(simulated, 0.25, seed=1)[1].digest != test.digest
    pair = log_of([("a", "i", "k", 1, 0), ("b", "i", "k", 0, 0)])
    assert [len(part.students) for part in holdout(pair, 0.01)] == [1, 1]
    with pytest.raises(DataError, match="at least 2"):
        holdout(log_of([("a", "i", "k", 1, 0)]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        holdout(simulated, 1.5)


def test_the_mastery_model_is_judged_alike(simulated: ResponseLog) -> None:
    found = evaluate(simulated, _split(simulated), "test", model="mastery")
    assert (found.model, found.answers, found.train_students) == ("mastery", 800, 150)
    assert 0.6 < found.auc < 0.9


def test_what_is_not_known_is_refused(simulated: ResponseLog) -> None:
    with pytest.raises(ValueError, match="unknown trainer"):
        evaluate(simulated, _split(simulated), "test", trainer="guess")
    with pytest.raises(ValueError, match="unknown model"):
        evaluate(simulated, _split(simulated), "test", model="oracle")


def test_calibration_of_the_truth_is_close(simulated: ResponseLog) -> None:
    truth = Model(("0", "1"), TRUTH.copy(), TRUTH[0].copy(), TRUTH[None].copy(), TRUTH[:1].copy())
    assert judge(truth, simulated).ece < 0.03
