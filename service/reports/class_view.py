"""The class page and the overview of classes, as the templates need them. Pure: facts in, words and numbers out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.mastery import LOW, MANY, SkillMastery, Status
from service.language import _, later, ngettext, number
from service.reports import need
from service.reports.charts import Segment, spread, tally
from service.reports.facts import ClassFacts, Context, Learner
from service.reports.links import class_url, student_url
from service.reports.need import Need
from service.reports.words import LOOKS, Look, interval, listed, percent, readable

PAGE = 50
SORTS = {
    "need": (later("Who needs help"), need.by_need),
    "name": (later("Name"), need.by_name),
    "mastery": (later("Most mastered"), need.by_mastery),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One student on one skill. ``shown`` is read by eyes, ``said`` by screen readers."""

    css: str
    shown: str
    detail: str
    said: str


@dataclass(frozen=True, slots=True)
class Column:
    """A skill, and the estimate (in 100) from which it is called mastered."""

    title: str
    mark: int


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    url: str
    why: str
    is_stuck: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """How the students stand on one skill (or a class on all): a bar, and the same in words."""

    title: str
    segments: tuple[Segment, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Brief:
    """The four questions that a teacher has, answered from the data."""

    who: str
    what: str
    sure: str
    next: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """A student who is stuck, and the skill with the most answers spent on it."""

    name: str
    url: str
    skill: str
    evidence: str
    others: int


@dataclass(frozen=True, slots=True)
class Sort:
    label: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Pager:
    page: int
    pages: int
    first: int
    last: int
    total: int
    previous: str | None
    following: str | None


@dataclass(frozen=True, slots=True)
class ClassPage:
    name: str
    students: int
    brief: Brief
    stuck: tuple[Stuck, ...]
    stuck_left: int
    skills: tuple[Column, ...]
    rows: tuple[Row, ...]
    spreads: tuple[Spread, ...]
    sorts: tuple[Sort, ...]
    pager: Pager
    context: Context
    has_answers: bool


@dataclass(frozen=True, slots=True)
class ClassLine:
    name: str
    url: str
    students: int
    stuck: int
    spread: Spread


def class_page(facts: ClassFacts, sort: str = "need", page: int = 1) -> ClassPage:
    """The grid's part for one page, and what is said of the whole class."""
    needs = need.by_need(map(need.need, facts.learners))
    rows = SORTS[sort][1](needs)
    pager = _pager(facts.class_id, sort, page, len(rows))
    stuck = [n for n in needs if n.stuck]
    return ClassPage(
        name=readable(facts.label),
        students=len(needs),
        brief=_brief(needs),
        stuck=tuple(_stuck(n, facts.class_id) for n in stuck[:5]),
        stuck_left=max(0, len(stuck) - 5),
        skills=tuple(map(_column, facts.learners[0].skills)) if facts.learners else (),
        rows=tuple(_row(n, facts.class_id) for n in rows[pager.first - 1 : pager.last]),
        spreads=_spreads(facts.learners),
        sorts=tuple(
            Sort(_(label), class_url(facts.class_id, **({} if name == "need" else {"sort": name})), name == sort)
            for name, (label, _order) in SORTS.items()
        ),
        pager=pager,
        context=facts.context,
        has_answers=any(skill.responses for learner in facts.learners for skill in learner.skills),
    )


def class_line(facts: ClassFacts) -> ClassLine:
    """A class in the overview."""
    skills = [skill for learner in facts.learners for skill in learner.skills]
    stuck = sum(any(map(need.is_stuck, learner.skills)) for learner in facts.learners)
    name = readable(facts.label)
    return ClassLine(name, class_url(facts.class_id), len(facts.learners), stuck, _spread(name, tally(skills)))


def cell(skill: SkillMastery) -> Cell:
    """A cell of the grid: symbol and number, interval and evidence; the number is absent where there is none."""
    look = LOOKS[skill.status]
    if skill.status is Status.NOT_STARTED:
        return Cell(look.css, f"{look.symbol} –", "", look.label)
    stuck = need.is_stuck(skill)
    said = ngettext(
        "%(status)s: %(estimate)s, between %(low)s and %(high)s, %(num)s answer",
        "%(status)s: %(estimate)s, between %(low)s and %(high)s, %(num)s answers",
        skill.responses,
        status=_("stuck, %(status)s", status=look.label) if stuck else look.label,
        estimate=percent(skill.mastery),
        low=percent(skill.low),
        high=percent(skill.high),
    )
    css = f"{look.css} stuck" if stuck else look.css
    return Cell(css, f"{look.symbol} {percent(skill.mastery)}", f"{interval(skill)} · {skill.responses}", said)


def _column(skill: SkillMastery) -> Column:
    return Column(skill.title, percent(skill.threshold))


def _row(n: Need, class_id: str) -> Row:
    return Row(*_named(n, class_id), n.why, bool(n.stuck), tuple(map(cell, n.learner.skills)))


def _stuck(n: Need, class_id: str) -> Stuck:
    worst = n.stuck[0]
    evidence = ngettext(
        "%(num)s answer, estimate %(estimate)s (between %(interval)s)",
        "%(num)s answers, estimate %(estimate)s (between %(interval)s)",
        worst.responses,
        estimate=percent(worst.mastery),
        interval=interval(worst),
    )
    return Stuck(*_named(n, class_id), worst.title, evidence, len(n.stuck) - 1)


def _named(n: Need, class_id: str) -> tuple[str, str]:
    """The student's name, and the address of their page."""
    return readable(n.learner.label), student_url(n.learner.student_id, class_=class_id)


# ------------------------------------------------------------------------------------------------------- the brief


def _brief(needs: Sequence[Need]) -> Brief:
    stuck = [n for n in needs if n.stuck]
    if not stuck:
        return _calm(needs)
    names = [readable(n.learner.label) for n in stuck]
    by_skill = Counter(skill.title for n in stuck for skill in n.stuck)
    top, shared = by_skill.most_common(1)[0]
    what = [
        ngettext("%(skill)s (%(num)s student)", "%(skill)s (%(num)s students)", k, skill=title)
        for title, k in by_skill.most_common()
    ]
    pairs = [skill for n in stuck for skill in n.stuck]
    surely = sum(skill.high < skill.threshold for skill in pairs)
    marks = sorted({percent(skill.threshold) for skill in pairs})
    mark = number(marks[0]) if len(marks) == 1 else _("%(low)s to %(high)s", low=marks[0], high=marks[-1])
    sure = ngettext(
        "For %(surely)s of %(num)s finding, even the high end of the estimate is below the skill's mark for mastered "
        "(%(mark)s).",
        "For %(surely)s of %(num)s findings, even the high end of the estimate is below the skill's mark for mastered "
        "(%(mark)s).",
        len(pairs),
        surely=surely,
        mark=mark,
    )
    if shared > 1:
        group = [readable(n.learner.label) for n in stuck if any(s.title == top for s in n.stuck)]
        following = _(
            "Take %(students)s together for %(skill)s: more of the same practice has not brought them to the mark so "
            "far.",
            students=listed(group, 6),
            skill=top,
        )
    else:
        following = _(
            "Look at %(skill)s with %(student)s: more of the same practice has not brought them to the mark so far.",
            skill=top,
            student=names[0],
        )
    who = ngettext(
        "%(stuck)s of %(num)s student: %(names)s.",
        "%(stuck)s of %(num)s students: %(names)s.",
        len(needs),
        stuck=len(stuck),
        names=listed(names),
    )
    return Brief(who, f"{listed(what)}.", f"{sure} {_evidence(needs)}", following)


def _calm(needs: Sequence[Need]) -> Brief:
    """Nobody is stuck."""
    learning = [n for n in needs if n.counts[Status.LEARNING]]
    review = [n for n in needs if n.counts[Status.NEEDS_REVIEW]]
    if learning:
        following = ngettext(
            "%(num)s student can go on practising; each student's page says with what.",
            "%(num)s students can go on practising; each student's page says with what.",
            len(learning),
        )
    elif review:
        following = ngettext(
            "%(num)s student can refresh what was mastered a while ago.",
            "%(num)s students can refresh what was mastered a while ago.",
            len(review),
        )
    else:
        following = _("More answers are needed before this page can advise.")
    rule = _(
        "No student has at least %(many)s answers on a skill and an estimate below %(low)s.",
        many=MANY,
        low=percent(LOW),
    )
    return Brief(_("Nobody, by the answers so far."), rule, _evidence(needs), following)


def _evidence(needs: Sequence[Need]) -> str:
    """How much of the grid stands on enough answers."""
    counts = sum((n.counts for n in needs), Counter[Status]())
    started = sum(counts.values()) - counts[Status.NOT_STARTED]
    if not started:
        return _("There is no answer yet on any skill of the catalog.")
    thin = counts[Status.NOT_ENOUGH_EVIDENCE]
    if not thin:
        return ngettext(
            "The %(num)s started cell of the grid has enough answers.",
            "All %(num)s started cells of the grid have enough answers.",
            started,
        )
    return ngettext(
        "%(thin)s of the %(num)s started cell of the grid does not have enough answers yet (marked ?).",
        "%(thin)s of the %(num)s started cells of the grid do not have enough answers yet (marked ?).",
        started,
        thin=thin,
    )


# -------------------------------------------------------------------------------------------------------- the rest


def _spreads(learners: Sequence[Learner]) -> tuple[Spread, ...]:
    columns = zip(*(learner.skills for learner in learners), strict=True)
    return tuple(_spread(column[0].title, tally(column)) for column in columns)


def _spread(title: str, counts: Counter[Status]) -> Spread:
    words = ", ".join(f"{number(counts[status])} {look.counted}" for status, look in LOOKS.items() if counts[status])
    return Spread(title, spread(counts), words or _("no student"))


def _pager(class_id: str, sort: str, page: int, total: int) -> Pager:
    """A page beyond the last one is the last one."""
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    query: dict[str, str | int] = {} if sort == "need" else {"sort": sort}

    def url(to: int) -> str:
        return class_url(class_id, **query, **({} if to == 1 else {"page": to}))

    return Pager(
        page,
        pages,
        min(total, (page - 1) * PAGE + 1),
        min(total, page * PAGE),
        total,
        url(page - 1) if page > 1 else None,
        url(page + 1) if page < pages else None,
    )


def legend() -> tuple[Look, ...]:
    return tuple(LOOKS.values())
