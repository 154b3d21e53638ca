"""Who needs help first. A rule over what the engine says (:mod:`engine.mastery` tells who is stuck), in counts that a
teacher can check; no estimate is made here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from engine.mastery import SkillMastery, Status
from service.language import _, ngettext
from service.reports.facts import Learner


@dataclass(frozen=True, slots=True)
class Need:
    """A student with what decides their place: stuck skills (most answers first) and counts by status."""

    learner: Learner
    stuck: tuple[SkillMastery, ...]
    counts: Counter[Status]

    @property
    def order(self) -> tuple[object, ...]:
        """Those who struggle stand before those who idle, and those before who has mastered most; the rest by name."""
        lost = sum(skill.responses for skill in self.stuck)
        learning, review = self.counts[Status.LEARNING], self.counts[Status.NEEDS_REVIEW]
        done = self.counts[Status.MASTERED]
        return (-len(self.stuck), -lost, -learning, -review, done, natural(self.learner.label))

    @property
    def why(self) -> str:
        """Why the student stands where they stand, in a few words."""
        if self.stuck:
            return ngettext("stuck on %(num)s skill", "stuck on %(num)s skills", len(self.stuck))
        if n := self.counts[Status.LEARNING]:
            return ngettext("learning %(num)s skill", "learning %(num)s skills", n)
        if n := self.counts[Status.NEEDS_REVIEW]:
            return ngettext("%(num)s skill to review", "%(num)s skills to review", n)
        if n := self.counts[Status.MASTERED]:
            return ngettext("%(num)s skill mastered", "%(num)s skills mastered", n)
        return _("too few answers") if self.counts[Status.NOT_ENOUGH_EVIDENCE] else _("not started")


def need(learner: Learner) -> Need:
    stuck = sorted((s for s in learner.skills if s.stuck), key=lambda s: (-s.responses, s.mastery))
    return Need(learner, tuple(stuck), Counter(skill.status for skill in learner.skills))


def by_need(needs: Iterable[Need]) -> list[Need]:
    return sorted(needs, key=lambda n: n.order)


def by_name(needs: Iterable[Need]) -> list[Need]:
    return sorted(needs, key=lambda n: natural(n.learner.label))


def by_mastery(needs: Iterable[Need]) -> list[Need]:
    """Most skills mastered first."""
    return sorted(needs, key=lambda n: (-n.counts[Status.MASTERED], natural(n.learner.label)))


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key under which ``s2`` stands before ``s10``.

    >>> sorted(["s10", "S2", "s1"], key=natural)
    ['s1', 'S2', 's10']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", text.casefold())
    return tuple((0, int(part), "") if part[0] in "0123456789" and len(part) < 19 else (1, 0, part) for part in parts)
