"""Who was called mastered, and what the next answer a day later said: against a count by hand, answer by answer."""

from __future__ import annotations

import numpy as np
import pytest

from engine.bundle import AnyModel
from engine.catalog import Catalog, Item, Skill
from engine.mastery import Thresholds, thresholds
from engine.responses import Response, pack, unpack
from engine.tracing import bind
from models.log import ResponseLog
from models.probes import ANSWERS, probes, rows
from tests.engine.made import mastery_model
from tests.models.made import model_of
from tests.models.oracle import log_of

DAY = 86_400
START = 1_600_000_000
RULES = Thresholds(mastered=0.7)
PLAIN = model_of(np.array([[0.4, 0.2, 0.2, 0.1, 0.01], [0.3, 0.1, 0.25, 0.15, 0.0]]))


def a_log(names: tuple[str, str], seed: int = 0) -> ResponseLog:
    """Thirty students on two skills and both together, hours or days apart, mostly right."""
    rng, rows = np.random.default_rng(seed), []
    sets = (names[0], names[1], ";".join(names))
    for student in range(30):
        now = START
        for _ in range(int(rng.integers(5, 25))):
            now += int(rng.choice([600, 7200, 2 * DAY]))
            at = int(rng.integers(3))
            rows.append((f"s{student:02}", f"i{at}", sets[at], int(rng.random() < 0.75), now))
    return log_of(rows)


def by_hand(model: AnyModel, log: ResponseLog) -> dict[str, tuple[int, list[float]]]:
    """Of each skill: pairs called mastered, and the scores of their probes; by the tracer that serves."""
    items = tuple(Item(name, log.tags[log.tag[log.item == at][0]]) for at, name in enumerate(log.items))
    tracer = bind(model, Catalog(tuple(map(Skill, log.skills)), items))
    needed = thresholds(tracer, RULES)
    found: dict[str, tuple[int, list[float]]] = {name: (0, []) for name in log.skills}
    for s in range(len(log.students)):
        mine = range(log.bounds[s], log.bounds[s + 1])
        given = [Response(str(r), "s", log.items[log.item[r]], log.score[r], int(log.at[r]) * 1000) for r in mine]
        steps = list(tracer.trace(unpack(b"".join(map(pack, given)))))
        for k, name in enumerate(log.skills):
            called, seen = None, 0
            for step in steps:
                after = {skill: to for skill, _, to in step.moves}
                if k not in after:
                    continue
                seen += 1
                if called is None:
                    if seen >= RULES.enough and after[k] >= needed[k]:
                        called = step.at
                        found[name] = (found[name][0] + 1, found[name][1])
                elif step.at - called >= DAY * 1000:
                    found[name][1].append(step.score)
                    break
    return found


@pytest.mark.parametrize(
    ("model", "names"), [(PLAIN, ("0", "1")), (mastery_model(), ("a", "b"))], ids=["bkt", "mastery"]
)
def test_they_are_those_that_reports_called_mastered(model: AnyModel, names: tuple[str, str]) -> None:
    log = a_log(names)
    wanted = by_hand(model, log)
    total, each = probes(model, log, RULES)
    assert {one.name: (one.called, one.probed) for one in each} == {
        name: (called, len(scores)) for name, (called, scores) in wanted.items() if called
    }
    scores = [score for _, found in wanted.values() for score in found]
    assert len(scores) > 10
    assert (total.called, total.probed) == (sum(called for called, _ in wanted.values()), len(scores))
    assert total.wrong == pytest.approx(1 - np.mean(scores))
    assert total.interval is not None
    assert total.interval[0] < 1 - np.mean(scores) < total.interval[1]
    assert 0 < (total.expected or 0) < 1


def test_where_times_are_a_mere_order_other_answers_must_come_between() -> None:
    right = [("s", "i", "0", 1, n) for n in range(RULES.enough + 2)]
    for between, probed in ((ANSWERS - 5, 0), (ANSWERS + 5, 1)):
        others = [("s", "j", "1", 1, 100 + n) for n in range(between)]
        total, each = probes(PLAIN, log_of([*right, *others, ("s", "i", "0", 0, 999)]), RULES)
        (of_skill,) = [one for one in each if one.name == "0"]
        assert of_skill.probed == probed
        assert of_skill.wrong == (1.0 if probed else None)
        assert total.called == 2


def test_nobody_mastered_is_told_as_nothing() -> None:
    total, each = probes(PLAIN, log_of([("s", "i", "0", 0, n) for n in range(9)]), RULES)
    assert (total.called, total.probed, total.wrong, each) == (0, 0, None, [])
    assert rows([total])[0]["interval"] is None
