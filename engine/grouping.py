"""Groups to teach together: students who share a gap.

The rule, so that a teacher can follow it: while some skill is lacked by at least ``least`` students who are in no group
yet, the skill that most of them lack is taken (of equals the first in the catalog's order) and they become its groups,
as equal in size as can be. Who is left over joins the smallest group that teaches something they lack and has room;
else whole new groups are made with students whom other groups can spare. Whoever is still left is taught alone.

This is the greedy cover of Chvatal (1979), under limits of size. It is not always the fewest groups there could be;
the tests tell how far it stays from that, by trying all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]

LEAST, MOST = 3, 8


@dataclass(frozen=True, slots=True)
class Group:
    """A skill and the students who lack it, as positions."""

    skill: int
    students: tuple[int, ...]


def lacking(learning: Bools, before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> Bools:
    """Gaps that can be worked on now: skills being learnt [N, K] of which no prerequisite is itself such a gap.

    ``before[e]`` is a prerequisite of ``after[e]``. Whoever lacks a skill and what it builds on begins with the latter.

    >>> lacking(np.array([[True, True], [False, True]]), np.array([0]), np.array([1])).tolist()
    [[True, False], [False, True]]
    """
    held = np.zeros_like(learning)
    for prerequisite, skill in zip(before.tolist(), after.tolist(), strict=True):
        held[:, skill] |= learning[:, prerequisite]
    return np.asarray(learning & ~held)


def form_groups(lacks: Bools, least: int = LEAST, most: int = MOST) -> list[Group]:
    """Groups of ``least`` to ``most`` students, each student in one at the most; ``lacks`` [N, K].

    Raises ValueError where a number of students could not be split into groups of such sizes.

    >>> form_groups(np.array([[True, False]] * 3 + [[False, True]] * 2))
    [Group(skill=0, students=(0, 1, 2))]
    """
    if not 1 <= least <= most or 2 * least > most + 1:
        raise ValueError(f"groups of {least} to {most}: the most must be at least twice the least, less one")
    groups: list[tuple[int, list[int]]] = []
    free: Bools = np.asarray(lacks.any(axis=1))
    while free.any():
        counts = lacks[free].sum(axis=0)
        skill = int(counts.argmax())
        if counts[skill] < least:
            break
        who = np.flatnonzero(free & lacks[:, skill])
        groups += [(skill, part.tolist()) for part in np.array_split(who, -(-len(who) // most))]
        free[who] = False
    _join(lacks, free, groups, most)
    _borrow(lacks, free, groups, least)
    return [Group(skill, tuple(sorted(students))) for skill, students in groups]


def _join(lacks: Bools, free: Bools, groups: list[tuple[int, list[int]]], most: int) -> None:
    for student in np.flatnonzero(free).tolist():
        fitting = [students for skill, students in groups if lacks[student, skill] and len(students) < most]
        if fitting:
            min(fitting, key=len).append(student)
            free[student] = False


def _borrow(lacks: Bools, free: Bools, groups: list[tuple[int, list[int]]], least: int) -> None:
    """New groups around who is left, with students whom their groups can spare."""
    for skill in np.argsort(-lacks[free].sum(axis=0), kind="stable").tolist():
        who = np.flatnonzero(free & lacks[:, skill]).tolist()
        spare = [
            (students, one)
            for _, students in sorted(groups, key=lambda group: -len(group[1]))
            for one in [one for one in students if lacks[one, skill]][: len(students) - least]
        ]
        wanted = least - len(who)
        if not who or wanted > len(spare):
            continue
        for students, one in spare[:wanted]:
            students.remove(one)
            who.append(one)
        groups.append((skill, who))
        free[who] = False
