"""The application service: what happens when a response arrives, and what is asked of it. No HTTP, no mathematics."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from engine.catalog import EMPTY, Catalog, retire_missing, to_json
from engine.mastery import Status, Thresholds, report
from engine.recommend import Policy
from engine.responses import History, pack, unpack
from engine.tracing import AnyState, Step
from engine.tracing.judgements import fold_judged
from service import metrics
from service.ahead import NOTHING, Ahead, Worked
from service.answers import Answer
from service.asking import Question
from service.behind import Behind
from service.choosing import HOUR
from service.errors import NoCatalog, UnknownClass, UnknownStudent
from service.giving import Giver
from service.notes import NONE, Notebook, Notes
from service.results import Results
from service.roster import Rosters
from service.serving import Serving, Servings
from service.states import PART, States
from service.store.base import NewResponse, Outcome, Store, StudentState, Write
from service.together import Together
from service.views import (
    CatalogSummary,
    ClassMastery,
    HistoryStep,
    Move,
    Next,
    Receipt,
    SkillSpread,
    StudentHistory,
    StudentMastery,
)


class Tutor:
    """Made once a process. ``now`` gives the time in ms; ``room``: bytes of states to hold."""

    def __init__(
        self,
        store: Store,
        servings: Servings,
        behind: Behind,
        *,
        now: Callable[[], int],
        salt: bytes,
        room: int,
        policy: Policy | None = None,
        thresholds: Thresholds | None = None,
    ) -> None:
        self.store, self.servings, self.behind, self.now = store, servings, behind, now
        self.thresholds, self.rosters = thresholds or Thresholds(), Rosters(store, now)
        self.notebook, self._states = Notebook(store, servings, now), States(store, behind, room)
        self._giver = Giver(policy or Policy(), salt, behind)
        self._ahead = Ahead(self._giver.chosen, store.apart)
        self.recording, self.asking = Together(self.record_each, _student_of), Together(self.next_each, str)

    @property
    def serving(self) -> Serving:
        return self.servings.now

    # -------------------------------------------------------------------------------------------------- responses

    async def record(self, answers: Sequence[Answer], next_items: int = 0) -> Receipt:
        """Record answers, in one round trip to the store; their outcomes, mastery after them, and what comes next."""
        if not answers:
            return Receipt((), {}, self.serving.model_version, self.serving.catalog_version)
        groups: dict[str, list[Answer]] = {}
        for answer in answers:
            groups.setdefault(answer.student_id, []).append(answer)
        serving, at, who = self.servings.now, self.now(), list(groups)
        held = self._states.held(serving, who)
        writes = [Write(student, [_new(serving, one, at) for one in group]) for student, group in groups.items()]
        asked = self.store.record(writes, serving.read_by, held)
        likely = ((one.student_id, b"".join([new.record for new in one.responses])) for one in writes)
        choose = self._giver.plain(serving, next_items)
        (recorded, heads), worked = await self._ahead.beside(asked, serving, likely, held, choose, at)
        stored = [one.state for one in recorded]
        current = await self.servings.at(heads)
        if current is not serving:
            held, worked = self._states.held(current, who), NOTHING
            stored, _ = await self.store.read(who, current.read_by, held)
        states = await self._states.after(current, who, stored, held, worked)
        self._ahead.learn(worked, who, states)
        states, records, notes = await self._noted(current, who, stored, states)
        metrics.recorded([outcome for one in recorded for outcome in one.outcomes])
        hour = at - at % HOUR  # what is said is of the whole hour, so that a resend has the same answer
        results = Results(current, self.thresholds, hour).all(groups, answers, recorded, states)
        following: dict[str, Next] = {}
        if next_items:
            left = {one.student_id for one in results if one.outcome is not Outcome.CONFLICT}
            askers = [one for one in zip(who, states, records, notes, strict=True) if one[0] in left]
            for low in range(0, len(askers), PART):
                following |= self._giver.following(current, next_items, at, askers[low : low + PART], worked)
                if low + PART < len(askers):
                    await asyncio.sleep(0)
        return Receipt(results, following, current.model_version, current.catalog_version)

    async def record_one(self, answer: Answer, next_items: int) -> Receipt:
        """As :meth:`record`, together with others of the same moment."""
        return await self.recording.put(answer, next_items)

    async def record_each(self, answers: Sequence[Answer], next_items: int) -> list[Receipt]:
        """Answers of as many students, with a receipt for each."""
        whole = await self.record(answers, next_items)
        versions = whole.model_version, whole.catalog_version
        following = [{one: whole.next[one]} if one in whole.next else {} for one in map(_student_of, answers)]
        return [Receipt((one,), after, *versions) for one, after in zip(whole.results, following, strict=True)]

    # ----------------------------------------------------------------------------------------------------- asking

    async def next_one(self, student_id: str, n: int) -> Next:
        """As :meth:`ask` where nothing in particular is wanted, together with others of the same moment."""
        return await self.asking.put(student_id, n)

    async def next_each(self, students: Sequence[str], n: int) -> list[Next]:
        """Up to ``n`` items to give next to each student. Raises :class:`NoCatalog`."""
        at = self.now()
        serving, stored, states, worked = await self._read(students, n, at)
        if not serving.catalog.items:
            raise NoCatalog
        states, records, notes = await self._noted(serving, students, stored, states)
        askers = list(zip(students, states, records, notes, strict=True))
        found = self._giver.following(serving, n, at, askers, worked)
        return [found[student] for student in students]

    async def ask(self, student_id: str, question: Question, log: bool = True, explain: bool = False) -> Next:
        """The items to give next, as was asked and as teachers noted. Raises :class:`NoCatalog` and
        :class:`UnknownSkills`.

        ``log=False`` where nobody is given them: a page that shows what would come is no recommendation.
        """
        serving, stored, states, _ = await self._read([student_id], whole=question.reads_history)
        (state,), (packed,), (notes,) = await self._noted(serving, [student_id], stored, states)
        records = unpack(packed)
        question = notes.asked(question, records) if notes.notes else question
        return self._giver.give(serving, student_id, state, records, question, self.now(), log, explain)

    async def states(self, students: Sequence[str]) -> tuple[Serving, list[AnyState]]:
        """Where students stand, folded on from what is held or kept of them: no whole history is read for it."""
        serving, stored, states, _ = await self._read(students)
        return serving, (await self._noted(serving, students, stored, states))[0]

    async def _read(
        self, who: Sequence[str], n: int = 0, at: int = 0, *, whole: bool = False
    ) -> tuple[Serving, Sequence[StudentState], list[AnyState], Worked]:
        """Where students stand; ``n`` items for each will be wanted at ``at``. ``whole`` where the whole histories are
        needed, and not only what is to be folded."""
        if whole:
            stored, heads = await self.store.read(who, b"")
            current = await self.servings.at(heads)
            return current, stored, await self._states.after(current, who, stored, {}), NOTHING
        serving = self.serving
        held = self._states.held(serving, who)
        asked, worked = self.store.read(who, serving.read_by, held), NOTHING
        if self._giver.plain(serving, n):
            likely = ((one, b"") for one in who)
            (stored, heads), worked = await self._ahead.beside(asked, serving, likely, held, True, at)
        else:
            stored, heads = await asked
        current = await self.servings.at(heads)
        if current is not serving:
            held, worked = self._states.held(current, who), NOTHING
            stored, _ = await self.store.read(who, current.read_by, held)
        states = await self._states.after(current, who, stored, held, worked)
        self._ahead.learn(worked, who, states)
        return current, stored, states, worked

    async def _noted(
        self, serving: Serving, who: Sequence[str], stored: Sequence[StudentState], states: list[AnyState]
    ) -> tuple[list[AnyState], list[bytes], list[Notes]]:
        """States with what teachers said of mastery, packed records, and notes: of students of whom something is noted
        the records are the whole history."""
        records, notes = [one.records for one in stored], [NONE] * len(states)
        noted = [at for at, one in enumerate(stored) if one.notes]
        if not noted:
            return states, records, notes
        whole, _ = await self.store.read([who[at] for at in noted], b"")
        states = [*states]
        for at, one in zip(noted, whole, strict=True):
            records[at], notes[at] = one.records, Notes.read(one.notes)
            if said := notes[at].judgements:
                states[at] = await asyncio.to_thread(fold_judged, serving.tracer, unpack(one.records), said)
        return states, records, notes

    # ---------------------------------------------------------------------------------------------------- mastery

    async def mastery(self, student_id: str) -> StudentMastery:
        """Mastery of every skill, with its interval. Raises :class:`UnknownStudent`."""
        serving, (history,), (notes,) = await self._histories([student_id])
        await self._must_be_known(student_id, history)
        return await asyncio.to_thread(self._mastery, serving, student_id, history, notes, self.now())

    def _mastery(self, serving: Serving, student_id: str, history: History, notes: Notes, at: int) -> StudentMastery:
        tracer = serving.tracer.bare
        state = fold_judged(tracer, history, notes.judgements)
        rows = report(tracer, history, state, at, self.thresholds)
        unknown = sum(item not in serving.catalog.key_index for item in history["item"].tolist())
        last_at = int(history["at"].max()) if len(history) else None
        versions = serving.model_version, serving.catalog_version
        return StudentMastery(student_id, len(history), unknown, last_at, tuple(rows), *versions, notes.notes)

    async def history(self, student_id: str, limit: int = 100, offset: int = 0) -> StudentHistory:
        """Responses, the newest first, and how each moved the estimates. Raises :class:`UnknownStudent`."""
        serving, (history,), _ = await self._histories([student_id])
        await self._must_be_known(student_id, history)
        steps = await asyncio.to_thread(lambda: list(serving.tracer.trace(history))[::-1][offset : offset + limit])
        told = tuple(_told(serving, step) for step in steps)
        versions = serving.model_version, serving.catalog_version
        return StudentHistory(student_id, len(history), offset, told, *versions)

    async def _must_be_known(self, student_id: str, history: History) -> None:
        """By an answer, or by the roster: who is new has a page too."""
        if not len(history) and student_id not in (await self.rosters.current()).student:
            raise UnknownStudent(student_id)

    async def classes(self) -> list[str]:
        """All classes, sorted: the roster's, or without one those that responses named."""
        return await self.rosters.class_ids()

    async def class_mastery(self, class_id: str) -> ClassMastery:
        """Every student of a class on every skill, and how many stand where. Raises :class:`UnknownClass`."""
        students = await self.rosters.class_students(class_id)
        if not students:
            raise UnknownClass(class_id)
        serving, histories, notes = await self._histories(students)
        at = self.now()

        def work() -> ClassMastery:
            rows = [self._mastery(serving, *one, at) for one in zip(students, histories, notes, strict=True)]
            spread = []
            for k, skill in enumerate(serving.catalog.skills):
                counts = Counter(row.skills[k].status for row in rows)
                told = {word: counts[word] for word in Status}
                spread.append(SkillSpread(skill.id, skill.title or skill.id, told, skill.area))
            versions = serving.model_version, serving.catalog_version
            return ClassMastery(class_id, tuple(rows), tuple(spread), *versions)

        return await asyncio.to_thread(work)

    # ---------------------------------------------------------------------------------------------------- catalog

    async def catalog(self) -> Catalog:
        """The current catalog, empty where none was imported."""
        return (await self.servings.refresh()).catalog

    async def import_catalog(self, catalog: Catalog) -> CatalogSummary:
        """Make a catalog current; items that it lacks are kept, retired, so that past answers still count."""
        current = await self.catalog()
        whole = await asyncio.to_thread(retire_missing, catalog, current)
        await self.store.publish("catalog", whole.version, to_json(whole).encode())
        await self.servings.refresh()
        return summary(whole)

    # ---------------------------------------------------------------------------------------------------- folding

    async def _histories(self, students: Sequence[str]) -> tuple[Serving, list[History], list[Notes]]:
        """Whole histories, notes, and what to fold them with."""
        stored, heads = await self.store.read(students, b"")
        notes = [Notes.read(one.notes) for one in stored]
        return await self.servings.at(heads), [unpack(one.records) for one in stored], notes


def summary(catalog: Catalog) -> CatalogSummary:
    """Counts of a catalog."""
    retired = sum(item.retired for item in catalog.items)
    version = catalog.version if catalog != EMPTY else ""
    counts = len(catalog.items) - retired, len(catalog.skills), len(catalog.prerequisites)
    return CatalogSummary(version, *counts, retired)


def _student_of(answer: Answer) -> str:
    return answer.student_id


def _new(serving: Serving, answer: Answer, at: int) -> NewResponse:
    """The answer as the store keeps it: its packed record, and the event in full."""
    index = serving.catalog.item_index.get(answer.item_id)
    skills = None if index is None else serving.catalog.items[index].skill_ids
    return NewResponse(pack(answer), answer.event(at, skills), answer.class_id)


def _told(serving: Serving, step: Step) -> HistoryStep:
    catalog = serving.catalog
    moves = tuple(Move(catalog.skills[k].id, before, after) for k, before, after in step.moves)
    item = None if step.item is None else catalog.items[step.item].id
    return HistoryStep(step.at, item, step.score, step.p_correct, moves)
