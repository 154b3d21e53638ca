"""Modes: what is about to be forgotten, what leads to the targets, and few questions to place a student."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.catalog import Item, Prerequisite, Skill, build
from engine.mastery_model import unlearnt
from engine.model import GUESS, PRIOR, SLIP, builtin
from engine.recommend import Mode, Outcome, Policy, Wish, choose
from engine.recommending.diagnosis import UNSURE, placed
from engine.recommending.goals import closure
from engine.recommending.table import table_of
from engine.responses import EMPTY, Response, pack, unpack
from engine.tracing import AnyState, AnyTracer, bind

DAY = 86_400_000
POLICY = Policy(exploration=0.0)
CHAIN = [Prerequisite(f"s{n}", f"s{n + 1}") for n in range(7)]
SKILLS = [Skill(f"s{n}") for n in range(8)] + [Skill("aside")]
CATALOG = build(SKILLS, [Item(f"{s.id}-{n}", (s.id,)) for s in SKILLS for n in range(12)], CHAIN)[0]
FORGETFUL = bind(replace(unlearnt(), gap=np.array([1.5, 10.0])), CATALOG)


def skill_of(tracer: AnyTracer, item: int) -> str:
    return tracer.catalog.items[item].skill_ids[0]


def answered(tracer: AnyTracer, *answers: tuple[str, float, int]) -> AnyState:
    rows = (pack(Response(str(n), "s", *row)) for n, row in enumerate(answers))
    return tracer.fold(unpack(b"".join(rows)))


def test_targets_lead_to_themselves_by_what_they_build_on() -> None:
    tracer = bind(builtin(), CATALOG)
    table = table_of(tracer, POLICY.mastered)
    assert np.flatnonzero(closure(table, ("s2", "unknown"))).tolist() == [0, 1, 2]
    wish = Wish(Mode.TARGETS, targets=("s2",))
    state = tracer.empty
    given = []
    for n in range(60):
        choice = choose(tracer, state, POLICY, lambda slot, u=n / 60: u, wish=wish)  # type: ignore[misc]
        if choice.outcome is not Outcome.LEARN:
            break
        assert choice.recommendations[0].reason in {"target", "stuck"}
        item = tracer.catalog.items[choice.recommendations[0].item]
        given.append(item.skill_ids[0])
        state = tracer.fold(unpack(pack(Response(str(n), "s", item.id, 1.0, n))), state)
    assert choice.outcome is Outcome.NOTHING_LEFT
    assert [*dict.fromkeys(given)] == ["s0", "s1", "s2"]


def test_what_will_be_forgotten_by_the_date_counts_less() -> None:
    soon, late = (
        choose(
            FORGETFUL, FORGETFUL.empty, POLICY, lambda slot: 0.5, now=0, wish=Wish(Mode.TARGETS, ("s0",), by=days * DAY)
        )
        for days in (1, 300)
    )
    worth = [float(one.recommendations[0].ranking.worth[0]) for one in (soon, late) if one.recommendations[0].ranking]
    lasting = FORGETFUL.lasting(DAY)[0], FORGETFUL.lasting(300 * DAY)[0]
    assert worth[1] / worth[0] == pytest.approx(lasting[1] / lasting[0])


def test_review_is_of_what_is_forgotten_soonest() -> None:
    old = [(f"s0-{n}", 1.0, n) for n in range(10)]
    new = [(f"aside-{n}", 1.0, 20 * DAY + n) for n in range(10)]
    state = answered(FORGETFUL, *old, *new)
    choice = choose(FORGETFUL, state, POLICY, lambda slot: 0.5, now=20 * DAY + 1000, wish=Wish(Mode.REVIEW))
    assert (choice.outcome, choice.recommendations[0].reason) == (Outcome.LEARN, "review")
    assert skill_of(FORGETFUL, choice.recommendations[0].item) == "s0", "most will be lost of it"
    ahead = [float(one[k]) for k in (0, 8) for one in [FORGETFUL.standing(state, 27 * DAY).mastery]]
    assert ahead[0] < ahead[1]
    plain = bind(builtin(), CATALOG)
    choice = choose(plain, answered(plain, *old, *new), POLICY, lambda slot: 0.5, wish=Wish(Mode.REVIEW))
    assert skill_of(plain, choice.recommendations[0].item) == "s0", "no clock: what was practised longest ago"
    nothing = choose(plain, plain.fold(EMPTY), POLICY, lambda slot: 0.5, wish=Wish(Mode.REVIEW))
    assert (nothing.outcome, nothing.recommendations) == (Outcome.NO_ITEMS, ())


@pytest.mark.parametrize("knows", [0, 3, 6, 8])
def test_a_student_is_placed_by_few_questions(knows: int) -> None:
    """Who knows the first ``knows`` skills of a chain of eight, and answers as they know, but for no slip."""
    base = builtin()
    population = np.array(base.population)
    population[[PRIOR, GUESS, SLIP]] = 0.5, 0.1, 0.05
    chain = build(SKILLS[:8], [Item(f"{s.id}-{n}", (s.id,)) for s in SKILLS[:8] for n in range(9)], CHAIN)[0]
    tracer = bind(replace(base, population=population), chain)
    state, asked = tracer.empty, 0
    table = table_of(tracer, POLICY.mastered)
    while asked < 30:
        choice = choose(tracer, state, POLICY, lambda slot: 0.5, wish=Wish(Mode.DIAGNOSE))
        if choice.outcome is Outcome.NOTHING_LEFT:
            break
        item = tracer.catalog.items[choice.recommendations[0].item]
        score = float(int(item.skill_ids[0][1:]) < knows)
        state = tracer.fold(unpack(pack(Response(str(asked), "s", item.id, score, asked))), state)
        asked += 1
    assert asked <= 5, "eight skills, one question each, would be eight"
    found = placed(state, tracer.standing(state), table)
    assert (found[:knows] >= UNSURE[1]).all()
    assert (found[knows:] <= UNSURE[0]).all()
