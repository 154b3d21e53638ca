"""Answers on several skills at once: each skill has a guess and a slip of its own in every combination it stands in.

A skill's answers are read through *links*: link 0 where it was asked for alone, one more for each combination. The
links of a skill are held to the guess and slip that fit all its answers, with the weight of COMBINED answers, and
climbed by EM: the M-step is exact, so the penalised likelihood never falls (Dempster, Laird & Rubin 1977).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.lanes import splat, store
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models.bkt.compiled import kernel
from models.bkt.counts import DONE, PARAMS, READ, VALUE, backward, forward
from models.bkt.learning import Learnt, symbols
from models.bkt.objective import HIGH, LIMIT, LOW, RIGHT, TRIALS, room
from models.bkt.options import EDGE
from models.bkt.strings import SYMBOL, WEIGHT, Forest, Shorts, Strings
from models.log import Answers

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COMBINED = 20.0  # answers that a combination's guess and slip need to weigh as much as the skill's own
ENOUGH = 1e-3  # nats a step
STEPS = 200
READINGS = [GUESS, SLIP]
MOVES = np.isin(np.arange(5), (PRIOR, LEARN, FORGET))


def combinations(answers: Answers) -> tuple[tuple[str, ...], ...]:
    """The sets of two and more skills that were asked for, in the order of the rows of a model's ``emissions``."""
    return tuple(tag for tag in answers.tags if len(tag) > 1)


def fit_links(answers: Answers, learnt: Learnt) -> tuple[Floats, Floats]:
    """Parameters [K, 5] of skills that are asked for together, and each one's guess and slip there [links, 2]."""
    links, forest = Links(answers), Forest(len(answers.skills))
    scores, symbol = symbols(answers.score)
    if links.any:
        row, place = answers.expand()
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
        if not self.any:
            return learnt.params.copy(), np.empty((0, 2))
        skills = np.unique(self.skill[self.joint])
        climb = _Climb(strings, scores, skills, 1 + self.number[skills], learnt)
        climb.run()
        params, first = learnt.params.copy(), np.zeros(len(learnt.params), np.int64)
        first[skills] = climb.start
        params[skills] = climb.params
        params[skills[:, None], READINGS] = climb.emit[climb.start]
        return params, climb.emit[(first[self.skill] + self.link)[self.joint]]


class _Climb:
    """EM of some skills side by side: what is compiled is the expectation alone, which takes the time.

    params  [skills, 5]
    emit    [links, 2] guess and slip, one skill's links after the other's: those of skill k from ``start[k]`` on
    """

    def __init__(self, strings: Strings, scores: Floats, skills: Ints, links: Ints, learnt: Learnt) -> None:
        self.strings, self.scores, self.skills = strings, scores, skills
        self.params, self.box = learnt.params[skills], learnt.rules.box[skills]
        self.owner, self.start = np.repeat(np.arange(len(skills)), links), np.cumsum(links) - links
        self.emit = self.params[self.owner][:, READINGS]
        self.bounds = self.box[self.owner][:, READINGS].copy()
        self.bounds[..., RIGHT], self.bounds[..., TRIALS] = COMBINED * self.emit, COMBINED
        self.symbols = np.append(self.start, len(self.owner)) * len(scores)
        self.score_of = np.tile(scores, len(self.owner))
        self.found, self.counts = np.empty((len(skills), VALUE + 1 - DONE)), np.empty((self.symbols[-1], 2))
        self.at = room(int(np.diff(strings.start)[skills].max()), int(links.max()) * len(scores))

    def run(self) -> None:
        """Each skill until a step brings it less than ENOUGH."""
        last, climbs = np.full(len(self.skills), -np.inf), np.ones(len(self.skills), np.bool_)
        for _ in range(STEPS):
            value = self._expect(np.flatnonzero(climbs))
            climbs &= value - last >= ENOUGH
            if not climbs.any():
                break
            last = value
            done, of = self.found[:, :5] + self.box[..., RIGHT], self.found[:, 5:10] + self.box[..., TRIALS]
            moved = np.where(MOVES, _share(done, of, self.params, self.box), self.params)
            self.params = np.where(climbs[:, None], moved, self.params)
            self.emit = np.where(climbs[self.owner, None], self._read(), self.emit)

    def _expect(self, some: Ints) -> Floats:
        """The penalised log-likelihood of every skill [skills], those of ``some`` computed anew, with their counts."""
        guess, slip = self.emit[:, :1], self.emit[:, 1:]
        unknown = guess**self.scores * (1.0 - guess) ** (1.0 - self.scores)
        known = (1.0 - slip) ** self.scores * slip ** (1.0 - self.scores)
        reads, kept = np.stack([unknown, known], axis=-1).reshape(-1, 2), (self.at, self.found, self.counts)
        _expectation(some, self.skills, *self.strings, self.symbols, self.score_of, self.params, reads, *kept)
        own = np.where(MOVES, _log_prior(self.params, self.box), 0.0).sum(1)
        read = np.bincount(self.owner, _log_prior(self.emit, self.bounds).sum(1))
        return np.asarray(self.found[:, -1] + own + read)

    def _read(self) -> Floats:
        """The M-step of guess and slip."""
        counts = self.counts.reshape(len(self.owner), len(self.scores), 2)
        right = np.stack([self.scores, 1.0 - self.scores], axis=-1)
        done, of = (right * counts).sum(1) + self.bounds[..., RIGHT], counts.sum(1) + COMBINED
        emit = _share(done, of, self.emit, self.bounds)
        if (over := emit.sum(1) > LIMIT).any():
            guess = _on_the_limit(done[over], of[over])
            emit[over] = np.stack([guess, LIMIT - guess], axis=-1)
        return emit


