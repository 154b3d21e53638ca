"""The items that a class has answered: how hard, how telling, and which look wrong (:mod:`engine.item_analysis`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.item_analysis import Flag, ItemFacts, analyse
from engine.mastery import thresholds
from service.classroom.dossier import Dossier, Moment, Pupil

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


def items_view(found: Dossier, item_id: str = "") -> ItemsView:
    """``item_id`` is the item whose answers are wanted one by one."""
    firsts: dict[int, list[First]] = {}
    answers = np.zeros(len(found.catalog.items), np.int64)
    for pupil in found.pupils:
        np.add.at(answers, pupil.told.answers.items, 1)
        for item, first in _firsts(pupil):
            firsts.setdefault(item, []).append(first)
    lines = [_line(found, item, some, int(answers[item]), item_id) for item, some in firsts.items()]
    lines.sort(key=lambda line: (_gravity(line.facts.flags), -line.facts.students, line.item_id))
    suspicious = sum(bool(set(line.facts.flags) & set(GRAVE)) for line in lines)
    versions = found.serving.model_version, found.serving.catalog_version
    return ItemsView(found.class_id, found.title, len(found.pupils), suspicious, tuple(lines), *versions)


def _gravity(flags: Iterable[Flag]) -> int:
    """The place of the gravest flag; no flag stands before too few answers."""
    order = [*GRAVE, None, Flag.TOO_FEW]
    return min((order.index(flag) for flag in flags), default=order.index(None))


def _firsts(pupil: Pupil) -> Iterable[tuple[int, First]]:
    told, needed = pupil.told, thresholds(pupil.tracer, pupil.rules)
    items, at = np.unique(told.answers.items, return_index=True)
    for item, answer in zip(items.tolist(), at.tolist(), strict=True):
        links = slice(told.first[answer], told.first[answer + 1])
        before = told.before[links]
        knew = bool((before >= needed[told.skills[links]]).all())
        score, when = float(told.answers.scores[answer]), int(told.answers.at[answer])
        yield item, First(pupil.student_id, pupil.name, score, float(before.min()), knew, when)


def _line(found: Dossier, item: int, firsts: list[First], answers: int, wanted: str) -> ItemLine:
    one = found.catalog.items[item]
    scores, mastery = np.array([(first.score, first.mastery) for first in firsts]).T
    facts = analyse(scores, mastery, np.array([first.knew for first in firsts], bool))
    return ItemLine(
        one.id, one.title, one.skill_ids, one.retired, answers, facts, tuple(firsts) if one.id == wanted else ()
    )
