"""Invented classes for the tests of the pages: facts made by hand, and a small simulated school."""

from __future__ import annotations

from collections import Counter

from engine.mastery import SkillMastery, Status
from service.classroom.today import Action, Kind, Today, TodayLine
from service.reports.facts import Answer, ClassFacts, ClassSum, Context, Learner, Move, Next, NextItem, StudentFacts

NOW = 1_772_000_000_000
CONTEXT = Context("7", "c0ffee", True, NOW)
MARK = 0.8  # the expected success from which a skill is mastered, unless a test says otherwise


def skill(
    mastery: float = 0.5,
    responses: int = 5,
    status: Status = Status.LEARNING,
    title: str = "Fractions",
    low: float | None = None,
    high: float | None = None,
    threshold: float = MARK,
) -> SkillMastery:
    """A skill as the engine would report it, of a model that guesses 1 in 5 and slips 1 in 10."""
    low = max(0.0, mastery - 0.1) if low is None else low
    high = min(1.0, mastery + 0.1) if high is None else high
    last = None if status is Status.NOT_STARTED else NOW - 1000
    known = min(1.0, max(0.0, (mastery - 0.2) / 0.7))
    return SkillMastery(title.lower(), title, mastery, low, high, known, threshold, responses, status, last)


def stuck(title: str = "Fractions", responses: int = 14, mastery: float = 0.31) -> SkillMastery:
    return skill(mastery, responses, Status.LEARNING, title)


def unstarted(title: str = "Fractions") -> SkillMastery:
    return skill(0.35, 0, Status.NOT_STARTED, title)


def mastered(title: str = "Fractions") -> SkillMastery:
    return skill(0.871, 9, Status.MASTERED, title)


def a_class(*learners: tuple[str, tuple[SkillMastery, ...]], context: Context = CONTEXT, id: str = "4a") -> ClassFacts:
    return ClassFacts(id, tuple(Learner(*learner) for learner in learners), context)


def a_today(class_id: str = "4a", text: str = "Fractions", since: int = NOW - 604_800_000) -> Today:
    """One line of each kind, of a student and a skill called ``text``."""
    numbers = (0.31, 0.21, 0.41, MARK, 14)
    lines = [
        TodayLine(kind, text, "", text, text, *numbers, 0.5, 1, action, text, text, NOW)
        for kind, action in zip(Kind, (*Action, Action.SIT_DOWN), strict=False)
    ]
    return Today(class_id, "", 1, since, since, tuple(lines), "7", "c0ffee")


def summed(facts: ClassFacts) -> ClassSum:
    """The class counted."""
    counts = Counter(one.status for learner in facts.learners for one in learner.skills)
    stuck = sum(any(one.stuck for one in learner.skills) for learner in facts.learners)
    return ClassSum(facts.class_id, facts.title, len(facts.learners), stuck, counts)


def answer(
    at: int = NOW, score: float = 1.0, before: float = 0.4, after: float = 0.6, title: str = "Fractions"
) -> Answer:
    return Answer(at, "frac-1", "Half of a cake", score, 0.5, (Move(title.lower(), title, before, after),))


def unknown(at: int = NOW) -> Answer:
    return Answer(at, None, "", 1.0, None, ())


def a_student(
    skills: tuple[SkillMastery, ...], answers: tuple[Answer, ...] = (), id: str = "ada", context: Context = CONTEXT
) -> StudentFacts:
    given = NextItem("frac-2", "A third", "Fractions is new.", 0.62, ("Fractions",))
    return StudentFacts(id, skills, answers, Next("3 items fit now.", (given,)), context)