@kernel
def _expectation(
    some: Ints,
    skills: Ints,
    start: Ints,
    nodes: Shorts,
    symbols: Ints,
    scores: Floats,
    params: Floats,
    reads: Floats,
    at: Floats,
    found: Floats,
    counts: Floats,
) -> None:
    """E-step of ``some`` of the skills. The symbols of skill k are the rows symbols[k]:symbols[k+1] of ``scores``,
    ``reads`` [, 2] and ``counts`` [, 2], which receives the answers of students who did not know, and who did; row k of
    ``found`` receives DONE to VALUE."""
    for k in some:
        tree, low, number = nodes[start[skills[k]] : start[skills[k] + 1]], symbols[k], symbols[k + 1] - symbols[k]
        for i in range(5):
            store(at, PARAMS + i, splat(params[k, i]))
        for s in range(number):
            for i in range(2):
                store(at, READ + 2 * s + i, splat(reads[low + s, i]))
                counts[low + s, i] = 0.0
        forward(tree, number, at)
        backward(tree, scores[low : low + number], at)
        for i in range(VALUE + 1 - DONE):
            found[k, i] = at[DONE + i, 0]
        for i in range(len(tree)):
            symbol, known = tree[i, SYMBOL], at[READ + 2 * number + 2 * i, 0]
            counts[low + symbol, 0] += tree[i, WEIGHT] - known
            counts[low + symbol, 1] += known


def _share(done: Floats, of: Floats, old: Floats, box: Floats) -> Floats:
    low, high = np.maximum(box[..., LOW], EDGE), np.minimum(box[..., HIGH], 1.0 - EDGE)
    free = (of > 0.0) & (box[..., LOW] < box[..., HIGH])
    return np.where(free, np.clip(done / np.where(free, of, 1.0), low, high), old)


def _on_the_limit(done: Floats, of: Floats) -> Floats:
    """The best guess [n] where guess + slip = LIMIT, from (guess, slip) successes and trials [n, 2]: the derivative
    falls, so bisect."""
    low, high, missed = np.full(len(done), EDGE), np.full(len(done), LIMIT - EDGE), of - done
    for _ in range(50):
        guess = 0.5 * (low + high)
        slip = LIMIT - guess
        rises = done[:, 0] / guess - missed[:, 0] / (1.0 - guess) > done[:, 1] / slip - missed[:, 1] / (1.0 - slip)
        low, high = np.where(rises, guess, low), np.where(rises, high, guess)
    return np.asarray(0.5 * (low + high))


def _log_prior(values: Floats, box: Floats) -> Floats:
    kept = np.clip(values, EDGE, 1.0 - EDGE)
    return np.asarray(box[..., RIGHT] * np.log(kept) + (box[..., TRIALS] - box[..., RIGHT]) * np.log(1.0 - kept))
