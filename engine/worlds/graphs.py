"""Prerequisite graphs: two generators, what a course's author gets wrong of them, and who stands above whom.

A graph is two arrays ``before, after`` [E] of skill indices; skill indices are a topological order (before < after).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Edges = tuple[Ints, Ints]
Generator = Callable[[int, np.random.Generator], Edges]


def layered(skills: int, rng: np.random.Generator) -> Edges:
    """A course in units: each skill builds on one to three skills, mostly of the unit before its own.

    Units hold about ten skills; one skill in ten outside the first unit builds on nothing.
    """
    units = max(2, round(skills / 10))
    unit = np.sort(np.concatenate([np.arange(units), rng.integers(0, units, max(0, skills - units))]))[:skills]
    pairs = []
    for k in range(skills):
        if unit[k] == 0 or rng.random() < 0.1:
            continue
        near = np.flatnonzero(unit == unit[k] - 1)
        earlier = near if rng.random() < 0.8 else np.flatnonzero(unit < unit[k])
        count = min(len(earlier), 1 + int(rng.choice(3, p=[0.5, 0.35, 0.15])))
        pairs += [(int(b), k) for b in rng.choice(earlier, count, replace=False)]
    return _arrays(pairs)


def strands(skills: int, rng: np.random.Generator) -> Edges:
    """Strands of a subject that grow side by side, as number, measure and geometry do.

    A skill builds on one of the last three of its strand; one in five also on a recent skill of another strand.
    """
    number = max(2, round(skills / 12))
    of, pairs = rng.integers(0, number, skills), []
    for k in range(skills):
        own, others = np.flatnonzero(of[:k] == of[k])[-3:], np.flatnonzero(of[:k] != of[k])[-2 * number :]
        if len(own):
            pairs.append((int(rng.choice(own)), k))
        if len(others) and rng.random() < 0.2:
            pairs.append((int(rng.choice(others)), k))
    return _arrays(pairs)


GENERATORS: dict[str, Generator] = {"layered": layered, "strands": strands}


def blur(edges: Edges, skills: int, missing: float, false: float, rng: np.random.Generator) -> Edges:
    """The graph as its author has it: a share ``missing`` of the edges is not there, a share ``false`` is made up.

    Made-up edges keep the order of skills, so that no cycle arises. What is drawn after them does not depend on them:
    worlds that differ in the blur alone are the same.
    """
    (before, after), luck = edges, rng.spawn(1)[0]
    keep = rng.permutation(len(before)) >= round(missing * len(before))
    pairs, wrong = set(zip(before.tolist(), after.tolist(), strict=True)), set[tuple[int, int]]()
    room = skills * (skills - 1) // 2 - len(pairs)
    while len(wrong) < min(round(false * len(before)), room):
        low, high = np.sort(luck.choice(skills, 2, replace=False)).tolist()
        wrong |= {(low, high)} - pairs
    kept = list(zip(before[keep].tolist(), after[keep].tolist(), strict=True))
    return _arrays(kept + sorted(wrong))


def above(edges: Edges, skills: int) -> Mask:
    """``[a, k]``: whether skill a must come before skill k, directly or through others, [K, K]."""
    reach = np.zeros((skills, skills), bool)
    parents: list[list[int]] = [[] for _ in range(skills)]
    for b, a in zip(edges[0].tolist(), edges[1].tolist(), strict=True):
        parents[a].append(b)
    for k in order(edges, skills).tolist():
        for b in parents[k]:
            reach[:, k] |= reach[:, b]
            reach[b, k] = True
    return reach


def order(edges: Edges, skills: int) -> Ints:
    """The skills so that each stands after all that it builds on (Kahn 1962); ties by index. Acyclic graphs only."""
    waiting = np.bincount(edges[1], minlength=skills)
    done, free = [], [k for k in range(skills) if waiting[k] == 0]
    while free:
        k = free.pop(0)
        done.append(k)
        for a in edges[1][edges[0] == k].tolist():
            waiting[a] -= 1
            if waiting[a] == 0:
                free.append(a)
    return np.array(done, np.int64)


def _arrays(pairs: list[tuple[int, int]]) -> Edges:
    table = np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()
