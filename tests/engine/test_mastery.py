import pytest

from engine.catalog import Item, build
from engine.mastery import DAY_MS, Status, Thresholds, report, status
from engine.model import builtin
from engine.responses import EMPTY, Response, pack, unpack
from engine.tracing import Tracer

RULES = Thresholds()


@pytest.mark.parametrize(
    ("mastery", "responses", "days", "word"),
    [
        (0.99, 0, 0, Status.NOT_STARTED),
        (0.99, RULES.enough - 1, 0, Status.NOT_ENOUGH_EVIDENCE),
        (0.94, 50, 0, Status.LEARNING),
        (0.95, RULES.enough, 0, Status.MASTERED),
        (0.95, RULES.enough, RULES.review_days + 1, Status.NEEDS_REVIEW),
        (0.5, RULES.enough, RULES.review_days + 1, Status.LEARNING),
    ],
)
def test_the_word_follows_the_written_rules(mastery: float, responses: int, days: float, word: Status) -> None:
    assert status(mastery, responses, 0, int(days * DAY_MS), RULES) is word


def test_the_report_holds_every_skill_and_the_estimate_lies_in_its_interval() -> None:
    tracer = Tracer(builtin(), build([], [Item("1", ("a",)), Item("2", ("b",))], [])[0])
    history = unpack(b"".join(pack(Response(str(n), "s", "1", 1.0, n + 1)) for n in range(6)))
    rows = report(tracer, history, tracer.fold(history), 10, RULES)
    assert [(row.skill_id, row.responses, row.last_at) for row in rows] == [("a", 6, 6), ("b", 0, None)]
    assert all(0 <= row.low <= row.mastery <= row.high <= 1 for row in rows)
    assert rows[0].status is Status.MASTERED
    assert [row.skill_id for row in report(tracer, history, tracer.fold(history), 10, RULES, only=["b"])] == ["b"]


def test_evidence_narrows_the_interval() -> None:
    tracer = Tracer(builtin(), build([], [Item("1", ("a",))], [])[0])
    before = report(tracer, EMPTY, tracer.empty, 0, RULES)[0]
    history = unpack(b"".join(pack(Response(str(n), "s", "1", 1.0, n + 1)) for n in range(12)))
    after = report(tracer, history, tracer.fold(history), 20, RULES)[0]
    assert after.high - after.low < (before.high - before.low) / 4
