"""The items that a class has answered: how hard, how telling, and which look wrong (:mod:`engine.item_analysis`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.catalog import Catalog
from engine.item_analysis import Flag, ItemFacts, analyse
from engine.mastery import thresholds
from service.classroom.dossier import Dossier, Moment
from service.classroom.pupil import Pupil

FIRST = np.dtype(
    [("item", "<i8"), ("pupil", "<i8"), ("score", "<f8"), ("mastery", "<f8"), ("knew", "?"), ("at", "<i8")]
)
Firsts = npt.NDArray[np.void]
Names = Sequence[tuple[str, str]]
GRAVE = (Flag.WORSE, Flag.MISSED, Flag.ALL_WRONG, Flag.ALL_RIGHT)


@dataclass(frozen=True, slots=True)
class First:
    """A student's first answer to the item, and the expected success on its skills before it."""

    student_id: str
    name: str
    score: float
    mastery: float
    knew: bool
    answered_at: Moment


@dataclass(frozen=True, slots=True)
class ItemLine:
    """``answers`` counts all, ``facts`` are of first answers, and ``by`` tells whose those are of an item asked for."""

    item_id: str
    title: str
    skill_ids: tuple[str, ...]
    retired: bool
    answers: int
    facts: ItemFacts
    by: tuple[First, ...]


@dataclass(frozen=True, slots=True)
class ItemsView:
    """Every item with an answer; those that look wrong first."""

    class_id: str
    class_title: str
    students: int
    suspicious: int
    lines: tuple[ItemLine, ...]
    model_version: str
    catalog_version: str


@dataclass(frozen=True)
class Answered:
    """What some students have answered: all their answers counted by item [items], and the first ones, of which
    ``pupil`` is the place in ``names`` (id, name)."""

    counts: npt.NDArray[np.int64]
    firsts: Firsts
    names: tuple[tuple[str, str], ...]


def items_view(found: Dossier, item_id: str = "") -> ItemsView:
    """``item_id`` is the item whose answers are wanted one by one."""
    lines = lines_of(found.catalog, [answered(found.catalog, found.pupils)], item_id)
    versions = found.serving.model_version, found.serving.catalog_version
    return ItemsView(found.class_id, found.title, len(found.pupils), suspicious(lines), tuple(lines), *versions)


def suspicious(lines: Iterable[ItemLine]) -> int:
    """How many look wrong."""
    return sum(bool(set(line.facts.flags) & set(GRAVE)) for line in lines)


def answered(catalog: Catalog, pupils: Sequence[Pupil]) -> Answered:
    """What these students have answered."""
    counts = np.zeros(len(catalog.items), np.int64)
    for pupil in pupils:
        np.add.at(counts, pupil.told.answers.items, 1)
    firsts = np.concatenate([np.empty(0, FIRST), *(_firsts(at, pupil) for at, pupil in enumerate(pupils))])
    return Answered(counts, firsts, tuple((pupil.student_id, pupil.name) for pupil in pupils))


def lines_of(catalog: Catalog, parts: Sequence[Answered], item_id: str) -> list[ItemLine]:
    """Every item with an answer, from what different students have answered; those that look wrong first."""
    names = [name for part in parts for name in part.names]
    shifts = np.cumsum([0, *(len(part.names) for part in parts)])
    counts = sum((part.counts for part in parts), np.zeros(len(catalog.items), np.int64))
    firsts = np.concatenate([np.empty(0, FIRST), *(part.firsts for part in parts)])
    firsts["pupil"] += np.repeat(shifts[:-1], [len(part.firsts) for part in parts])
    firsts = firsts[np.argsort(firsts["item"], kind="stable")]
    _, starts = np.unique(firsts["item"], return_index=True)
    groups = np.split(firsts, starts[1:]) if len(firsts) else []
    lines = [_line(catalog, names, group, int(counts[group["item"][0]]), item_id) for group in groups]
    return sorted(lines, key=lambda line: (_gravity(line.facts.flags), -line.facts.students, line.item_id))


def _gravity(flags: Iterable[Flag]) -> int:
    """The place of the gravest flag; no flag stands before too few answers."""
    order = [*GRAVE, None, Flag.TOO_FEW]
    return min((order.index(flag) for flag in flags), default=order.index(None))


def _firsts(at: int, pupil: Pupil) -> Firsts:
    """The first answer of a student to each item: mastery is of the skill known worst, and all must be known."""
    told, needed = pupil.told, thresholds(pupil.tracer, pupil.rules)
    items, answers = np.unique(told.answers.items, return_index=True)
    found = np.zeros(len(items), FIRST)
    if len(items):
        starts = told.first[:-1]
        found["mastery"] = np.minimum.reduceat(told.before, starts)[answers]
        found["knew"] = np.logical_and.reduceat(told.before >= needed[told.skills], starts)[answers]
    found["pupil"], found["item"] = at, items
    found["score"], found["at"] = told.answers.scores[answers], told.answers.at[answers]
    return found


def _line(catalog: Catalog, names: Names, firsts: Firsts, answers: int, wanted: str) -> ItemLine:
    one = catalog.items[int(firsts["item"][0])]
    facts = analyse(firsts["score"], firsts["mastery"], firsts["knew"])
    by = tuple(_told(names, first) for first in firsts) if one.id == wanted else ()
    return ItemLine(one.id, one.title, one.skill_ids, one.retired, answers, facts, by)


def _told(names: Names, first: np.void) -> First:
    student_id, name = names[int(first["pupil"])]
    numbers = float(first["score"]), float(first["mastery"]), bool(first["knew"]), int(first["at"])
    return First(student_id, name, *numbers)
