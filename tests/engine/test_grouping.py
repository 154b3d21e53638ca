"""Groups by shared gap: every promise of the rule, and how far it stays from the best there could be."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from engine.grouping import Bools, form_groups, lacking


def random_lacks(seed: int, students: int, skills: int) -> Bools:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.random((students, skills)) < rng.uniform(0.15, 0.6))


@pytest.mark.parametrize("seed", range(40))
def test_sizes_hold_and_everybody_stands_in_one_group_that_teaches_what_they_lack(seed: int) -> None:
    lacks = random_lacks(seed, 30, 12)
    groups = form_groups(lacks)
    placed = [student for group in groups for student in group.students]
    assert len(placed) == len(set(placed))
    for group in groups:
        assert 3 <= len(group.students) <= 8
        assert lacks[list(group.students), group.skill].all()
    left = np.setdiff1d(np.flatnonzero(lacks.any(axis=1)), placed)
    assert not len(left) or lacks[left].sum(axis=0).max() < 3  # nobody is left out who could be among their like
    for student in left.tolist():
        assert not [g for g in groups if lacks[student, g.skill] and len(g.students) < 8]


def best(lacks: Bools, least: int, most: int) -> tuple[int, int]:
    """The most students that can be placed, and the fewest groups that place so many: all partitions are tried."""
    n, k = lacks.shape
    masks = [
        mask
        for mask in range(1, 1 << n)
        if least <= mask.bit_count() <= most
        and any(all(lacks[i, s] for i in range(n) if mask >> i & 1) for s in range(k))
    ]

    @cache
    def search(free: int) -> tuple[int, int]:
        options = [(0, 0)]
        for mask in masks:
            if mask & ~free == 0 and mask > 0:
                placed, groups = search(free & ~mask)
                options.append((placed + mask.bit_count(), groups - 1))
        return max(options)

    placed, groups = search((1 << n) - 1)
    return placed, -groups


def test_it_stays_near_the_best_of_all_partitions() -> None:
    """60 classes of 7 with groups of 2 or 3, where every partition is tried."""
    short = more = total = 0
    for seed in range(60):
        lacks = random_lacks(seed, 7, 4)
        found = form_groups(lacks, 2, 3)
        placed, groups = best(lacks, 2, 3)
        got = sum(len(group.students) for group in found)
        assert got <= placed
        short, total = short + placed - got, total + placed
        more += max(0, len(found) - groups) if got == placed else 0
    assert short <= 0.03 * total
    assert more <= 9  # of some 150 groups


def test_who_is_left_over_is_helped_by_a_group_that_can_spare_one() -> None:
    """Four lack the first skill, one of them and two others lack the second: three and three."""
    lacks = np.array([[1, 0], [1, 0], [1, 0], [1, 1], [0, 1], [0, 1]], bool)
    assert [(group.skill, group.students) for group in form_groups(lacks)] == [(0, (0, 1, 2)), (1, (3, 4, 5))]


def test_many_are_split_as_equally_as_can_be() -> None:
    assert [len(group.students) for group in form_groups(np.ones((17, 1), bool))] == [6, 6, 5]


def test_nobody_lacks_anything() -> None:
    assert form_groups(np.zeros((5, 3), bool)) == []
    assert form_groups(np.zeros((0, 0), bool)) == []


def test_sizes_that_cannot_be_kept_are_refused() -> None:
    with pytest.raises(ValueError, match="at least twice"):
        form_groups(np.ones((9, 1), bool), 5, 8)


def test_a_gap_that_rests_on_another_gap_waits() -> None:
    learning = np.array([[True, True, True], [False, True, True], [False, False, True]])
    found = lacking(learning, np.array([0, 1]), np.array([1, 2]))
    assert found.tolist() == [[True, False, False], [False, True, False], [False, False, True]]
