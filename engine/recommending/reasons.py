"""Why an item is given: a code, a sentence for the teacher and one for the student."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.recommending.at_once import Drawn
from engine.recommending.choice import Notice
from engine.recommending.skills import GATE_ROW, OPENED_ROW, ROW_ROW, Floats, Ints, is_stuck
from engine.recommending.wish import Mode, Wish
from engine.said import Said, later, said, said_many
from engine.tracing import AnyState, AnyTracer, Standing

FOR_STUDENT: Mapping[str, str] = {
    "start": later("Let us begin with %(names)s."),
    "most to gain": later("%(names)s is where you can learn most now."),
    "opens": later("%(names)s first: you can start more once you know it."),
    "new skill": later("Something new: %(names)s. You know what it builds on."),
    "explore": later("A task on %(names)s, for a change."),
    "stuck": later("%(names)s is hard for you now. Ask for help if you need it."),
    "step back": later("Back to %(names)s for a while: it will help with what was hard."),
    "review": later("You knew %(names)s. Let us keep it fresh."),
    "place": later("Show what you know of %(names)s."),
    "target": later("%(names)s is on the way to what you are to reach."),
    "ordered": later("%(names)s is next in your course."),
    "pinned": later("Your teacher chose this for you."),
}
"""A sentence for the student to every code."""


def for_student(code: str, names: Sequence[str]) -> Said:
    """The sentence for the student."""
    return said(FOR_STUDENT[code], names=tuple(names))


@lru_cache(10_000)  # the same sentences are said again and again, and saying one takes longer than finding it here
def learning(
    names: tuple[str, ...], chance: int, stuck: bool, later: tuple[str, ...], opens: int, begun: bool
) -> tuple[str, Said]:
    """Code and sentence of an item from which most is expected: by mastery in 100, whether the student is stuck on it,
    what rests above it, how many skills wait for it, and whether it was answered before."""
    if stuck:
        return "stuck", said(
            "%(names)s: the chance of a right answer is %(chance)d in 100 after many answers or several wrong ones "
            "in a row, and no other open skill promises more: some help may be needed.",
            names=names,
            chance=chance,
        )
    if later:
        return "step back", said(
            "%(names)s: several answers in a row were wrong on %(later)s, which builds on it.", names=names, later=later
        )
    if opens:
        return "opens", said_many(
            "%(names)s: the chance of a right answer is %(chance)d in 100, and %(num)d more skill can start once "
            "it is known.",
            "%(names)s: the chance of a right answer is %(chance)d in 100, and %(num)d more skills can start once "
            "it is known.",
            opens,
            names=names,
            chance=chance,
        )
    if not begun:
        return "new skill", said("%(names)s: not started, and what it builds on is known.", names=names)
    return "most to gain", said(
        "%(names)s: the chance of a right answer is %(chance)d in 100; more is expected to be learnt here than on "
        "any other open skill.",
        names=names,
        chance=chance,
    )


@lru_cache(10_000)
def starting(names: tuple[str, ...]) -> tuple[str, Said]:
    """Of an item for a student without answers."""
    return "start", said(
        "%(names)s: nothing is known of this student yet, and this needs nothing before it.", names=names
    )


@lru_cache(10_000)
def exploring(names: tuple[str, ...]) -> tuple[str, Said]:
    """Of an item that was explored."""
    return "explore", said(
        "%(names)s: one of a few items given to learn what works, not because it promises most.", names=names
    )


@lru_cache(10_000)
def reviewing(names: tuple[str, ...]) -> tuple[str, Said]:
    """Of an item where nothing is left to learn."""
    return "review", said("%(names)s: mastered, and soonest forgotten or practised longest ago.", names=names)


@lru_cache(10_000)
def fits(items: int) -> Said:
    """How many items could be given."""
    return said_many("%(num)d item fits now.", "%(num)d items fit now.", items)


def plain_reason(tracer: AnyTracer, answers: int, one: Drawn, row: Ints | None) -> tuple[str, Said]:
    """As :meth:`Reasons.of` has it, where nothing in particular was asked for; ``row`` as of
    :func:`engine.recommending.at_once.wrong_in_a_row`, where a skill rests."""
    item = tracer.catalog.items[one.item]
    names = tuple([tracer.catalog.titles[name] for name in item.skill_ids])
    if one.review:
        return reviewing(names)
    if answers == 0:
        return starting(names)
    if not one.near:
        return exploring(names)
    later = () if row is None else resting_above(tracer, row, skills_of(tracer, one.item))
    return learning(names, round(100 * one.mastery / len(names)), one.stuck, later, one.opens, one.begun)


class Reasons:
    """Of one choice: where the student stands, what was asked for, and what the rule says of the skills."""

    def __init__(
        self, tracer: AnyTracer, state: AnyState, standing: Standing, wish: Wish, told: Floats, resting: int
    ) -> None:
        self._tracer, self._state, self._standing, self._wish = tracer, state, standing, wish
        self._told, self._resting = told, resting

    def of(self, item: int, near: bool) -> tuple[str, Said]:
        """Code, and sentence for the teacher, of an item drawn as a near tie or explored."""
        skills = skills_of(self._tracer, item)
        names = titles(self._tracer, skills)
        mode, chance = self._wish.mode, 100 * sum([float(self._standing.mastery[k]) for k in skills]) / len(skills)
        if mode is Mode.DIAGNOSE:
            return "place", said("%(names)s: an answer tells most about where this student stands.", names=names)
        if mode is Mode.REVIEW:
            return "review", said(
                "%(names)s: the chance of a right answer is %(chance)d in 100, and falls without practice.",
                names=names,
                chance=round(chance),
            )
        if self._state.length == 0 and mode is Mode.LEARN and not self._wish.order:
            return starting(names)
        if not near:
            return exploring(names)
        if mode is Mode.TARGETS:
            return "target", said(
                "%(names)s: the chance of a right answer is %(chance)d in 100; what is to be reached needs it.",
                names=names,
                chance=round(chance),
            )
        if self._wish.order:
            return "ordered", said(
                "%(names)s: the first skill of the order asked for that is not mastered.", names=names
            )
        told, state = self._told, self._state
        return learning(
            names,
            round(chance),
            stuck(told, state, self._standing, skills),
            resting_above(self._tracer, told[ROW_ROW], skills) if self._resting else (),
            max(int(told[OPENED_ROW, k]) for k in skills),
            any(state.responses[k] for k in skills),
        )


def resting_above(tracer: AnyTracer, row: npt.NDArray[Any], skills: list[int]) -> tuple[str, ...]:
    """Resting skills (``row`` below 0) that build directly on one of these."""
    before, after = tracer.catalog.required
    return titles(tracer, dict.fromkeys(after[(row[after] < 0) & np.isin(before, skills)].tolist()))


def stuck(told: Floats, state: AnyState, standing: Standing, skills: list[int]) -> bool:
    """Whether the student rests from one of these skills, or is stuck on it."""
    return any(
        told[ROW_ROW, k] < 0 or is_stuck(told[ROW_ROW, k], int(state.responses[k]), standing.mastery[k]) for k in skills
    )


def notices(tracer: AnyTracer, row: npt.NDArray[Any]) -> tuple[Notice, ...]:
    """What the teacher should know: skills that rest, by ``row`` below 0 [K]."""
    return tuple(
        [Notice(k, n := int(-row[k]), rests(titles(tracer, [k]), n)) for k in np.flatnonzero(row < 0).tolist()]
    )


@lru_cache(10_000)
def rests(names: tuple[str, ...], wrong: int) -> Said:
    """Of a skill that rests."""
    return said(
        "%(names)s: %(wrong)d wrong answers in a row. It rests for a while; some help may be needed.",
        names=names,
        wrong=wrong,
    )


def missing(tracer: AnyTracer, told: Floats, standing: Standing, asked: Iterable[int]) -> Said:
    """What the skills asked for wait for."""
    wanted = {k for k in asked if told[GATE_ROW, k] < 1.0}
    before, after = tracer.catalog.required
    held = [b for b, a in zip(before.tolist(), after.tolist(), strict=True) if a in wanted]
    held.sort(key=lambda k: float(standing.known[k]))
    names = dict.fromkeys(titles(tracer, held))
    return said(
        "What was asked for builds on skills that are not known yet: %(skills)s.", skills=", ".join(list(names)[:10])
    )


def skills_of(tracer: AnyTracer, item: int) -> list[int]:
    """The skills that an item asks for."""
    skills: list[int] = tracer.skills[tracer.start[item] : tracer.start[item + 1]].tolist()
    return skills


def titles(tracer: AnyTracer, skills: Iterable[int]) -> tuple[str, ...]:
    """Titles of skills, or their ids."""
    catalog = tracer.catalog
    return tuple([catalog.titles[catalog.skills[k].id] for k in skills])
