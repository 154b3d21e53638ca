"""The mastery model (:mod:`engine.mastery_model`) as a tracer: a belief is P(L | theta), the weights of theta, and what
is remembered of items (:class:`engine.belief.Belief`), in two flat arrays (:mod:`engine.tracing.packed`)."""

from __future__ import annotations

import struct
from copy import copy
from functools import cached_property

import numpy as np

from engine import belief, facts
from engine.belief import (
    COMPACT,
    EXACT,
    LATTICE,
    NEVER,
    SECOND,
    Belief,
    settled,
)
from engine.catalog import Catalog
from engine.facts import Facts
from engine.graph.carrier import Carrier
from engine.mastery_model import MasteryModel, sigmoid
from engine.responses import History, in_order_of_time
from engine.tracing import packed, snapshot
from engine.tracing.base import Answers, Floats, Ints, Standing, State, Tracer, observed, weighted
from engine.tracing.packed import STUDENT
from engine.values import value

_NONE = np.empty(0)
_SIZE = struct.Struct("<I")  # of what the graph model believes


@value(frozen=True)
class Student:
    """A belief and what goes with it, packed: :meth:`AbilityTracer.believed` has the parts by name. ``carried`` is the
    graph model's (:class:`engine.graph.carrier.Carrier`), empty where there is none."""

    numbers: Ints
    values: Floats
    carried: Floats

    @property
    def nbytes(self) -> int:
        return self.numbers.nbytes + self.values.nbytes + self.carried.nbytes


