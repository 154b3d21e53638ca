"""What one compiled call gives is what the parts give one by one, to the bit."""

from __future__ import annotations

from dataclasses import astuple, replace
from functools import partial

import numpy as np
import pytest

from engine.catalog import Item, Prerequisite, Skill, build
from engine.recommend import Choice, Outcome, Policy, choose
from engine.recommending.at_once import drawn, wrong_in_a_row
from engine.recommending.table import table_of
from engine.responses import Response, pack, unpack
from engine.tracing import AnyState, AnyTracer, bind
from tests.engine.made import mastery_model

POLICY = Policy()


@pytest.fixture(scope="module")
def tracer() -> AnyTracer:
    """Items of one skill and of two, some retired, of differing difficulty; what builds on what in a chain."""
    skills = [Skill(f"s{k}", "" if k else "Counting") for k in range(6)]
    items = [Item(f"i{k}-{n}", (f"s{k}",), retired=n == 0) for k in range(6) for n in range(8)]
    items += [Item(f"two-{k}", (f"s{k}", f"s{k + 1}")) for k in range(5)]
    model, rng = mastery_model(), np.random.default_rng(5)
    offsets = np.column_stack([rng.normal(0, 0.8, len(items)), np.zeros(len(items))])
    names, means = tuple(item.id for item in items), np.full(len(items) + 1, 0.7)
    edges = [Prerequisite("s0", "s1"), Prerequisite("s1", "s2"), Prerequisite("s0", "s3")]
    return bind(replace(model, items=names, offsets=offsets, item_means=means), build(skills, items, edges)[0])


def students(tracer: AnyTracer) -> list[AnyState]:
    """From nobody to students who answered everything, able and not."""
    rng, found = np.random.default_rng(6), [tracer.empty]
    for able in np.linspace(0.2, 0.95, 20):
        names = rng.choice([item.id for item in tracer.catalog.items], int(rng.integers(1, 60)))
        rows = [
            pack(Response(str(n), "s", name, float(rng.random() < able), n * 60_000)) for n, name in enumerate(names)
        ]
        found.append(tracer.fold(unpack(b"".join(rows))))
    return found


@pytest.mark.parametrize(
    "policy",
    [
        POLICY,
        replace(POLICY, exploration=0.5),
        replace(POLICY, exploration=0.0, shortlist=0),
        replace(POLICY, gate=0.2),
    ],
)
def test_the_choice_is_that_of_the_parts(tracer: AnyTracer, policy: Policy) -> None:
    at_once, outcomes = 0, set()
    for state in students(tracer):
        for u in np.linspace(0, 0.999, 23).tolist():
            now = state.folded_at + 3_600_000 if state.length else 0
            quick = choose(tracer, state, policy, lambda slot, u=u: u, now=now)  # type: ignore[misc]
            chances = partial(tracer.predict, state, now=now)  # who brings chances is answered part by part
            parts = choose(tracer, state, policy, lambda slot, u=u: u, now=now, chances=chances)  # type: ignore[misc]
            assert told(quick) == told(parts)
            outcomes.add(quick.outcome)
            at_once += drawn(tracer, state, policy, table_of(tracer, policy.mastered), now, u) is not None
    assert at_once > 400
    assert outcomes == {Outcome.LEARN, Outcome.NOTHING_LEFT}


def told(choice: Choice) -> tuple[object, ...]:
    """All of it, also what it was drawn from."""
    given = [replace(one, ranked=None) for one in choice.recommendations]
    rankings = [one.ranking for one in choice.recommendations]
    arrays = [[part.tolist() for part in one[:6]] + [one.floor, one.draw] for one in rankings if one is not None]
    return astuple(replace(choice, recommendations=())), given, arrays


def test_a_skill_that_rests_is_told_of(tracer: AnyTracer) -> None:
    rows = [pack(Response(str(n), "s", f"i1-{n % 7 + 1}", 0.0, n * 60_000)) for n in range(5)]
    state, table = tracer.fold(unpack(b"".join(rows))), table_of(tracer, POLICY.mastered)
    found = drawn(tracer, state, POLICY, table, state.folded_at, 0.5)
    assert found is not None
    assert found.resting == 1
    assert wrong_in_a_row(state, POLICY, table).tolist() == [0, -5, 0, 0, 0, 0]
    choice = choose(tracer, state, POLICY, lambda slot: 0.5)
    assert [(one.skill, one.wrong) for one in choice.notices] == [(1, 5)]
    assert choice.recommendations[0].reason == "step back"
