"""``mastery = fold(model, history)``: a pure function, and what may be cached of it.

A :class:`Tracer` is a model bound to a catalog. It folds a history of packed records, in order of time, into a
:class:`State`; a state folded further is the same as everything folded at once, so a stored state (a snapshot) is a
cache and nothing more.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from engine import bkt
from engine.catalog import Catalog
from engine.model import GUESS, PRIOR, SLIP, Model, emissions_of
from engine.responses import History, in_order_of_time

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]

RECENT = 32  # how many of the last items a state remembers, for spacing
NEVER = -(2**62)


@dataclass(frozen=True)
class State:
    """What is believed of one student.

    mastery    [K] P(L) after the last answer
    responses  [K] answers on each skill
    last_at    [K] time of the last one (ms), :data:`NEVER` where there was none
    recent     keys of the last items answered, the newest last
    folded_at  time of the newest record folded
    length     records folded, those of unknown items included
    """

    mastery: Floats
    responses: Counts
    last_at: Ints
    recent: Ints
    folded_at: int = NEVER
    length: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One response and how it moved the estimates; ``item`` is None where the catalog does not hold it.

    ``moves`` has (skill index, P(L) at the opportunity, P(L) after it); ``p_correct`` was predicted before.
    """

    at: int
    item: int | None
    score: float
    p_correct: float | None
    moves: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True, slots=True)
class _Answers:
    """Those records of a history whose item is known, in order of time, as arrays."""

    records: History
    known: npt.NDArray[np.bool_]
    items: Ints
    scores: Floats
    links: int


