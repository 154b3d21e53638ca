"""Answers as weighted strings: what the likelihood of plain BKT depends on, and nothing else.

Of a student's answers on a skill only the string of right and wrong matters. Students with the same string, or the
same beginning of one, share it: the strings of a skill are a prefix tree, whose nodes count the students that pass.
Public logs have three to seven answers a node.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.bkt.compiled import inlined, kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.int32]


# Of a growing node. Children stand in two lists, by whether their symbol is even or odd: so right and wrong, taken in
# turn, need no guess of the processor's.
SAID, NUMBER, NEXT, EVEN, ODD = range(5)

PARENT, SYMBOL, WEIGHT, ENDS = range(4)  # columns of ``nodes``


class Strings(NamedTuple):
    """Prefix trees of K skills, one after the other.

    start   [K + 1] the nodes of skill k are rows start[k]:start[k+1]
    nodes   [n, 4] of every node: the node of the answer before, counted within the skill (-1 for a first answer); what
            was answered, a code from 0; students who came by here; students whose last answer this is

    In each tree nodes stand by depth, and children in the order of their parents: nodes that do not wait for each other
    are computed faster, and need not be searched for.
    """

    start: Ints
    nodes: Shorts

    @property
    def parent(self) -> Shorts:
        return self.nodes[:, PARENT]

    @property
    def symbol(self) -> Shorts:
        return self.nodes[:, SYMBOL]

    @property
    def weight(self) -> Shorts:
        return self.nodes[:, WEIGHT]

    @property
    def ends(self) -> Shorts:
        return self.nodes[:, ENDS]

    def chunk(self, low: int, high: int) -> Strings:
        """The trees of skills low:high."""
        a, b = self.start[low], self.start[high]
        return Strings(self.start[low : high + 1] - a, self.nodes[a:b])

    def tree(self, k: int) -> Shorts:
        """The nodes of skill k."""
        return self.nodes[self.start[k] : self.start[k + 1]]

    def sums(self, column: Shorts) -> Ints:
        """The sum of a column over each skill's nodes [K]: of ``weight`` its answers, of ``ends`` its students."""
        total = np.concatenate([[0], np.cumsum(column, dtype=np.int64)])
        return np.asarray(total[self.start[1:]] - total[self.start[:-1]], np.int64)


class Forest:
    """Trees that grow from answers in chunks; each student's answers in order of time.

    A student may go on in the next chunk, if nobody else answers between.
    """

    def __init__(self, skills: int) -> None:
        self._skills = skills
        self._nodes = np.empty((4096, 8), np.int32)  # a power of two: no node in two cache lines
        self._used = 0
        self._roots = np.full((skills, 2), -1, np.int32)
        self._last = np.full((skills, 2), -1, np.int64)  # on each skill the student seen last, and the node

    def add(self, student: Ints, skill: Ints, symbol: Ints) -> Forest:
        """Answers [n]: codes of any student, of a skill below K, and what was answered (a code from 0)."""
        room = self._used + len(student)
        if room > len(self._nodes):
            grown = np.empty((max(room, 2 * len(self._nodes)), 8), np.int32)
            grown[: self._used] = self._nodes[: self._used]
            self._nodes = grown
        self._used = _grow(student, skill, symbol, self._nodes, self._roots, self._last, self._used)
        return self

    def strings(self) -> Strings:
        start, nodes = np.zeros(self._skills + 1, np.int64), np.empty((self._used, 4), np.int32)
        _regroup(self._nodes, self._roots, start, nodes, np.empty(self._used, np.int32))
        return Strings(start, nodes)


@inlined
def _plant(grown: Shorts, roots: Shorts, k: int, at: int, symbol: int, child: int) -> None:
    """A new node for the symbol, below node ``at`` (-1: at the beginning) of skill k.

    Each list is kept in the order of symbols: so trees do not depend on the order of students.
    """
    side, before = symbol & 1, -1
    after = grown[at, EVEN + side] if at >= 0 else roots[k, side]
    while after >= 0 and grown[after, SAID] < symbol:
        before, after = after, grown[after, NEXT]
    grown[child, SAID], grown[child, NUMBER], grown[child, NEXT] = symbol, 0, after
    grown[child, EVEN] = grown[child, ODD] = -1
    if before >= 0:
        grown[before, NEXT] = child
    elif at >= 0:
        grown[at, EVEN + side] = child
    else:
        roots[k, side] = child


