"""Answers on several skills at once: each skill has a guess and a slip of its own in every combination it stands in.

A skill's answers are read through *links*: link 0 where it was asked for alone, one more for each combination. The
links of a skill are held to the guess and slip that fit all its answers, with the weight of COMBINED answers, and
climbed by EM: the M-step is exact, so the penalised likelihood never falls (Dempster, Laird & Rubin 1977).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.lanes import LANES, splat
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models.bkt.compiled import inner, kernel
from models.bkt.counts import DONE, OF, PARAMS, READ, VALUE, backward, forward
from models.bkt.learning import Learnt, symbols
from models.bkt.objective import HIGH, LIMIT, LOW, RIGHT, TRIALS, likelihoods, room
from models.bkt.options import EDGE
from models.bkt.strings import SYMBOL, WEIGHT, Forest, Shorts, Strings
from models.log import Answers

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COMBINED = 20.0  # answers that a combination's guess and slip need to weigh as much as the skill's own
ENOUGH = 1e-3  # nats a step
STEPS = 200


def combinations(answers: Answers) -> tuple[tuple[str, ...], ...]:
    """The sets of two and more skills that were asked for, in the order of the rows of a model's ``emissions``."""
    return tuple(tag for tag in answers.tags if len(tag) > 1)


def fit_links(answers: Answers, learnt: Learnt) -> tuple[Floats, Floats]:
    """Parameters [K, 5] of skills that are asked for together, and each one's guess and slip there [links, 2]."""
    links, forest = Links(answers), Forest(len(answers.skills))
    if not links.any:
        return learnt.params.copy(), np.empty((0, 2))
    row, place = answers.expand()
    scores, symbol = symbols(answers.score)
    forest.add(answers.student[row], answers.tag_skill[place], links.read(place, symbol[row], len(scores)))
    return links.fit(forest.strings(), scores, learnt)


class Links:
    """The link of every place in ``tag_skill``: 0 for the skill alone, then one for each combination that it is in."""

    def __init__(self, names: Answers) -> None:
        self.skill = names.tag_skill
        self.joint = np.repeat(np.diff(names.tag_start) > 1, np.diff(names.tag_start))
        self.number, self.link = np.zeros(len(names.skills), np.int64), np.zeros(len(self.joint), np.int64)
        for place in np.flatnonzero(self.joint).tolist():
            self.number[self.skill[place]] += 1
            self.link[place] = self.number[self.skill[place]]

    @property
    def any(self) -> bool:
        return bool(self.joint.any())

    def read(self, place: Ints, symbol: Ints, symbols: int) -> Ints:
        """The symbol of each (answer, skill), of so many ``symbols``, as it is read through its link."""
        return np.asarray(self.link[place] * symbols + symbol, np.int64)

    def fit(self, strings: Strings, scores: Floats, learnt: Learnt) -> tuple[Floats, Floats]:
        """As :func:`fit_links`, from the strings of what :meth:`read` gives."""
        params, emissions = learnt.params.copy(), np.empty((int(self.joint.sum()), 2))
        row = np.cumsum(self.joint) - 1
        for k in np.unique(self.skill[self.joint]).tolist():
            emit = np.tile(learnt.params[k, [GUESS, SLIP]], (1 + self.number[k], 1))
            tree, box = strings.tree(k), learnt.rules.one(k).box
            _climb(tree, scores, box, params[k], emit, room(len(tree), len(scores) * len(emit)))
            mine = np.flatnonzero(self.joint & (self.skill == k))
            emissions[row[mine]] = emit[self.link[mine]]
        return params, emissions


