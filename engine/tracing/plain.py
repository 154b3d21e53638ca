"""Plain knowledge tracing (:mod:`engine.bkt`) as a tracer: a belief is P(L) of each skill, [K]."""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from engine import bkt
from engine.catalog import Catalog
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP, Model, emissions_of
from engine.responses import History
from engine.rows import places, with_last
from engine.tracing.base import Answers, Counts, Floats, Ints, Standing, State, Tracer, observed, weighted


class PlainTracer(Tracer[Floats]):
    """See :class:`Tracer`."""

    model: Model

    def __init__(self, model: Model, catalog: Catalog) -> None:
        super().__init__(model, catalog)
        at = places(model.skills, [skill.id for skill in catalog.skills])
        self.params = with_last(model.params, model.population, at)
        self._draws = with_last(model.draws, model.population_draws, at)
        self._set_emit = self._emissions()
        self.emit = self._of_items(self._set_emit)
        self.tag = self._named(self.params.tobytes(), self.emit.tobytes())
        self.empty = self._begin(self.params[:, PRIOR].copy())

    def _emissions(self) -> Floats:
        """Guess and slip of every link of every skill set: the combination's where it was trained, else the skill's."""
        sets, skills = self.catalog.skill_sets, self.catalog.skills
        ranges = pairwise(sets.start.tolist())
        names = [[skills[k].id for k in sets.skills[low:high]] for low, high in ranges]
        own = self.params[:, [GUESS, SLIP]][sets.skills]
        return emissions_of(self.model.combinations, self.model.emissions, own, names)

    def _of_items(self, of_sets: Floats) -> Floats:
        """Values of the sets' links, repeated for the links of every item."""
        first = self.catalog.skill_sets.start[self.catalog.skill_sets.of_item]
        shift = np.repeat(first - self.start[:-1], np.diff(self.start))
        return np.asarray(of_sets[np.arange(len(self.skills)) + shift])

    def fold(self, history: History, state: State[Floats] | None = None) -> State[Floats]:
        state = self.empty if state is None else state
        if len(history) == 0:
            return state
        answers = self.answers(history)
        known, seen, last_at = state.belief.copy(), state.responses.copy(), state.last_at.copy()
        self._run(answers, known, seen)
        bkt.note_times(self.start, self.skills, answers.items, answers.at, last_at)
        return self._after(state, answers, known, seen, last_at)

    def _told(self, answers: Answers) -> tuple[Floats, Floats, Floats]:
        predicted, *moves = self._run(answers, self.empty.belief.copy(), self.empty.responses.copy())
        skills = _ranges(self.start[answers.items], self.start[answers.items + 1])
        before, after = (bkt.success(known, self.params[self.skills[skills]]) for known in moves)
        return predicted, before, after

    def _run(self, answers: Answers, known: Floats, seen: Counts) -> tuple[Floats, Floats, Floats]:
        """Fold into ``known`` and ``seen``; P(correct) [n], and P(L) before and after [links]."""
        before, after = np.empty(self._links(answers)), np.empty(self._links(answers))
        links, given = (self.start, self.skills), (answers.items, answers.scores)
        predicted = bkt.fold_answers(self.params, self.emit, *links, *given, known, seen, before, after)
        return predicted, before, after

    def standing(self, state: State[Floats], now: int | None = None) -> Standing:  # noqa: ARG002 - no clock here
        lost = np.where(state.responses > 0, self.params[:, FORGET], 0.0)
        span = 1.0 - self.params[:, SLIP] - self.params[:, GUESS]
        gain = (1.0 - state.belief * (1.0 - lost)) * self.params[:, LEARN] * span
        return Standing(bkt.success(state.belief, self.params), state.belief, gain)

    def on_skill(self, state: State[Floats], skill: int, now: int) -> tuple[float, float, float]:  # noqa: ARG002
        one = slice(skill, skill + 1)
        success = float(bkt.success(state.belief[one], self.params[one])[0])
        return success, float(state.belief[skill]), success

    def interval(
        self, history: History, state: State[Floats], now: int | None = None, share: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Each draw is a student as there may be one; it weighs by how well it predicts this student's own answers."""
        answers, sets = self.answers(history), self.catalog.skill_sets
        given = (sets.of_item[answers.items], answers.scores)
        known, weight = bkt.fold_draws(self._draws, self._draw_emissions, sets.start, sets.skills, *given)
        weight = np.exp(weight - weight.max(axis=0, keepdims=True))
        low, high = weighted(bkt.success(known, self._draws), weight, share)
        mastery = self.standing(state, now).mastery
        return np.minimum(low, mastery), np.maximum(high, mastery)

    @cached_property
    def _draw_emissions(self) -> Floats:
        """Guess and slip of every set's links under every draw: moved on the logit scale as the skill's own."""
        skills = self.catalog.skill_sets.skills
        own = self.params[:, [GUESS, SLIP]][skills]
        moved = _logit(self._draws[:, :, [GUESS, SLIP]][:, skills]) + _logit(self._set_emit) - _logit(own)
        drawn = 1 / (1 + np.exp(-moved))
        return np.ascontiguousarray(drawn / np.maximum(1, drawn.sum(-1, keepdims=True) / 0.98))

    def predict(self, state: State[Floats], items: Ints, now: int | None = None) -> Floats:  # noqa: ARG002
        given = np.asarray(items, np.int64), state.belief, state.responses
        return np.asarray(bkt.predict_items(self.params, self.emit, self.start, self.skills, *given))

    def success(self, known: float) -> Floats:
        return bkt.success(np.full(len(self.params), known), self.params)

    def lasting(self, ms: int) -> Floats:  # noqa: ARG002 - no clock here
        return np.ones(len(self.params))

    def judged(self, state: State[Floats], skill: int, share: float, answers: float, at: int) -> State[Floats]:  # noqa: ARG002
        belief, one = state.belief.copy(), slice(skill, skill + 1)
        guess, success = self.params[one, GUESS], 1.0 - self.params[one, SLIP]
        belief[one], _ = observed(belief[one], guess, success, share, answers)
        return replace(state, belief=belief)

    def dump(self, state: State[Floats]) -> bytes:
        """24 bytes a practised skill."""
        at = np.flatnonzero(state.responses)
        head = _HEAD.pack(state.length, state.folded_at, len(at), len(state.recent))
        columns = (
            at.astype("<u4"),
            state.responses[at].astype("<i4"),
            state.last_at[at],
            state.belief[at],
            state.recent,
        )
        return head + b"".join(column.tobytes() for column in columns)

    def load(self, blob: bytes) -> State[Floats]:
        length, folded_at, n, recent = _HEAD.unpack_from(blob)
        ends = np.cumsum([_HEAD.size, 4 * n, 4 * n, 8 * n, 8 * n, 8 * recent])
        at, seen, last, known, items = (
            np.frombuffer(blob[low:high], kind)
            for low, high, kind in zip(ends[:-1], ends[1:], ("<u4", "<i4", "<i8", "<f8", "<i8"), strict=True)
        )
        belief, responses, last_at = self.empty.belief.copy(), self.empty.responses.copy(), self.empty.last_at.copy()
        belief[at], responses[at], last_at[at] = known, seen, last
        return State(belief, responses, last_at, items.astype(np.int64), folded_at, length)


_HEAD = struct.Struct("<IqII")


def _ranges(low: Ints, high: Ints) -> Ints:
    """low[0]..high[0], low[1]..high[1], ... one after the other."""
    counts = high - low
    shift = np.repeat(low - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) if len(low) else low
    return np.asarray(np.arange(int(counts.sum())) + shift, np.int64)


def _logit(p: Floats) -> Floats:
    clipped = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))
