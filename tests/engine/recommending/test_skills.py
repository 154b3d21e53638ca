"""The parts that look at skills, each against its formula or a plain copy of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.catalog import Item, Prerequisite, Skill, build
from engine.model import builtin
from engine.recommend import Policy, choose
from engine.recommending.skills import gates, guards, promises, runs, spins
from engine.recommending.table import Parts, opened, table_of
from engine.responses import Response, pack, unpack
from engine.tracing import AnyState, AnyTracer, bind

NAMES = ("a", "b", "c", "d")
EDGES = [Prerequisite("a", "b"), Prerequisite("a", "c"), Prerequisite("b", "d"), Prerequisite("c", "d")]
ITEMS = [Item(f"{s}{n}", (s,)) for s in NAMES for n in range(4)] + [Item("ab", ("a", "b"))]
TRACER: AnyTracer = bind(builtin(), build([Skill(s) for s in NAMES], ITEMS, EDGES)[0])
POLICY = Policy()
A, B, C, D = range(4)
BOTH = 16  # the item on a and b


def parts() -> Parts:
    table = table_of(TRACER, POLICY.mastered)
    found: Parts = opened(table.whole, table.real)
    return found


def test_each_skill_stands_after_what_it_builds_on() -> None:
    order = table_of(TRACER, POLICY.mastered).order.tolist()
    assert all(order.index(before) < order.index(after) for before, after in ((A, B), (A, C), (B, D), (C, D)))
    assert table_of(TRACER, POLICY.mastered).above.sum(axis=1).tolist() == [0, 1, 1, 3]


def test_the_gate_is_soft_and_a_schools_word_counts() -> None:
    known = np.array([0.35, 0.9, 0.6, 0.1])
    reached = np.array([1.0, 0.35, 0.35, 0.54])
    found = gates(parts(), known, reached, np.zeros(4, np.uint8), 0.7, 4.0)
    assert found == pytest.approx([1.0, 0.5**4, 0.5**4, (0.54 / 0.7) ** 4])
    mastered = gates(parts(), known, reached, np.array([1, 0, 1, 0], np.uint8), 0.7, 4.0)
    assert mastered == pytest.approx([1.0, 1.0, 1.0, 1.0])


def test_promise_is_what_could_be_learnt_next() -> None:
    known, gain = np.array([0.2, 0.5, 0.9, 0.0]), np.array([0.08, 0.05, 0.01, 0.1])
    found = promises(parts(), known, gain, np.ones(4, np.uint8), 0.8)  # each is learnt at the same pace, 0.1
    deep_b, deep_c = 0.8 * 1.0 * 0.9, 0.8 * 1.0 * 0.5
    expected = [0.8 * 0.5 * (1 + deep_b) + 0.8 * 0.1 * (1 + deep_c), deep_b, deep_c, 0.0]
    assert found == pytest.approx(expected)
    assert promises(parts(), known, gain, np.array([1, 1, 1, 0], np.uint8), 0.8)[B] == 0.0


answers = st.lists(st.tuples(st.sampled_from([0, 4, 8, 12, BOTH]), st.booleans()), max_size=40)


@given(answers)
@settings(deadline=None, max_examples=60)
def test_a_skill_rests_after_wrong_answers_in_a_row_and_longer_each_time(given: list[tuple[int, bool]]) -> None:
    recent = np.array([item if right else ~item for item, right in given], np.int64)
    total, until = spins(parts(), recent, 3, 5)
    skills = {0: [A], 4: [B], 8: [C], 12: [D], BOTH: [A, B]}
    for k in range(4):
        row = times = rests = run = 0
        for n, (item, right) in enumerate(given):
            if k not in skills[item]:
                continue
            run = 0 if right else run + 1
            row, times, rests = (0, 0, 0) if right else (row + 1, times, rests)
            if row == 3:
                row, rests, times = 0, n + 1 + 5 * 2**times, times + 1
        assert (total[k], until[k]) == (run, max(rests - len(given), 0))


def test_no_guard_where_none_is_wanted() -> None:
    _, until = spins(parts(), np.full(9, ~0, np.int64), 0, 5)
    assert not until.any()


def test_the_guard_turns_to_what_a_resting_skill_builds_on() -> None:
    resting, nothing = np.array([D]), np.zeros(4, np.uint8)
    found = guards(parts(), resting, nothing, nothing, POLICY.numbers)
    assert found.tolist() == [1.0, POLICY.drop, POLICY.drop, POLICY.resting]
    stuck, tired = np.array([1, 0, 0, 0], np.uint8), np.array([0, 0, 0, 1], np.uint8)
    found = guards(parts(), resting, tired, stuck, POLICY.numbers)
    assert found.tolist() == [POLICY.stuck, POLICY.drop, POLICY.drop, POLICY.resting * POLICY.tired]


def test_a_long_run_is_seen_through_items_of_several_skills() -> None:
    recent = np.array([0, ~BOTH, 1])
    assert runs(parts(), recent, 3).tolist() == [1, 0, 0, 0]
    assert not runs(parts(), recent, 4).any()


def after(*answers: tuple[str, float]) -> AnyState:
    packed = (pack(Response(str(n), "s", item, score, n)) for n, (item, score) in enumerate(answers))
    return TRACER.fold(unpack(b"".join(packed)))


def test_four_wrong_in_a_row_bring_the_prerequisite_back_and_the_teacher_is_told() -> None:
    known = [(f"a{n}", 1.0) for n in range(2)] + [(f"c{n % 4}", 1.0) for n in range(9)]
    state = after(*known, *[(f"b{n}", 0.0) for n in range(4)])
    policy = replace(POLICY, exploration=0.0)
    choice = choose(TRACER, state, policy, lambda slot: 0.5)
    (one,) = choice.recommendations
    standing = TRACER.standing(state)
    assert standing.mastery[A] >= parts().mark[A]
    assert TRACER.catalog.items[one.item].skill_ids == ("a",), "mastered, but doubtful now"
    assert one.reason == "step back"
    assert [(notice.skill, notice.wrong) for notice in choice.notices] == [(B, 4)]
    without = choose(TRACER, state, replace(policy, wrong=0), lambda slot: 0.5)
    assert "b" in TRACER.catalog.items[without.recommendations[0].item].skill_ids
    assert without.notices == ()
