"""Groups that are kept for a class: named, with author and date, on every store, over a restart."""

from __future__ import annotations

import asyncio

import pytest

from engine.catalog import to_json
from service.classroom.groups import GroupChange, GroupsView
from service.classroom.kept_groups import LONGEST, MOST, ask_groups, keep, let_go
from service.errors import InvalidRequest, TooManyGroups, UnknownClass, UnknownGroups, UnknownSkills
from service.store import open_store
from service.tutor import Tutor
from tests.service.conftest import bare_tutor, close
from tests.service.made import NOW, answer, catalog

EVERY_STORE = pytest.mark.parametrize("store_url", ["sqlite", "redis", "cluster"], indirect=True)
TWO = GroupChange(("adding", "carrying"), ("ada", "ben", "cy", "gone"), (1, 2, 1, 2))
ONE = GroupChange(("adding",), ("ben",), (1,))


@pytest.fixture
async def tutor(tutor: Tutor) -> Tutor:
    """Three students of one class have answered."""
    await tutor.record([answer("r", name, class_id="4a") for name in ("ada", "ben", "cy")])
    return tutor


async def asked(tutor: Tutor, kept: str = "") -> GroupsView:
    return await ask_groups(tutor, "4a", GroupChange(), kept)


def placed(view: GroupsView) -> list[tuple[str, list[str]]]:
    return [(group.skill_id, [one.student_id for one in group.students]) for group in view.groups]


@EVERY_STORE
async def test_they_outlive_the_process(tutor: Tutor, store_url: str) -> None:
    made = await keep(tutor, "4a", " Monday ", "smith", TWO)
    assert (made.name, made.author, made.at) == ("Monday", "smith", NOW)
    store = await open_store(store_url)
    again = await bare_tutor(store)
    view = await asked(again, made.id)
    assert placed(view) == [("adding", ["ada", "cy"]), ("carrying", ["ben"])]  # who is not of the class is left out
    assert (view.changed, view.kept_as, view.kept) == (True, made.told, (made.told,))
    suggested = await asked(again)
    assert (suggested.changed, suggested.kept_as, suggested.kept) == (False, None, (made.told,))
    await let_go(again, "4a", made.id)
    with pytest.raises(UnknownGroups):
        await asked(tutor, made.id)
    assert (await asked(tutor)).kept == ()
    await close(again)
    await store.close()


@EVERY_STORE
async def test_two_who_keep_at_once_lose_nothing(tutor: Tutor) -> None:
    await asyncio.gather(*(keep(tutor, "4a", f"set {n}", "smith", ONE) for n in range(6)))
    assert sorted(one.name for one in (await asked(tutor)).kept) == [f"set {n}" for n in range(6)]


async def test_the_same_name_takes_the_place_of_the_old_ones(tutor: Tutor) -> None:
    first, other = await keep(tutor, "4a", "Monday", "smith", TWO), await keep(tutor, "4a", "Friday", "smith", TWO)
    second = await keep(tutor, "4a", "Monday", "jones", ONE)
    assert second.id == first.id
    view = await asked(tutor, first.id)
    assert (placed(view), view.kept) == ([("adding", ["ben"])], (other.told, second.told))


async def test_a_skill_that_the_catalog_has_no_more_takes_its_group_along(tutor: Tutor) -> None:
    made = await keep(tutor, "4a", "Monday", "smith", TWO)
    plain = catalog()
    rest = [item for item in plain.items if "carrying" not in item.skill_ids]
    without = type(plain)(tuple(skill for skill in plain.skills if skill.id != "carrying"), tuple(rest))
    await tutor.store.publish("catalog", without.version, to_json(without).encode())
    view = await asked(tutor, made.id)
    assert placed(view) == [("adding", ["ada", "cy"])]
    assert "ben" in {one.student_id for one in (*view.alone, *view.without_gap)}


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * (LONGEST + 1), "\ud800"])
async def test_a_name_that_is_none_is_refused(tutor: Tutor, name: str) -> None:
    with pytest.raises(InvalidRequest, match="need a name"):
        await keep(tutor, "4a", name, "smith", ONE)
    assert (await asked(tutor)).kept == ()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (GroupChange(), InvalidRequest),
        (GroupChange(("nowhere",), ("ada",), (1,)), UnknownSkills),
        (GroupChange(("adding",), ("ada",), (2,)), InvalidRequest),
    ],
)
async def test_what_does_not_fit_is_not_kept(tutor: Tutor, change: GroupChange, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        await keep(tutor, "4a", "Monday", "smith", change)
    assert (await asked(tutor)).kept == ()


async def test_there_is_an_end_to_what_is_kept(tutor: Tutor) -> None:
    for n in range(MOST):
        await keep(tutor, "4a", f"set {n}", "smith", ONE)
    with pytest.raises(TooManyGroups):
        await keep(tutor, "4a", "one more", "smith", ONE)
    await keep(tutor, "4a", "set 0", "smith", TWO)
    assert len((await asked(tutor)).kept) == MOST


async def test_a_class_that_is_not_there_keeps_nothing(tutor: Tutor) -> None:
    with pytest.raises(UnknownClass):
        await keep(tutor, "nobody", "Monday", "smith", ONE)
    with pytest.raises(UnknownClass):
        await let_go(tutor, "nobody", "x")
