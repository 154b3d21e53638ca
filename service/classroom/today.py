"""Class today: who needs help, who can move on, what changed; each with what to do about it.

The rules, which :mod:`engine.mastery` and the catalog give the words for:

- **stuck** before **idle**: who struggles does not ask, and who idles is seen. Most stuck skills first, then most
  answers spent on them. A student has one line, for the stuck skill with the most answers; ``others`` counts the rest.
- **idle**: no answer for :data:`IDLE_DAYS` days, or none ever.
- **ready**: stuck nowhere, the skill practised last is mastered, and one that is not, though all that it builds on is,
  can be begun: what builds on the skill practised last first, else the catalog's order.
- **changes** since a moment: *gained* the mark of a skill, *lost* it (also by forgetting), *became stuck* or *came
  unstuck*.

What to do with who is stuck: **go back** to the prerequisite with the lowest estimate, where one is not mastered;
**teach together** where at least three are stuck on the same skill; else **sit down** with the student: more of the
same practice has not helped so far.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from engine.mastery import DAY_MS, Glance
from service.classroom.dossier import WEEK, Dossier, Moment
from service.classroom.pupil import Pupil

IDLE_DAYS = 7
TOGETHER = 3


class Kind(StrEnum):
    STUCK = "stuck"
    IDLE = "idle"
    READY = "ready"
    GAINED = "gained"
    LOST = "lost"
    BECAME_STUCK = "became stuck"
    CAME_UNSTUCK = "came unstuck"


class Action(StrEnum):
    GO_BACK = "go back"
    TEACH_TOGETHER = "teach together"
    SIT_DOWN = "sit down"
    ASK = "ask"
    MOVE_ON = "move on"
    NONE = ""


@dataclass(frozen=True, slots=True)
class TodayLine:
    """One thing to know of one student. Of ``skill_id`` (empty for who is idle): mastery with its 90 % interval, the
    mark, the answers, and the mastery ``before`` (of a change). ``to_skill_id`` is where to go back or on to."""

    kind: Kind
    student_id: str
    name: str
    skill_id: str = ""
    title: str = ""
    mastery: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    responses: int | None = None
    before: float | None = None
    others: int = 0
    action: Action = Action.NONE
    to_skill_id: str = ""
    to_title: str = ""
    last_practised: Moment | None = None


@dataclass(frozen=True, slots=True)
class Today:
    """Lines by kind, in the order in which to look at them; changes are counted from ``since``."""

    class_id: str
    class_title: str
    students: int
    since: Moment
    lesson: Moment
    lines: tuple[TodayLine, ...]
    model_version: str
    catalog_version: str

    def of(self, *kinds: Kind) -> list[TodayLine]:
        return [line for line in self.lines if line.kind in kinds]


def today(found: Dossier, since: str = WEEK) -> Today:
    """Raises :class:`~service.errors.InvalidRequest` where ``since`` names no day."""
    moment, rows = found.since(since), _Rows(found)
    lines = [*rows.stuck(), *rows.idle(), *rows.ready(), *rows.changes(moment)]
    versions = found.serving.model_version, found.serving.catalog_version
    return Today(found.class_id, found.title, len(found.pupils), moment, found.lesson(), tuple(lines), *versions)


@dataclass
class _Rows:
    found: Dossier
    needed: dict[int, list[int]] = field(init=False)  # prerequisites of each skill that can be practised
    opens: dict[int, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        before, after = self.found.catalog.required
        self.needed, self.opens = {}, {}
        for one, two in zip(before.tolist(), after.tolist(), strict=True):
            self.needed.setdefault(two, []).append(one)
            self.opens.setdefault(one, []).append(two)

    def stuck(self) -> list[TodayLine]:
        on = {id(p): [k for k, one in enumerate(p.seen) if one.stuck] for p in self.found.pupils}
        together = Counter(k for skills in on.values() for k in skills)

        def worst_first(pupil: Pupil) -> tuple[int, int]:
            return -len(on[id(pupil)]), -sum(pupil.seen[k].responses for k in on[id(pupil)])

        lines = []
        for pupil in sorted((p for p in self.found.pupils if on[id(p)]), key=worst_first):
            skills = on[id(pupil)]
            k = max(skills, key=lambda k: pupil.seen[k].responses)
            action, to = self._help(pupil, k, together[k])
            lines.append(self._line(Kind.STUCK, pupil, k, action, to, others=len(skills) - 1))
        return lines

    def _help(self, pupil: Pupil, k: int, stuck: int) -> tuple[Action, int | None]:
        if missing := [one for one in self.needed.get(k, ()) if not pupil.seen[one].reached]:
            return Action.GO_BACK, min(missing, key=lambda one: pupil.seen[one].mastery)
        return (Action.TEACH_TOGETHER if stuck >= TOGETHER else Action.SIT_DOWN), None

    def idle(self) -> Iterator[TodayLine]:
        edge = self.found.now - IDLE_DAYS * DAY_MS
        resting = [p for p in self.found.pupils if (p.last_at or 0) < edge and not any(one.stuck for one in p.seen)]
        for p in sorted(resting, key=lambda p: -(p.last_at or 0)):
            yield TodayLine(Kind.IDLE, p.student_id, p.name, action=Action.ASK, last_practised=p.last_at)

    def ready(self) -> Iterator[TodayLine]:
        edge = self.found.now - IDLE_DAYS * DAY_MS
        for pupil in self.found.pupils:
            last = max(range(len(pupil.seen)), key=lambda k: pupil.seen[k].last_at or 0, default=None)
            if last is None or not pupil.seen[last].reached or (pupil.seen[last].last_at or 0) < edge:
                continue
            if any(one.stuck for one in pupil.seen):
                continue
            if (to := next(self._open(pupil, last), None)) is not None:
                yield self._line(Kind.READY, pupil, last, Action.MOVE_ON, to)

    def _open(self, pupil: Pupil, last: int) -> Iterator[int]:
        offered = {skill for item in self.found.catalog.items if not item.retired for skill in item.skill_ids}
        for k in (*self.opens.get(last, ()), *range(len(pupil.seen))):
            needed = self.needed.get(k, ())
            fits = not pupil.seen[k].reached and all(pupil.seen[one].reached for one in needed)
            if fits and self.found.catalog.skills[k].id in offered:
                yield k

    def changes(self, since: int) -> list[TodayLine]:
        lines = []
        for pupil in self.found.pupils:
            for k, (then, now) in enumerate(zip(pupil.at(since), pupil.seen, strict=True)):
                lines += [self._line(kind, pupil, k, before=then.mastery) for kind in _changes(then, now)]
        order = [Kind.BECAME_STUCK, Kind.LOST, Kind.CAME_UNSTUCK, Kind.GAINED]
        return sorted(lines, key=lambda line: order.index(line.kind))

    def _line(
        self,
        kind: Kind,
        pupil: Pupil,
        k: int,
        action: Action = Action.NONE,
        to: int | None = None,
        before: float | None = None,
        others: int = 0,
    ) -> TodayLine:
        skill = pupil.skills[k]
        named = ("", "") if to is None else (self.found.catalog.skills[to].id, self.found.skill_title(to))
        numbers = skill.mastery, skill.low, skill.high, skill.threshold
        names = pupil.student_id, pupil.name, skill.skill_id, skill.title
        return TodayLine(
            kind, *names, *numbers, skill.responses, before, others, action, *named, last_practised=skill.last_at
        )


def _changes(then: Glance, now: Glance) -> Iterable[Kind]:
    """What became of a student on a skill between two times."""
    if now.stuck and not then.stuck:
        yield Kind.BECAME_STUCK
    if then.stuck and not now.stuck:
        yield Kind.CAME_UNSTUCK
    if at_mark(now) and not at_mark(then):
        yield Kind.GAINED
    if at_mark(then) and not at_mark(now):
        yield Kind.LOST


def at_mark(one: Glance) -> bool:
    return one.reached and one.mastery >= one.threshold