class AbilityTracer(Tracer[Student]):
    """See :class:`Tracer`. ``compact`` keeps one P(L) a skill for all abilities: 8 bytes in a snapshot, not 24."""

    model: MasteryModel

    def __init__(self, model: MasteryModel, catalog: Catalog, compact: bool = False) -> None:
        super().__init__(model, catalog)
        self.compact, sets = compact, catalog.skill_sets
        skills, items = [skill.id for skill in catalog.skills], [item.id for item in catalog.items]
        self.facts = settled(facts.facts(model, skills, sets.start, sets.skills, items))
        self._kept = COMPACT if compact else LATTICE
        known = self.facts
        self.carrier = None if model.graph is None else Carrier(model.graph, model.skills, model.items, catalog)
        carried = (b"", _NONE) if self.carrier is None else (self.carrier.identity, self.carrier.empty)
        form = b"compact" if compact else b"full"
        self.tag = self._named(*(np.asarray(part).tobytes() for part in known), form, carried[0])
        self._facts = packed.of_facts(known, sets.of_item, catalog.key_index)
        self.empty = self._state(*packed.newcomer(known), carried[1])

    @cached_property
    def bare(self) -> AbilityTracer:
        if self.carrier is None:
            return self
        found = copy(self)
        found.carrier, found.tag, found.empty = None, b"", self._state(*packed.newcomer(self.facts), _NONE)
        return found

    @property
    def flat(self) -> tuple[Ints, Floats]:
        """The facts as a compiled call takes them (:func:`engine.tracing.packed.of_facts`)."""
        return self._facts

    def _state(self, numbers: Ints, values: Floats, carried: Floats) -> State[Student]:
        k = len(self.facts.prior)
        length, _, folded_at, recents = numbers[:STUDENT].tolist()
        first, last, recent = STUDENT + k, STUDENT + 2 * k, STUDENT + 3 * k
        return State(
            Student(numbers, values, carried),
            numbers[STUDENT:first],
            numbers[first:last],
            numbers[recent : recent + recents],
            folded_at,
            length,
        )

    def believed(self, state: State[Student]) -> Belief:
        """What is believed of a student, by name."""
        k, points = self.facts.prior.shape
        found: Belief = packed.believed(k, points, state.belief.numbers, state.belief.values)
        return found

    # ------------------------------------------------------------------------------------------------ folding

    def fold(self, history: History, state: State[Student] | None = None) -> State[Student]:
        state = self.empty if state is None else state
        if len(history) == 0:
            return state
        student, records = state.belief, _words(history)
        numbers, values = packed.fold(
            *self._facts, student.numbers, student.values, records, self._kept, _NONE, _NONE, _NONE
        )
        carried = student.carried
        if self.carrier is not None:
            items, scores = packed.answered(self._facts[0], records)
            carried = self.carrier.fold(items, scores, carried)
        return self._state(numbers, values, carried)

    def _told(self, answers: Answers) -> tuple[Floats, Floats, Floats]:
        told = np.empty(len(answers.items)), np.empty(self._links(answers)), np.empty(self._links(answers))
        new = self.empty.belief
        packed.fold(*self._facts, new.numbers, new.values, _words(answers.records), self._kept, *told)
        return told

    # ------------------------------------------------------------------------------------------------- asking

    def outlook(self, state: State[Student], standing: Standing) -> Floats:
        return super().outlook(state, standing) if self.carrier is None else self.carrier.outlook(state.belief.carried)

    def standing(self, state: State[Student], now: int | None = None) -> Standing:
        student, at = state.belief, NEVER if now is None else now
        found = np.empty((3, len(self.facts.prior)))
        packed.standing(*self._facts, student.numbers, student.values, at, found)
        return Standing(*found)

    def on_skill(self, state: State[Student], skill: int, now: int) -> tuple[float, float, float]:
        return packed.on_skill(*self._facts, state.belief.numbers, state.belief.values, skill, now)

    def interval(
        self, history: History, state: State[Student], now: int | None = None, share: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Over ability as it is believed of this student under every parameter draw."""
        (known, flat), at = self._drawn, NEVER if now is None else max(state.folded_at, now)
        moved = packed.fold(*flat, *packed.newcomer(known), _words(history), EXACT, _NONE, _NONE, _NONE)
        student = packed.believed(len(known.prior), len(known.weight), *moved)
        keep = belief.keep_all(known, student, at, int(moved[0][packed.ANSWERS]))
        unknown, success = known.success[:, 0], known.success[:, 1]
        values = unknown + (success - unknown) * student.known * keep[:, None]
        # Each draw counts as much as any other: one student's answers do not choose among them.
        of_draws = student.weight.reshape(-1, len(self.model.theta))
        weight = (of_draws / of_draws.sum(axis=1, keepdims=True)).reshape(-1, 1)
        low, high = weighted(values.T, weight, share)
        mastery = self.standing(state, now).mastery
        return np.minimum(low, mastery), np.maximum(high, mastery)

    @cached_property
    def _drawn(self) -> tuple[Facts, tuple[Ints, Floats]]:
        """The facts of every parameter draw side by side, and the same packed."""
        known = facts.drawn(self.model, [skill.id for skill in self.catalog.skills], self.facts)
        return known, packed.of_facts(known, self.catalog.skill_sets.of_item, self.catalog.key_index)

    def predict(self, state: State[Student], items: Ints, now: int | None = None) -> Floats:
        student, items = state.belief, np.asarray(items, np.int64)
        found: Floats = packed.predict(*self._facts, student.numbers, student.values, items, now or 0)
        return found

    def success(self, known: float) -> Floats:
        middle = len(self.model.theta) // 2
        unknown, success = self.facts.success[:, 0, middle], self.facts.success[:, 1, middle]
        return np.asarray(unknown + (success - unknown) * known)

    def lasting(self, ms: int) -> Floats:
        if not self.facts.seconds:
            return np.ones(len(self.facts.prior))
        slope, typical = self.facts.gap
        return sigmoid(-self.facts.forget - slope * (np.log1p(ms / SECOND) - typical))

    def judged(self, state: State[Student], skill: int, share: float, answers: float, at: int) -> State[Student]:
        numbers, values = state.belief.numbers.copy(), state.belief.values.copy()
        k, points = self.facts.prior.shape
        student = packed.believed(k, points, numbers, values)
        keep = belief.keep_all(self.facts, student, at, int(numbers[packed.ANSWERS]))[skill]
        guess, success = self.facts.success[skill]
        one, weight = slice(skill * points, (skill + 1) * points), slice(k * points, (k + 1) * points)
        values[one], chance = observed(values[one] * keep, guess, success, share, answers)
        values[weight] *= chance
        values[weight] /= values[weight].sum()
        if student.seen[skill]:
            numbers[STUDENT + k + skill] = at - at % SECOND  # as of then: what is forgotten counts from here
        else:
            numbers[STUDENT + 2 * k + skill] = 0  # something was heard of it
        carried = state.belief.carried
        if self.carrier is not None:
            carried = self.carrier.judged(carried, skill, share, answers)
        return self._state(numbers, values, carried)

    # ---------------------------------------------------------------------------------------------- snapshots

    def dump(self, state: State[Student]) -> bytes:
        """See :mod:`engine.tracing.snapshot`; what the graph model believes comes first, where there is one."""
        student = state.belief
        found: bytes = snapshot.write(self._facts[0], student.numbers, student.values, self._kept).tobytes()
        if self.carrier is None:
            return found
        carried = self.carrier.dump(student.carried)
        return _SIZE.pack(len(carried)) + carried + found

    def load(self, blob: bytes) -> State[Student]:
        carried = _NONE
        if self.carrier is not None:
            (size,) = _SIZE.unpack_from(blob)
            end = _SIZE.size + size
            carried, blob = self.carrier.load(blob[_SIZE.size : end]), blob[end:]
        numbers, values = snapshot.read(*self._facts, np.frombuffer(bytearray(blob), np.uint8), self._kept)
        return self._state(numbers, values, carried)


def _words(history: History) -> Ints:
    """The records in order of time, as words of 8 bytes [4 n]; a copy, since a kernel takes no array that is read-only
    as readily."""
    return in_order_of_time(history).view(np.int64).copy()
