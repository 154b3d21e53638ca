"""What people say of a student's mastery, folded in beside the answers: evidence with a date, never an overwrite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.responses import History, in_order_of_time
from engine.tracing.base import AnyState, AnyTracer


@dataclass(frozen=True, slots=True)
class Judgement:
    """At ``at`` (ms) somebody said that of ``answers`` answers on a skill (id) a ``share`` would be right."""

    skill: str
    share: float
    answers: float
    at: int


def fold_judged(tracer: AnyTracer, history: History, judgements: Sequence[Judgement]) -> AnyState:
    """The state after a whole history and what was said meanwhile, each where it belongs in time: what is answered
    later moves the estimate on. Skills that the catalog does not hold are passed over."""
    records, state, done = in_order_of_time(history), tracer.empty, 0
    for one in sorted(judgements, key=lambda judgement: judgement.at):
        skill = tracer.catalog.skill_index.get(one.skill)
        if skill is None:
            continue
        until = int((records["at"] <= one.at).sum())
        state = tracer.fold(records[done:until], state)
        state, done = tracer.judged(state, skill, one.share, one.answers, one.at), until
    return tracer.fold(records[done:], state)
