"""What there is to know today, in sentences."""

from __future__ import annotations

from service.classroom.today import Action, Kind, TodayLine
from service.language import _, ngettext
from service.reports.words import ago, percent, readable, span

SYMBOLS = {
    Kind.BECAME_STUCK: ("▼", "down"),
    Kind.LOST: ("▽", "down"),
    Kind.CAME_UNSTUCK: ("△", "up"),
    Kind.GAINED: ("▲", "up"),
}


def evidence(line: TodayLine, now: int) -> str:
    """Why a student has this line."""
    if line.kind is Kind.IDLE:
        if line.last_practised is None:
            return _("no answer yet")
        return _("last answer %(when)s", when=ago(line.last_practised, now))
    assert line.mastery is not None
    assert line.low is not None
    assert line.high is not None
    return ngettext(
        "%(num)s answer, estimate %(estimate)s (between %(interval)s)",
        "%(num)s answers, estimate %(estimate)s (between %(interval)s)",
        line.responses or 0,
        estimate=percent(line.mastery),
        interval=span(line.low, line.high),
    )


def action(line: TodayLine) -> str:
    """What to do about it."""
    if line.action is Action.GO_BACK:
        return _(
            "Go back to %(to)s: %(skill)s builds on it, and it is not mastered.", to=line.to_title, skill=line.title
        )
    if line.action is Action.TEACH_TOGETHER:
        return _("Teach it again in a group: others are stuck on it too.")
    if line.action is Action.SIT_DOWN:
        return _("Look at the answers together: more of the same practice has not helped so far.")
    if line.action is Action.MOVE_ON:
        return _("Move on to %(to)s: all that it builds on is mastered.", to=line.to_title)
    return _("Ask what keeps %(name)s.", name=readable(line.name or line.student_id))


def change(kind: Kind) -> str:
    """What happened to students on skills."""
    told = {
        Kind.BECAME_STUCK: _("Became stuck"),
        Kind.CAME_UNSTUCK: _("Came unstuck"),
        Kind.GAINED: _("Reached the mark"),
        Kind.LOST: _("Fell below the mark"),
    }
    return told[kind]


def sure(line: TodayLine) -> str:
    """How sure it is that who is ready is ready."""
    assert line.low is not None
    assert line.threshold is not None
    if line.low >= line.threshold:
        return _("sure: the whole range is at or above the mark")
    return _("not quite sure: the range begins below the mark")