@kernel
def _grow(student: Ints, skill: Ints, symbol: Ints, grown: Shorts, roots: Shorts, last: Ints, used: int) -> Any:
    """Walk every answer down its tree, with new nodes where there are none; returns the number of nodes."""
    for i in range(len(student)):
        k = skill[i]
        at = last[k, 1] if last[k, 0] == student[i] else -1
        child = grown[at, EVEN + (symbol[i] & 1)] if at >= 0 else roots[k, symbol[i] & 1]
        while child >= 0 and grown[child, SAID] != symbol[i]:
            child = grown[child, NEXT]
        if child < 0:
            child = used
            used += 1
            _plant(grown, roots, k, at, symbol[i], child)
        grown[child, NUMBER] += 1
        last[k, 0], last[k, 1] = student[i], child
    return used


@kernel
def _regroup(grown: Shorts, roots: Shorts, start: Ints, nodes: Shorts, queue: Shorts) -> None:
    """Fills start [K + 1] and nodes [n, 4] of :class:`Strings`, breadth first; ``queue`` [n] has what was grown."""
    used = 0
    for k in range(len(roots)):
        first, parent = used, -1
        while parent < used - first:
            for side in range(2):
                child = roots[k, side] if parent < 0 else grown[queue[first + parent], EVEN + side]
                while child >= 0:
                    queue[used] = child
                    nodes[used, PARENT], nodes[used, SYMBOL] = parent, grown[child, SAID]
                    nodes[used, WEIGHT] = nodes[used, ENDS] = grown[child, NUMBER]
                    if parent >= 0:
                        nodes[first + parent, ENDS] -= grown[child, NUMBER]
                    child = grown[child, NEXT]
                    used += 1
            parent += 1
        start[k + 1] = used


def pooled(strings: Strings, longest: int) -> Strings:
    """One tree of all skills' strings, each cut off after ``longest`` answers: depth by depth, what was said after the
    same answers becomes one node."""
    size, symbols = np.diff(strings.start), int(strings.symbol.max(initial=0)) + 1
    above = strings.parent + np.repeat(strings.start[:-1], size)  # of a first answer: the end of the tree before
    start, end = strings.start[:-1][size > 0], strings.start[1:][size > 0]
    place = np.full(len(above) + 1, -1)  # where each node went; the last is what stands above a first answer
    low, high, nodes, first = start, np.searchsorted(above, start), np.empty((0, 4), np.int64), -1
    for depth in range(longest):  # as trees are laid out, the rows low:high of each
        number = high - low
        level = np.repeat(low - np.cumsum(number) + number, number) + np.arange(number.sum())
        after = place[above[level]] if depth else np.full(len(level), -1)
        said, child = _distinct((after - first) * symbols + strings.symbol[level])
        said, first = said + first * symbols, len(nodes)
        weight = np.bincount(child, strings.weight[level], len(said)).astype(np.int64)
        place[level] = len(nodes) + child
        nodes = np.concatenate([nodes, np.stack([said // symbols, said % symbols, weight, weight], 1)])
        low, high = (np.minimum(np.searchsorted(above, at), end) for at in (low, high))
    below = nodes[:, PARENT] >= 0
    nodes[:, ENDS] -= np.bincount(nodes[below, PARENT], nodes[below, WEIGHT], len(nodes)).astype(np.int64)
    return Strings(np.array([0, len(nodes)]), nodes.astype(np.int32))


def _distinct(codes: Ints) -> tuple[Ints, Ints]:
    """The distinct codes from 0 on, and where each of ``codes`` is among them; without sorting where they are close."""
    most = int(codes.max(initial=-1)) + 1
    if most > 8 * len(codes):
        found, place = np.unique(codes, return_inverse=True)
        return found, place
    is_there = np.zeros(most, np.bool_)
    is_there[codes] = True
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[codes]
