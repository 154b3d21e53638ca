"""Groups that a teacher keeps for a class: under a name, with who kept them and when, seen by whoever teaches it.

They stand in the store as one blob a class, and are read under the class as it is now: who has left it is left out,
and so is a group whose skill the catalog has no more. Kept again under the same name, they take the place of the old
ones.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from engine.catalog import Catalog
from service.classroom.dossier import Moment, dossier
from service.classroom.groups import GroupChange, GroupsView, KeptName, groups_view
from service.errors import InvalidRequest, TooManyGroups, UnknownGroups
from service.store.base import Store
from service.tutor import Tutor

MOST, LONGEST = 30, 100  # sets of groups of a class, characters of a name


@dataclass(frozen=True, slots=True)
class KeptGroup:
    """A skill and the students who are taught it together."""

    skill_id: str
    students: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptGroups:
    """``id`` follows from the name."""

    id: str
    name: str
    author: str
    at: Moment
    groups: tuple[KeptGroup, ...]

    @property
    def told(self) -> KeptName:
        """Without the groups themselves."""
        return KeptName(self.id, self.name, self.author, self.at)

    def change(self, catalog: Catalog) -> GroupChange:
        """As a change to the suggested groups."""
        return change_of([one for one in self.groups if one.skill_id in catalog.skill_index])


Shelf = tuple[KeptGroups, ...]


def change_of(groups: list[KeptGroup]) -> GroupChange:
    """The groups as the address of a page has them.

    >>> change_of([KeptGroup("add", ("ada", "ben")), KeptGroup("maps", ("cy",))])
    GroupChange(skills=('add', 'maps'), students=('ada', 'ben', 'cy'), numbers=(1, 1, 2))
    """
    placed = [(student, number) for number, group in enumerate(groups, 1) for student in group.students]
    students, numbers = tuple(student for student, _ in placed), tuple(number for _, number in placed)
    return GroupChange(tuple(group.skill_id for group in groups), students, numbers)


async def ask_groups(tutor: Tutor, class_id: str, change: GroupChange, kept: str = "") -> GroupsView:
    """The groups that were ``kept`` under this id; without one those of ``change``, or the suggested ones.

    Raises NotAllowed, UnknownClass, UnknownGroups, UnknownSkills and InvalidRequest.
    """
    found = await dossier(tutor, class_id)
    shelf = _read(await tutor.store.class_notes(class_id))
    names = tuple(one.told for one in shelf)
    if not kept:
        return await asyncio.to_thread(groups_view, found, change, names)
    one = _find(shelf, class_id, kept)
    return await asyncio.to_thread(groups_view, found, one.change(found.catalog), names, one.told)


async def keep(tutor: Tutor, class_id: str, name: str, author: str, change: GroupChange) -> KeptGroups:
    """Keep the groups of ``change`` under a name.

    Raises NotAllowed, UnknownClass, UnknownSkills, TooManyGroups, and InvalidRequest where the name or the groups do
    not hold.
    """
    found = await dossier(tutor, class_id)
    name = _checked(name)
    view = await asyncio.to_thread(groups_view, found, change)
    if not change.skills:
        raise InvalidRequest("There is no group to keep: each needs a skill.")
    groups = tuple(KeptGroup(one.skill_id, tuple(who.student_id for who in one.students)) for one in view.groups)
    new = KeptGroups(blake2b(name.encode(), digest_size=8).hexdigest(), name, author, tutor.now(), groups)

    def more(shelf: Shelf) -> Shelf:
        after = (*(one for one in shelf if one.id != new.id), new)
        if len(after) > MOST:
            raise TooManyGroups(MOST)
        return after

    await _change(tutor.store, class_id, more)
    return new


async def let_go(tutor: Tutor, class_id: str, kept: str) -> None:
    """Keep these groups no longer. Raises NotAllowed, UnknownClass and UnknownGroups."""
    await dossier(tutor, class_id)

    def less(shelf: Shelf) -> Shelf:
        gone = _find(shelf, class_id, kept)
        return tuple(one for one in shelf if one is not gone)

    await _change(tutor.store, class_id, less)


async def _change(store: Store, class_id: str, change: Callable[[Shelf], Shelf]) -> None:
    """Until nobody else was faster."""
    while True:
        before = await store.class_notes(class_id)
        after = change(_read(before))
        if await store.keep_class_notes(class_id, orjson.dumps(after) if after else b"", before):
            return


def _read(blob: bytes) -> Shelf:
    """The oldest first."""
    rows = orjson.loads(blob) if blob else []
    return tuple(
        KeptGroups(**(row | {"groups": tuple(KeptGroup(g["skill_id"], tuple(g["students"])) for g in row["groups"])}))
        for row in rows
    )


def _find(shelf: Shelf, class_id: str, kept: str) -> KeptGroups:
    for one in shelf:
        if one.id == kept:
            return one
    raise UnknownGroups(class_id, kept)


def _checked(name: str) -> str:
    told = name.strip()
    if told and len(told) <= LONGEST and not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in told):
        return told
    fault = {"field": "name", "message": f"write 1 to {LONGEST} characters, on one line"}
    raise InvalidRequest("The groups need a name to be kept under.", errors=[fault])
