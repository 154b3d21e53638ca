"""The shortlist loses next to nothing against scoring every item, and filters are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.catalog import Item, Prerequisite, Skill, build
from engine.mastery_model import unlearnt
from engine.recommend import Policy, Wish, choose
from engine.responses import Response, pack, unpack
from engine.tracing import AnyState, AnyTracer, bind

POLICY = Policy(exploration=0.0)


@pytest.fixture(scope="module")
def tracer() -> AnyTracer:
    """2,000 items of differing difficulty on 30 skills, a fifth of them on two."""
    rng = np.random.default_rng(3)
    skills = [Skill(f"s{k}") for k in range(30)]
    pairs = [
        sorted({int(k), int(rng.integers(30)) if rng.random() < 0.2 else int(k)}) for k in rng.integers(30, size=2000)
    ]
    items = [Item(f"i{n}", tuple(f"s{k}" for k in pair)) for n, pair in enumerate(pairs)]
    edges = [Prerequisite(f"s{int(rng.integers(k))}", f"s{k}") for k in range(5, 30)]
    names, offsets = tuple(item.id for item in items), np.zeros((2000, 2))
    offsets[:, 0] = rng.normal(0, 0.8, 2000)
    model = replace(unlearnt(), items=names, offsets=offsets, item_means=np.full(2001, 0.7))
    return bind(model, build(skills, items, edges)[0])


def students(tracer: AnyTracer, count: int) -> list[AnyState]:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(count):
        n, ability = int(rng.integers(0, 60)), rng.random()
        rows = [
            pack(Response(str(m), "s", f"i{int(rng.integers(2000))}", float(rng.random() < ability), m * 60_000))
            for m in range(n)
        ]
        found.append(tracer.fold(unpack(b"".join(rows))) if rows else tracer.empty)
    return found


def test_next_to_nothing_is_lost_against_scoring_every_item(tracer: AnyTracer) -> None:
    whole = replace(POLICY, shortlist=0)
    lost = []
    for state in students(tracer, 60):
        short, every = (choose(tracer, state, policy, lambda slot: 0.5) for policy in (POLICY, whole))
        assert short.recommendations[0].ranking
        assert every.recommendations[0].ranking
        best = every.recommendations[0].ranking.scores[every.recommendations[0].ranking.ties].max()
        given = short.recommendations[0].ranking.scores[short.recommendations[0].ranking.ties].max()
        lost.append(1 - given / best)
        assert len(short.recommendations[0].ranking.items) <= POLICY.shortlist + 1
    assert np.mean(lost) < 0.001


def test_every_item_is_accounted_for(tracer: AnyTracer) -> None:
    state = students(tracer, 8)[-1]
    for wish in (Wish(), Wish(never=("s3",)), Wish(items=("i1", "i2", "i900"))):
        choice = choose(tracer, state, POLICY, lambda slot: 0.5, skills=("s0", "s3", "s7"), exclude=("i5",), wish=wish)
        assert sum(choice.kept) == 2000
        assert choice.candidates == choice.kept[0]


def test_a_band_is_kept_by_every_item_given(tracer: AnyTracer) -> None:
    wish, draws = Wish(band=(0.45, 0.55)), np.random.default_rng(1).random(10)
    for state in students(tracer, 10):
        found = choose(tracer, state, Policy(exploration=0.5), lambda slot: float(draws[slot]), n=6, wish=wish)
        assert all(0.45 <= one.p_correct <= 0.55 for one in found.recommendations)
        assert found.recommendations or "band" in found.text
