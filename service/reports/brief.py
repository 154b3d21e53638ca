"""The four questions that a teacher has of a class, answered from the data. Pure: facts in, sentences out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.mastery import LOW, MANY, Status
from service.language import _, ngettext, number
from service.reports.need import Need
from service.reports.words import listed, percent, readable


@dataclass(frozen=True, slots=True)
class Brief:
    """The four questions that a teacher has, answered from the data."""

    who: str
    what: str
    sure: str
    next: str


def brief_of(needs: Sequence[Need]) -> Brief:
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
    return Brief(who, _("%(list)s.", list=listed(what)), f"{sure} {_evidence(needs)}", following)


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
