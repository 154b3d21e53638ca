"""The catalog: items, the skills that they ask for, and which skill comes before which.

A catalog is immutable and named by its content: the same tables give the same version anywhere. Faults are all told
at once, each with the row that it stands in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from engine.responses import key

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one row (counted from 1, the header not counted; None: the table as a whole)."""

    table: str
    row: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.table}{'' if self.row is None else f', row {self.row}'}: {self.message}"


class CatalogError(ValueError):
    """A catalog that was refused, with every fault found. ``cycles`` holds the prerequisite cycles by skill ids."""

    def __init__(self, faults: Sequence[Fault], cycles: Sequence[Sequence[str]] = ()) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)
        self.cycles = tuple(tuple(cycle) for cycle in cycles)


@dataclass(frozen=True, slots=True)
class Skill:
    """``mastered_at`` is the expected success from which the school calls it mastered; None: as for any skill.
    ``area`` is the part of the subject that it belongs to ("Fractions"), for those who look at many skills."""

    id: str
    title: str = ""
    mastered_at: float | None = None
    area: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """Something a student can answer. A retired item is never recommended, but its past answers still count."""

    id: str
    skill_ids: tuple[str, ...]
    title: str = ""
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """``prerequisite`` should be known before ``skill``."""

    prerequisite: str
    skill: str


@dataclass(frozen=True, slots=True)
class SkillSets:
    """The distinct sets of skills that items ask for, mostly far fewer than items.

    ``of_item`` [items]: the set of each item; the skills of set s are ``skills[start[s]:start[s+1]]``, ``size`` [sets]
    of them; its active items are ``members[first[s]:first[s+1]]``, ``offered`` [sets] of them.
    """

    of_item: Ints
    start: Ints
    skills: Ints
    size: Ints
    first: Ints
    members: Ints
    offered: Ints


@dataclass(frozen=True)
class Catalog:
    """Validated tables. Made by :func:`build`, which refuses what does not hold together."""

    skills: tuple[Skill, ...]
    items: tuple[Item, ...]
    prerequisites: tuple[Prerequisite, ...] = ()

    @cached_property
    def version(self) -> str:
        """12 hex digits of the content's digest."""
        return sha256(to_json(self).encode()).hexdigest()[:12]

    @cached_property
    def mastered_at(self) -> Floats:
        """Of each skill [K]; NaN where the school has set nothing."""
        return np.array([np.nan if s.mastered_at is None else s.mastered_at for s in self.skills], np.float64)

    @cached_property
    def skill_index(self) -> Mapping[str, int]:
        return {skill.id: at for at, skill in enumerate(self.skills)}

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """What to call each skill, by its id: its title, else its id."""
        return {skill.id: skill.title or skill.id for skill in self.skills}

    @cached_property
    def item_index(self) -> Mapping[str, int]:
        return {item.id: at for at, item in enumerate(self.items)}

    @cached_property
    def key_index(self) -> Mapping[int, int]:
        """Position of an item by the key of its id (:func:`engine.responses.key`)."""
        return {key(item.id): at for at, item in enumerate(self.items)}

    @cached_property
    def links(self) -> tuple[Ints, Ints]:
        """``start, skills``: the skills of item i are ``skills[start[i]:start[i+1]]``."""
        counts = [len(item.skill_ids) for item in self.items]
        start = _ends(np.array(counts, np.int64))
        skills = [self.skill_index[skill] for item in self.items for skill in item.skill_ids]
        return start, np.array(skills, np.int64)

    @cached_property
    def skill_sets(self) -> SkillSets:
        sets: dict[tuple[str, ...], int] = {}
        of_item = np.array([sets.setdefault(item.skill_ids, len(sets)) for item in self.items], np.int64)
        size = np.array([len(names) for names in sets], np.int64)
        skills = np.array([self.skill_index[name] for names in sets for name in names], np.int64)
        active = np.flatnonzero(np.array([not item.retired for item in self.items], bool))
        members = active[np.argsort(of_item[active], kind="stable")]
        offered = np.bincount(of_item[active], minlength=len(sets))
        return SkillSets(of_item, _ends(size), skills, size, _ends(offered), members, offered)

    @cached_property
    def required(self) -> tuple[Ints, Ints]:
        """``before, after``: skill indices of each prerequisite edge that can be practised.

        A prerequisite that no active item asks for could never be met, so it holds nobody back.
        """
        offered = {skill for item in self.items if not item.retired for skill in item.skill_ids}
        edges = [e for e in self.prerequisites if e.prerequisite in offered]
        index = self.skill_index
        before = np.array([index[e.prerequisite] for e in edges], np.int64)
        return before, np.array([index[e.skill] for e in edges], np.int64)