@kernel
def _climb(tree: Shorts, scores: Floats, box: Floats, params: Floats, emit: Floats, at: Floats) -> None:
    """EM in place: ``params`` [5] and ``emit`` [links, 2], link 0 being the skill's own. Symbol: link S + score."""
    own, last, counts = (params[GUESS], params[SLIP]), -np.inf, np.empty((len(emit) * len(scores), 2))
    score_of = np.empty(len(counts))
    for s in range(len(counts)):
        score_of[s] = scores[s % len(scores)]
    for step in range(STEPS):
        for i in (PRIOR, LEARN, FORGET):
            for lane in range(LANES):
                at[PARAMS + i, lane] = params[i]
        for j in range(len(emit)):
            likelihoods(splat(emit[j, 0]), splat(emit[j, 1]), scores, at, READ + 2 * j * len(scores))
        forward(tree, len(counts), at)
        backward(tree, score_of, at)
        value = at[VALUE, 0]
        for i in (PRIOR, LEARN, FORGET):
            value += _log_prior(params[i], box[i, RIGHT], box[i, TRIALS])
        value += _log_priors(emit, own)
        if step > 0 and value - last < ENOUGH:
            break
        last = value
        for i in (PRIOR, LEARN, FORGET):
            done, of = at[DONE + i, 0] + box[i, RIGHT], at[OF + i, 0] + box[i, TRIALS]
            params[i] = _share(done, of, params[i], box[i, LOW], box[i, HIGH])
        _count(tree, at, counts)
        _maximise(emit, scores, counts, box, own)
    params[GUESS], params[SLIP] = emit[0, 0], emit[0, 1]


@inner
def _log_priors(emit: Floats, own: Any) -> Any:
    total = 0.0
    for j in range(len(emit)):
        for i in range(2):
            total += _log_prior(emit[j, i], COMBINED * own[i], COMBINED)
    return total


@inner
def _count(tree: Shorts, at: Floats, counts: Floats) -> None:
    """Fills the answers of every symbol [symbols, 2] by students who did not know, and by those who did."""
    first = READ + 2 * len(counts)
    for s in range(len(counts)):
        counts[s, 0] = counts[s, 1] = 0.0
    for i in range(len(tree)):
        known = at[first + 2 * i, 0]
        counts[tree[i, SYMBOL], 0] += tree[i, WEIGHT] - known
        counts[tree[i, SYMBOL], 1] += known


@inner
def _maximise(emit: Floats, scores: Floats, counts: Floats, box: Floats, own: Any) -> None:
    """The M-step of guess and slip, in place."""
    found = np.empty((2, 2))
    for j in range(len(emit)):
        for i in range(2):
            found[i, 0], found[i, 1] = COMBINED * own[i], COMBINED
        for s in range(len(scores)):
            unknown, known = counts[j * len(scores) + s, 0], counts[j * len(scores) + s, 1]
            found[0, 0] += scores[s] * unknown
            found[0, 1] += unknown
            found[1, 0] += (1.0 - scores[s]) * known
            found[1, 1] += known
        for i, place in enumerate((GUESS, SLIP)):
            emit[j, i] = _share(found[i, 0], found[i, 1], emit[j, i], box[place, LOW], box[place, HIGH])
        if emit[j, 0] + emit[j, 1] > LIMIT:
            emit[j, 0] = _on_the_limit(found[0], found[1])
            emit[j, 1] = LIMIT - emit[j, 0]


@inner
def _share(done: float, of: float, old: float, low: float, high: float) -> Any:
    if of <= 0.0 or low >= high:
        return old
    return min(max(done / of, EDGE, low), 1.0 - EDGE, high)


@inner
def _on_the_limit(guess: Floats, slip: Floats) -> Any:
    """The best guess where guess + slip = LIMIT, from (successes, trials) of each: the derivative falls, so bisect."""
    low, high = EDGE, LIMIT - EDGE
    for _ in range(50):
        g = 0.5 * (low + high)
        s = LIMIT - g
        rises = guess[0] / g - (guess[1] - guess[0]) / (1.0 - g) - slip[0] / s + (slip[1] - slip[0]) / (1.0 - s)
        if rises > 0.0:
            low = g
        else:
            high = g
    return 0.5 * (low + high)


@inner
def _log_prior(value: float, done: float, of: float) -> Any:
    if of <= 0.0:
        return 0.0
    kept = min(max(value, EDGE), 1.0 - EDGE)
    return done * np.log(kept) + (of - done) * np.log(1.0 - kept)
