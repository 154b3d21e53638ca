"""The grid of a class: every student on every skill; sorted, filtered, and paged. Pure: facts in, words out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

from engine.mastery import SkillMastery, Status
from service.classroom.selection import Selection
from service.language import Language, _, language, later, ngettext, number
from service.reports import need
from service.reports.charts import Segment, spread, tally
from service.reports.facts import ClassFacts, Learner
from service.reports.links import Query, api_url, class_url, student_url, url
from service.reports.need import Need, natural
from service.reports.words import LOOKS, interval, percent, readable

PAGE = 50
SORTS = {
    "need": (later("Who needs help"), need.by_need),
    "name": (later("Name"), need.by_name),
    "mastery": (later("Most mastered"), need.by_mastery),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader wants to see: ``by`` is a skill to sort by, the lowest estimate first; ``status`` to ``who`` are
    those of a :class:`~service.classroom.selection.Selection`."""

    sort: str = "need"
    by: str = ""
    status: str = ""
    area: str = ""
    around: str = ""
    group: str = ""
    who: tuple[str, ...] = ()
    page: int = 1

    @property
    def selection(self) -> Selection:
        return Selection(self.status, self.area, self.around, self.group, self.who)

    def query(self) -> dict[str, Query]:
        """What differs from the defaults, as it stands in an address."""
        found: dict[str, Query] = {"by": self.by} | asdict(self.selection)
        found |= {"sort": self.sort if self.sort != "need" and not self.by else ""}
        return {name: value for name, value in found.items() if value} | ({"page": self.page} if self.page > 1 else {})


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

    skill_id: str
    title: str
    area: str
    mark: int
    url: str
    sort_url: str
    sorted: bool


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
class Grid:
    """``areas``, ``groups`` and ``skills`` (id, title) are those to choose from; ``spreads`` are of all students shown,
    on every page; ``csv_url`` has what is shown, of every page."""

    wish: Wish
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    spreads: tuple[Spread, ...]
    sorts: tuple[Sort, ...]
    areas: tuple[str, ...]
    groups: tuple[str, ...]
    skills: tuple[tuple[str, str], ...]
    pager: Pager
    csv_url: str
    everything: str | None  # the address without filters, where there are some


def grid(facts: ClassFacts, wish: Wish) -> Grid:
    """The part of the grid that is asked for; a page beyond the last one is the last one."""
    skills = facts.learners[0].skills if facts.learners else ()
    wanted = wish.selection
    at = wanted.skills([skill.skill_id for skill in skills], facts.areas, facts.prerequisites)
    needs = [
        need.need(one)
        for one in facts.learners
        if wanted.has(one.student_id, facts.groups.get(one.student_id, ()), one.skills, at)
    ]
    rows, pages = _sorted(needs, wish), max(1, -(-len(needs) // PAGE))
    wish = replace(wish, page=min(max(1, wish.page), pages))
    pager = _pager(facts.class_id, wish, pages, len(rows))
    return Grid(
        wish,
        tuple(_column(facts, skills[k], wish) for k in at),
        tuple(_row(one, facts.class_id, at) for one in rows[pager.first - 1 : pager.last]) if rows else (),
        _spreads([one.learner for one in needs], at),
        _sorts(facts.class_id, wish),
        tuple(dict.fromkeys(facts.areas[one.skill_id] for one in skills if one.skill_id in facts.areas)),
        tuple(sorted({group for groups in facts.groups.values() for group in groups}, key=need.natural)),
        tuple((skill.skill_id, skill.title) for skill in skills),
        pager,
        api_url(facts.class_id, "mastery", **asdict(wanted)),
        class_url(facts.class_id) if wanted else None,
    )


def _sorted(needs: Iterable[Need], wish: Wish) -> list[Need]:
    if not wish.by:
        return SORTS[wish.sort][1](needs)

    def lowest_first(one: Need) -> tuple[object, ...]:
        mastery = [skill.mastery for skill in one.learner.skills if skill.skill_id == wish.by and skill.responses]
        return not mastery, *mastery, natural(one.learner.label)

    return sorted(needs, key=lowest_first)


def cell(skill: SkillMastery) -> Cell:
    """A cell of the grid: symbol and number, interval and evidence; the number is absent where there is none."""
    return _cell(skill, language())


@lru_cache(16_384)
def _cell(skill: SkillMastery, _spoken: Language) -> Cell:
    """A page has thousands, which say the same the next time."""
    look = LOOKS[skill.status]
    if skill.status is Status.NOT_STARTED:
        return Cell(look.css, f"{look.symbol} –", "", look.label)
    said = ngettext(
        "%(status)s: %(estimate)s, between %(low)s and %(high)s, %(num)s answer",
        "%(status)s: %(estimate)s, between %(low)s and %(high)s, %(num)s answers",
        skill.responses,
        status=_("stuck, %(status)s", status=look.label) if skill.stuck else look.label,
        estimate=percent(skill.mastery),
        low=percent(skill.low),
        high=percent(skill.high),
    )
    css = f"{look.css} stuck" if skill.stuck else look.css
    return Cell(css, f"{look.symbol} {percent(skill.mastery)}", f"{interval(skill)} · {skill.responses}", said)


def _column(facts: ClassFacts, skill: SkillMastery, wish: Wish) -> Column:
    class_id = facts.class_id
    by = replace(wish, by=skill.skill_id, page=1).query()
    return Column(
        skill.skill_id,
        skill.title,
        facts.areas.get(skill.skill_id, ""),
        percent(skill.threshold),
        url("skills", class_id, skill=skill.skill_id),
        class_url(class_id, **by),
        skill.skill_id == wish.by,
    )


def _row(one: Need, class_id: str, at: Sequence[int]) -> Row:
    learner = one.learner
    address = student_url(learner.student_id, class_=class_id)
    cells = tuple(cell(learner.skills[k]) for k in at)
    return Row(readable(learner.label), address, one.why, bool(one.stuck), cells)


def _sorts(class_id: str, wish: Wish) -> tuple[Sort, ...]:
    def address(name: str) -> str:
        return class_url(class_id, **replace(wish, sort=name, by="", page=1).query())

    return tuple(
        Sort(_(label), address(name), name == wish.sort and not wish.by) for name, (label, _order) in SORTS.items()
    )


def _spreads(learners: Sequence[Learner], at: Sequence[int]) -> tuple[Spread, ...]:
    if not learners:
        return ()
    columns = ([learner.skills[k] for learner in learners] for k in at)
    return tuple(spread_of(column[0].title, tally(column)) for column in columns)


def spread_of(title: str, counts: Mapping[Status, int] | Counter[Status]) -> Spread:
    words = ", ".join(
        f"{number(counts[status])} {look.counted}" for status, look in LOOKS.items() if counts.get(status)
    )
    return Spread(title, spread(counts), words or _("no student"))


def _pager(class_id: str, wish: Wish, pages: int, total: int) -> Pager:
    def address(to: int) -> str:
        return class_url(class_id, **replace(wish, page=to).query())

    page = wish.page
    return Pager(
        page,
        pages,
        min(total, (page - 1) * PAGE + 1),
        min(total, page * PAGE),
        total,
        address(page - 1) if page > 1 else None,
        address(page + 1) if page < pages else None,
    )
