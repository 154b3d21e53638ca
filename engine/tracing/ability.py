"""The mastery model (:mod:`engine.mastery_model`) as a tracer: a belief is P(L | theta), the weights of theta, and what
is remembered of items (:class:`engine.belief.Belief`)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine import belief, facts
from engine.belief import (
    COMPACT,
    COUNT,
    EXACT,
    FINE,
    LATELY_RIGHT,
    LATELY_WRONG,
    LATTICE,
    NEVER,
    PLACE,
    REMEMBERED,
    RIGHT,
    SECOND,
    TIME,
    Belief,
    copied,
    settled,
)
from engine.catalog import Catalog
from engine.facts import Facts
from engine.mastery_model import MasteryModel
from engine.responses import History
from engine.tracing.base import Answers, Floats, Ints, Standing, State, Tracer, weighted
from engine.tracing.columns import pack, unpack

_NONE, _NOT_MET = np.empty(0), np.zeros((1, REMEMBERED))


@dataclass(frozen=True)
class Student:
    """A belief, and the items that its memory's rows are of (positions in the catalog), in the order they were met."""

    belief: Belief
    items: Ints
    answers: int  # folded so far, those of unknown items not included


class AbilityTracer(Tracer[Student]):
    """See :class:`Tracer`. ``compact`` keeps one P(L) a skill for all abilities: 8 bytes in a snapshot, not 24."""

    model: MasteryModel

    def __init__(self, model: MasteryModel, catalog: Catalog, compact: bool = False) -> None:
        super().__init__(model, catalog)
        self.compact, sets = compact, catalog.skill_sets
        skills, items = [skill.id for skill in catalog.skills], [item.id for item in catalog.items]
        self.facts = settled(facts.facts(model, skills, sets.start, sets.skills, items))
        self._kept = COMPACT if compact else LATTICE
        self._remembers = bool(self.facts.repeats.any())
        known = self.facts
        self.tag = self._named(*(np.asarray(part).tobytes() for part in known), b"compact" if compact else b"full")
        self.empty = self._begin(Student(self._newcomer(known), np.empty(0, np.int64), 0))

    @staticmethod
    def _newcomer(known: Facts) -> Belief:
        k = len(known.prior)
        times = np.zeros(k, np.int32), np.zeros(k, np.int64), np.zeros(k, np.int32)
        return Belief(known.prior.copy(), known.weight.copy(), *times, np.empty((0, REMEMBERED)))

    # ------------------------------------------------------------------------------------------------ folding

    def fold(self, history: History, state: State[Student] | None = None) -> State[Student]:
        state = self.empty if state is None else state
        if len(history) == 0:
            return state
        answers = self.answers(history)
        student = self._moved(self.facts, state.belief, answers, self._kept)[0]
        last_at = np.where(student.belief.seen > 0, student.belief.last, NEVER)
        return self._after(state, answers, student, student.belief.seen, last_at)

    def _told(self, answers: Answers) -> tuple[Floats, Floats, Floats]:
        moves = np.empty(self._links(answers)), np.empty(self._links(answers))
        _, predicted = self._moved(self.facts, self.empty.belief, answers, self._kept, *moves)
        return predicted, *moves

    def _moved(
        self, known: Facts, student: Student, answers: Answers, kept: int, before: Floats = _NONE, after: Floats = _NONE
    ) -> tuple[Student, Floats]:
        """The student after the answers, and P(correct) of each before it [n]."""
        memory, items, slot = self._slots(student, answers.items)
        moved = copied(student.belief, memory)
        predicted, tag = np.empty(len(slot)), self.catalog.skill_sets.of_item[answers.items]
        given = answers.items, tag, slot, answers.at, answers.scores
        belief.follow(known, moved, student.answers, *given, kept, predicted, before, after)
        return Student(moved, items, student.answers + len(slot)), predicted

    def _slots(self, student: Student, items: Ints) -> tuple[Floats, Ints, Ints]:
        """Memory and items with a row for every item, and the row of each [n]; -1 where nothing is remembered."""
        if not self._remembers:
            return student.belief.memory, student.items, np.full(len(items), -1, np.int64)
        if len(items) == 1:
            slot = belief.slots(student.items, items)
            if slot[0] >= 0:
                return student.belief.memory.copy(), student.items, slot
            slot[0] = len(student.items)
            return np.concatenate([student.belief.memory, _NOT_MET]), np.concatenate([student.items, items]), slot
        place = {item: at for at, item in enumerate(student.items.tolist())}
        slot = np.array([place.setdefault(item, len(place)) for item in items.tolist()], np.int64)
        memory = np.zeros((len(place), REMEMBERED))
        memory[: len(student.items)] = student.belief.memory
        return memory, np.fromiter(place, np.int64, len(place)), slot

    # ------------------------------------------------------------------------------------------------- asking

    def standing(self, state: State[Student], now: int | None = None) -> Standing:
        student = state.belief
        at = NEVER if now is None else max(state.folded_at, now)
        return Standing(*belief.stand(self.facts, student.belief, at, student.answers))

    def interval(
        self, history: History, state: State[Student], now: int | None = None, share: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Over ability as it is believed of this student under every parameter draw."""
        known, at = self._drawn, NEVER if now is None else max(state.folded_at, now)
        new = Student(self._newcomer(known), np.empty(0, np.int64), 0)
        student = self._moved(known, new, self.answers(history), EXACT)[0]
        keep = belief.keep_all(known, student.belief, at, student.answers)
        unknown, success = known.success[:, 0], known.success[:, 1]
        values = unknown + (success - unknown) * student.belief.known * keep[:, None]
        # Each draw counts as much as any other: one student's answers do not choose among them.
        of_draws = student.belief.weight.reshape(-1, len(self.model.theta))
        weight = (of_draws / of_draws.sum(axis=1, keepdims=True)).reshape(-1, 1)
        low, high = weighted(values.T, weight, share)
        mastery = self.standing(state, now).mastery
        return np.minimum(low, mastery), np.maximum(high, mastery)

    @cached_property
    def _drawn(self) -> Facts:
        return facts.drawn(self.model, [skill.id for skill in self.catalog.skills], self.facts)

    def predict(self, state: State[Student], items: Ints, now: int | None = None) -> Floats:
        student, items = state.belief, np.asarray(items, np.int64)
        slot = belief.slots(student.items, items)
        given = items, self.catalog.skill_sets.of_item[items], slot
        return np.asarray(
            belief.chances(self.facts, student.belief, student.answers, *given, max(state.folded_at, now or 0))
        )

    def success(self, known: float) -> Floats:
        middle = len(self.model.theta) // 2
        unknown, success = self.facts.success[:, 0, middle], self.facts.success[:, 1, middle]
        return np.asarray(unknown + (success - unknown) * known)

    # ---------------------------------------------------------------------------------------------- snapshots

    def dump(self, state: State[Student]) -> bytes:
        """24 bytes a practised skill (8 where compact): 2 for each point of ability, 4 for the time, 2 for which skill
        and how many answers; 4 a point for the weights; and 12 an item met, where the model reads repeats."""
        student, practised = state.belief, np.flatnonzero(state.responses)
        now = student.belief
        head = _HEAD.pack(
            state.length, student.answers, state.folded_at, len(practised), len(student.items), len(state.recent)
        )
        columns = (
            now.weight,
            belief.encoded(now.known[practised, :1] if self.compact else now.known[practised]).ravel(),
            np.diff(practised, prepend=0),
            now.seen[practised],
            now.last[practised] // SECOND,
            now.place[practised[:0] if self.facts.seconds else practised],
            student.items,
            now.memory[:, COUNT],
            now.memory[:, RIGHT],
            now.memory[:, TIME] // SECOND if self.facts.seconds else now.memory[:, PLACE],
            np.rint(now.memory[:, [LATELY_RIGHT, LATELY_WRONG]] * FINE).ravel(),
            state.recent,
        )
        return head + pack(list(zip(columns, _KINDS, strict=True)))

    def load(self, blob: bytes) -> State[Student]:
        length, answers, folded_at, n, m, recents = _HEAD.unpack_from(blob)
        points, places = len(self.facts.weight), 0 if self.facts.seconds else n
        counts = points, n if self.compact else n * points, n, n, n, places, m, m, m, m, 2 * m, recents
        weight, codes, skills, count, last, place, items, met, right, when, lately, recent = unpack(
            blob[_HEAD.size :], list(zip(counts, _KINDS, strict=True))
        )
        parts = (part.astype(np.int64) for part in (skills, count, last, place))
        codes = codes.reshape(n, 1 if self.compact else points)
        known, seen, last, place = belief.restored(self.facts.prior, codes, *parts)
        memory = np.empty((m, REMEMBERED))
        if m:
            memory[:, COUNT], memory[:, RIGHT] = met, right
            memory[:, TIME] = when.astype(np.float64) * SECOND if self.facts.seconds else 0.0
            memory[:, PLACE] = 0.0 if self.facts.seconds else when
            memory[:, [LATELY_RIGHT, LATELY_WRONG]] = lately.reshape(m, 2) / FINE
        now = Belief(known, weight.astype(np.float64), seen, last, place, memory)
        student = Student(now, items.astype(np.int64), answers)
        last_at = np.where(seen > 0, last, NEVER)
        return State(student, seen, last_at, recent.astype(np.int64), folded_at, length)


_HEAD = struct.Struct("<IIqIII")
_WHOLE = ("u1", "u2", "u4")
_KINDS = (
    *(("f4",), ("i2",), _WHOLE, _WHOLE, ("u4",), _WHOLE),  # weights; skills: codes, which, counts, times, places
    *(_WHOLE, _WHOLE, ("u1", "f4"), ("u4",), ("u2",), ("i4",)),  # items: which, counts, right, when, lately; recent
)
