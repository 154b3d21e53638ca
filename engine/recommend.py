"""``choose(tracer, state, policy, ...)``: the next items, each with its reason and its propensity.

Four steps: eligible (constraints, prerequisites, spacing) -> score (expected gain, what it opens) -> choose (near ties,
with some exploration) -> explain. A pure function: chance comes in as ``draw``, so that the same question asked twice
has the same answer, and a logged propensity can be computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from engine.pool import Flags, Floats, Mask, Pool
from engine.scoring import ASKED, CLOSED, UNMASTERED, score_sets
from engine.tracing import NEVER, State, Tracer

Ints = npt.NDArray[np.int64]
Draw = Callable[[int], float]  # slot -> a uniform number in [0, 1)
Pick = tuple[int, float, bool]  # item, propensity, whether it was a near tie


@dataclass(frozen=True, slots=True)
class Policy:
    """How items are chosen; a named, versioned piece of data.

    mastered     P(L) from which a skill is not taught any more
    ready        P(L) of its prerequisites from which a skill is open
    opening      how much more a skill counts that would open others, per skill held back (at most 4 count)
    near         share of the best score from which an item counts as a near tie
    exploration  share of choices spread evenly over all eligible items, so that the log can be judged later
    spacing      how many of the last items are not given again
    run          how many answers in a row on one skill before another one is preferred
    """

    name: str = "default"
    version: str = "1"
    mastered: float = 0.95
    ready: float = 0.8
    opening: float = 0.25
    near: float = 0.95
    exploration: float = 0.05
    spacing: int = 10
    run: int = 6


class Outcome(StrEnum):
    LEARN = "learn"
    NOTHING_LEFT = "nothing left"  # all is mastered: what comes is review
    NOT_READY = "not ready"  # what was asked for waits for prerequisites
    NO_ITEMS = "no items"  # no item fits the question


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One item (position in the catalog): why, and how likely it was to be chosen given the slots before it."""

    item: int
    reason: str
    text: str
    p_correct: float
    expected_gain: float
    propensity: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer to "what next?". ``candidates`` is how many items were eligible."""

    outcome: Outcome
    text: str
    recommendations: tuple[Recommendation, ...]
    candidates: int


def choose(
    tracer: Tracer,
    state: State,
    policy: Policy,
    draw: Draw,
    n: int = 1,
    skills: Collection[str] = (),
    exclude: Collection[str] = (),
) -> Choice:
    """Up to ``n`` different items, only on ``skills`` where given (ids), never one of ``exclude`` (item ids)."""
    index = tracer.catalog.item_index
    pool = Pool(tracer.catalog, [index[item] for item in exclude if item in index])
    flags, worth, gain, opened = _score(tracer, state, policy, skills)
    asked = ((flags & ASKED) != 0) & (pool.counts > 0)
    if not asked.any():
        return Choice(Outcome.NO_ITEMS, "No item fits: none is left after the skills and exclusions asked for.", (), 0)
    wanted = asked & ((flags & UNMASTERED) != 0)
    if not wanted.any():
        return _review(tracer, state, policy, draw, n, asked, pool, gain)
    ready = wanted & ((flags & CLOSED) == 0)
    if not ready.any():
        return Choice(Outcome.NOT_READY, _missing(tracer, state, policy, pool.skills_of(wanted)), (), 0)
    pool, ready = _spaced(tracer, state, policy, pool, ready)
    candidates = pool.size(ready)
    picks = _sample(pool, ready, worth, policy, draw, n)
    reasons = [_explain(tracer, state, opened, item, near) for item, _, near in picks]
    found = _recommendations(tracer, state, gain, picks, reasons)
    return Choice(Outcome.LEARN, f"{candidates} items fit now.", found, candidates)


# --------------------------------------------------------------------------------------------- score, and eligible


def _score(tracer: Tracer, state: State, policy: Policy, skills: Collection[str]) -> tuple[Flags, Floats, Floats, Ints]:
    """See :func:`engine.scoring.score_sets`."""
    index, sets = tracer.catalog.skill_index, tracer.catalog.skill_sets
    asked = np.full(len(state.mastery), not skills, np.uint8)
    asked[[index[skill] for skill in set(skills) if skill in index]] = 1
    edges, rules = tracer.catalog.required, (policy.mastered, policy.ready, policy.opening)
    now = (tracer.params, state.mastery, state.responses)
    flags, worth, gain, opened = score_sets(*now, *edges, sets.start, sets.skills, asked, *rules)
    return flags, worth, gain, opened


def _spaced(tracer: Tracer, state: State, policy: Policy, pool: Pool, ready: Mask) -> tuple[Pool, Mask]:
    """Without the items and a skill just practised, unless nothing else is left."""
    index = tracer.catalog.key_index
    recent = [index[item] for item in state.recent.tolist() if item in index]
    fresh = pool.without(recent[-policy.spacing :])
    rested = ready & (fresh.counts > 0)
    if not rested.any():
        return pool, ready
    if len(recent) >= policy.run:
        tired = np.zeros(len(state.mastery), np.uint8)
        tired[list(set.intersection(*(set(_skills(tracer, item)) for item in recent[-policy.run :])))] = 1
        others = rested & (pool.any(tired) == 0)
        rested = others if others.any() else rested
    return fresh, rested


# --------------------------------------------------------------------------------------------------------- choose


def _sample(pool: Pool, ready: Mask, scores: Floats, policy: Policy, draw: Draw, n: int) -> list[Pick]:
    """Item, propensity and whether it was a near tie, slot by slot without replacement; takes them from ``pool``.

    With M items eligible, m of them near ties and exploration e: (1 - e) / m for a near tie, and e / M for any.
    """
    picks: list[Pick] = []
    for slot in range(n):
        left = ready & (pool.counts > 0)
        if not left.any():
            break
        near = left & (scores >= policy.near * scores[left].max())
        u, greedy = draw(slot), 1.0 - policy.exploration
        ties, total = pool.size(near), pool.size(left)
        if u < greedy:
            item = pool.item(near, min(int(u / greedy * ties), ties - 1))
        else:
            item = pool.item(left, min(int((u - greedy) / policy.exploration * total), total - 1))
        is_near = bool(near[pool.set_of(item)])
        picks.append((item, policy.exploration / total + (greedy / ties if is_near else 0.0), is_near))
        pool.take(item)
    return picks


def _review(
    tracer: Tracer, state: State, policy: Policy, draw: Draw, n: int, asked: Mask, pool: Pool, gain: Floats
) -> Choice:
    """Everything asked for is mastered: offer what was practised longest ago."""
    pool, asked = _spaced(tracer, state, policy, pool, asked)
    # The longest unpractised skill scores most; exploration and near ties as for learning.
    age = -np.where(state.last_at == NEVER, state.folded_at, state.last_at)
    rank = (np.searchsorted(np.unique(age), age) + 1).astype(np.float64)
    candidates = pool.size(asked)
    picks = _sample(pool, asked, pool.mean(rank), policy, draw, n)
    names = [" and ".join(_title(tracer, k) for k in _skills(tracer, item)) for item, _, _ in picks]
    reasons = [("review", f"{name}: mastered, and practised longest ago.") for name in names]
    text = "Nothing left to learn here: every skill asked for is mastered. What is offered is review."
    found = _recommendations(tracer, state, gain, picks, reasons)
    return Choice(Outcome.NOTHING_LEFT, text, found, candidates)


# -------------------------------------------------------------------------------------------------------- explain


def _recommendations(
    tracer: Tracer, state: State, gain: Floats, picks: list[Pick], reasons: list[tuple[str, str]]
) -> tuple[Recommendation, ...]:
    chances = tracer.predict(state, np.array([item for item, _, _ in picks], np.int64)).tolist()
    return tuple(
        Recommendation(item, code, text, p, float(sum(gain[k] for k in _skills(tracer, item))), propensity)
        for (item, propensity, _), (code, text), p in zip(picks, reasons, chances, strict=True)
    )


def _explain(tracer: Tracer, state: State, opened: Ints, item: int, near: bool) -> tuple[str, str]:
    """Reason code and sentence."""
    skills = _skills(tracer, item)
    names = " and ".join(_title(tracer, k) for k in skills)
    if state.length == 0:
        return "start", f"{names}: nothing is known of this student yet, and this needs nothing before it."
    if not near:
        return "explore", f"{names}: one of a few items given to learn what works, not because it promises most."
    chance = 100 * sum(float(state.mastery[k]) for k in skills) / len(skills)
    known = f"{names}: the chance that it is known is {chance:.0f} in 100"
    if held := max(int(opened[k]) for k in skills):
        return "opens", f"{known}, and {held} more skill{'s' * (held > 1)} can start once it is."
    if not any(state.responses[k] for k in skills):
        return "new skill", f"{names}: not started, and everything that it builds on is known."
    return "most to gain", f"{known}; more is expected to be learnt here than on any other open skill."


def _missing(tracer: Tracer, state: State, policy: Policy, asked: list[int]) -> str:
    before, after = tracer.catalog.required
    wanted = set(asked)
    held = [b for b, a in zip(before.tolist(), after.tolist(), strict=True) if a in wanted]
    names = dict.fromkeys(_title(tracer, k) for k in held if state.mastery[k] < policy.ready)
    return f"What was asked for builds on skills that are not known yet: {', '.join(list(names)[:10])}."


def _skills(tracer: Tracer, item: int) -> list[int]:
    skills: list[int] = tracer.skills[tracer.start[item] : tracer.start[item + 1]].tolist()
    return skills


def _title(tracer: Tracer, skill: int) -> str:
    return tracer.catalog.skills[skill].title or tracer.catalog.skills[skill].id
