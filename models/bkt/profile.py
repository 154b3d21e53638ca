"""Profile likelihood of one skill: how far a parameter may go before the fit, best in the others, is that much worse.

The end of an interval is where the objective, maximised over the other parameters, has fallen to a ``level``. Newton's
method finds the end and the others' best at once (Venzon & Moolgavkar 1988). With g, H the slopes and the Hessian, b
the parameter, w the others, a = -Hww^-1 gw and d = -Hww^-1 Hwb, the s to go solves

    value + gw a / 2 + (gb + Hbw a) s + (Hbb + Hbw d) s^2 / 2 = level,    while w moves by a + d s

on the scale b = 2 arcsin sqrt(share of the way between its bounds), where a likelihood is nearly a parabola, at a bound
too. Where that leads nowhere, a search between top and bound, which climbs anew at every value that it tries.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.model import GUESS, SLIP
from models.bkt.climb import COMPLETE, DIFFERENCE, SLOPES, TOP, held, look, looked, newton, shorten, solve
from models.bkt.compiled import inner, kernel
from models.bkt.objective import BOX, HIGH, LIMIT, LOW, Rules, from_params, to_params
from models.bkt.strings import Shorts

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CLOSE = 1e-3  # nats, of the 1.92 that a 95 % interval falls by
TRIES = 12  # Newton steps before the search; four are usual
FARTHEST = 1.0  # of one step; from bound to bound it is pi
NEAR = 0.3  # so near to a bound the parabola is believed that says the level is not reached before it ...
SURE = 0.1  # ... by so many nats
FINE = 1e-3  # what the search leaves open, on that scale


class Skill(NamedTuple):
    """One skill's answers, and what was climbed: see :func:`models.bkt.objective.evaluate`."""

    tree: Shorts
    scores: Floats
    rules: Rules
    at: Floats

    @property
    def compiled(self) -> tuple[Shorts, Floats, Floats, bool, Floats]:
        """As compiled code takes it."""
        return self.tree, self.scores, self.rules.box, self.rules.ordered, self.at


class Top(NamedTuple):
    """A top: parameters [5] and value."""

    params: Floats
    value: float


def ends(skill: Skill, params: Floats, drop: float) -> tuple[Floats, int]:
    """The ends [5, 2] of the intervals of one skill's parameters, around the top next to params [5].

    Also the evaluations that they took.
    """
    top, spent = _climbed(skill, params)
    found = np.empty((5, 2, 5))
    slip = np.arange(5) == SLIP
    for which in (~slip, slip):  # slip hangs on guess where they are ordered: its ends are sought without the order
        own = skill._replace(rules=skill.rules._replace(ordered=skill.rules.ordered and not which[SLIP]))
        x, seen = from_params(top.params, own.rules), np.empty((8, 5))
        looked(*own.compiled, x, seen)
        spent += 1 + _stepped(*own.compiled, seen, x, top.value - drop, which, found)
    low, high = skill.rules.low, skill.rules.high
    share = np.where(np.abs(found) >= BOX, found > 0.0, 1.0 / (1.0 + np.exp(-found)))  # the bound itself at the edge
    places = low + (high - low) * share
    if skill.rules.ordered:
        places[SLIP, places[SLIP, :, [GUESS, SLIP]].sum(axis=0) > LIMIT] = np.nan
    reached = np.array([places[i, :, i] for i in range(5)])
    for i, end in np.argwhere(np.isnan(reached)).tolist():
        reached[i, end], steps = _searched(skill, top, i, end, drop)
        spent += steps
    return reached, spent


def _climbed(skill: Skill, params: Floats) -> tuple[Top, int]:
    """The top that Newton's steps from params [5] lead to, and the evaluations spent."""
    x, seen, spent = from_params(params, skill.rules), np.empty((8, 5)), np.zeros(1, np.int64)
    one, start, box = np.zeros(1, np.int64), np.array([0, len(skill.tree)]), skill.rules.box
    of_it = skill.rules.ordered, skill.at, x[None], seen[None], spent, np.empty((2, 8, 5))
    newton(one, start, skill.tree, skill.scores, box[None], *of_it)
    return Top(to_params(x, skill.rules), float(seen[TOP, 0])), int(spent[0])


