"""``choose(tracer, state, policy, ...)``: the next items, each with its reason and its propensity.

One pipeline of small parts (:mod:`engine.recommending`), each a number that says what it did:

    teacher's constraints -> prerequisite gate -> expected gain, as the mode asked for counts it, x what it opens
    -> guard against wheel-spinning -> items at the student's level -> one of the near ties, with some exploration

A pure function: chance comes in as ``draw``, so that the same question asked twice has the same answer, and a logged
propensity can be computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from engine.recommending.at_once import Drawn, drawn, wrong_in_a_row
from engine.recommending.choice import Choice, Ints, Notice, Outcome, Ranking, Recommendation
from engine.recommending.eligible import DONE, NOT_READY, OPEN
from engine.recommending.goals import Goal, goal, review
from engine.recommending.limits import Limits, limits
from engine.recommending.policy import EASIEST, HARDEST, SHORTLIST, Floats, Policy
from engine.recommending.reasons import Reasons, fits, missing, notices, plain_reason, reviewing, skills_of, titles
from engine.recommending.shortlist import luck_of, rank, settle, with_explored
from engine.recommending.skills import ROW_ROW
from engine.recommending.table import Table, table_of
from engine.recommending.wish import ANYTHING, Mode, Wish
from engine.said import said
from engine.tracing import AnyState, AnyTracer, Standing

__all__ = [
    "ANYTHING",
    "Chances",
    "Choice",
    "Draw",
    "Floats",
    "Ints",
    "Mode",
    "Notice",
    "Outcome",
    "Policy",
    "Recommendation",
    "Wish",
    "choose",
    "choose_each",
]

NOTHING_LEFT = said(
    "Nothing left to learn here: every skill asked for is mastered, or known as far as can be told. This is review."
)
Draw = Callable[[int], float]  # slot -> a uniform number in [0, 1)
Chances = Callable[[Ints], Floats]  # items (positions) -> P(correct) of each, were it given now


class Asker(NamedTuple):
    """A student who is to be given something: where they stand and what is expected of them, by which policy, and
    what was asked for."""

    tracer: AnyTracer
    state: AnyState
    standing: Standing
    outlook: Floats
    policy: Policy
    chances: Chances
    wish: Wish
    table: Table


class Slot(NamedTuple):
    """What was drawn for a slot; ``item`` is -1 where nothing could be. ``kept``: items by filter; ``resting``: skills
    that rest."""

    item: int
    near: bool
    propensity: float
    p_correct: float
    ranking: Ranking
    kept: tuple[int, ...]
    resting: int


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
    wish: Wish = ANYTHING,
    answered: Ints | None = None,
) -> Choice:
    """Up to ``n`` different items, only on ``skills`` where given (ids), never one of ``exclude`` (item ids), as
    ``wish`` has it.

    ``now`` (ms; default: the last answer) tells what has been forgotten since; ``chances`` says how likely a right
    answer is (default: as the tracer predicts); ``answered`` are the positions of all items answered, in order of time,
    where the wish limits repeats or spacing.
    """
    now, table = max(state.folded_at, 0) if now is None else now, table_of(tracer, policy.mastered)
    plain = wish is ANYTHING and n == 1 and not skills and not exclude and chances is None
    if plain and (found := drawn(tracer, state, policy, table, now, u := draw(0))) is not None:
        return _at_once(tracer, state, policy, found, u, now, table)
    standing = tracer.standing(state, now)
    outlook, chances = tracer.outlook(state, standing), chances or partial(tracer.predict, state, now=now)
    asker = Asker(tracer, state, standing, outlook, policy, chances, wish, table)
    within = limits(table, skills, exclude, wish, answered)
    pinned = _pinned(asker, n)
    aim = goal(tracer, state, standing, outlook, now, wish, policy, table, within)
    for one in pinned:
        within.take(one.item)
    slots = _slots(asker, aim, within, draw, len(pinned), n)
    said_first, kept, resting = slots[0].ranking.said, slots[0].kept, slots[0].resting
    told = notices(tracer, said_first[ROW_ROW]) if resting else ()
    if slots[0].item >= 0 or (pinned and len(pinned) >= n):
        reasons = Reasons(tracer, state, standing, wish, said_first, resting)
        given = [_recommended(asker, one, reasons.of(one.item, one.near)) for one in slots if one.item >= 0]
        return Choice(Outcome.LEARN, fits(kept[OPEN]), (*pinned, *given[: n - len(pinned)]), kept[OPEN], kept, told)
    if kept[NOT_READY]:
        text = missing(tracer, said_first, standing, np.flatnonzero(within.asked).tolist())
        return Choice(Outcome.NOT_READY, text, tuple(pinned), 0, kept, told)
    if kept[DONE] and wish.mode in (Mode.LEARN, Mode.TARGETS):
        return _review(asker, draw, n, within, now, pinned)
    return _nothing(asker, pinned, kept)


def choose_each(
    tracer: AnyTracer, states: Sequence[AnyState], policy: Policy, draws: Sequence[float], now: int
) -> list[Choice]:
    """One item for each of several students, by their uniform numbers: what :func:`choose` gives each of them where
    nothing in particular was asked for."""
    table = table_of(tracer, policy.mastered)
    found = [drawn(tracer, state, policy, table, now, u) for state, u in zip(states, draws, strict=True)]
    return [
        _at_once(tracer, state, policy, one, u, now, table)
        if one is not None
        else choose(tracer, state, policy, lambda _, u=u: u, now=now)  # type: ignore[misc]  # what a lambda takes by default
        for state, u, one in zip(states, draws, found, strict=True)
    ]


def _at_once(
    tracer: AnyTracer, state: AnyState, policy: Policy, one: Drawn, u: float, now: int, table: Table
) -> Choice:
    """The choice where nothing in particular was asked for."""

    def ranking() -> Ranking | None:
        """What it was drawn from, by the parts: they answer where the chances are brought along."""
        chances = partial(tracer.predict, state, now=now)
        return choose(tracer, state, policy, lambda _: u, now=now, chances=chances).recommendations[0].ranking

    row = wrong_in_a_row(state, policy, table) if one.resting and not one.review else None
    reason = plain_reason(tracer, state.length, one, row)
    given = (Recommendation(one.item, *reason, one.p_correct, one.gain, one.propensity, u, ranking),)
    if one.review:
        return Choice(Outcome.NOTHING_LEFT, NOTHING_LEFT, given, one.kept[OPEN], one.kept)
    told = () if row is None else notices(tracer, row)
    return Choice(Outcome.LEARN, fits(one.kept[OPEN]), given, one.kept[OPEN], one.kept, told)


def _slots(asker: Asker, aim: Goal, within: Limits, draw: Draw, first: int, n: int) -> list[Slot]:
    """What is drawn slot by slot without replacement, until nothing is left; one at the least."""
    found = [_slot(asker, aim, within, draw(first))]
    for number in range(first + 1, n):
        if found[-1].item < 0:
            break
        within.take(found[-1].item)
        found.append(_slot(asker, aim, within, draw(number)))
    return found


def _slot(asker: Asker, aim: Goal, within: Limits, u: float) -> Slot:
    state, standing, table = asker.state, asker.standing, asker.table
    student = standing.mastery, aim.expected, aim.counts, state.recent, np.asarray(state.responses, np.int64)
    may = within.asked, within.blocked, within.allowed
    ranked = partial(rank, table.whole, table.real, *student, *may, aim.asks, aim.left)
    told, kept, resting, items, worth, floor, explored = ranked(luck_of(u, aim.settings), aim.settings)
    strict = asker.wish.band is not None
    items, at = with_explored(items, -1 if strict else explored)
    p = np.asarray(asker.chances(items), np.float64) if len(items) else np.empty(0)
    place, near, propensity, scores, ties, floor = settle(worth, p, at, floor, u, strict, aim.settings)
    every = partial(_within, items, p, aim.settings) if strict else partial(_explorable, ranked, aim.settings)
    ranking = Ranking(told, items, worth, p, scores, ties, floor, every, u)
    if place < 0:
        return Slot(-1, False, 0.0, 0.0, ranking, kept, resting)
    return Slot(int(items[place]), near, propensity, float(p[place]), ranking, kept, resting)


def _explorable(ranked: Callable[[float, Floats], Any], settings: Floats) -> Ints:
    """Every item that exploration is spread over: the shortlist, were it as long as can be."""
    longest = settings.copy()
    longest[SHORTLIST] = 0
    items: Ints = ranked(-1.0, longest)[3]
    return items


def _within(items: Ints, p: Floats, settings: Floats) -> Ints:
    """The items in the band asked for."""
    return np.asarray(items[(p >= settings[HARDEST]) & (p <= settings[EASIEST])])


def _pinned(asker: Asker, n: int) -> list[Recommendation]:
    """Items that a teacher wants given first."""
    index, gain = asker.tracer.catalog.item_index, asker.standing.gain
    items = [index[name] for name in asker.wish.pins[:n] if name in index]
    found = []
    for item in dict.fromkeys(items):
        names = titles(asker.tracer, skills := skills_of(asker.tracer, item))
        p = float(asker.chances(np.array([item]))[0])
        text = said("%(names)s: a teacher wants this given next.", names=names)
        found.append(Recommendation(item, "pinned", text, p, float(gain[skills].sum()), 1.0))
    return found


def _review(asker: Asker, draw: Draw, n: int, within: Limits, now: int, pinned: list[Recommendation]) -> Choice:
    """Everything asked for is mastered: offer what is forgotten first, and was practised longest ago."""
    tracer, aim = (
        asker.tracer,
        review(asker.tracer, asker.state, asker.outlook, now, asker.policy, asker.table, asker.wish),
    )
    slots, given = _slots(asker, aim, within, draw, len(pinned), n), []
    kept = slots[0].kept
    if slots[0].item < 0:
        return _nothing(asker, pinned, kept)
    for one in slots:
        if one.item < 0:
            break
        names = titles(tracer, skills_of(tracer, one.item))
        given.append(_recommended(asker, one, reviewing(names)))
    return Choice(Outcome.NOTHING_LEFT, NOTHING_LEFT, (*pinned, *given), kept[OPEN], kept)


def _nothing(asker: Asker, pinned: list[Recommendation], kept: tuple[int, ...]) -> Choice:
    """Why there is nothing to give."""
    if asker.wish.band is not None:
        text = said("No item fits: none of those that could be given has a P(correct) in the band asked for.")
    elif kept[DONE] and asker.wish.mode is Mode.DIAGNOSE:
        text = said("No doubt is left: where this student stands on every skill asked for can be told well enough.")
        return Choice(Outcome.NOTHING_LEFT, text, tuple(pinned), 0, kept)
    elif kept[DONE] and asker.wish.mode is Mode.REVIEW:
        text = said("Nothing to review: none of the skills asked for has been practised yet.")
    else:
        text = said("No item fits: none is left after the skills and exclusions asked for.")
    return Choice(Outcome.NO_ITEMS, text, tuple(pinned), 0, kept)


def _recommended(asker: Asker, one: Slot, reason: tuple[str, str]) -> Recommendation:
    gain = sum([float(asker.standing.gain[k]) for k in skills_of(asker.tracer, one.item)])
    return Recommendation(one.item, *reason, one.p_correct, gain, one.propensity, one.ranking.draw, lambda: one.ranking)
