import itertools
from collections import Counter

import pytest

from engine.bundle import AnyModel
from engine.catalog import Item, Skill, build
from engine.mastery import DAY_MS, Status, Thresholds, glances, report, status, tally, thresholds
from engine.model import builtin
from engine.responses import EMPTY, Response, pack, unpack
from engine.tracing import bind
from tests.engine.made import mastery_model

RULES = Thresholds()


@pytest.mark.parametrize(
    ("mastery", "responses", "days", "word"),
    [
        (0.99, 0, 0, Status.NOT_STARTED),
        (0.99, RULES.enough - 1, 0, Status.NOT_ENOUGH_EVIDENCE),
        (0.79, 50, 0, Status.LEARNING),
        (0.8, RULES.enough, 0, Status.MASTERED),
        (0.8, RULES.enough, RULES.review_days + 1, Status.NEEDS_REVIEW),
        (0.5, RULES.enough, RULES.review_days + 1, Status.LEARNING),
    ],
)
def test_the_word_follows_the_written_rules(mastery: float, responses: int, days: float, word: Status) -> None:
    assert status(mastery, 0.8, responses, 0, int(days * DAY_MS), RULES) is word


def test_what_time_took_below_the_mark_is_reviewed_and_not_learnt_anew() -> None:
    assert status(0.7, 0.8, 9, 0, DAY_MS, RULES, best=0.85) is Status.NEEDS_REVIEW
    assert status(0.7, 0.8, 9, 0, DAY_MS, RULES, best=0.75) is Status.LEARNING


def test_a_skill_has_the_threshold_of_the_catalog_or_the_schools() -> None:
    skills = [Skill("a"), Skill("b", "", 0.55), Skill("new")]
    tracer = bind(mastery_model(), build(skills, [Item("1", ("a",))], [])[0])
    assert thresholds(tracer, Thresholds(mastered=0.9)).tolist() == [0.9, 0.55, 0.9]


def test_the_report_holds_every_skill_and_the_estimate_lies_in_its_interval() -> None:
    tracer = bind(builtin(), build([], [Item("1", ("a",)), Item("2", ("b",))], [])[0])
    history = unpack(b"".join(pack(Response(str(n), "s", "1", 1.0, n + 1)) for n in range(6)))
    rows = report(tracer, history, tracer.fold(history), 10, RULES)
    assert [(row.skill_id, row.responses, row.last_at) for row in rows] == [("a", 6, 6), ("b", 0, None)]
    assert all(0 <= row.low <= row.mastery <= row.high <= 1 for row in rows)
    assert rows[0].status is Status.MASTERED
    assert [row.skill_id for row in report(tracer, history, tracer.fold(history), 10, RULES, only=["b"])] == ["b"]


def test_evidence_narrows_the_interval() -> None:
    tracer = bind(builtin(), build([], [Item("1", ("a",))], [])[0])
    before = report(tracer, EMPTY, tracer.empty, 0, RULES)[0]
    history = unpack(b"".join(pack(Response(str(n), "s", "1", 1.0, n + 1)) for n in range(12)))
    after = report(tracer, history, tracer.fold(history), 20, RULES)[0]
    assert after.high - after.low < (before.high - before.low) / 2  # what is left is how often those who know it slip


def test_a_tally_counts_what_glances_say() -> None:
    skills = [Skill(name, "", mark) for name, mark in (("a", 0.5), ("b", 0.9), ("c", None), ("d", None), ("e", 0.99))]
    catalog = build(skills, [Item(str(n), (one.id,)) for n, one in enumerate(skills)], [])[0]
    words: set[Status | None] = set()
    models: list[AnyModel] = [builtin(), mastery_model()]
    for model, pattern in itertools.product(models, ("", "+", "-" * 12, "+-" * 8, "+" * 20)):
        tracer = bind(model, catalog)
        sent = [
            Response(f"{n}-{k}", "s", str(k), float(sign == "+"), 1 + n * DAY_MS + k)
            for n, sign in enumerate(pattern)
            for k in range(4)
            if n < 3 * k + 2 or k == 3
        ]
        state = tracer.fold(unpack(b"".join(map(pack, sent))))
        for now in (0, 20 * DAY_MS, 100 * DAY_MS):
            seen = glances(tracer, state, now, RULES)
            counts, stuck = tally(tracer, state, now, RULES)
            assert +counts == Counter(one.status for one in seen)
            assert stuck == sum(one.stuck for one in seen)
            words |= {None} if stuck else set()
            words |= {one.status for one in seen}
    assert words == {*Status, None}  # there was one of each, and somebody stuck


def test_a_glance_says_what_the_report_says() -> None:
    tracer = bind(builtin(), build([], [Item("1", ("a",)), Item("2", ("b",))], [])[0])
    history = unpack(b"".join(pack(Response(str(n), "s", "1", 0.0, n + 1)) for n in range(12)))
    state = tracer.fold(history)
    rows, seen = report(tracer, history, state, 10, RULES), glances(tracer, state, 10, RULES)
    for row, one in zip(rows, seen, strict=True):
        assert (one.mastery, one.threshold, one.responses) == (row.mastery, row.threshold, row.responses)
        assert (one.status, one.last_at, one.stuck, one.reached) == (row.status, row.last_at, row.stuck, False)
    assert [one.stuck for one in seen] == [True, False]
