"""A student as those see them who look at a class: the whole history, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from engine.mastery import Glance, SkillMastery, Thresholds, glances, report
from engine.responses import History
from engine.tracing import AnyState, AnyTracer, Told
from engine.tracing.judgements import fold_judged
from service.notes import NONE, Notes


@dataclass(frozen=True)
class Pupil:
    """A student of a class, with the whole history and what it comes to under the tracer that serves."""

    student_id: str
    name: str
    history: History
    tracer: AnyTracer
    now: int
    rules: Thresholds
    notes: Notes = NONE
    then: dict[int, list[Glance]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def state(self) -> AnyState:
        return self.folded(self.history)

    @cached_property
    def skills(self) -> list[SkillMastery]:
        """Every skill of the catalog, with its interval."""
        return report(self.tracer, self.history, self.state, self.now, self.rules)

    @cached_property
    def seen(self) -> list[Glance]:
        """Every skill of the catalog, without the interval."""
        return glances(self.tracer, self.state, self.now, self.rules)

    @cached_property
    def told(self) -> Told:
        """How each answer moved the estimates."""
        return self.tracer.told(self.history)

    @property
    def last_at(self) -> int | None:
        return int(self.history["at"].max()) if len(self.history) else None

    def at(self, moment: int) -> list[Glance]:
        """Every skill as it stood at ``moment``, by what had been answered before it."""
        if moment not in self.then:
            state = self.folded(self.history[self.history["at"] < moment], moment)
            self.then[moment] = glances(self.tracer, state, moment, self.rules)
        return self.then[moment]

    def folded(self, history: History, before: int | None = None) -> AnyState:
        """The state after a part of the history and what teachers had said ``before`` that moment (None: all)."""
        said = [one for one in self.notes.judgements if before is None or one.at < before]
        return fold_judged(self.tracer, history, said) if said else self.tracer.fold(history)
