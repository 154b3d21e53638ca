"""Answer strings against a plain count of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bkt.strings import Forest, Ints, Strings, pooled

rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)), max_size=60)


def _columns(answers: list[tuple[int, int, int]]) -> tuple[Ints, Ints, Ints]:
    student, skill, symbol = np.array(sorted(answers, key=lambda row: row[0]), np.int64).reshape(-1, 3).T
    return student, skill, symbol


def _words(strings: Strings, k: int) -> Counter[tuple[int, ...]]:
    """The strings of one skill, and how many students have each."""
    low, high = strings.start[k], strings.start[k + 1]
    found: list[tuple[int, ...]] = []
    words: Counter[tuple[int, ...]] = Counter()
    for i in range(low, high):
        above = strings.parent[i]
        assert above < i - low, "a parent stands before its children"
        found.append((*(found[above] if above >= 0 else ()), int(strings.symbol[i])))
        words[found[-1]] += int(strings.ends[i])
    return +words


def _expected(answers: list[tuple[int, int, int]]) -> dict[int, Counter[tuple[int, ...]]]:
    words: dict[tuple[int, int], tuple[int, ...]] = {}
    for student, skill, symbol in sorted(answers, key=lambda row: row[0]):
        words[student, skill] = (*words.get((student, skill), ()), symbol)
    return {k: Counter(word for (_, skill), word in words.items() if skill == k) for k in range(3)}


@given(rows, st.integers(1, 5))
@settings(max_examples=80, deadline=None)
def test_strings_are_those_of_the_students_whatever_the_chunks(answers: list[tuple[int, int, int]], size: int) -> None:
    columns = _columns(answers)
    forest = Forest(3)
    for low in range(0, len(answers), size):
        forest.add(*(column[low : low + size] for column in columns))
    strings = forest.strings()
    assert {k: _words(strings, k) for k in range(3)} == _expected(answers)
    expected = np.bincount(columns[1], minlength=3)
    assert strings.sums(strings.weight).tolist() == expected.tolist()
    assert len({tuple(row) for k in range(3) for row in _words(strings.chunk(k, k + 1), 0)}) <= len(answers)
    one = forest.strings().chunk(1, 3)
    assert [_words(one, k) for k in range(2)] == [_words(strings, k) for k in (1, 2)]


@given(rows, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_the_pool_holds_the_beginnings_of_all(answers: list[tuple[int, int, int]], longest: int) -> None:
    strings = pooled(Forest(3).add(*_columns(answers)).strings(), longest)
    expected: Counter[tuple[int, ...]] = Counter()
    for words in _expected(answers).values():
        for word, number in words.items():
            expected[word[:longest]] += number
    assert _words(strings, 0) == expected


def test_a_forest_grows_beyond_its_first_room() -> None:
    rng = np.random.default_rng(0)
    student = np.repeat(np.arange(500, dtype=np.int64), 40)
    symbol = rng.integers(0, 2, len(student))
    forest = Forest(1)
    for low in range(0, len(student), 3000):
        forest.add(student[low : low + 3000], np.zeros(3000, np.int64)[: len(student) - low], symbol[low : low + 3000])
    strings = forest.strings()
    assert len(strings.parent) > 4096
    assert strings.sums(strings.ends)[0] == 500
    assert strings.weight[strings.parent < 0].sum() == pytest.approx(500)
