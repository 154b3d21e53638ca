"""Answers as weighted strings: what the likelihood of plain BKT depends on, and nothing else.

Of a student's answers on a skill only the string of right and wrong matters. Students with the same string, or the
same beginning of one, share it: the strings of a skill are a prefix tree, whose nodes count the students that pass.
Public logs have three to seven answers a node.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.int32]


# Of a growing node. Children stand in two lists, by whether their symbol is even or odd: so right and wrong, taken in
# turn, need no guess of the processor's.
OF, PARENT, SYMBOL, WEIGHT, NEXT, EVEN, ODD = range(7)


class Strings(NamedTuple):
    """Prefix trees of K skills, one after the other; in each, a parent stands before its children.

    start   [K + 1] the nodes of skill k are rows start[k]:start[k+1]
    parent  [n] the node of the answer before, counted within the skill; -1 for a first answer
    symbol  [n] what was answered, a code from 0
    weight  [n] students who came by here
    ends    [n] students whose last answer this is
    """

    start: Ints
    parent: Shorts
    symbol: Shorts
    weight: Shorts
    ends: Shorts

    def chunk(self, low: int, high: int) -> Strings:
        """The trees of skills low:high."""
        a, b = self.start[low], self.start[high]
        return Strings(self.start[low : high + 1] - a, *(column[a:b] for column in self[1:]))

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
        start, columns = _regroup(self._nodes, self._used, self._skills)
        return Strings(start, *columns)


@njit(cache=True, nogil=True)
def _grow(student: Ints, skill: Ints, symbol: Ints, nodes: Shorts, roots: Shorts, last: Ints, used: int) -> Any:
    """Walk every answer down its tree, with new nodes where there are none; returns the number of nodes."""
    for i in range(len(student)):
        k, side = skill[i], symbol[i] & 1
        at = last[k, 1] if last[k, 0] == student[i] else -1
        child = nodes[at, EVEN + side] if at >= 0 else roots[k, side]
        while child >= 0 and nodes[child, SYMBOL] != symbol[i]:
            child = nodes[child, NEXT]
        if child < 0:
            child = used
            used += 1
            nodes[child, OF], nodes[child, PARENT], nodes[child, SYMBOL] = k, at, symbol[i]
            nodes[child, WEIGHT], nodes[child, EVEN], nodes[child, ODD] = 0, -1, -1
            if at >= 0:
                nodes[child, NEXT], nodes[at, EVEN + side] = nodes[at, EVEN + side], child
            else:
                nodes[child, NEXT], roots[k, side] = roots[k, side], child
        nodes[child, WEIGHT] += 1
        last[k, 0], last[k, 1] = student[i], child
    return used


@njit(cache=True, nogil=True)
def _regroup(nodes: Shorts, n: int, skills: int) -> Any:
    """The nodes skill after skill, in each by depth: start [K + 1]; parent, symbol, weight, ends [n].

    By depth, since nodes that do not wait for each other are computed faster.
    """
    start, depth, deepest = np.zeros(skills + 1, np.int64), np.empty(n, np.int64), 0
    for i in range(n):
        above = nodes[i, PARENT]
        depth[i] = depth[above] + 1 if above >= 0 else 0
        deepest = max(deepest, depth[i])
        start[nodes[i, OF] + 1] += 1
    at = np.zeros(deepest + 2, np.int64)
    for i in range(n):
        at[depth[i] + 1] += 1
    for level in range(deepest):
        at[level + 1] += at[level]
    order = np.empty(n, np.int32)
    for i in range(n):
        order[at[depth[i]]] = i
        at[depth[i]] += 1
    free = np.empty(skills, np.int64)
    for k in range(skills):
        free[k] = start[k]
        start[k + 1] += start[k]
    place = np.empty(n, np.int32)
    out = np.empty((4, n), np.int32)
    parent, symbol, weight, ends = out[0], out[1], out[2], out[3]
    for rank in range(n):
        i = order[rank]
        k, above = nodes[i, OF], nodes[i, PARENT]
        j = free[k]
        free[k] += 1
        place[i] = j
        symbol[j], weight[j], ends[j], parent[j] = nodes[i, SYMBOL], nodes[i, WEIGHT], nodes[i, WEIGHT], -1
        if above >= 0:
            parent[j] = place[above] - start[k]
            ends[place[above]] -= weight[j]
    return start, out


def pooled(strings: Strings, longest: int) -> Strings:
    """One tree of all skills' strings, each cut off after ``longest`` answers."""
    used, columns = _pooled(strings, longest)
    return Strings(np.array([0, used]), *columns[:, :used])


@njit(cache=True, nogil=True)
def _pooled(strings: Strings, longest: int) -> Any:
    """The number of nodes n, and [4, >= n] parent, symbol, weight, ends."""
    start, parent, symbol, weight, _ = strings
    n = len(parent)
    out, place, depth = np.empty((4, n), np.int32), np.empty(n, np.int32), np.zeros(n, np.int32)
    first, following, used = np.empty(n + 1, np.int32), np.empty(n, np.int32), 0
    first[0] = -1
    for k in range(len(start) - 1):
        for i in range(start[k], start[k + 1]):
            at = -1
            if parent[i] >= 0:
                above = start[k] + parent[i]
                at, depth[i] = place[above], depth[above] + 1
            if depth[i] >= longest:
                continue
            child = first[at + 1]
            while child >= 0 and out[1, child] != symbol[i]:
                child = following[child]
            if child < 0:
                child = used
                used += 1
                out[0, child], out[1, child], out[2, child], out[3, child] = at, symbol[i], 0, 0
                following[child], first[at + 1], first[child + 1] = first[at + 1], child, -1
            place[i] = child
            out[2, child] += weight[i]
            out[3, child] += weight[i]
            if at >= 0:
                out[3, at] -= weight[i]
    return used, out
