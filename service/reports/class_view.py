"""The class page and the overview of classes, as the templates need them. Pure: facts in, words and numbers out."""

from __future__ import annotations

from dataclasses import dataclass

from service.reports import need
from service.reports.brief import Brief, brief_of
from service.reports.facts import ClassFacts, ClassSum, Context
from service.reports.grid import Grid, Spread, Wish, grid, spread_of
from service.reports.links import class_url
from service.reports.words import LOOKS, Look, readable


@dataclass(frozen=True, slots=True)
class ClassPage:
    name: str
    students: int
    brief: Brief
    grid: Grid
    context: Context
    has_skills: bool
    has_answers: bool


@dataclass(frozen=True, slots=True)
class ClassLine:
    name: str
    url: str
    students: int
    stuck: int
    spread: Spread


def class_page(facts: ClassFacts, wish: Wish | None = None) -> ClassPage:
    """The grid's part that is wished for, and what is said of the whole class."""
    return ClassPage(
        name=readable(facts.label),
        students=len(facts.learners),
        brief=brief_of(need.by_need(map(need.need, facts.learners))),
        grid=grid(facts, wish or Wish()),
        context=facts.context,
        has_skills=any(learner.skills for learner in facts.learners),
        has_answers=any(skill.responses for learner in facts.learners for skill in learner.skills),
    )


def class_line(facts: ClassSum) -> ClassLine:
    """A class in the list of classes."""
    name = readable(facts.label)
    return ClassLine(name, class_url(facts.class_id), facts.students, facts.stuck, spread_of(name, facts.counts))


def legend() -> tuple[Look, ...]:
    return tuple(LOOKS.values())
