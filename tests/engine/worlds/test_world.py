import numpy as np
import pytest

from engine.worlds.graphs import GENERATORS
from engine.worlds.world import Plan, make


@pytest.mark.parametrize("graph", GENERATORS)
def test_a_world_is_what_was_planned(graph: str) -> None:
    world = make(Plan(skills=40, items=800, graph=graph, missing=0.2, false=0.2), np.random.default_rng(0))
    assert len(world.catalog.items) == 800
    assert np.bincount(world.first, minlength=40).tolist() == [20] * 40
    pairs = np.flatnonzero(world.second >= 0)
    assert 0.05 < len(pairs) / 800 < 0.25
    true = set(zip(*(e.tolist() for e in world.edges), strict=True))
    assert all((int(world.second[i]), int(world.first[i])) in true for i in pairs)
    start, skills = world.catalog.links
    assert skills[start[:-1]].tolist() == world.first.tolist(), "catalog and world number skills alike"
    assert {(int(b), int(a)) for b, a in zip(*world.catalog.required, strict=True)} != true


def test_ready_is_all_prerequisites_known() -> None:
    world = make(Plan(skills=30, items=300), np.random.default_rng(2))
    known = np.random.default_rng(0).random((7, 30)) < 0.6
    ready = world.ready(known)
    for s in range(7):
        for k in range(30):
            parents = world.edges[0][world.edges[1] == k]
            assert ready[s, k] == known[s, parents].all()
