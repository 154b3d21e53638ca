"""The distribution that a choice is drawn from: swept over all draws, it is what is given, to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.bundle import AnyModel
from engine.catalog import Item, Prerequisite, Skill, build
from engine.model import builtin
from engine.recommend import Policy, Recommendation, Wish, choose
from engine.responses import Response, pack, unpack
from engine.tracing import bind
from tests.engine.made import mastery_model

POLICY = Policy(exploration=0.3, near=0.8)
ITEMS = [Item(f"{skill}{n}", (skill,)) for skill in "abc" for n in range(5)] + [Item("ab", ("a", "b"))]


@pytest.mark.parametrize("model", [builtin(), mastery_model()], ids=["plain", "mastery"])
@pytest.mark.parametrize("slot", [0, 1])
@pytest.mark.parametrize(
    ("policy", "wish"),
    [
        (POLICY, Wish()),
        (replace(POLICY, shortlist=3), Wish()),
        (replace(POLICY, worthwhile=0.0, spacing=0), Wish()),
        (replace(POLICY, exploration=0.0), Wish()),
        (replace(POLICY, exploration=1.0), Wish()),
        (POLICY, Wish(band=(0.2, 0.75))),
        (POLICY, Wish(never=("a",))),
    ],
)
def test_the_distribution_is_what_is_given(model: AnyModel, slot: int, policy: Policy, wish: Wish) -> None:
    skills = [Skill(name) for name in "abc"]
    tracer = bind(model, build(skills, ITEMS, [Prerequisite("b", "c")])[0])
    state = tracer.fold(unpack(b"".join(pack(Response(str(n), "s", f"a{n}", n % 2, n)) for n in range(3))))

    def given(u: float) -> Recommendation:
        draws = [0.5, u] if slot else [u]
        return choose(tracer, state, policy, draws.__getitem__, n=slot + 1, exclude=["b1"], wish=wish).recommendations[
            slot
        ]

    first = given(0.0)
    assert first.ranking is not None
    items, chances = first.ranking.distribution(policy.exploration)
    told = dict(zip(items.tolist(), chances.tolist(), strict=True))
    assert len(told) == len(items), "each item once"
    assert sum(told.values()) == pytest.approx(1, abs=1e-12)
    turns = 400
    seen = [given((turn + 0.5) / turns) for turn in range(turns)]
    assert {one.item for one in seen} == set(told)
    assert all(one.propensity == told[one.item] for one in seen)
    counts = np.bincount([one.item for one in seen], minlength=len(ITEMS)) / turns
    assert {item: counts[item] for item in told} == pytest.approx(told, abs=2 / turns)
