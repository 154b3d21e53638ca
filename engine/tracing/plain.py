"""Plain knowledge tracing (:mod:`engine.bkt`) as a tracer: a belief is P(L) of each skill, and of each set of skills
that is read as a whole, [K + W]."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from engine import bkt
from engine.catalog import Catalog
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP, Model, drawn_emissions, emissions_of, read_whole
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
        sets, own = catalog.skill_sets, self.params[:, [GUESS, SLIP]]
        ranges = pairwise(sets.start.tolist())
        names = [[catalog.skills[k].id for k in sets.skills[low:high]] for low, high in ranges]
        # Guess and slip of every link of every set: the combination's where it was trained, else the skill's.
        self.emit = emissions_of(model.combinations, model.emissions, own[sets.skills], names)
        whole_params, self._whole = read_whole(model.wholes, model.whole_params, names, len(self.params))
        self._chains = np.concatenate([self.params, whole_params])
        self.tag = self._named(self._chains.tobytes(), self.emit.tobytes(), self._whole.tobytes())
        self.empty = self._begin(self._chains[:, PRIOR].copy())

    def fold(self, history: History, state: State[Floats] | None = None) -> State[Floats]:
        state = self.empty if state is None else state
        if len(history) == 0:
            return state
        answers = self.answers(history)
        known, seen, last_at = state.belief.copy(), self._seen(state), state.last_at.copy()
        self._run(answers, known, seen)
        bkt.note_times(self.start, self.skills, answers.items, answers.at, last_at)
        return self._after(state, answers, known, seen[: len(last_at)], last_at)

    def _seen(self, state: State[Floats]) -> Counts:
        """How often each chain was met, [K + W]; of a whole it matters only whether it was, and then it has moved."""
        moved = state.belief[len(state.responses) :] != self.empty.belief[len(state.responses) :]
        return np.concatenate([state.responses, moved.astype(np.int32)])

    def _told(self, answers: Answers) -> tuple[Floats, Floats, Floats]:
        predicted, *moves = self._run(answers, self.empty.belief.copy(), self._seen(self.empty))
        skills = _ranges(self.start[answers.items], self.start[answers.items + 1])
        before, after = (bkt.success(known, self.params[self.skills[skills]]) for known in moves)
        return predicted, before, after

    def _run(self, answers: Answers, known: Floats, seen: Counts) -> tuple[Floats, Floats, Floats]:
        """Fold into ``known`` and ``seen``; P(correct) [n], and P(L) before and after [links]."""
        before, after, sets = np.empty(self._links(answers)), np.empty(self._links(answers)), self.catalog.skill_sets
        parts = self._chains, self.emit, sets.start, sets.skills, self._whole
        given = sets.of_item[answers.items], answers.scores
        predicted = bkt.fold_answers(*parts, *given, known, seen, before, after)
        return predicted, before, after

    def standing(self, state: State[Floats], now: int | None = None) -> Standing:  # noqa: ARG002 - no clock here
        lost = np.where(state.responses > 0, self.params[:, FORGET], 0.0)
        span, known = 1.0 - self.params[:, SLIP] - self.params[:, GUESS], state.belief[: len(self.params)]
        gain = (1.0 - known * (1.0 - lost)) * self.params[:, LEARN] * span
        return Standing(bkt.success(known, self.params), known, gain)

    def on_skill(self, state: State[Floats], skill: int, now: int) -> tuple[float, float, float]:  # noqa: ARG002
        one = slice(skill, skill + 1)
        success = float(bkt.success(state.belief[one], self.params[one])[0])
        return success, float(state.belief[skill]), success

    def interval(
        self, history: History, state: State[Floats], now: int | None = None, share: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Each draw is a student as there may be one; it weighs by how well it predicts this student's own answers."""
        answers, sets, params = self.answers(history), self.catalog.skill_sets, self._drawn[0]
        known, weight = params[:, PRIOR].copy(), np.full((len(params), params.shape[-1]), 1 / params.shape[-1])
        parts = *self._drawn, sets.start, sets.skills, np.full(len(sets.size), -1)
        given = sets.of_item[answers.items], answers.scores
        bkt.fold_draws(*parts, *given, known, weight, np.zeros(len(params), np.int32))
        low, high = weighted(bkt.success(known.T, self._draws), weight.T, share)
        mastery = self.standing(state, now).mastery
        return np.minimum(low, mastery), np.maximum(high, mastery)

    @cached_property
    def _drawn(self) -> tuple[Floats, Floats]:
        """Parameters [K, 5, D], and guess and slip of every set's links [links, 2, D], under every draw."""
        emit = drawn_emissions(self._draws, self.params, self.emit, self.catalog.skill_sets.skills)
        return np.moveaxis(self._draws, 0, -1).copy(), np.moveaxis(emit, 0, -1).copy()

    def predict(self, state: State[Floats], items: Ints, now: int | None = None) -> Floats:  # noqa: ARG002
        sets = self.catalog.skill_sets
        parts = self._chains, self.emit, sets.start, sets.skills, self._whole
        given = sets.of_item[np.asarray(items, np.int64)], state.belief, self._seen(state)
        return np.asarray(bkt.predict_items(*parts, *given))

    def success(self, known: float) -> Floats:
        return bkt.success(np.full(len(self.params), known), self.params)

    def lasting(self, ms: int) -> Floats:  # noqa: ARG002 - no clock here
        return np.ones(len(self.params))

    def judged(self, state: State[Floats], skill: int, share: float, answers: float, at: int) -> State[Floats]:  # noqa: ARG002
        belief, one = state.belief.copy(), [skill, *self._alone.get(skill, ())]
        guess, success = self._chains[one, GUESS], 1.0 - self._chains[one, SLIP]
        belief[one], _ = observed(belief[one], guess, success, share, answers)
        return replace(state, belief=belief)

    @cached_property
    def _alone(self) -> Mapping[int, tuple[int]]:
        """The chain of what is asked of a skill alone, of those that have one."""
        sets = self.catalog.skill_sets
        found = np.flatnonzero((sets.size == 1) & (self._whole >= 0))
        return {int(sets.skills[sets.start[s]]): (int(self._whole[s]),) for s in found}

    def dump(self, state: State[Floats]) -> bytes:
        """24 bytes a practised skill, 12 a set of skills that is read as a whole."""
        at = np.flatnonzero(state.responses)
        wholes = np.flatnonzero(self._seen(state)[len(state.responses) :]) + len(state.responses)
        head = _HEAD.pack(state.length, state.folded_at, len(at), len(wholes), len(state.recent))
        columns = (
            at.astype("<u4"),
            state.responses[at].astype("<i4"),
            state.last_at[at],
            state.belief[at],
            wholes.astype("<u4"),
            state.belief[wholes],
            state.recent,
        )
        return head + b"".join(column.tobytes() for column in columns)

    def load(self, blob: bytes) -> State[Floats]:
        length, folded_at, n, w, recent = _HEAD.unpack_from(blob)
        ends = np.cumsum([_HEAD.size, 4 * n, 4 * n, 8 * n, 8 * n, 4 * w, 8 * w, 8 * recent])
        at, seen, last, known, wholes, of_wholes, items = (
            np.frombuffer(blob[low:high], kind)
            for low, high, kind in zip(
                ends[:-1], ends[1:], ("<u4", "<i4", "<i8", "<f8", "<u4", "<f8", "<i8"), strict=True
            )
        )
        belief, responses, last_at = self.empty.belief.copy(), self.empty.responses.copy(), self.empty.last_at.copy()
        belief[at], belief[wholes], responses[at], last_at[at] = known, of_wholes, seen, last
        return State(belief, responses, last_at, items.astype(np.int64), folded_at, length)


_HEAD = struct.Struct("<IqIII")


def _ranges(low: Ints, high: Ints) -> Ints:
    """low[0]..high[0], low[1]..high[1], ... one after the other."""
    counts = high - low
    shift = np.repeat(low - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) if len(low) else low
    return np.asarray(np.arange(int(counts.sum())) + shift, np.int64)
