"""Where a page's facts come from: the tutor that the API asks, put into the pages' own types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from engine.catalog import Catalog
from engine.mastery import Status
from service.access import borders
from service.api.dependencies import TutorDep
from service.asking import Question
from service.classroom.dossier import Dossier, ask, names_of, title_of
from service.classroom.outlook import ask_outlook
from service.classroom.today import Today, today
from service.errors import NoCatalog
from service.overview import Overview, overview
from service.reports.facts import Answer, ClassFacts, ClassSum, Context, Learner, Move, Next, NextItem, StudentFacts
from service.tallies import Tally, tallies
from service.tutor import Tutor
from service.views import HistoryStep

NEXT_ITEMS = 3
ALL = 10_000_000  # answers of one student: the charts need every one


class Source(Protocol):
    """What the pages ask. Raises UnknownClass, UnknownStudent and, behind a gate, NotAllowed."""

    def now(self) -> int: ...

    async def classes(self) -> tuple[Context, Sequence[ClassSum]]: ...

    async def class_today(self, class_id: str, since: str) -> tuple[ClassFacts, Today]: ...

    async def one_student(self, student_id: str) -> StudentFacts: ...

    async def overview(self) -> tuple[Context, Overview]: ...


class TutorSource:
    """The pages' facts from a :class:`Tutor`: those that the viewer may see."""

    def __init__(self, tutor: Tutor) -> None:
        self._tutor = tutor

    def now(self) -> int:
        """In ms."""
        return self._tutor.now()

    async def classes(self) -> tuple[Context, Sequence[ClassSum]]:
        seen = await borders.visible(self._tutor.rosters, await self._tutor.classes())
        serving, found = await tallies(self._tutor, seen)
        roster = await self._tutor.rosters.current()
        sums = [_summed(class_id, title_of(roster, class_id), students) for class_id, students in found.items()]
        return self._context(serving.model_version, serving.catalog_version), sums

    async def class_today(self, class_id: str, since: str) -> tuple[ClassFacts, Today]:
        return await ask(self._tutor, class_id, lambda found: (self._facts(found), today(found, since)))

    def _facts(self, found: Dossier) -> ClassFacts:
        learners = tuple(Learner(one.student_id, tuple(one.skills), one.name) for one in found.pupils)
        context = self._context(found.serving.model_version, found.serving.catalog_version)
        edges = tuple((one.prerequisite, one.skill) for one in found.catalog.prerequisites)
        areas = {skill.id: skill.area for skill in found.catalog.skills if skill.area}
        return ClassFacts(found.class_id, learners, context, found.title, edges, areas, found.groups)

    async def one_student(self, student_id: str) -> StudentFacts:
        await borders.require_student(self._tutor.rosters, student_id)
        mastery = await self._tutor.mastery(student_id)
        history = await self._tutor.history(student_id, limit=ALL)
        catalog, roster = self._tutor.serving.catalog, await self._tutor.rosters.current()
        outlook = await ask_outlook(self._tutor, student_id)
        members = await self._tutor.rosters.members()
        classes = members.attends.get(student_id, frozenset()) if members else frozenset[str]()
        return StudentFacts(
            student_id,
            mastery.skills,
            tuple(_answer(catalog, step) for step in reversed(history.steps)),
            await self._next(student_id),
            self._context(mastery.model_version, mastery.catalog_version),
            names_of(roster, [student_id])[student_id],
            {class_id: title_of(roster, class_id) for class_id in classes},
            outlook.fading,
            outlook.course,
        )

    async def overview(self) -> tuple[Context, Overview]:
        found = await overview(self._tutor)
        return self._context(found.model_version, found.catalog_version), found

    async def _next(self, student_id: str) -> Next:
        try:
            found = await self._tutor.ask(student_id, Question(NEXT_ITEMS), log=False, explain=True)
        except NoCatalog as fault:
            return Next(fault.detail, ())
        catalog = self._tutor.serving.catalog
        items = tuple(
            NextItem(one.item_id, one.title, one.reason.text, one.p_correct, _skills_of(catalog, one.item_id))
            for one in found.recommendations
        )
        told = found.explanation.recommendations if found.explanation else ()
        return Next(found.text, items, tuple(one.text for one in told[0].alternatives) if told else ())

    def _context(self, model_version: str | None = None, catalog_version: str | None = None) -> Context:
        serving = self._tutor.serving
        return Context(
            model_version or serving.model_version,
            catalog_version or serving.catalog_version,
            bool(serving.catalog.items),
            self._tutor.now(),
        )


def source(tutor: TutorDep) -> Source:
    """The dependency of every page, over the tutor that the API is given."""
    return TutorSource(tutor)


def _summed(class_id: str, title: str, students: Sequence[Tally]) -> ClassSum:
    counts = sum((one.counts for one in students), Counter[Status]())
    return ClassSum(class_id, title, len(students), sum(one.stuck > 0 for one in students), counts)


def _answer(catalog: Catalog, step: HistoryStep) -> Answer:
    at = None if step.item_id is None else catalog.item_index.get(step.item_id)
    moves = tuple(Move(move.skill_id, _title(catalog, move.skill_id), move.before, move.after) for move in step.moves)
    title = "" if at is None else catalog.items[at].title
    return Answer(step.answered_at, step.item_id, title, step.score, step.p_correct, moves)


def _skills_of(catalog: Catalog, item_id: str) -> tuple[str, ...]:
    at = catalog.item_index.get(item_id)
    return () if at is None else tuple(_title(catalog, one) for one in catalog.items[at].skill_ids)


def _title(catalog: Catalog, skill_id: str) -> str:
    at = catalog.skill_index.get(skill_id)
    return skill_id if at is None else catalog.skills[at].title or skill_id
