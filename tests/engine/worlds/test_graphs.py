import numpy as np
import pytest

from engine.worlds.graphs import GENERATORS, above, blur, order


@pytest.mark.parametrize("name", GENERATORS)
def test_a_graph_has_no_cycle_and_is_the_same_for_a_seed(name: str) -> None:
    before, after = GENERATORS[name](100, np.random.default_rng(3))
    assert (before < after).all()
    assert len(set(zip(before.tolist(), after.tolist(), strict=True))) == len(before) > 60
    again = GENERATORS[name](100, np.random.default_rng(3))
    assert (again[0] == before).all()
    assert (again[1] == after).all()


def test_what_stands_above_is_what_paths_lead_from() -> None:
    edges = (np.array([0, 1, 0, 3]), np.array([1, 2, 3, 4]))
    reach = above(edges, 5)
    assert [set(np.flatnonzero(reach[:, k]).tolist()) for k in range(5)] == [set(), {0}, {0, 1}, {0}, {0, 3}]


def test_order_puts_prerequisites_first() -> None:
    edges = GENERATORS["strands"](60, np.random.default_rng(1))
    place = np.argsort(order(edges, 60))
    assert sorted(place.tolist()) == list(range(60))
    assert (place[edges[0]] < place[edges[1]]).all()


def test_a_blurred_graph_lacks_and_makes_up_the_shares_asked_for() -> None:
    edges = GENERATORS["layered"](100, np.random.default_rng(0))
    seen = blur(edges, 100, 0.15, 0.1, np.random.default_rng(1))
    true, told = (set(zip(e[0].tolist(), e[1].tolist(), strict=True)) for e in (edges, seen))
    assert len(true - told) == round(0.15 * len(true))
    assert len(told - true) == round(0.1 * len(true))
    assert (seen[0] < seen[1]).all()
    assert blur(edges, 100, 0.0, 0.0, np.random.default_rng(1))[0].tolist() == edges[0].tolist()
