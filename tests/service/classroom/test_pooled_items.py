"""Items over all classes: what several classes say together, and what a leader is not told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.item_analysis import ENOUGH, Flag
from service.access import Role, Viewer, seen_by
from service.classroom import pooled_items
from service.classroom.pooled_items import PooledItems, ask_pooled_items
from service.errors import NotAllowed
from service.roster import Class, Enrolment, Person
from service.roster.roster import made
from service.tutor import Tutor
from tests.service.made import NOW, answer

SMITH, LEADER = Viewer(Role.TEACHER, "smith"), Viewer(Role.LEADER, "head")


@contextmanager
def seen_as(who: Viewer) -> Iterator[None]:
    mark = seen_by.set(who)
    try:
        yield
    finally:
        seen_by.reset(mark)


async def enrolled(tutor: Tutor, classes: dict[str, list[str]], taught: tuple[str, ...] = ()) -> None:
    rows = [Enrolment(one, name, "student") for one, names in classes.items() for name in names]
    rows += [Enrolment(one, "smith", "teacher") for one in taught]
    people = [Person(name, name.title()) for name in dict.fromkeys(row.person for row in rows if row.role == "student")]
    await tutor.rosters.publish(made(people, [Person("smith")], [], [Class(one, one) for one in classes], rows))


async def mixed(tutor: Tutor, knowing: int, others: int) -> None:
    """Half a class each: who knows adding (ten right answers to one item) misses another one, the others do not."""
    good, weak = [f"good-{n}" for n in range(knowing)], [f"weak-{n}" for n in range(others)]
    at = NOW // 1000 - 3600
    for name in good:
        await tutor.record([answer(f"{n}", name, "add-0", at + n, correct=True) for n in range(10)])
        await tutor.record([answer("last", name, "add-1", at + 60, correct=False)])
    for name in weak:
        await tutor.record([answer(f"{n}", name, "add-0", at + n, correct=False) for n in range(6)])
        await tutor.record([answer("last", name, "add-1", at + 60, correct=True)])
    half = {"a": good[::2] + weak[::2], "b": good[1::2] + weak[1::2] + good[:1]}  # one student is in both
    await enrolled(tutor, half, ("a",))


async def test_classes_say_together_what_each_is_too_small_to_say(tutor: Tutor) -> None:
    await mixed(tutor, 6, 6)
    with seen_as(SMITH):
        own = {line.item_id: line for line in (await ask_pooled_items(tutor, "add-1")).lines}
    assert own["add-1"].facts.flags == (Flag.TOO_FEW,)
    assert {one.student_id for one in own["add-1"].by} == {
        f"{kind}-{n}" for kind in ("good", "weak") for n in (0, 2, 4)
    }
    view = await ask_pooled_items(tutor, "add-1")
    assert (view.classes, view.students, view.hidden, view.suspicious) == (2, 12, 0, 1)
    first = view.lines[0]
    assert (first.item_id, first.answers, first.facts.students) == ("add-1", 12, 12)  # who is in two counts once
    assert set(first.facts.flags) == {Flag.WORSE, Flag.MISSED}
    assert (first.facts.knowing, first.facts.knowing_right, first.facts.others_right) == (6, 0, 6)
    assert len({one.name for one in first.by}) == 12


async def test_parts_that_are_read_one_after_another_are_one(tutor: Tutor, monkeypatch: pytest.MonkeyPatch) -> None:
    await mixed(tutor, 6, 6)
    whole = await ask_pooled_items(tutor, "add-0")
    monkeypatch.setattr(pooled_items, "AT_ONCE", 5)
    parted = await ask_pooled_items(tutor, "add-0")
    assert plain(parted) == plain(whole)


def plain(view: PooledItems) -> list[object]:
    """Sums in another order differ in the last digits."""
    return [
        (
            line.item_id,
            line.answers,
            round(line.facts.expected, 9),
            line.facts.flags,
            sorted(one.name for one in line.by),
        )
        for line in view.lines
    ]


async def test_a_leader_is_told_of_groups_and_of_nobody(tutor: Tutor) -> None:
    await mixed(tutor, 6, 6)
    await tutor.record([answer(f"few-{n}", f"good-{n}", "odd-0") for n in range(6)])
    with seen_as(LEADER):
        view = await ask_pooled_items(tutor, "add-1")
    assert ([line.item_id for line in view.lines], view.hidden) == (["add-1", "add-0"], 1)
    facts = view.lines[0].facts
    assert (facts.students, set(facts.flags)) == (12, {Flag.WORSE, Flag.MISSED})
    assert (facts.knowing, facts.knowing_right, facts.knowing_expected, facts.others_right) == (None,) * 4
    assert [line.by for line in view.lines] == [(), ()]
    assert ENOUGH <= 10  # else what is shown would be too few answers


async def test_a_leader_is_told_of_both_where_both_are_many(tutor: Tutor) -> None:
    await mixed(tutor, 10, 10)
    with seen_as(LEADER):
        facts = (await ask_pooled_items(tutor)).lines[0].facts
    assert (facts.knowing, facts.knowing_right, facts.others_right) == (10, 0, 10)


async def test_students_are_told_nothing(tutor: Tutor) -> None:
    await mixed(tutor, 1, 1)
    for who in (Viewer(Role.STUDENT, "good-0"), Viewer(None)):
        with seen_as(who), pytest.raises(NotAllowed):
            await ask_pooled_items(tutor)


async def test_without_any_class_there_is_nothing(tutor: Tutor) -> None:
    view = await ask_pooled_items(tutor)
    assert (view.classes, view.students, view.lines) == (0, 0, ())
