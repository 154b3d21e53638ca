"""The student page, as the template needs it. Pure: facts in, words and numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from engine.mastery import SkillMastery, Status
from service.classroom.outlook import Fading
from service.language import _, later, ngettext, number, share, translated
from service.reports.charts import Bar, Timeline, bar, kind, moved, timeline
from service.reports.facts import Answer, Context, Move, Next, StudentFacts
from service.reports.links import class_url, student_api_url, student_url, url
from service.reports.words import (
    LOOKS,
    Look,
    ago,
    day,
    interval,
    iso,
    listed,
    minute,
    percent,
    readable,
)

PAGE = 100
RESULTS = {"right": ("✓", later("right")), "wrong": ("✗", later("wrong")), "partly": ("◪", later("partly right"))}


@dataclass(frozen=True, slots=True)
class SkillRow:
    title: str
    look: Look
    stuck: bool
    estimate: int
    interval: str
    mark: int
    bar: Bar
    answers: int
    last: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One skill that an answer moved: ``change`` is like ``+14``."""

    title: str
    before: int
    after: int
    change: str
    css: str


@dataclass(frozen=True, slots=True)
class AnswerRow:
    when: str
    iso: str
    item: str
    known: bool
    symbol: str
    result: str
    kind: str
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Recommended items that share their reason (it names their skills), each with the chance (in 100) to be right."""

    text: str
    items: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class StudentPage:
    name: str
    came_from: tuple[str, str] | None
    headline: str
    facts: tuple[tuple[str, str], ...]
    rows: tuple[SkillRow, ...]
    not_started: tuple[str, ...]
    charts: tuple[Timeline, ...]
    answers: tuple[AnswerRow, ...]
    answers_from: int
    total: int
    newer: str | None
    older: str | None
    unknown: int
    next_text: str
    steps: tuple[Step, ...]
    lost: tuple[str, ...]
    fading: tuple[Fading, ...]
    decide_url: str | None
    parents_url: str
    csv_url: str
    context: Context


def student_page(facts: StudentFacts, page: int = 1, class_id: str = "") -> StudentPage:
    """Everything of one student; the list of answers, newest first, in parts of :data:`PAGE`.

    ``class_id`` is the class that the reader came from, if any.
    """
    back = {"class_": class_id} if class_id else {}
    total = len(facts.answers)
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    skills = sorted(facts.skills, key=_urgency)
    newest_first = facts.answers[::-1][(page - 1) * PAGE : page * PAGE]
    return StudentPage(
        name=readable(facts.label),
        came_from=(readable(facts.classes.get(class_id) or class_id), class_url(class_id)) if class_id else None,
        headline=_headline(facts.skills),
        facts=_facts(facts),
        rows=tuple(_skill_row(skill) for skill in skills if skill.responses),
        not_started=tuple(skill.title for skill in facts.skills if not skill.responses),
        charts=_charts(skills, facts),
        answers=tuple(map(_answer_row, newest_first)),
        answers_from=(page - 1) * PAGE + 1,
        total=total,
        newer=student_url(facts.student_id, **back, page=page - 1) + "#answers" if page > 1 else None,
        older=student_url(facts.student_id, **back, page=page + 1) + "#answers" if page < pages else None,
        unknown=sum(answer.item_id is None for answer in facts.answers),
        next_text=translated(facts.next.text),
        steps=_steps(facts.next),
        lost=tuple(map(translated, facts.next.lost)),
        fading=facts.fading,
        decide_url=url("recommendations", class_id, student=facts.student_id) + "#notes-title" if class_id else None,
        parents_url=url("parents", facts.student_id),
        csv_url=student_api_url(facts.student_id, "outlook"),
        context=facts.context,
    )


def _urgency(skill: SkillMastery) -> tuple[object, ...]:
    """Stuck first, then what is being learnt, the lowest estimate first; what has not begun stands last."""
    order = (Status.LEARNING, Status.NEEDS_REVIEW, Status.NOT_ENOUGH_EVIDENCE, Status.MASTERED, Status.NOT_STARTED)
    return (not skill.stuck, order.index(skill.status), skill.mastery if skill.responses else 0)


def _headline(skills: Sequence[SkillMastery]) -> str:
    stuck = [skill.title for skill in skills if skill.stuck]
    learning = [s.title for s in skills if s.status is Status.LEARNING and not s.stuck]
    review = [skill.title for skill in skills if skill.status is Status.NEEDS_REVIEW]
    if stuck:
        return _("Stuck on %(skills)s: many answers, and the estimate stays low.", skills=listed(stuck))
    if learning:
        return _("Learning %(skills)s; not stuck on anything.", skills=listed(learning))
    if review:
        return _(
            "Everything with enough answers has been mastered; %(skills)s could be refreshed.", skills=listed(review)
        )
    if any(skill.status is Status.MASTERED for skill in skills):
        return _("Everything with enough answers is mastered.")
    if any(skill.responses for skill in skills):
        return _("There are too few answers on each skill to say how well it is known.")
    return _("There is no answer yet on any skill of the catalog.")


def _facts(facts: StudentFacts) -> tuple[tuple[str, str], ...]:
    done = sum(skill.status is Status.MASTERED for skill in facts.skills)
    last = facts.answers[-1].at if facts.answers else None
    return (
        (_("Answers"), number(len(facts.answers))),
        (
            _("Mastered"),
            ngettext("%(done)s of %(num)s skill", "%(done)s of %(num)s skills", len(facts.skills), done=done),
        ),
        (_("Last answer"), _("none yet") if last is None else f"{day(last)} ({ago(last, facts.context.now)})"),
    )


def _skill_row(skill: SkillMastery) -> SkillRow:
    return SkillRow(
        title=skill.title,
        look=LOOKS[skill.status],
        stuck=skill.stuck,
        estimate=percent(skill.mastery),
        interval=interval(skill),
        mark=percent(skill.threshold),
        bar=bar(skill),
        answers=skill.responses,
        last="–" if skill.last_at is None else day(skill.last_at),
    )


def _charts(skills: Sequence[SkillMastery], facts: StudentFacts) -> tuple[Timeline, ...]:
    touched: dict[str, list[tuple[Answer, Move]]] = {}
    for answer in facts.answers:
        for move in answer.moves:
            touched.setdefault(move.skill_id, []).append((answer, move))
    return tuple(
        timeline(skill, touched[skill.skill_id], facts.course) for skill in skills if skill.skill_id in touched
    )


def _answer_row(answer: Answer) -> AnswerRow:
    symbol, result = RESULTS[kind(answer.score)]
    result = _(result)
    if kind(answer.score) == "partly":
        result = f"{result} ({share(answer.score)})"
    item = _("item not in the catalog") if answer.item_id is None else answer.item_title or readable(answer.item_id)
    shifts = tuple(map(_shift, answer.moves))
    when = minute(answer.at)
    return AnswerRow(when, iso(answer.at), item, answer.item_id is not None, symbol, result, kind(answer.score), shifts)


def _shift(move: Move) -> Shift:
    change = moved(move)
    css = "up" if change > 0 else "down" if change < 0 else "same"
    told = f"+{change}" if change > 0 else f"−{-change}" if change < 0 else "±0"
    return Shift(move.title, percent(move.before), percent(move.after), told, css)


def _steps(next_: Next) -> tuple[Step, ...]:
    """In the order given; items in a row with one reason are told together."""
    return tuple(
        Step(
            translated(text),
            tuple((item.item_title or readable(item.item_id), percent(item.p_correct)) for item in items),
        )
        for text, items in groupby(next_.items, key=lambda item: item.text)
    )