def _searched(skill: Skill, top: Top, i: int, end: int, drop: float) -> tuple[float, int]:
    """One end, between the top and the bound, and the evaluations spent.

    By regula falsi (Illinois) on the root of the fall, which is nearly straight in b.
    """
    low, high = skill.rules.low[i], skill.rules.high[i]
    bound = high if end == 1 else low
    if skill.rules.ordered and i == SLIP:
        bound = min(bound, LIMIT - skill.rules.low[GUESS])
    near, far = (2.0 * np.arcsin(np.sqrt((value - low) / (high - low))) for value in (top.params[i], bound))
    aim, inside = np.sqrt(drop), top
    tried, spent = _pinned(skill, top.params, i, bound)
    if tried.value >= top.value - drop:
        return bound, spent
    short, past = aim, min(np.sqrt(top.value - tried.value) - aim, 3.0 * aim)
    middle = far
    while abs(far - near) > FINE and abs(tried.value - top.value + drop) > CLOSE:
        middle = near + (far - near) * min(max(short / (short + past), 0.05), 0.95)
        tried, steps = _pinned(skill, inside.params, i, low + (high - low) * np.sin(0.5 * middle) ** 2)
        spent += steps
        off = np.sqrt(max(top.value - tried.value, 0.0)) - aim
        if off > 0.0:
            far, past, short = middle, off, 0.5 * short
        else:
            near, short, past, inside = middle, -off, 0.5 * past, tried
    return low + (high - low) * float(np.sin(0.5 * middle) ** 2), spent


def _pinned(skill: Skill, params: Floats, i: int, value: float) -> tuple[Top, int]:
    """The profile at one value of parameter i: the objective climbed in the others, from params [5]; what it took."""
    rules = skill.rules
    low, high, (right, trials) = rules.low.copy(), rules.high.copy(), rules.pseudo[i]
    edge = (high[i] - low[i]) / (1.0 + np.exp(BOX))
    value = min(max(value, low[i] + edge), high[i] - edge)
    if rules.ordered and i == SLIP:  # something is left to guess, which is then no fixed parameter
        value = min(value, LIMIT - low[GUESS] - edge)
        high[GUESS] = min(high[GUESS], LIMIT - value)
    low[i] = high[i] = value
    top, spent = _climbed(skill._replace(rules=rules._replace(low=low, high=high)), params)
    prior = right * np.log(value) + (trials - right) * np.log(1.0 - value) if trials > 0.0 else 0.0
    return top._replace(value=top.value + prior), spent


@kernel
def _stepped(
    tree: Shorts,
    scores: Floats,
    box: Floats,
    ordered: bool,
    at: Floats,
    seen: Floats,
    x: Floats,
    level: float,
    which: Mask,
    found: Floats,
) -> Any:
    """Newton's steps from the top x [5] to both ends of the parameters in ``which`` [5].

    Fills ``found`` [5, 2, 5], where x is at each end; nan where the steps do not get there. Returns the evaluations.
    """
    step, own, spent = np.empty(5), np.empty((8, 5)), 0
    for i in range(5):
        for end in range(2 if which[i] else 0):
            side, here, view, tries = 2.0 * end - 1.0, found[i, end], seen, 0
            for j in range(5):
                here[j] = x[j]
            arrived = box[i, HIGH] <= box[i, LOW] or side * x[i] >= BOX
            while not arrived and tries <= TRIES:
                if tries > 0:
                    look(tree, scores, box, ordered, at, here, own)
                    view = own
                arrived = _aimed(view, box, here, i, side, level, step)
                for j in range(5):
                    here[j] = min(max(here[j] + step[j], -BOX), BOX)
                tries += 1
            spent += max(tries - 1, 0)
            if not arrived or side * (here[i] - x[i]) < 0.0:
                here[i] = np.nan
    return spent


@inner
def _share(x: float) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


@inner
def _bend(seen: Floats, x: Floats, j: int) -> Any:
    """What turns the curvature by x[j] into that by its share, where the objective is straighter in the share; else 0.

    That is near a bound, without priors. The differences of :func:`look` are one-sided: hence the last factor.
    """
    share = _share(x[j])
    bend = seen[SLOPES, j] * (1.0 - 2.0 * share) * (1.0 + 0.5 * DIFFERENCE)
    straighter = abs(seen[j, j] - bend) < 0.5 * abs(seen[j, j])
    return bend if straighter and min(share, 1.0 - share) < 0.1 else 0.0


