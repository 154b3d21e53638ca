"""Decisions made again: the same state, question, policy and draws give the same item with the same propensity.

What the log leaves out (what could have been given, by which scores) is read from the choice made again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from engine.recommend import Choice, Policy, Recommendation
from engine.responses import History, unpack
from engine.tracing import AnyState
from service import policies
from service.asking import Question
from service.choosing import Chooser
from service.decisions.log import Logged
from service.decisions.outcomes import Came, came_of
from service.serving import Serving, load
from service.store.base import Store

AT_ONCE = 200
"""Students whose histories are held in memory together."""


class Lost(Exception):
    """Why a decision cannot be made again."""


@dataclass(frozen=True, slots=True)
class Unmade:
    """A decision that could not be made again: why."""

    logged: Logged
    why: str


@dataclass(frozen=True, slots=True)
class Remade:
    """A decision made again: by what, from what (the whole history of today, and the state of then), and what came."""

    logged: Logged
    serving: Serving
    policy: Policy
    history: History
    state: AnyState
    question: Question
    choice: Choice
    came: Came

    @property
    def made(self) -> Recommendation | None:
        """The recommendation of this slot; None where fewer are given now."""
        given = self.choice.recommendations
        return given[self.logged.slot] if self.logged.slot < len(given) else None

    @property
    def exact(self) -> bool:
        """Whether the item and its propensity are what the log says, to the bit."""
        if self.made is None:
            return False
        item = self.serving.catalog.items[self.made.item].id
        return (item, self.made.propensity) == (self.logged.item_id, self.logged.propensity)


class Replayer:
    """Reads histories, models, catalogs and policies from a store.

    ``compact`` and ``predicts`` as the service was set; ``progress`` is told the students done, and of how many.
    """

    def __init__(
        self,
        store: Store,
        *,
        compact: bool = False,
        predicts: bool = False,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        self._store, self._compact, self._predicts, self._progress = store, compact, predicts, progress
        self._servings: dict[tuple[str, str], Serving] = {}
        self._choosers: dict[str, Chooser] = {}

    async def replay(self, decisions: Sequence[Logged]) -> AsyncIterator[Remade | Unmade]:
        """Make decisions again, which are sorted by student."""
        groups = [(student, list(own)) for student, own in groupby(decisions, lambda one: one.student_id)]
        for low in range(0, len(groups), AT_ONCE):
            part = groups[low : low + AT_ONCE]
            stored, _ = await self._store.read([student for student, _ in part], b"")
            for done, ((_, own), one) in enumerate(zip(part, stored, strict=True), low + 1):
                history = unpack(one.records)
                for logged in own:
                    yield await self._again(logged, history)
                self._progress(done, len(groups))

    async def _again(self, logged: Logged, history: History) -> Remade | Unmade:
        try:
            if not logged.question or len(logged.draws) <= logged.slot:
                raise Lost("it was logged without its question and draws, by an older version")
            if len(history) < logged.length:
                raise Lost("the student's history is shorter than it was: erased, or in another store")
            serving, chooser = await self._serving(logged), await self._chooser(logged)
        except Lost as why:
            return Unmade(logged, str(why))
        question = Question.of(**{name: _told(value) for name, value in logged.question.items()})
        state = serving.tracer.fold(history[: logged.length])
        choice = self.choose(chooser, logged, serving, state, question, history)
        came = came_of(history, logged.length, logged.item_id, question.n)
        return Remade(logged, serving, chooser.policy, history, state, question, choice, came)

    @staticmethod
    def choose(
        chooser: Chooser, logged: Logged, serving: Serving, state: AnyState, question: Question, history: History
    ) -> Choice:
        """What a policy chooses there, by the draws that were logged."""
        records, draw = history[: logged.length], lambda slot: logged.draws[min(slot, logged.slot)]
        return chooser.choose(serving, logged.student_id, state, question, logged.at, records, draw=draw)[1]

    async def _serving(self, logged: Logged) -> Serving:
        versions = logged.model_version, logged.catalog_version
        if versions not in self._servings:
            try:
                found = await load(self._store, *versions, compact=self._compact, predicts=self._predicts)
            except LookupError as missing:
                raise Lost(str(missing)) from None
            self._servings[versions] = found
        return self._servings[versions]

    async def _chooser(self, logged: Logged) -> Chooser:
        digest = logged.policy_digest
        if digest not in self._choosers:
            text = await self._store.fetch("policy", digest)
            own = {policies.digest(policy): policy for policy in policies.shipped().values()}
            if text is None and digest not in own:
                raise Lost(f"the store does not hold the policy {logged.policy} ({digest})")
            policy = own[digest] if text is None else policies.parse(text, logged.policy)
            self._choosers[digest] = Chooser(policy, b"")  # chance is logged: the salt is not asked for
        return self._choosers[digest]


def _told(value: Any) -> Any:
    """A value of a question as it was asked: JSON has lists for tuples."""
    return tuple(map(_told, value)) if isinstance(value, list) else value
