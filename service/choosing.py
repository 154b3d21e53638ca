"""Recommendations: the engine's choice, with an id, its draws, and its entry for the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b

import numpy as np
import orjson

from engine.recommend import Chances, Choice, Draw, Policy, choose, choose_each
from engine.recommend import Recommendation as Given
from engine.recommending.explain import explain
from engine.responses import EMPTY, History
from engine.tracing import AnyState, Standing
from engine.tracing.judgements import Judgement, fold_judged
from models.predictor import Student
from service import policies
from service.asking import ONE, Question
from service.errors import NoCatalog, UnknownSkills
from service.serving import Serving
from service.views import Alternative, Detail, Explanation, Next, Notice, Reason, Recommendation, SkillPart

HOUR = 3_600_000  # ms


class Chooser:
    """Chance is derived from the salt and the question, so that the same question has the same answer.

    How many items are asked for is no part of it: the first of three is the one that would have been given alone.
    """

    def __init__(self, policy: Policy, salt: bytes) -> None:
        self.policy = policy
        self.name, self.digest = f"{policy.name}@{policy.version}", policies.digest(policy)
        self._name = self.name.encode()
        self._salt = blake2b(salt, digest_size=32).digest()

    def choose(
        self,
        serving: Serving,
        student_id: str,
        state: AnyState,
        question: Question,
        now: int,
        records: History = EMPTY,
        draw: Draw | None = None,
    ) -> tuple[Next, Choice]:
        """``now`` (ms) counts in whole hours: asked again soon, the same question has the same answer. ``records`` are
        the whole history where the serving has a predictor, or the question reads it; ``draw`` the chance of a
        choice that is made again.

        Raises :class:`NoCatalog` and :class:`UnknownSkills`.
        """
        if not serving.catalog.items:
            raise NoCatalog
        answered = None
        if unknown := [name for name in question.named if name not in serving.catalog.skill_index]:
            raise UnknownSkills(unknown)
        if question.estimates:
            said = [Judgement(*one) for one in question.estimates]
            state = fold_judged(serving.tracer, records, said)
        if question.reads_history:
            answered = serving.tracer.answers(records).items
        asked = _asked(student_id, state.length, question)
        draw = draw or partial(self._uniform, asked)
        wanted = question.n, question.skills, question.exclude
        now -= now % HOUR
        chances = None if serving.predictor is None else _predicted(serving, records, now)
        choice = choose(serving.tracer, state, self.policy, draw, *wanted, now, chances, question.wish, answered)
        return self._answer(serving, student_id, asked, choice), choice

    def choose_each(self, serving: Serving, who: Sequence[tuple[str, AnyState]], now: int) -> list[tuple[Next, Choice]]:
        """As :meth:`choose` has it of each student and state, where the question is :data:`ONE`, and there is a catalog
        and no predictor."""
        asked = [_asked(student, state.length, ONE) for student, state in who]
        draws = [self._uniform(one, 0) for one in asked]
        states = [state for _, state in who]
        choices = choose_each(serving.tracer, states, self.policy, draws, now - now % HOUR)
        given = zip(who, asked, choices, strict=True)
        return [(self._answer(serving, student, one, choice), choice) for (student, _), one, choice in given]

    def _answer(self, serving: Serving, student_id: str, asked: bytes, choice: Choice) -> Next:
        made = tuple([self._named(serving, asked, one, slot) for slot, one in enumerate(choice.recommendations)])
        told = _notices(serving, choice) if choice.notices else ()
        versions = serving.model_version, serving.catalog_version
        return Next(student_id, choice.outcome.value, choice.text, made, *versions, told)

    def explained(self, serving: Serving, answer: Next, choice: Choice, standing: Standing) -> Next:
        """The answer with what each part of the rule said, and why the next best were not given."""
        skills = serving.catalog.skills
        details = [
            Detail(
                made.recommendation_id,
                one.for_student,
                tuple(SkillPart(skills[part.skill].id, part.parts) for part in one.parts),
                one.ease,
                one.score,
                one.near_ties,
                tuple(Alternative(skills[a.skill].id, a.why, a.text, a.parts) for a in one.alternatives),
            )
            for made, one in zip(
                answer.recommendations, explain(serving.tracer, standing, self.policy, choice), strict=True
            )
        ]
        return replace(answer, explanation=Explanation(choice.candidates, choice.filtered, tuple(details)))

    def log_event(self, answer: Next, choice: Choice, slot: int, question: Question, length: int, at: int) -> bytes:
        """A recommendation as the log keeps it: enough to make the choice again (:mod:`service.decisions`), and no
        more. What was considered, and by which scores, follows from the history, the model and the catalog."""
        made = answer.recommendations[slot]
        event = {
            "recommendation_id": made.recommendation_id,
            "student_id": answer.student_id,
            "item_id": made.item_id,
            "skill_ids": made.skill_ids,
            "at": at,
            "slot": slot,
            "propensity": made.propensity,
            "policy": made.policy,
            "policy_digest": self.digest,
            "model_version": made.model_version,
            "catalog_version": made.catalog_version,
            "reason": {"code": made.reason.code, "text": made.reason.text},
            "p_correct": made.p_correct,
            "expected_gain": made.expected_gain,
            "candidates": choice.candidates,
            "history_length": length,
            "outcome": answer.outcome,
            "question": question.told,
            "draws": [one.draw for one in choice.recommendations[: slot + 1]],
        }
        return orjson.dumps(event)

    def _uniform(self, asked: bytes, slot: int) -> float:
        """A number in [0, 1) that follows from the question and the slot."""
        digest = blake2b(b"%b\0draw%d" % (asked, slot), key=self._salt, digest_size=8).digest()
        return (int.from_bytes(digest, "big") >> 11) / 2**53

    def _named(self, serving: Serving, asked: bytes, given: Given, slot: int) -> Recommendation:
        item = serving.catalog.items[given.item]
        identity = b"%b\0id%d\0%b\0%b\0%b" % (asked, slot, item.id.encode(), serving.versions, self._name)
        return Recommendation(
            blake2b(identity, key=self._salt, digest_size=16).hexdigest(),
            item.id,
            item.title,
            item.skill_ids,
            Reason(given.reason, given.text),
            given.p_correct,
            given.expected_gain,
            given.propensity,
            self.name,
            serving.model_version,
            serving.catalog_version,
        )


def _notices(serving: Serving, choice: Choice) -> tuple[Notice, ...]:
    skills = serving.catalog.skills
    return tuple(Notice("wheel-spinning", skills[one.skill].id, one.text) for one in choice.notices)


def _asked(student_id: str, length: int, question: Question) -> bytes:
    """What chance is derived from: the question without how many items were asked for."""
    if question is ONE:
        return b"%b\0%d" % (student_id.encode(), length)
    asked = [sorted(set(question.skills)), sorted(set(question.exclude))]
    told = {} if question.plain else question.told
    rest = {name: told[name] for name in sorted(told) if name not in {"n", "skills", "exclude"}}
    if rest or any(asked):
        return b"%b\0%d\0%b" % (student_id.encode(), length, orjson.dumps([*asked, rest]))
    return _asked(student_id, length, ONE)


def _predicted(serving: Serving, records: History, now: int) -> Chances:
    """P(correct) of items by the response predictor, given a student's whole history."""
    assert serving.predictor is not None
    answers, real = serving.tracer.answers(records), serving.predictor.predictor.mastery.clock == "seconds"
    at = answers.at / 1000.0 if real else np.arange(len(answers.items), dtype=np.float64)
    student = Student(serving.predictor, real)
    student.add(answers.items, at, answers.scores)
    last = max(now / 1000.0, float(at[-1]) if len(at) else 0.0) if real else float(len(at))
    return lambda asked: student.predict(asked, last)
