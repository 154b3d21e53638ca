"""What every tracer does: a model bound to a catalog, that folds a history of packed records into a state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.belief import NEVER
from engine.bkt import TINY
from engine.catalog import Catalog
from engine.graph.lists import grouped
from engine.mastery_model import MasteryModel
from engine.model import Model
from engine.outlook import bare
from engine.responses import History, in_order_of_time
from engine.values import value

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.signedinteger[Any]]
B = TypeVar("B")

RECENT = 64  # how many of the last items a state remembers, for spacing and for the guard against wheel-spinning
RIGHT = 0.5  # score from which an answer counts as right there
SNAPSHOT = b"6"  # form of what a snapshot holds: another one is not read


@value(frozen=True)
class State(Generic[B]):
    """What is believed of one student.

    belief     what the model's equations move: read it through :meth:`Tracer.standing`
    responses  [K] answers on each skill
    last_at    [K] time of the last one (ms), :data:`NEVER` where there was none
    recent     positions of the last items answered, the newest last; ``~position`` (below 0) where wrongly
    folded_at  time of the newest record folded
    length     records folded, those of unknown items included
    """

    belief: B
    responses: Counts
    last_at: Ints
    recent: Ints
    folded_at: int = NEVER
    length: int = 0


@value(frozen=True, slots=True)
class Standing:
    """Where a student stands on every skill, all [K].

    mastery  what is shown: the expected success on an item of average difficulty that asks for this skill alone
    known    P(L), the chance that the skill is known
    gain     how much ``mastery`` should rise by one opportunity to learn. Evidence moves it by nothing on average (it
             is a martingale), so this is what is learnt
    """

    mastery: Floats
    known: Floats
    gain: Floats


@dataclass(frozen=True, slots=True)
class Step:
    """One response and how it moved the estimates; ``item`` is None where the catalog does not hold it.

    ``moves`` has (skill index, mastery at the opportunity, mastery after it); ``p_correct`` was predicted before.
    """

    at: int
    item: int | None
    score: float
    p_correct: float | None
    moves: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """Those records of a history whose item is known, in order of time, as arrays."""

    records: History
    known: npt.NDArray[np.bool_]
    items: Ints
    at: Ints
    scores: Floats


@njit(cache=True)
def remembered(recent: Ints, items: Ints, scores: Floats) -> Any:
    """The last :data:`RECENT` of ``recent`` and of these answers, marked as :class:`State` has them."""
    size = min(len(recent) + len(items), RECENT)
    found, old = np.empty(size, np.int64), size - len(items)
    for i in range(size):
        if i < old:
            found[i] = recent[len(recent) - old + i]
        else:
            item = items[len(items) - size + i]
            found[i] = item if scores[len(items) - size + i] >= RIGHT else ~item
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """How each answer to a known item moved the estimates, in columns: answer a has the links
    ``first[a]:first[a+1]`` of ``skills``, ``before`` and ``after`` [links]; ``p_correct`` [n] was predicted before."""

    answers: Answers
    p_correct: Floats
    first: Ints
    skills: Ints
    before: Floats
    after: Floats


class Tracer(ABC, Generic[B]):
    """A model bound to a catalog. Immutable; ``tag`` names the pair (8 bytes).

    ``empty`` is the state of a student without answers; the skills of item i are ``skills[start[i]:start[i+1]]``.
    """

    model: Model | MasteryModel
    catalog: Catalog
    tag: bytes
    empty: State[B]

    def __init__(self, model: Model | MasteryModel, catalog: Catalog) -> None:
        self.model, self.catalog = model, catalog
        self.start, self.skills = catalog.links

    def _named(self, *parts: bytes) -> bytes:
        identity = b"\0".join((SNAPSHOT, self.model.version.encode(), self.catalog.version.encode(), *parts))
        return blake2b(identity, digest_size=8).digest()

    def _begin(self, belief: B) -> State[B]:
        k = len(self.catalog.skills)
        return State(belief, np.zeros(k, np.int32), np.full(k, NEVER, np.int64), np.empty(0, np.int64))

    # ------------------------------------------------------------------------------------------------ folding

    @abstractmethod
    def fold(self, history: History, state: State[B] | None = None) -> State[B]:
        """The state after ``history``, from nothing or from ``state``.

        Records may come in any order; those folded on ``state`` must not be older than it (:meth:`late`).
        """

    def late(self, history: History, state: State[B]) -> bool:
        """Whether a record is older than what ``state`` has folded: then the whole history is folded anew."""
        return len(history) > 0 and min(history["at"].tolist()) < state.folded_at

    def trace(self, history: History) -> Iterator[Step]:
        """Each response, in order of time, and how it moved the estimates."""
        told, answer = self.told(history), 0
        links = list(zip(told.skills.tolist(), told.before.tolist(), told.after.tolist(), strict=True))
        first, items, predicted = told.first.tolist(), told.answers.items.tolist(), told.p_correct.tolist()
        records = told.answers.records
        times, scores = records["at"].tolist(), records["score"].tolist()
        for at, score, known in zip(times, scores, told.answers.known.tolist(), strict=True):
            if not known:
                yield Step(at, None, score, None, ())
                continue
            moves = tuple(links[first[answer] : first[answer + 1]])
            yield Step(at, items[answer], score, predicted[answer], moves)
            answer += 1

    def told(self, history: History) -> Told:
        """What :meth:`trace` tells of answers to known items, as arrays."""
        answers = self.answers(history)
        predicted, before, after = self._told(answers)
        counts = self.start[answers.items + 1] - self.start[answers.items]
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        shift = np.repeat(self.start[answers.items] - first[:-1], counts)
        return Told(answers, predicted, first, self.skills[np.arange(int(first[-1])) + shift], before, after)

    @abstractmethod
    def _told(self, answers: Answers) -> tuple[Floats, Floats, Floats]:
        """P(correct) of each answer from nothing on [n], and mastery at each and after it [links]."""

    def answers(self, history: History) -> Answers:
        """The records whose items the catalog holds, as arrays."""
        records = in_order_of_time(history)
        index = self.catalog.key_index
        found = [index.get(item, -1) for item in records["item"].tolist()]
        items = np.array(found, np.int64)
        known, at, scores = items >= 0, records["at"].copy(), records["score"].astype(np.float64)
        if -1 in found:
            items, at, scores = items[known], at[known], scores[known]
        return Answers(records, known, items, at, scores)

    def _links(self, answers: Answers) -> int:
        """How many skills the answers ask for in all."""
        return int((self.start[answers.items + 1] - self.start[answers.items]).sum())

    def _after(self, state: State[B], answers: Answers, belief: B, responses: Counts, last_at: Ints) -> State[B]:
        """The state that follows once the belief was moved by the answers."""
        records = answers.records
        recent = remembered(state.recent, answers.items, answers.scores)
        folded_at = max(state.folded_at, int(records["at"][-1]))
        return State(belief, responses, last_at, recent, folded_at, state.length + len(records))

    # ------------------------------------------------------------------------------------------------- asking

    @abstractmethod
    def standing(self, state: State[B], now: int | None = None) -> Standing:
        """Where the student stands at ``now`` (ms; at the least: the last answer); without it, as the last answer on
        each skill has left it, nothing forgotten since."""

    @property
    def bare(self) -> Tracer[B]:
        """The same without what the recommender alone reads, for reports: they fold whole histories. Its states are no
        snapshots of this one."""
        return self

    def outlook(self, state: State[B], standing: Standing) -> Floats:  # noqa: ARG002 - of a model without a graph
        """What the recommender expects of every skill (:mod:`engine.outlook`), [4, K]; ``standing`` is the state's."""
        found: Floats = bare(standing.known, standing.gain, *self.builds_on)
        return found

    @cached_property
    def builds_on(self) -> tuple[Ints, Ints]:
        """``first, parents``: skill k builds directly on ``parents[first[k]:first[k+1]]``."""
        return grouped(*self.catalog.required, len(self.catalog.skills))

    @abstractmethod
    def on_skill(self, state: State[B], skill: int, now: int) -> tuple[float, float, float]:
        """Mastery and P(L) of one skill at ``now``, as :meth:`standing` has them; and mastery as the last answer on the
        skill has left it."""

    @abstractmethod
    def interval(
        self, history: History, state: State[B], now: int | None = None, share: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Low and high end of mastery at ``now``, each [K], that hold ``share`` of what the parameters and the student
        may be.

        The estimate itself is always inside.
        """

    @abstractmethod
    def predict(self, state: State[B], items: Ints, now: int | None = None) -> Floats:
        """P(correct) of each item (by position in the catalog) if given ``now`` (default: at the last answer)."""

    @abstractmethod
    def success(self, known: float) -> Floats:
        """The mastery [K] of an average student whose P(L) is ``known``."""

    @abstractmethod
    def lasting(self, ms: int) -> Floats:
        """The chance that each skill, practised now and known, is known still so many milliseconds later, [K]."""

    @abstractmethod
    def judged(self, state: State[B], skill: int, share: float, answers: float, at: int) -> State[B]:
        """The state once somebody who saw the student work said, at ``at`` (ms), how well a skill goes.

        It counts as a pseudo-observation: as having seen ``answers`` answers to average items of this skill alone, a
        ``share`` of them right, from which nothing was learnt. Counts and the last items stay.
        """

    # ---------------------------------------------------------------------------------------------- snapshots

    @abstractmethod
    def dump(self, state: State[B]) -> bytes:
        """A state as bytes. Exact: what is loaded folds on as if it had never been stored."""

    @abstractmethod
    def load(self, blob: bytes) -> State[B]:
        """The state that :meth:`dump` wrote under the same tag."""


AnyState = State[Any]
AnyTracer = Tracer[Any]


def observed(p: Floats, guess: Floats, success: Floats, share: float, answers: float) -> tuple[Floats, Floats]:
    """P(known) after so many answers, a ``share`` of them right, and how likely these were; all of one shape.

    >>> p, _ = observed(np.array([0.5]), np.array([0.2]), np.array([0.8]), 1.0, 1.0)
    >>> p.round(6).tolist()
    [0.8]
    """
    right, wrong = answers * share, answers * (1.0 - share)
    if_not, if_known = guess**right * (1.0 - guess) ** wrong, success**right * (1.0 - success) ** wrong
    chance = if_known * p + if_not * (1.0 - p)
    return np.clip(if_known * p / chance, TINY, 1.0 - TINY), chance


def weighted(values: Floats, weight: Floats, share: float) -> tuple[Floats, Floats]:
    """Ends of the middle ``share`` of weighted ``values`` [n, K], each [K]; ``weight`` [n, K] or [n, 1]."""
    order = np.argsort(values, axis=0)
    values = np.take_along_axis(values, order, 0)
    mass = np.cumsum(np.take_along_axis(np.broadcast_to(weight, order.shape), order, 0), axis=0)
    mass /= mass[-1]
    tail = (1 - share) / 2
    low = np.take_along_axis(values, (mass >= tail).argmax(0)[None], 0)[0]
    high = np.take_along_axis(values, (mass >= 1 - tail - 1e-12).argmax(0)[None], 0)[0]
    return low, high
