from itertools import pairwise

import numpy as np

from engine.graph.lists import lists


def test_lists_name_what_a_skill_builds_on_and_what_builds_on_it() -> None:
    found = lists(np.array([0, 1, 0]), np.array([1, 2, 2]), 4)
    assert found.order.tolist() == [0, 3, 1, 2]
    of = [found.members[a:b].tolist() for a, b in pairwise(found.begin.tolist())]
    assert of == [[0], [0, 1], [0, 1, 2], [3]]
    assert found.child[found.begin[2] : found.begin[3]].tolist() == [2, 2, -1], "skill 0 straight through skill 2"
    assert found.parents[found.first[2] : found.first[3]].tolist() == [1, 0]
    assert found.children[found.below[0] : found.below[1]].tolist() == [1, 2]


def test_no_skills_and_no_edges_are_lists_too() -> None:
    none = np.empty(0, np.int64)
    assert lists(none, none, 0).members.tolist() == []
    assert lists(none, none, 2).members.tolist() == [0, 1]
