"""What is given to students next: chosen, written to the log, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.recommend import Choice, Policy
from engine.responses import History, unpack
from engine.tracing import AnyState
from service import metrics
from service.ahead import NOTHING, Chosen, Standing, Worked
from service.asking import ONE, Question
from service.behind import Behind
from service.choosing import HOUR, Chooser
from service.errors import NoCatalog
from service.notes import Notes
from service.serving import Serving
from service.views import Next

Asker = tuple[str, AnyState, bytes, Notes]
"""A student who is to be given something: id, state, packed records (the whole history where something is noted), and
notes."""


class Giver:
    def __init__(self, policy: Policy, salt: bytes, behind: Behind) -> None:
        self._chooser, self._behind = Chooser(policy, salt), behind

    def chosen(self, serving: Serving, at: int, who: Sequence[Standing]) -> list[Chosen]:
        """One item for each where :meth:`plain` holds and nothing in particular is wanted; not yet logged as given."""
        return self._chooser.choose_each(serving, who, at)

    def plain(self, serving: Serving, n: int) -> bool:
        """Whether what comes next follows from where a student stands alone."""
        return n == 1 and serving.predictor is None and bool(serving.catalog.items)

    def following(
        self, serving: Serving, n: int, at: int, who: Sequence[Asker], worked: Worked = NOTHING
    ) -> dict[str, Next]:
        """What comes next for each; without a catalog, that nothing can: responses were recorded all the same. What was
        ``worked`` out ahead is not chosen again.

        Where one item is wanted and nothing in particular, it is one step after the other for all students: each step
        finds its code in the processor's cache where the one before left it, which halves what it takes.
        """
        if not serving.catalog.items:
            told = f"{NoCatalog().detail} {NoCatalog().mend}"
            versions = serving.model_version, serving.catalog_version
            return {student: Next(student, "no catalog", told, (), *versions) for student, *_ in who}
        plain = self.plain(serving, n)
        alike = [(student, state) for student, state, _, notes in who if plain and not notes.notes]
        found = {}
        if alike:
            made = [worked.choice(*one) for one in alike]
            rest = iter(self.chosen(serving, at, [one for one, old in zip(alike, made, strict=True) if old is None]))
            given = [next(rest) if old is None else old for old in made]
            self._log([(*one, ONE, state.length) for one, (_, state) in zip(given, alike, strict=True)], at)
            found = {answer.student_id: answer for answer, _ in given}
        for student, state, packed, notes in who:
            if student not in found:
                records = unpack(packed)
                question = ONE if n == 1 else Question(n)
                question = notes.asked(question, records) if notes.notes else question
                found[student] = self.give(serving, student, state, records, question, at)
        return found

    def give(
        self,
        serving: Serving,
        student_id: str,
        state: AnyState,
        records: History,
        question: Question,
        at: int,
        log: bool = True,
        explain: bool = False,
    ) -> Next:
        """``records`` are the whole history where the serving has a predictor or the question reads it.

        ``log=False`` where nobody is given the items. Raises :class:`NoCatalog` and :class:`UnknownSkills`.
        """
        answer, choice = self._chooser.choose(serving, student_id, state, question, at, records)
        if explain:
            standing = serving.tracer.standing(state, at - at % HOUR)
            answer = self._chooser.explained(serving, answer, choice, standing)
        if log:
            self._log([(answer, choice, question, state.length)], at)
        return answer

    def _log(self, given: Sequence[tuple[Next, Choice, Question, int]], at: int) -> None:
        """``given``: answer, choice, question, and how many responses there were before it."""
        for answer, choice, question, length in given:
            events = [
                self._chooser.log_event(answer, choice, slot, question, length, at)
                for slot, made in enumerate(answer.recommendations)
                if self._behind.is_new(made.recommendation_id)
            ]
            if events:
                self._behind.log(answer.student_id, events)
        reasons = [made.reason.code for answer, *_ in given for made in answer.recommendations]
        for reason, count in Counter(reasons).items():
            metrics.recommendation(reason).inc(count)
