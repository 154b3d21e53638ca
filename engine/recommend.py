"""``choose(tracer, state, policy, ...)``: the next items, each with its reason and its propensity.

Five steps: eligible (constraints, prerequisites, spacing) -> score (expected gain, what it opens) -> shortlist (of the
near ties, those that are neither too hard nor too easy for this student) -> choose (evenly, with some exploration) ->
explain. A pure function: chance comes in as ``draw``, so that the same question asked twice
has the same answer, and a logged propensity can be computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt

from engine.mastery import LOW, MANY, Thresholds, thresholds
from engine.pool import Flags, Floats, Mask, Pool
from engine.scoring import near_ties, open_sets, score_sets
from engine.tracing import NEVER, AnyState, AnyTracer, Standing

Ints = npt.NDArray[np.int64]
Draw = Callable[[int], float]  # slot -> a uniform number in [0, 1)
Chances = Callable[[Ints], Floats]  # items (positions) -> P(correct) of each, were it given now
# P(L) of an average student that will do where expected success never gets to `ready`, or to `mastered`: practice
# cannot raise it further.
OPENS, LEARNT = 0.8, 0.95
Pick = tuple[int, float, bool, float]  # item, propensity, whether it was a near tie, P(correct)


@dataclass(frozen=True, slots=True)
class Policy:
    """How items are chosen; a named, versioned piece of data.

    mastered     expected success from which a skill is not taught any more, where the catalog sets none of its own
    ready        expected success on its prerequisites from which a skill is open
    opening      how much more a skill counts that would open others, per skill held back (at most 4 count)
    near         share of the best score from which an item counts as a near tie
    shortlist    how many near ties are looked at item by item
    easiest, hardest  P(correct) beyond which an item of the shortlist is left out, unless all are
    exploration  share of choices spread evenly over all eligible items, so that the log can be judged later
    spacing      how many of the last items are not given again
    run          how many answers in a row on one skill before another one is preferred
    rest         what is left of a skill's worth on which the student is stuck (:mod:`engine.mastery`): more of the same
                 has not helped, and the teacher is told
    """

    name: str = "default"
    version: str = "2"
    mastered: float = 0.8
    ready: float = 0.7
    opening: float = 0.25
    near: float = 0.95
    shortlist: int = 50
    easiest: float = 0.95
    hardest: float = 0.3
    exploration: float = 0.05
    spacing: int = 10
    run: int = 6
    rest: float = 0.25


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


@dataclass(frozen=True, slots=True)
class Asker:
    """A student who is to be given something: where they stand, and by which policy."""

    tracer: AnyTracer
    state: AnyState
    standing: Standing
    policy: Policy
    chances: Chances


def choose(
    tracer: AnyTracer,
    state: AnyState,
    policy: Policy,
    draw: Draw,
    n: int = 1,
    skills: Collection[str] = (),
    exclude: Collection[str] = (),
    now: int | None = None,
    chances: Chances | None = None,
    standing: Standing | None = None,
) -> Choice:
    """Up to ``n`` different items, only on ``skills`` where given (ids), never one of ``exclude`` (item ids).

    ``now`` (ms; default: the last answer) tells what has been forgotten since; ``chances`` says how likely a right
    answer is (default: as the tracer predicts); ``standing`` is the student's at ``now``, where the caller has it.
    """
    index = tracer.catalog.item_index
    pool = Pool(tracer.catalog, [index[item] for item in exclude if item in index])
    now = max(state.folded_at, 0) if now is None else now
    chances = chances or partial(tracer.predict, state, now=now)
    asker = Asker(tracer, state, standing or tracer.standing(state, now), policy, chances)
    flags, worth, opened = _score(asker, skills)
    asked, wanted, ready, (any_asked, any_wanted, any_ready) = open_sets(flags, pool.counts)
    if not any_asked:
        return Choice(Outcome.NO_ITEMS, "No item fits: none is left after the skills and exclusions asked for.", (), 0)
    if not any_wanted:
        return _review(asker, draw, n, asked, pool)
    if not any_ready:
        return Choice(Outcome.NOT_READY, _missing(asker, pool.skills_of(wanted)), (), 0)
    pool, ready = _spaced(asker, pool, ready)
    candidates = pool.size(ready)
    picks = _sample(asker, pool, ready, worth, draw, n)
    reasons = [_explain(asker, opened, item, near) for item, _, near, _ in picks]
    found = _recommendations(asker, picks, reasons)
    return Choice(Outcome.LEARN, f"{candidates} items fit now.", found, candidates)


# --------------------------------------------------------------------------------------------- score, and eligible


def _score(asker: Asker, skills: Collection[str]) -> tuple[Flags, Floats, Ints]:
    """See :func:`engine.scoring.score_sets`."""
    catalog, policy, standing = asker.tracer.catalog, asker.policy, asker.standing
    asked = np.full(len(standing.mastery), not skills, np.uint8)
    for skill in set(skills).intersection(catalog.skill_index) if skills else ():
        asked[catalog.skill_index[skill]] = 1
    sets, levels = catalog.skill_sets, _levels(asker.tracer, policy)
    now = standing.mastery, np.where(_stuck(asker), policy.rest * standing.gain, standing.gain)
    columns = *now, *catalog.required, sets.start, sets.skills, asked
    flags, worth, opened = score_sets(*columns, *levels, policy.opening)
    return flags, worth, opened


def _stuck(asker: Asker) -> Mask:
    """Whether the student is stuck on each skill [K]."""
    return (asker.state.responses >= MANY) & (asker.standing.mastery < LOW)


@lru_cache(4)  # of what is served, and of what was served until now
def _levels(tracer: AnyTracer, policy: Policy) -> tuple[Floats, Floats]:
    """The mastery of each skill [K] from which it is not taught any more, and from which it opens others: no more than
    what an average student reaches."""
    mark = thresholds(tracer, Thresholds(mastered=policy.mastered))
    return np.minimum(mark, tracer.success(LEARNT)), np.minimum(policy.ready, tracer.success(OPENS))


def _spaced(asker: Asker, pool: Pool, ready: Mask) -> tuple[Pool, Mask]:
    """Without the items and a skill just practised, unless nothing else is left."""
    catalog, state, policy = asker.tracer.catalog, asker.state, asker.policy
    items = catalog.items
    recent = [max(item, ~item) for item in state.recent.tolist()]
    fresh = pool.without(recent[-policy.spacing :])
    rested = ready & (fresh.counts > 0)
    if not rested.any():
        return pool, ready
    run = [items[item].skill_ids for item in recent[-policy.run :]]
    if len(run) >= policy.run and (always := set(run[0]).intersection(*run[1:])):
        tired = np.zeros(len(state.responses), np.uint8)
        tired[[catalog.skill_index[skill] for skill in always]] = 1
        others = rested & (pool.any(tired) == 0)
        rested = others if others.any() else rested
    return fresh, rested


# --------------------------------------------------------------------------------------------------------- choose


def _sample(asker: Asker, pool: Pool, ready: Mask, scores: Floats, draw: Draw, n: int) -> list[Pick]:
    """Item, propensity and whether it was a near tie, slot by slot without replacement; takes them from ``pool``.

    The M near ties stand in blocks of a shortlist's length, the last one shorter; of a block with b items, f of which
    fit this student (:func:`_fitting`), one of the f is given. With L items eligible and exploration e, an item that
    fits has the propensity (1 - e) b / (M f) + e / L, any other e / L.
    """
    picks: list[Pick] = []
    length = asker.policy.shortlist
    for slot in range(n):
        near, ties, total = near_ties(ready, pool.counts, scores, asker.policy.near)
        if not total:
            break
        u, greedy = draw(slot), 1.0 - asker.policy.exploration
        item = None
        if u < greedy:
            place = min(u / greedy * ties, ties - 0.5)
        else:
            item = pool.item(ready, min(int((u - greedy) / asker.policy.exploration * total), total - 1))
            place = pool.place(near, item) if near[pool.set_of(item)] else -1
        fits, block, chances = [], 0, dict[int, float]()
        if place >= 0:
            low = int(place) // length * length
            block = min(length, ties - low)
            chances = _chances(asker, pool.items(near, low, low + block))
            fits = _fitting(asker.policy, chances)
            item = fits[int((place - low) / block * len(fits))] if item is None else item
        assert item is not None
        chances = chances if item in chances else _chances(asker, [item])
        is_near = item in fits
        even = asker.policy.exploration / total
        propensity = even + (greedy * block / (ties * len(fits)) if is_near else 0.0)
        picks.append((item, propensity, is_near, chances[item]))
        pool.take(item)
    return picks


def _chances(asker: Asker, items: list[int]) -> dict[int, float]:
    """P(correct) of each of these items."""
    return dict(zip(items, asker.chances(np.array(items, np.int64)).tolist(), strict=True))


def _fitting(policy: Policy, chances: dict[int, float]) -> list[int]:
    """Those that are neither too hard nor too easy for this student; all, where none is left."""
    low, high = policy.hardest, policy.easiest
    return [item for item, p in chances.items() if low <= p <= high] or list(chances)


def _review(asker: Asker, draw: Draw, n: int, asked: Mask, pool: Pool) -> Choice:
    """Everything asked for is mastered: offer what was practised longest ago."""
    pool, asked = _spaced(asker, pool, asked)
    tracer, state = asker.tracer, asker.state
    # The longest unpractised skill scores most; exploration and near ties as for learning.
    age = -np.where(state.last_at == NEVER, state.folded_at, state.last_at)
    rank = (np.searchsorted(np.unique(age), age) + 1).astype(np.float64)
    candidates = pool.size(asked)
    picks = _sample(asker, pool, asked, pool.mean(rank), draw, n)
    names = [" and ".join(_title(tracer, k) for k in _skills(tracer, item)) for item, *_ in picks]
    reasons = [("review", f"{name}: mastered, and practised longest ago.") for name in names]
    text = (
        "Nothing left to learn here: every skill asked for is mastered, or known as far as can be told. This is review."
    )
    found = _recommendations(asker, picks, reasons)
    return Choice(Outcome.NOTHING_LEFT, text, found, candidates)


# -------------------------------------------------------------------------------------------------------- explain


def _recommendations(asker: Asker, picks: list[Pick], reasons: list[tuple[str, str]]) -> tuple[Recommendation, ...]:
    tracer, gain = asker.tracer, asker.standing.gain
    return tuple(
        Recommendation(item, code, text, p, float(sum(gain[k] for k in _skills(tracer, item))), propensity)
        for (item, propensity, _, p), (code, text) in zip(picks, reasons, strict=True)
    )


def _explain(asker: Asker, opened: Ints, item: int, near: bool) -> tuple[str, str]:
    """Reason code and sentence."""
    tracer, state = asker.tracer, asker.state
    skills = _skills(tracer, item)
    names = " and ".join(_title(tracer, k) for k in skills)
    if state.length == 0:
        return "start", f"{names}: nothing is known of this student yet, and this needs nothing before it."
    if not near:
        return "explore", f"{names}: one of a few items given to learn what works, not because it promises most."
    chance = 100 * sum(float(asker.standing.mastery[k]) for k in skills) / len(skills)
    known = f"{names}: the chance of a right answer is {chance:.0f} in 100"
    if _stuck(asker)[skills].any():
        return "stuck", f"{known} after many answers, and no other open skill promises more: some help may be needed."
    if held := max(int(opened[k]) for k in skills):
        return "opens", f"{known}, and {held} more skill{'s' * (held > 1)} can start once it is known."
    if not any(state.responses[k] for k in skills):
        return "new skill", f"{names}: not started, and everything that it builds on is known."
    return "most to gain", f"{known}; more is expected to be learnt here than on any other open skill."


def _missing(asker: Asker, asked: list[int]) -> str:
    tracer, mastery, (_, ready) = asker.tracer, asker.standing.mastery, _levels(asker.tracer, asker.policy)
    before, after = tracer.catalog.required
    wanted = set(asked)
    held = [b for b, a in zip(before.tolist(), after.tolist(), strict=True) if a in wanted]
    names = dict.fromkeys(_title(tracer, k) for k in held if mastery[k] < ready[k])
    return f"What was asked for builds on skills that are not known yet: {', '.join(list(names)[:10])}."


def _skills(tracer: AnyTracer, item: int) -> list[int]:
    skills: list[int] = tracer.skills[tracer.start[item] : tracer.start[item + 1]].tolist()
    return skills


def _title(tracer: AnyTracer, skill: int) -> str:
    return tracer.catalog.skills[skill].title or tracer.catalog.skills[skill].id
