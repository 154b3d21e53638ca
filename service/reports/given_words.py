"""What was recommended and what came of it, in words."""

from __future__ import annotations

from service.classroom.given import Gain, GivenLine, NoteLine
from service.decisions.outcomes import Status
from service.language import _, later
from service.reports.words import change, percent

REASONS = {
    "start": later("to begin with"),
    "most to gain": later("most to gain"),
    "opens": later("opens other skills"),
    "new skill": later("new skill"),
    "explore": later("to learn what helps"),
    "stuck": later("stuck; nothing else promises more"),
    "step back": later("back to what it builds on"),
    "review": later("review"),
    "place": later("to find out what is known"),
    "target": later("on the way to a target"),
    "ordered": later("next in the course"),
    "pinned": later("chosen by a teacher"),
}
CAME = {
    Status.FOLLOWED: ("✓", later("followed")),
    Status.OVERRIDDEN: ("↷", later("something else was answered")),
    Status.OPEN: ("…", later("not answered yet")),
}


def noted(line: NoteLine) -> str:
    """What a teacher said."""
    if line.kind == "pin":
        done = _("answered since") if line.done else _("to be given next")
        return _("%(item)s: %(done)s", item=line.about, done=done)
    if line.kind == "estimate":
        return _(
            "%(skill)s: %(mastery)s in 100, with the weight of %(answers)s answers",
            skill=line.about,
            mastery=percent(line.mastery or 0.0),
            answers=round(line.answers or 0),
        )
    return _("limits on what is given")


def reason(code: str) -> str:
    """A code that is not known here is shown as it is."""
    return _(REASONS[code]) if code in REASONS else code


def came(line: GivenLine) -> str:
    symbol, word = CAME[line.status]
    return f"{symbol} {_(word)}"


def gain(one: Gain | None) -> str:
    return change(one.mean, one.low, one.high) if one else "–"


def answered(line: GivenLine) -> str:
    if line.score is None:
        return ""
    return _("right") if line.score >= 1 else _("wrong") if line.score <= 0 else _("partly right")