class Tracer:
    """A model bound to a catalog. Immutable; ``tag`` names the pair (8 bytes)."""

    def __init__(self, model: Model, catalog: Catalog) -> None:
        self.model, self.catalog = model, catalog
        self.start, self.skills = catalog.links
        rows = {skill: at for at, skill in enumerate(model.skills)}
        at = np.array([rows.get(skill.id, -1) for skill in catalog.skills], np.int64)
        self.params = _rows(model.params, model.population, at)
        self._draws = _rows(model.draws, model.population_draws, at)
        self._set_emit = self._emissions()
        self.emit = self._of_items(self._set_emit)
        identity = f"{model.version}\0{catalog.version}".encode() + self.params.tobytes() + self.emit.tobytes()
        self.tag = blake2b(identity, digest_size=8).digest()
        self.empty = State(
            self.params[:, PRIOR].copy(),
            np.zeros(len(at), np.int32),
            np.full(len(at), NEVER, np.int64),
            np.empty(0, np.int64),
        )

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

    # ------------------------------------------------------------------------------------------------ folding

    def fold(self, history: History, state: State | None = None) -> State:
        """The state after ``history``, from nothing or from ``state``.

        Records may come in any order; those folded on ``state`` must not be older than it (:meth:`late`).
        """
        state = self.empty if state is None else state
        if len(history) == 0:
            return state
        answers = self._answers(history)
        mastery, seen, last_at = state.mastery.copy(), state.responses.copy(), state.last_at.copy()
        self._run(answers, mastery, seen)
        at = answers.records["at"]
        bkt.note_times(self.start, self.skills, answers.items, at[answers.known], last_at)
        recent = np.concatenate([state.recent, answers.records["item"][-RECENT:]])[-RECENT:]
        return State(mastery, seen, last_at, recent, max(state.folded_at, int(at[-1])), state.length + len(history))

    def late(self, history: History, state: State) -> bool:
        """Whether a record is older than what ``state`` has folded: then the whole history is folded anew."""
        return len(history) > 0 and int(history["at"].min()) < state.folded_at

    def trace(self, history: History) -> Iterator[Step]:
        """Each response, in order of time, and how it moved the estimates."""
        answers = self._answers(history)
        predicted, before, after = self._run(answers, self.empty.mastery.copy(), self.empty.responses.copy())
        answer = link = 0
        for record, known in zip(answers.records, answers.known, strict=True):
            at, score = int(record["at"]), float(record["score"])
            if not known:
                yield Step(at, None, score, None, ())
                continue
            item = int(answers.items[answer])
            skills = self.skills[self.start[item] : self.start[item + 1]].tolist()
            low, high = link, link + len(skills)
            changes = zip(skills, before[low:high].tolist(), after[low:high].tolist(), strict=True)
            yield Step(at, item, score, float(predicted[answer]), tuple(changes))
            answer, link = answer + 1, high

    def interval(self, history: History, state: State, share: float = 0.9) -> tuple[Floats, Floats]:
        """Low and high end of mastery, each [K], that hold ``share`` of the parameter draws' weight.

        Each draw is a student as there may be one; it weighs by how well it predicts this student's own answers. The
        estimate itself is always inside.
        """
        answers, sets = self._answers(history), self.catalog.skill_sets
        given = (sets.of_item[answers.items], answers.scores)
        p, weight = bkt.fold_draws(self._draws, self._draw_emissions, sets.start, sets.skills, *given)
        weight = np.exp(weight - weight.max(axis=0, keepdims=True))
        order = np.argsort(p, axis=0)
        p = np.take_along_axis(p, order, 0)
        mass = np.cumsum(np.take_along_axis(weight, order, 0), axis=0)
        mass /= mass[-1]
        tail = (1 - share) / 2
        low = np.take_along_axis(p, (mass >= tail).argmax(0)[None], 0)[0]
        high = np.take_along_axis(p, (mass >= 1 - tail - 1e-12).argmax(0)[None], 0)[0]
        return np.minimum(low, state.mastery), np.maximum(high, state.mastery)

    @cached_property
    def _draw_emissions(self) -> Floats:
        """Guess and slip of every set's links under every draw: moved on the logit scale as the skill's own."""
        skills = self.catalog.skill_sets.skills
        own = self.params[:, [GUESS, SLIP]][skills]
        moved = _logit(self._draws[:, :, [GUESS, SLIP]][:, skills]) + _logit(self._set_emit) - _logit(own)
        drawn = 1 / (1 + np.exp(-moved))
        return np.ascontiguousarray(drawn / np.maximum(1, drawn.sum(-1, keepdims=True) / 0.98))

    def predict(self, state: State, items: Ints) -> Floats:
        """P(correct) of each item (by position in the catalog) if it were given now."""
        return np.asarray(
            bkt.predict_items(
                self.params,
                self.emit,
                self.start,
                self.skills,
                np.asarray(items, np.int64),
                state.mastery,
                state.responses,
            )
        )

    def _run(self, answers: _Answers, mastery: Floats, seen: Counts) -> tuple[Floats, Floats, Floats]:
        """Fold into ``mastery`` and ``seen``; P(correct) [n], and P(L) before and after [links]."""
        before, after = np.empty(answers.links), np.empty(answers.links)
        links, given = (self.start, self.skills), (answers.items, answers.scores)
        predicted = bkt.fold_answers(self.params, self.emit, *links, *given, mastery, seen, before, after)
        return predicted, before, after

    def _answers(self, history: History) -> _Answers:
        records = in_order_of_time(history)
        index = self.catalog.key_index
        items = np.array([index.get(item, -1) for item in records["item"].tolist()], np.int64)
        known = items >= 0
        items = items[known]
        links = int((self.start[items + 1] - self.start[items]).sum())
        return _Answers(records, known, items, records["score"][known].astype(np.float64), links)

    # -------------------------------------------------------------------------------------------------- snapshots

    def dump(self, state: State) -> bytes:
        """A state as bytes: 24 a practised skill. Exact: what is loaded folds on as if it had never been stored."""
        at = np.flatnonzero(state.responses)
        head = _HEAD.pack(state.length, state.folded_at, len(at), len(state.recent))
        columns = (
            at.astype("<u4"),
            state.responses[at].astype("<i4"),
            state.last_at[at],
            state.mastery[at],
            state.recent,
        )
        return head + b"".join(column.tobytes() for column in columns)

    def load(self, blob: bytes) -> State:
        """The state that :meth:`dump` wrote under the same tag."""
        length, folded_at, n, recent = _HEAD.unpack_from(blob)
        ends = np.cumsum([_HEAD.size, 4 * n, 4 * n, 8 * n, 8 * n, 8 * recent])
        at, seen, last, p, items = (
            np.frombuffer(blob[low:high], kind)
            for low, high, kind in zip(ends[:-1], ends[1:], ("<u4", "<i4", "<i8", "<f8", "<i8"), strict=True)
        )
        mastery, responses, last_at = self.empty.mastery.copy(), self.empty.responses.copy(), self.empty.last_at.copy()
        mastery[at], responses[at], last_at[at] = p, seen, last
        return State(mastery, responses, last_at, items, folded_at, length)


_HEAD = struct.Struct("<IqII")


def _rows(array: Floats, fallback: Floats, at: Ints) -> Floats:
    """Rows ``at`` of the next to last axis; the fallback where ``at`` is -1."""
    extended = np.concatenate([array, np.expand_dims(fallback, -2)], axis=-2)
    return np.ascontiguousarray(extended[..., at, :])


def _logit(p: Floats) -> Floats:
    clipped = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))
