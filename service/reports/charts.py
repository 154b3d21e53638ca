"""Geometry of the charts: numbers in, coordinates out. The SVG itself is written by ``templates/_charts.html``.

Everything is deterministic and rounded to a tenth of a unit, so that a chart can be tested as text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.mastery import SkillMastery, Status
from service.classroom.outlook import CoursePoint
from service.language import _, ngettext
from service.reports.facts import Answer, Move
from service.reports.words import LOOKS, Look, minute, percent, short_day

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Segment:
    """One status of a spread: ``label`` is empty where it would not fit."""

    look: Look
    count: int
    x: float
    width: float
    label: str


def spread(counts: Mapping[Status, int], width: float = 400.0) -> tuple[Segment, ...]:
    """A stacked bar of statuses, with no segment for a status that nobody has."""
    total = sum(counts.values())
    segments, x = [], 0.0
    for status, look in LOOKS.items():
        n = counts.get(status, 0)
        if not n:
            continue
        share = width * n / total
        label = f"{look.symbol} {n}"
        segments.append(Segment(look, n, round(x, 1), round(share, 1), label if share >= 9 * len(label) else ""))
        x += share
    return tuple(segments)


def tally(skills: Sequence[SkillMastery]) -> Counter[Status]:
    return Counter(skill.status for skill in skills)


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval on a scale of 0 to 100."""

    low: float
    width: float
    at: float
    mark: float
    look: Look


def bar(skill: SkillMastery) -> Bar:
    low, high = 100 * skill.low, 100 * skill.high
    # An interval of no width would vanish.
    return Bar(
        round(low, 1),
        max(1.0, round(high - low, 1)),
        round(100 * skill.mastery, 1),
        100 * skill.threshold,
        LOOKS[skill.status],
    )


# ----------------------------------------------------------------------------------------------------- the timeline

WIDTH, HEIGHT = 360.0, 168.0
LEFT, RIGHT, TOP, BOTTOM = 26.0, 34.0, 10.0, 30.0
MOST = 120  # answers in one chart: more would be a smear, and a heavy page

Ranges = tuple[tuple[float, float, float], ...]  # (x, y of the upper end, height) of each


@dataclass(frozen=True, slots=True)
class Mark:
    """One answer: the estimate went from ``y0`` to ``y``; ``kind`` is right, wrong or partly."""

    x: float
    y0: float
    y: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The first answer of a day; ``label`` is empty where it would run into the one before."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """How one skill's estimate went, answer by answer; the interval at the right is today's."""

    skill: SkillMastery
    look: Look
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    path: str
    radius: float
    mastered_y: float
    low_y: float
    high_y: float
    end_y: float
    summary: str
    ranges: Ranges


def timeline(
    skill: SkillMastery, answers: Sequence[tuple[Answer, Move]], course: Sequence[CoursePoint] = ()
) -> Timeline:
    """A chart of the answers that touched a skill, in order of time; of a long history, its last :data:`MOST`. The
    interval is drawn where ``course`` has it, and today's at the end."""
    total, answers = len(answers), answers[-MOST:]
    step = (WIDTH - LEFT - RIGHT) / max(1, len(answers))
    marks = tuple(
        Mark(
            round(LEFT + step * (at + 0.5), 1), _y(move.before), _y(move.after), kind(answer.score), _told(answer, move)
        )
        for at, (answer, move) in enumerate(answers)
    )
    path = " ".join(f"{'M' if at == 0 else 'L'}{m.x} {m.y0} L{m.x} {m.y}" for at, m in enumerate(marks))
    return Timeline(
        skill=skill,
        look=LOOKS[skill.status],
        marks=marks,
        ticks=_ticks(marks, [answer.at for answer, _ in answers]),
        path=path,
        radius=round(min(4.0, max(1.2, step * 0.42)), 1),
        mastered_y=_y(skill.threshold),
        low_y=_y(skill.low),
        high_y=_y(skill.high),
        end_y=_y(skill.mastery),
        summary=_summary(skill, answers, total),
        ranges=_ranges(skill, marks, [answer.at for answer, _move in answers], course),
    )


def _ranges(skill: SkillMastery, marks: Sequence[Mark], times: Sequence[int], course: Sequence[CoursePoint]) -> Ranges:
    """Each moment of the course stands at the last answer on the skill before it; the latest of one place counts."""
    found = {}
    for point in course:
        if point.skill_id == skill.skill_id and (place := bisect_right(times, point.at)):
            top = _y(point.high)
            found[marks[place - 1].x] = top, max(1.0, round(_y(point.low) - top, 1))
    return tuple((round(x - 3, 1), *bar) for x, bar in found.items())


def kind(score: float) -> str:
    """Right, wrong, or partly right.

    >>> kind(1.0), kind(0.0), kind(0.5)
    ('right', 'wrong', 'partly')
    """
    return "right" if score >= 1 else "wrong" if score <= 0 else "partly"


def moved(move: Move) -> int:
    """By how many hundredths an answer moved a skill, as the shown numbers differ."""
    return percent(move.after) - percent(move.before)


def _y(p: float) -> float:
    return round(TOP + (1 - p) * (HEIGHT - TOP - BOTTOM), 1)


def _told(answer: Answer, move: Move) -> str:
    change, told = moved(move), {"right": _("right"), "wrong": _("wrong"), "partly": _("partly right")}
    way = _("up %(n)s", n=change) if change > 0 else _("down %(n)s", n=-change) if change < 0 else _("no change")
    return _(
        "%(when)s: %(result)s, %(before)s to %(after)s (%(way)s)",
        when=minute(answer.at),
        result=told[kind(answer.score)],
        before=percent(move.before),
        after=percent(move.after),
        way=way,
    )


def _summary(skill: SkillMastery, answers: Sequence[tuple[Answer, Move]], total: int) -> str:
    """The chart in words."""
    right = sum(kind(answer.score) == "right" for answer, _ in answers)
    if not answers:
        return ngettext("%(num)s answer.", "%(num)s answers.", total)
    ends = {"start": percent(answers[0][1].before), "end": percent(skill.mastery), "right": right}
    if total == len(answers):
        return ngettext(
            "%(num)s answer, %(right)s of them right. The estimate went from %(start)s to %(end)s of 100.",
            "%(num)s answers, %(right)s of them right. The estimate went from %(start)s to %(end)s of 100.",
            total,
            **ends,
        )
    return _(
        "The last %(shown)s of %(total)s answers, %(right)s of them right. "
        "The estimate went from %(start)s to %(end)s of 100.",
        shown=len(answers),
        total=total,
        **ends,
    )


def _ticks(marks: Sequence[Mark], times: Sequence[int]) -> tuple[Tick, ...]:
    ticks: list[Tick] = []
    labelled = -99.0
    for mark, at, before in zip(marks, times, [None, *times], strict=False):
        if before is not None and before // DAY_MS == at // DAY_MS:
            continue
        fits = mark.x - labelled >= 46 and mark.x <= WIDTH - RIGHT - 42
        labelled = mark.x if fits else labelled
        ticks.append(Tick(mark.x, short_day(at) if fits else ""))
    return tuple(ticks)
