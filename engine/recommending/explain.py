"""A choice in detail: what each part of the rule said of what was given, and why the next best was not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.recommending.choice import Choice, Ranking, Recommendation
from engine.recommending.policy import Policy
from engine.recommending.reasons import for_student, skills_of, titles
from engine.recommending.skills import GAIN_ROW, GATE_ROW, GUARD_ROW, OPENS_ROW, ROW_ROW, WORTH_ROW
from engine.recommending.table import table_of
from engine.said import Said, later, said
from engine.tracing import AnyTracer, Standing

PARTS = {"gate": GATE_ROW, "gain": GAIN_ROW, "opens": OPENS_ROW, "guard": GUARD_ROW, "worth": WORTH_ROW}
"""The parts of a skill's worth, which is their product."""

LOST = {
    "gate": later("%(names)s: what it builds on is less surely known."),
    "gain": later("%(names)s: less is expected to be learnt by it now."),
    "opens": later("%(names)s: fewer skills wait for it."),
    "guard": later("%(names)s: it rests, after wrong answers or many in a row."),
}


@dataclass(frozen=True, slots=True)
class SkillParts:
    """One skill (index): ``parts`` by name."""

    skill: int
    parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Alternative:
    """A skill that was not given: why (a code, and a sentence for the teacher), and its parts."""

    skill: int
    why: str
    text: Said
    parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Explained:
    """One recommendation: the sentence for the student, the parts of its skills' worth, what its ease made of it, its
    score, among how many near ties it was drawn, and the best alternatives."""

    for_student: Said
    parts: tuple[SkillParts, ...]
    ease: float
    score: float
    near_ties: int
    alternatives: tuple[Alternative, ...]


def explained(tracer: AnyTracer, standing: Standing, policy: Policy, one: Recommendation, most: int = 5) -> Explained:
    """One recommendation of a choice, with up to ``most`` alternatives."""
    skills = skills_of(tracer, one.item)
    sentence, ranking = for_student(one.reason, titles(tracer, skills)), one.ranking
    if ranking is None:
        return Explained(sentence, (), 1.0, 0.0, 1, ())
    told = tuple(SkillParts(k, _parts(ranking, k)) for k in skills)
    ease = 1.0 + policy.ease * (one.p_correct - 0.5)
    score = _worth(ranking, one.item) * ease
    others = _alternatives(tracer, standing, policy, ranking, skills)[:most]
    return Explained(sentence, told, ease, score, len(ranking.ties), tuple(others))


def explain(tracer: AnyTracer, standing: Standing, policy: Policy, choice: Choice) -> list[Explained]:
    """Every recommendation of a choice."""
    return [explained(tracer, standing, policy, one) for one in choice.recommendations]


def _worth(ranking: Ranking, item: int) -> float:
    """What an item is worth but for its ease; 0 for one that was explored from beyond the shortlist."""
    places = np.flatnonzero(ranking.items[: len(ranking.worth)] == item)
    return float(ranking.worth[places[0]]) if len(places) else 0.0


def _parts(ranking: Ranking, skill: int) -> dict[str, float]:
    return {name: float(ranking.said[row, skill]) for name, row in PARTS.items()}


def _alternatives(
    tracer: AnyTracer, standing: Standing, policy: Policy, ranking: Ranking, given: list[int]
) -> list[Alternative]:
    """Other skills by what they would have brought: those that were drawn against first, then those kept out."""
    mark, wanted = table_of(tracer, policy.mastered).mark, ranking.said[GAIN_ROW]
    listed = {k for item in ranking.items.tolist() for k in skills_of(tracer, item)}
    rival = max(given, key=lambda k: float(ranking.said[WORTH_ROW, k]))
    others = [k for k in np.argsort(-ranking.said[WORTH_ROW], kind="stable").tolist() if k not in given]
    others.sort(key=lambda k: (k not in listed, -float(ranking.said[WORTH_ROW, k])))
    found = []
    for k in others:
        if wanted[k] <= 0.0:
            continue
        why, text = _why(tracer, policy, ranking, k, rival, k in listed, standing.mastery[k] >= mark[k])
        found.append(Alternative(k, why, text, _parts(ranking, k)))
    return found


def _why(
    tracer: AnyTracer, policy: Policy, ranking: Ranking, k: int, rival: int, listed: bool, mastered: bool
) -> tuple[str, Said]:
    names, told = titles(tracer, [k]), ranking.said
    if mastered:
        return "mastered", said("%(names)s: mastered already.", names=names)
    if told[GATE_ROW, k] < policy.closed:
        return "not ready", said("%(names)s: what it builds on is not known yet.", names=names)
    if told[ROW_ROW, k] < 0:
        return "guard", said(LOST["guard"], names=names)
    if told[WORTH_ROW, k] >= policy.near * told[WORTH_ROW, rival]:
        if listed:
            return "near tie", said("%(names)s: as good, and the draw fell on another.", names=names)
        return "limits", said("%(names)s: not among what was asked for, or no item is left.", names=names)
    rows = {name: row for name, row in PARTS.items() if name != "worth"}
    ratios = {name: float(told[row, k] / max(told[row, rival], 1e-12)) for name, row in rows.items()}
    why = min(ratios, key=lambda name: ratios[name])
    return why, said(LOST[why], names=names)