def _ends(counts: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


EMPTY = Catalog((), ())


def build(
    skills: Iterable[Skill], items: Iterable[Item], prerequisites: Iterable[Prerequisite], break_cycles: bool = False
) -> tuple[Catalog, list[Prerequisite]]:
    """A catalog of the tables, and the prerequisite edges that were dropped to break cycles (none unless asked).

    With no skills given, the skills are those that the items name. Raises :class:`CatalogError`.
    """
    skills, items, prerequisites = list(skills), list(items), list(prerequisites)
    if not skills:
        skills = [Skill(name) for name in dict.fromkeys(s for item in items for s in item.skill_ids)]
    if faults := _table_faults(skills, items, prerequisites):
        raise CatalogError(faults)
    edges = list(dict.fromkeys(prerequisites))
    cycles = []
    while cycle := find_cycle(edges):
        cycles.append(cycle)
        edges.remove(cycle[-1])
    if cycles and not break_cycles:
        raise _cycles_error(prerequisites, cycles)
    return Catalog(tuple(skills), tuple(items), tuple(edges)), [cycle[-1] for cycle in cycles]


def retire_missing(new: Catalog, old: Catalog) -> Catalog:
    """``new`` with the items (and their skills) that only ``old`` has, retired, so that past answers still count."""
    lost = [replace(item, retired=True) for item in old.items if item.id not in new.item_index]
    needed = {skill for item in lost for skill in item.skill_ids} - new.skill_index.keys()
    skills = tuple(skill for skill in old.skills if skill.id in needed)
    return Catalog(new.skills + skills, new.items + tuple(lost), new.prerequisites)


def find_cycle(edges: Sequence[Prerequisite]) -> list[Prerequisite]:
    """The edges of one prerequisite cycle, in order, the one that closes it last; empty where there is none."""
    after: dict[str, list[Prerequisite]] = {}
    for edge in edges:
        after.setdefault(edge.prerequisite, []).append(edge)
    done: set[str] = set()
    for root in after:
        if root in done:
            continue
        path: list[Prerequisite] = []
        on_path = {root: 0}
        stack = [iter(after[root])]
        while stack:  # depth first without recursion: a chain may be longer than Python's stack
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                closed = path.pop().skill if path else root
                done.add(closed)
                on_path.pop(closed, None)
            elif step.skill in on_path:
                return [*path, step][on_path[step.skill] :]
            elif step.skill not in done:
                path.append(step)
                on_path[step.skill] = len(path)
                stack.append(iter(after.get(step.skill, ())))
    return []


def _cycles_error(edges: list[Prerequisite], cycles: list[list[Prerequisite]]) -> CatalogError:
    names = [[cycle[0].prerequisite, *(edge.skill for edge in cycle)] for cycle in cycles]
    faults = [
        Fault(
            "prerequisites",
            edges.index(cycle[-1]) + 1,
            f"closes a cycle: {' -> '.join(path)}. Remove one of its rows, or break cycles on import to drop this one",
        )
        for cycle, path in zip(cycles, names, strict=True)
    ]
    return CatalogError(faults, names)


def _table_faults(skills: list[Skill], items: list[Item], edges: list[Prerequisite]) -> list[Fault]:
    faults = [] if items else [Fault("items", None, "is empty: a catalog needs at least one item")]
    known = {skill.id for skill in skills}
    faults += _repeated("skills", [skill.id for skill in skills])
    faults += _repeated("items", [item.id for item in items])
    keys: dict[int, str] = {}
    for row, item in enumerate(items, 1):
        if not item.skill_ids:
            faults.append(Fault("items", row, f"item {item.id!r} has no skill"))
        if len(set(item.skill_ids)) != len(item.skill_ids):
            faults.append(Fault("items", row, f"item {item.id!r} names a skill twice"))
        faults += [
            Fault("items", row, f"item {item.id!r} names the unknown skill {s!r}")
            for s in item.skill_ids
            if s not in known
        ]
        if keys.setdefault(key(item.id), item.id) != item.id:
            faults.append(
                Fault("items", row, f"item {item.id!r} has the same key as {keys[key(item.id)]!r}: rename one")
            )
    for row, edge in enumerate(edges, 1):
        unknown = dict.fromkeys(s for s in (edge.prerequisite, edge.skill) if s not in known)
        faults += [Fault("prerequisites", row, f"names the unknown skill {s!r}") for s in unknown]
    return faults


def _repeated(table: str, ids: Sequence[str]) -> list[Fault]:
    first: dict[str, int] = {}
    return [
        Fault(table, row, f"{name!r} stands in row {first[name]} already")
        for row, name in enumerate(ids, 1)
        if first.setdefault(name, row) != row
    ]


def to_json(catalog: Catalog) -> str:
    """The catalog as JSON, in the form that :func:`from_json` and the import read."""
    return json.dumps(
        {
            "skills": [_skill(s) for s in catalog.skills],
            "items": [
                {"id": i.id, "skill_ids": list(i.skill_ids), "title": i.title, "retired": i.retired}
                for i in catalog.items
            ],
            "prerequisites": [{"prerequisite": e.prerequisite, "skill": e.skill} for e in catalog.prerequisites],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _skill(skill: Skill) -> dict[str, str | float]:
    own: dict[str, str | float] = {} if skill.mastered_at is None else {"mastered_at": skill.mastered_at}
    return {"id": skill.id, "title": skill.title, **own, **({"area": skill.area} if skill.area else {})}


def from_json(text: str | bytes) -> Catalog:
    """A catalog that :func:`to_json` wrote. It was validated then, and is not again."""
    tables = json.loads(text)
    return Catalog(
        tuple(Skill(s["id"], s["title"], s.get("mastered_at"), s.get("area", "")) for s in tables["skills"]),
        tuple(Item(i["id"], tuple(i["skill_ids"]), i["title"], i["retired"]) for i in tables["items"]),
        tuple(Prerequisite(e["prerequisite"], e["skill"]) for e in tables["prerequisites"]),
    )