@inner
def _aimed(seen: Floats, box: Floats, x: Floats, i: int, side: float, level: float, step: Floats) -> Any:
    """Fills the next step [5]; whether it is the last one, and goes where it should."""
    others, along, bend = np.empty(5), np.empty(5), np.empty(5)
    for j in range(5):
        bend[j] = _bend(seen, x, j)
    damping = _solved(seen, box, x, i, bend, others, along)
    gain, slope, curve = 0.0, seen[SLOPES, i], seen[i, i]
    for j in range(5):
        gain += 0.5 * seen[SLOPES, j] * others[j]
        slope += seen[i, j] * others[j]
        curve += seen[i, j] * along[j]
    height = seen[TOP, 0] + gain - level
    settled = damping == 0.0 and gain < CLOSE
    share = _share(x[i])
    turn = np.sqrt(share * (1.0 - share))  # with b = 2 arcsin sqrt(share): db = turn dx
    curve = (curve + slope * (share - 0.5)) / turn**2
    angle, beyond = _to_level(height, slope / turn, curve, 2.0 * np.arcsin(np.sqrt(share)), side)
    there = np.sin(0.5 * angle) ** 2
    for j in range(5):  # what the others do follows the share
        step[j] = others[j] + along[j] * (there - share) / turn**2
        others[j] = there if j == i else _share(x[j]) * (1.0 + (1.0 - _share(x[j])) * step[j])
        if j == i or bend[j] != 0.0:
            step[j] = 0.0
    shorten(step)
    for j in range(5):
        if j == i or bend[j] != 0.0:
            to = min(max(others[j], 0.0), 1.0)
            step[j] = np.log(to / (1.0 - to)) - x[j]
    at_bound = side * x[i] >= BOX and height > -CLOSE
    return settled and (beyond or at_bound or abs(height) < CLOSE)


@inner
def _solved(seen: Floats, box: Floats, x: Floats, i: int, bend: Floats, others: Floats, along: Floats) -> Any:
    """Fills what the other parameters do [5] while x[i] stays, and as it goes by 1; the damping it took.

    Damping is 0 where they are near a top of theirs.
    """
    system, damping, solved = np.empty((6, 5)), 0.0, 0
    while solved < 2:
        right = others if solved == 0 else along
        for j in range(5):
            apart = j == i or held(x[j], seen[SLOPES, j], box[j, LOW], box[j, HIGH])
            right[j] = 0.0 if apart else seen[SLOPES, j] if solved == 0 else seen[i, j]
            for k in range(5):
                other = k == i or held(x[k], seen[SLOPES, k], box[k, LOW], box[k, HIGH])
                system[j, k] = 0.0 if apart or other else -seen[j, k]
            system[j, j] = 1.0 if apart else system[j, j] + bend[j] + damping * seen[COMPLETE, j] + 1e-9
        system[5] = right
        if solve(system):
            right[:] = system[5]
            solved += 1
        else:
            damping, solved = max(4.0 * damping, 1e-3), 0
        if damping > 1e6:
            return np.inf
    return damping


@inner
def _to_level(height: float, slope: float, curve: float, angle: float, side: float) -> Any:
    """Where the parabola comes down to the level, and whether it surely does not before the bound."""
    left = angle if side < 0.0 else np.pi - angle
    beyond = left < NEAR and height + side * slope * left + 0.5 * curve * left**2 > SURE
    under = slope**2 - 2.0 * curve * height
    if under >= 0.0:
        move = 2.0 * height / (side * np.sqrt(under) - slope)
    else:  # to its peak, which is below the level; or outward, as it never falls so far
        move = -slope / curve if curve < 0.0 else side
    if beyond or (height > 0.0 and side * move < 0.0):
        move = side * (left if beyond else FARTHEST)
    elif abs(move) > FARTHEST:
        move *= FARTHEST / abs(move)
    return min(max(angle + move, 0.0), np.pi), beyond
