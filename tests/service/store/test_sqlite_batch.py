"""Many students at once are recorded as one after the other."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store import sqlite_batch as batch
from service.store import sqlite_student as students
from service.store.base import Held, NewResponse, Outcome, Recorded, Write
from service.store.sqlite_schema import connect, migrate
from tests.contract.histories import OTHER_TAG, TAG, new, write

SAVE = "INSERT OR REPLACE INTO snapshot (student, tag, covers, blob) SELECT id, ?, ?, ? FROM student WHERE name = ?"
WRITTEN = (
    "SELECT name, n, key, record FROM response JOIN student ON student.id = response.student ORDER BY name, n",
    "SELECT position, kind, event FROM log ORDER BY position",
    "SELECT class, name FROM membership JOIN student ON student.id = membership.student ORDER BY class, name",
)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[list[sqlite3.Connection]]:
    """Two empty stores."""
    made = [connect(tmp_path / name, 5.0) for name in ("batch.db", "single.db")]
    for one in made:
        one.execute("BEGIN")
        migrate(one)
    yield made
    for one in made:
        one.close()


def call(chance: random.Random, turn: int, fresh: bool) -> list[Write]:
    """Of eight students some, with a few responses each: mostly new ones."""
    names = chance.sample([f"s-{n}" for n in range(8)] + ["é 🎓", "a'\"b"], chance.randint(3, 9))
    writes = []
    for name in names:
        ids = [f"r{turn}-{n}" if fresh or chance.random() < 0.9 else "r1-0" for n in range(chance.randint(0, 5))]
        classes = [None, "c1", "c2"]
        writes.append(Write(name, [new(one, class_id=chance.choice(classes)) for one in ids]))
    return writes


def disturb(files: list[sqlite3.Connection], chance: random.Random, student: str, length: int) -> None:
    """Now and then keep a snapshot, or notes."""
    row = chance.choice([TAG, OTHER_TAG]), chance.randint(1, length + 1), b"fold", student
    keeps, notes = length and chance.random() < 0.2, chance.random() < 0.05
    for file in files:
        if keeps:
            file.execute(SAVE, row)
        if notes:
            file.execute("UPDATE student SET notes = x'0102' WHERE name = ?", (student,))


@pytest.mark.parametrize("seed", range(6))
def test_the_outcomes_the_states_and_what_is_written_are_the_same(files: list[sqlite3.Connection], seed: int) -> None:
    chance, held, at_once = random.Random(seed), dict[str, Held](), 0
    many, single = files
    for turn in range(1, 25):
        writes = call(chance, turn, fresh=turn % 3 > 0)
        known = {name: one for name, one in held.items() if chance.random() < 0.7}
        if turn % 5 == 0:  # one that the caller has another history of
            known["s-1"] = Held(1, bytes(32))
        found = batch.record(many, writes, TAG, known)
        at_once += found is not None
        expected = [students.record(single, one, TAG, known.get(one.student_id)) for one in writes]
        if found is None:
            found = [students.record(many, one, TAG, known.get(one.student_id)) for one in writes]
        assert found == expected
        for one, state in zip(writes, (each.state for each in expected), strict=True):
            if state.records:
                held[one.student_id] = Held(state.length, state.records[-32:])
            disturb(files, chance, one.student_id, state.length)
    for query in WRITTEN:
        assert many.execute(query).fetchall() == single.execute(query).fetchall()
    assert at_once >= 8


@pytest.mark.parametrize(
    "odd",
    [
        [write("s", "r1"), write("t", *(f"r{n}" for n in range(9))), write("s", "r2")],
        [write("s", *(f"r{n}" for n in range(7)), "r1", "r2")],
        [write("nul\0nul", *(f"r{n}" for n in range(9)))],
        [write("s", *(f"r{n}" for n in range(9)), class_id="nul\0nul")],
        [write("\ud800", *(f"r{n}" for n in range(9)))],
        [write("s", "r1")],
    ],
)
def test_what_must_be_taken_one_after_the_other_leaves_nothing_behind(
    files: list[sqlite3.Connection], odd: list[Write]
) -> None:
    assert batch.record(files[0], odd, TAG, {}) is None
    for query in WRITTEN:
        assert files[0].execute(query).fetchall() == []


def test_one_student_with_many_responses(files: list[sqlite3.Connection]) -> None:
    given = [NewResponse(one.record, one.event, "c") for one in write("s", *(f"r{n}" for n in range(50))).responses]
    found = batch.record(files[0], [Write("s", given)], TAG, {})
    assert found is not None
    (recorded,) = found
    assert isinstance(recorded, Recorded)
    assert recorded.outcomes == [Outcome.RECORDED] * 50
    assert recorded.state.records == b"".join(one.record for one in given)
