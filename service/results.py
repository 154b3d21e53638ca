"""What is said of responses once they are recorded: what became of each, and mastery of its item's skills."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.mastery import Thresholds, status
from engine.mastery import thresholds as thresholds_of
from engine.tracing import AnyState
from service.answers import Answer
from service.serving import Serving
from service.store.base import Outcome, Recorded
from service.views import Result, SkillNow


class Results:
    """Made once a call. ``at`` is the time (ms) that all of it is said of."""

    def __init__(self, serving: Serving, thresholds: Thresholds, at: int) -> None:
        self._tracer, self._catalog, self._rules, self._at = serving.tracer, serving.catalog, thresholds, at
        self._needed = thresholds_of(serving.tracer, thresholds)

    def all(
        self,
        students: Iterable[str],
        answers: Sequence[Answer],
        recorded: Sequence[Recorded],
        states: Sequence[AnyState],
    ) -> tuple[Result, ...]:
        """Of every answer; what was recorded, and the states, are those of the students, in their order."""
        if len(answers) == 1:
            return (self.of(answers[0], recorded[0].outcomes[0], states[0]),)
        of = {
            student: (iter(one.outcomes), state) for student, one, state in zip(students, recorded, states, strict=True)
        }
        told = [(answer, *of[answer.student_id]) for answer in answers]
        return tuple([self.of(answer, next(outcomes), state) for answer, outcomes, state in told])

    def of(self, answer: Answer, outcome: Outcome, state: AnyState) -> Result:
        """``state`` is the student's after all responses of the call."""
        index = self._catalog.item_index.get(answer.item_id)
        if index is None or outcome is Outcome.CONFLICT:
            return Result(answer.id, answer.student_id, outcome, index is not None, ())
        skills = self._catalog.items[index].skill_ids
        mastery = tuple([self._skill(skill, state) for skill in skills])
        return Result(answer.id, answer.student_id, outcome, True, mastery)

    def _skill(self, skill: str, state: AnyState) -> SkillNow:
        k = self._catalog.skill_index[skill]
        mastery, known, left = self._tracer.on_skill(state, k, self._at)
        responses, last_at = int(state.responses[k]), int(state.last_at[k])
        word = status(mastery, float(self._needed[k]), responses, last_at, self._at, self._rules, left)
        return SkillNow(skill, mastery, known, responses, word)
