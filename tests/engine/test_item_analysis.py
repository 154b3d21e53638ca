"""Items: exact chances against every outcome there is, and flags on items made to be odd."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import fisher_exact  # type: ignore[import-untyped]

from engine.item_analysis import ENOUGH, Flag, analyse, at_most, fewer_right


@pytest.mark.parametrize(
    ("right", "group", "all_right", "total"), [(0, 3, 4, 7), (1, 3, 4, 7), (2, 5, 2, 8), (1, 1, 1, 2)]
)
def test_the_chance_of_fewer_right_counts_every_way(right: int, group: int, all_right: int, total: int) -> None:
    ways = [sum(one < all_right for one in chosen) for chosen in combinations(range(total), group)]
    assert fewer_right(right, group, all_right, total) == pytest.approx(np.mean([k <= right for k in ways]))
    table = [[right, group - right], [all_right - right, total - group - (all_right - right)]]
    assert fewer_right(right, group, all_right, total) == pytest.approx(fisher_exact(table, "less").pvalue)


@pytest.mark.parametrize("right", range(5))
def test_the_chance_of_so_few_counts_every_outcome(right: int) -> None:
    chances = np.array([0.9, 0.35, 0.8, 0.5])
    told = sum(
        np.prod([p if won else 1 - p for p, won in zip(chances, outcome, strict=True)])
        for outcome in product([0, 1], repeat=4)
        if sum(outcome) <= right
    )
    assert at_most(right, chances) == pytest.approx(told)


def flags(scores: Sequence[float], mastery: Sequence[float]) -> tuple[Flag, ...]:
    known = np.array(mastery)
    return analyse(np.array(scores), known, known >= 0.8).flags


def test_a_sound_item_has_no_flag() -> None:
    assert flags([1] * 8 + [0, 1, 0, 0, 1, 0], [0.9] * 8 + [0.4] * 6) == ()


def test_who_knows_is_right_less_often() -> None:
    found = flags([0] * 8 + [1] * 7 + [0], [0.9] * 8 + [0.4] * 8)
    assert Flag.WORSE in found
    assert Flag.MISSED in found


def test_those_who_know_miss_it_and_the_others_too() -> None:
    assert flags([0] * 7 + [1] + [0] * 6 + [1], [0.9] * 8 + [0.4] * 7) == (Flag.MISSED,)


@pytest.mark.parametrize(("score", "flag"), [(1.0, Flag.ALL_RIGHT), (0.0, Flag.ALL_WRONG)])
def test_an_item_that_tells_nobody_from_anybody(score: float, flag: Flag) -> None:
    assert flag in flags([score] * ENOUGH, [0.4] * ENOUGH)


def test_of_few_answers_nothing_is_said() -> None:
    assert flags([0] * (ENOUGH - 1), [0.95] * (ENOUGH - 1)) == (Flag.TOO_FEW,)
    assert analyse(np.empty(0), np.empty(0), np.empty(0, bool)).flags == (Flag.TOO_FEW,)


def test_figures_of_an_item_by_hand() -> None:
    found = analyse(
        np.array([1.0, 1.0, 0.0, 0.5]), np.array([0.9, 0.8, 0.3, 0.4]), np.array([True, True, False, False])
    )
    assert (found.students, found.right) == (4, 0.625)
    assert found.expected == pytest.approx(0.6)
    assert found.difficulty == pytest.approx(0.6 - found.right)
    assert (found.knowing, found.knowing_right, found.others_right) == (2, 2, 1)
    assert found.knowing_expected == pytest.approx(1.7)
    assert found.discrimination == pytest.approx(np.corrcoef([1, 1, 0, 0.5], [0.9, 0.8, 0.3, 0.4])[0, 1])


def test_chance_alone_seldom_raises_a_flag() -> None:
    """Items answered as mastery says, in classes of 26: the flags that say "odd" stay below their limits."""
    rng = np.random.default_rng(1)
    odd = 0
    for _ in range(1000):
        mastery = rng.uniform(0.2, 0.97, 26)
        found = analyse((rng.random(26) < mastery).astype(np.float64), mastery, mastery >= 0.8).flags
        odd += Flag.WORSE in found or Flag.MISSED in found
    assert odd <= 3
