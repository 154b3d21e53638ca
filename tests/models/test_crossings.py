"""Who would cross the threshold: as reports count it, and by class and skill without a loss."""

from __future__ import annotations

import numpy as np
import pytest

from engine.catalog import Catalog, Item, Skill
from engine.mastery import Thresholds, report
from engine.model import Model
from engine.responses import Response, pack, unpack
from engine.tracing import bind
from models.crossings import Crossings, cross, standing
from models.log import ResponseLog
from tests.models.made import model_of
from tests.models.oracle import simulate

TRUTH = np.array([[0.3, 0.2, 0.2, 0.1, 0.0], [0.4, 0.1, 0.25, 0.1, 0.02]])
SLOWER = TRUTH * [1, 0.3, 1.5, 1, 1]
RULES = Thresholds()


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    return simulate(TRUTH, students=60, answers=6)


def _crossed(log: ResponseLog, classes: dict[str, str] | None = None, rules: Thresholds = RULES) -> Crossings:
    before, after = (standing(model_of(params), log, rules) for params in (TRUTH, SLOWER))
    return cross(before, after, log, classes)


def _reported(model: Model, log: ResponseLog, rules: Thresholds) -> set[tuple[str, str]]:
    """Who is mastered in what, by the report itself: one definition of it, and of its threshold for every skill."""
    tracer = bind(model, Catalog(tuple(map(Skill, log.skills)), tuple(Item(name, (name,)) for name in log.skills)))
    found = set()
    for s, student in enumerate(log.students):
        rows = range(log.bounds[s], log.bounds[s + 1])
        given = [Response(f"{r}", student, log.skills[log.tag[r]], log.score[r], n) for n, r in enumerate(rows)]
        history = unpack(b"".join(map(pack, given)))
        lines = report(tracer, history, tracer.fold(history), 0, rules)
        found |= {(student, line.skill_id) for line in lines if line.status == "mastered"}
    return found


@pytest.mark.parametrize("rules", [RULES, Thresholds(0.7, 6), Thresholds(0.88, 3)])
def test_those_who_cross_are_those_whose_report_would_change(log: ResponseLog, rules: Thresholds) -> None:
    before, after = (_reported(model_of(params), log, rules) for params in (TRUTH, SLOWER))
    found = _crossed(log, rules=rules)
    assert (found.total.before, found.total.after) == (len(before), len(after))
    assert {(one.student, one.skill) for one in found.students if one.gained} == after - before
    assert {(one.student, one.skill) for one in found.students if not one.gained} == before - after
    assert found.total.before > 0
    assert found.total.share == pytest.approx(len(before ^ after) / len(before | after))


def test_classes_and_skills_add_up_to_all(log: ResponseLog) -> None:
    classes = {student: "7a" if at % 3 else "7b" for at, student in enumerate(log.students) if at < 50}
    found = _crossed(log, classes)
    assert found.total.flips > 0
    assert [count.name for count in found.classes] == ["(no class)", "7a", "7b"]
    for name in ("pairs", "before", "after", "gained", "lost"):
        assert sum(getattr(count, name) for count in found.classes) == getattr(found.total, name)
    assert sum(count.flips for count in found.skills) == found.total.flips == len(found.students)
    assert [count.flips for count in found.skills] == sorted((c.flips for c in found.skills), reverse=True)


def test_too_few_answers_are_no_mastery(log: ResponseLog) -> None:
    assert _crossed(log, rules=Thresholds(0.95, 7)).total.pairs == 0
    assert _crossed(log, rules=Thresholds(0.95, 7)).total.share == 0


def test_the_same_model_moves_nobody(log: ResponseLog) -> None:
    now = standing(model_of(TRUTH), log, RULES)
    found = cross(now, now, log)
    assert (found.total.flips, found.students, found.skills, found.classes) == (0, [], [], [])
