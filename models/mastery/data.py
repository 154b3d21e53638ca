"""A response log as the filter reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine import covariates
from engine.facts import means
from models.log import Floats, Ints, Mask, ResponseLog
from models.mastery.gradient import Answers
from models.mastery.options import Options

WEIGHT = 5.0  # answers that the overall mean counts for in an item's mean


@dataclass(frozen=True)
class Data:
    """Answers [n] and their links [links: (answer, skill)], numbered as the log numbers its skills and items.

    item       [n]
    skill      [links]
    gap        [links] log(1 + gap) since the skill's last answer, less the typical one
    first      [links] whether it is the student's first answer on the skill
    typical    the log gap that ``gap`` counts from: the mean over all links that are not first ones
    clock      whether gaps are in seconds, or in the student's answers in between
    covariates [n, C]
    """

    answers: Answers
    item: Ints
    skill: Ints
    gap: Floats
    first: Mask
    typical: float
    clock: Literal["seconds", "answers"]
    covariates: Floats

    def mean_of_tags(self, of_skills: Floats) -> Floats:
        """The mean over each tag's skills: [K, c] -> [tags, c]."""
        return means(of_skills, self.answers.start, self.answers.skills)

    def shared(self, of_tags: Floats) -> Floats:
        """The transpose of :meth:`mean_of_tags`: [tags] -> [K]."""
        counts = np.diff(self.answers.start)
        sums = np.bincount(self.answers.skills, np.repeat(of_tags / counts, counts), int(self.skill.max()) + 1)
        return sums.astype(np.float64, copy=False)


def arrange(log: ResponseLog, options: Options, item_means: Floats, typical: float | None = None) -> Data:
    """The log's answers; ``item_means`` [items of the log] are what recency compares a score with."""
    row, link = log.expand()
    skill = log.tag_skill[link]
    before = covariates.previous(log.student[row] * len(log.skills) + skill)
    seconds = covariates.clock(log.at)
    gap = covariates.log_gaps(before, None if seconds is None else seconds[row], row)
    if typical is None:
        typical = float(gap[before >= 0].mean()) if (before >= 0).any() else 0.0
    links = np.concatenate([[0], np.cumsum(np.diff(log.tag_start)[log.tag])])[log.bounds]
    answers = Answers(log.bounds, links, log.tag_start, log.tag_skill, log.tag, log.score)
    found = _covariates(log, options, item_means, seconds)
    clock: Literal["seconds", "answers"] = "answers" if seconds is None else "seconds"
    return Data(answers, log.item, skill, gap - typical, before < 0, typical, clock, found)


def means_of_items(log: ResponseLog) -> tuple[Floats, float]:
    """The mean score of each item, held to the overall mean with :data:`WEIGHT`, and that."""
    overall = float(log.score.mean())
    n = len(log.items)
    sums, counts = np.bincount(log.item, log.score, n), np.bincount(log.item, minlength=n)
    return (sums + WEIGHT * overall) / (counts + WEIGHT), overall


def _covariates(log: ResponseLog, options: Options, item_means: Floats, seconds: Floats | None) -> Floats:
    found = np.empty((len(log), len(options.covariates)))
    if options.repeats:
        at = len(covariates.REPEATS)
        found[:, :at] = covariates.repeats(log.student, log.item, log.score, seconds)
    if options.recency:
        surprise = log.score - item_means[log.item]
        found[:, -len(covariates.RECENCY) :] = covariates.recency(log.student, surprise, covariates.RATES)
    return found
