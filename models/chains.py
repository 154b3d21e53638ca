"""A log as chains: for every skill the sequences of its answers, one a student, as the EM kernels read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.log import Floats, Ints, ResponseLog


@dataclass(frozen=True)
class Chain:
    """The answers on one skill; sequence s is ``score[start[s]:start[s+1]]``.

    link   [n] 0: the skill alone was asked for; 1 + i: as part of the combination of ``links[i]``
    links  rows of the model's ``emissions`` that hold this skill's guess and slip in its combinations
    """

    start: Ints
    score: Floats
    link: Ints
    links: Ints

    @property
    def plain(self) -> Ints:
        """Links that send every answer to the skill's own guess and slip."""
        return np.zeros(len(self.link), np.int64)


def chains(log: ResponseLog) -> list[Chain]:
    """One chain a skill of the log, in the order of its skills. An answer on several skills stands in each of them."""
    row, link = log.expand()
    skill = log.tag_skill[link]
    order = np.argsort(skill, kind="stable")  # rows are sorted by student and time already
    row, link, skill = row[order], link[order], skill[order]
    ends = np.searchsorted(skill, np.arange(len(log.skills) + 1))
    joint = np.repeat(np.diff(log.tag_start) > 1, np.diff(log.tag_start))
    emission = np.where(joint, np.cumsum(joint) - 1, -1)  # the model's row of each place in tag_skill
    return [
        _chain(log, row[low:high], emission[link[low:high]], emission[joint & (log.tag_skill == k)])
        for k, (low, high) in enumerate(pairwise(ends.tolist()))
    ]


def _chain(log: ResponseLog, row: Ints, emission: Ints, links: Ints) -> Chain:
    link = np.where(emission < 0, 0, 1 + np.searchsorted(links, emission))
    return Chain(_starts(log.student[row]), log.score[row], link.astype(np.int64), links.astype(np.int64))


def _starts(student: Ints) -> Ints:
    if len(student) == 0:
        return np.zeros(1, np.int64)
    return np.concatenate([[0], np.flatnonzero(np.diff(student)) + 1, [len(student)]]).astype(np.int64)


def combinations(log: ResponseLog) -> tuple[tuple[str, ...], ...]:
    """The sets of two and more skills that answers of the log asked for, in the order of the emission rows."""
    return tuple(tag for tag in log.tags if len(tag) > 1)


def pool(parts: Sequence[Chain]) -> Chain:
    """All chains as those of one skill."""
    offsets = np.cumsum([0, *(len(part.score) for part in parts)])
    starts = [part.start[1:] + offset for part, offset in zip(parts, offsets, strict=False)]
    score = np.concatenate([part.score for part in parts])
    start = np.concatenate([[0], *starts]).astype(np.int64)
    return Chain(start, score, np.zeros(len(score), np.int64), np.empty(0, np.int64))
