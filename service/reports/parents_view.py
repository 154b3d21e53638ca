"""A student's page for a talk with parents: plain words, hardly a number. Pure: facts in, sentences out."""

from __future__ import annotations

from dataclasses import dataclass

from engine.mastery import DAY_MS, SkillMastery, Status
from service.language import _, ngettext
from service.reports.facts import Context, StudentFacts
from service.reports.links import student_url
from service.reports.words import day, listed, readable

MONTH = 28 * DAY_MS


@dataclass(frozen=True, slots=True)
class ParentsPage:
    """``new`` was reached within the last four weeks; each list has titles of skills."""

    name: str
    url: str
    told: str
    can: tuple[str, ...]
    new: str
    stuck: tuple[str, ...]
    works_on: tuple[tuple[str, str], ...]
    refresh: tuple[str, ...]
    unsure: tuple[str, ...]
    to_come: tuple[str, ...]
    next: tuple[str, ...]
    context: Context


def parents_page(facts: StudentFacts) -> ParentsPage:
    def titles(*wanted: Status) -> tuple[str, ...]:
        return tuple(skill.title for skill in facts.skills if skill.status in wanted)

    name = readable(facts.label)
    learning = [one for one in facts.skills if one.status is Status.LEARNING and not one.stuck]
    return ParentsPage(
        name=name,
        url=student_url(facts.student_id),
        told=_told(name, facts),
        can=titles(Status.MASTERED, Status.NEEDS_REVIEW),
        new=_new(facts),
        stuck=tuple(one.title for one in facts.skills if one.stuck),
        works_on=tuple((one.title, _going(one)) for one in learning),
        refresh=(*titles(Status.NEEDS_REVIEW), *(one.title for one in facts.fading if one.days <= 7)),
        unsure=titles(Status.NOT_ENOUGH_EVIDENCE),
        to_come=titles(Status.NOT_STARTED),
        next=tuple(dict.fromkeys(skill for item in facts.next.items for skill in item.skills)),
        context=facts.context,
    )


def _told(name: str, facts: StudentFacts) -> str:
    """How much this rests on."""
    if not facts.answers:
        return _("There is no answer of %(name)s yet, so there is nothing to tell.", name=name)
    month = [answer for answer in facts.answers if answer.at > facts.context.now - MONTH]
    days = len({answer.at // DAY_MS for answer in month})
    if not month:
        return _("%(name)s last answered on %(day)s.", name=name, day=day(facts.answers[-1].at))
    return ngettext(
        "%(name)s practised on %(num)s day in the last four weeks; questions answered: %(questions)s.",
        "%(name)s practised on %(num)s days in the last four weeks; questions answered: %(questions)s.",
        days,
        name=name,
        questions=len(month),
    )


def _new(facts: StudentFacts) -> str:
    """What was reached within the last four weeks, by the first answer after which the estimate stood at the mark."""
    reached: dict[str, int] = {}
    marks = {skill.skill_id: skill.threshold for skill in facts.skills}
    for answer in facts.answers:
        for move in answer.moves:
            if move.after >= marks.get(move.skill_id, 1.0):
                reached.setdefault(move.skill_id, answer.at)
    known = [one for one in facts.skills if one.status in {Status.MASTERED, Status.NEEDS_REVIEW}]
    new = [one.title for one in known if reached.get(one.skill_id, 0) > facts.context.now - MONTH]
    return _("New in the last four weeks: %(skills)s.", skills=listed(new, 12)) if new else ""


def _going(skill: SkillMastery) -> str:
    """How it goes on a skill that is being learnt."""
    return _("nearly there") if skill.high >= skill.threshold else _("on the way")
