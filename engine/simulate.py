"""Simulated students: a small school that practises arithmetic, for the demonstration and the tests.

Each student has an ability that moves prior and learn of every skill on the logit scale, knows or does not know each
skill, and answers by the BKT equations (:mod:`engine.bkt`). They practise along the curriculum, a run on one skill at
a time, in sessions spread over some weeks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.catalog import Catalog, Item, Prerequisite, Skill, build
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP

Floats = npt.NDArray[np.float64]

DAY_MS = 86_400_000
ITEMS_PER_SKILL = 12

# Each skill and what it builds on.
CURRICULUM: dict[str, tuple[str, ...]] = {
    "Counting to 100": (),
    "Place value": ("Counting to 100",),
    "Addition within 20": ("Counting to 100",),
    "Subtraction within 20": ("Addition within 20",),
    "Addition within 100": ("Addition within 20", "Place value"),
    "Subtraction within 100": ("Subtraction within 20", "Place value"),
    "Multiplication facts": ("Addition within 100",),
    "Division facts": ("Multiplication facts", "Subtraction within 100"),
    "Multi-digit multiplication": ("Multiplication facts",),
    "Long division": ("Division facts", "Multi-digit multiplication"),
    "Fractions of a whole": ("Division facts",),
    "Equivalent fractions": ("Fractions of a whole", "Multiplication facts"),
    "Adding fractions": ("Equivalent fractions",),
    "Decimals": ("Place value", "Fractions of a whole"),
    "Percentages": ("Decimals", "Equivalent fractions"),
    "Ratio and proportion": ("Percentages", "Adding fractions"),
}

_NAMES = """
Ada Ali Amara Ana Ben Bilal Chen Chloe Dana Diego Elif Emma Farid Femi Grace Hana Hugo Ines Ivan Jada Jonas Kaito Kofi
Lara Leo Lina Luca Maya Mei Milo Mina Nia Noah Nora Omar Owen Priya Rafa Rosa Ruth Sami Sara Sofia Tariq Theo Uma
Viktor Wren Yara Yusuf Zara Zoe
"""
NAMES = tuple(_NAMES.split())


@dataclass(frozen=True, slots=True)
class Answer:
    """One simulated response; ``answered_at`` in ms since 1970."""

    id: str
    student_id: str
    class_id: str
    item_id: str
    correct: bool
    answered_at: int
    duration_ms: int


@dataclass(frozen=True)
class School:
    """A catalog, its students' answers in order of time, and the parameters [K, 5] that made them."""

    catalog: Catalog
    answers: list[Answer]
    params: Floats


def simulate_school(now: int, seed: int = 0, classes: int = 3, students: int = 26, weeks: int = 6) -> School:
    """``classes`` classes of ``students``, who practised during the ``weeks`` before ``now`` (ms).

    >>> school = simulate_school(now=0, classes=1, students=2)
    >>> school.catalog.skills[0].title, len({answer.student_id for answer in school.answers})
    ('Counting to 100', 2)
    """
    rng = np.random.default_rng(seed)
    catalog = _catalog()
    params = _parameters(rng, len(catalog.skills))
    answers: list[Answer] = []
    for number in range(classes):
        for at in range(students):
            name = f"{NAMES[(at + 17 * number) % len(NAMES)]} {chr(65 + (at * 7 + number * 3) % 26)}."
            student = f"{name.lower().replace(' ', '-').rstrip('.')}-{number + 1}{at:02d}"
            answers.extend(_student(rng, catalog, params, student, f"class-{number + 4}a", now, weeks))
    answers.sort(key=lambda answer: (answer.answered_at, answer.id))
    return School(catalog, answers, params)


def _catalog() -> Catalog:
    slugs = {title: title.lower().replace(" ", "-") for title in CURRICULUM}
    items = [
        Item(f"{slug}-{n + 1:02d}", (slug,), f"{title}, exercise {n + 1}")
        for title, slug in slugs.items()
        for n in range(ITEMS_PER_SKILL)
    ]
    edges = [Prerequisite(slugs[b], slugs[title]) for title, before in CURRICULUM.items() for b in before]
    # Word problems ask for a skill and the one that it builds on.
    items += [
        Item(f"{edge.skill}-with-{edge.prerequisite}", (edge.skill, edge.prerequisite), "Word problem")
        for edge in edges
    ]
    return build([Skill(slug, title) for title, slug in slugs.items()], items, edges)[0]


def _parameters(rng: np.random.Generator, skills: int) -> Floats:
    params = np.zeros((skills, 5))
    params[:, PRIOR] = rng.uniform(0.1, 0.45, skills)
    params[:, LEARN] = rng.uniform(0.08, 0.25, skills)
    params[:, GUESS] = rng.uniform(0.1, 0.28, skills)
    params[:, SLIP] = rng.uniform(0.04, 0.14, skills)
    params[:, FORGET] = rng.uniform(0.0, 0.01, skills)
    return params


def _student(
    rng: np.random.Generator, catalog: Catalog, params: Floats, student: str, class_id: str, now: int, weeks: int
) -> Iterator[Answer]:
    """A student's answers: some work much, some hardly, a few have just come."""
    ability = rng.normal()
    sessions = max(1, int(rng.gamma(3.0, 1.3 * weeks / 2)))
    first_day = rng.uniform(0.5, weeks * 7) if rng.random() < 0.1 else weeks * 7
    days = np.sort(rng.uniform(0.1, first_day, sessions))[::-1]
    logit = np.log(params / (1 - params + 1e-12) + 1e-12)
    own = 1 / (1 + np.exp(-(logit + ability * np.array([0.9, 0.7, 0, 0, 0]))))
    known = rng.random(len(params)) < own[:, PRIOR]
    skill, streak, tried, count = 0, 0, 0, 0
    for day in days:
        at = int(now - day * DAY_MS)
        for _ in range(rng.integers(5, 15)):
            item = _item(rng, catalog, skill)
            skills = [catalog.skill_index[s] for s in item.skill_ids]
            right = np.mean([1 - own[k, SLIP] if known[k] else own[k, GUESS] for k in skills])
            correct = bool(rng.random() < right)
            for k in skills:
                known[k] = rng.random() >= own[k, FORGET] if known[k] else rng.random() < own[k, LEARN]
            duration = int(rng.lognormal(9.6, 0.5))
            at, count = min(at + duration + 2000, now), count + 1
            yield Answer(f"{student}-{count}", student, class_id, item.id, correct, at, duration)
            streak, tried = (streak + 1 if correct else 0), tried + 1
            if streak >= 4 or tried >= 18:
                skill, streak, tried = (skill + 1) % len(params), 0, 0


def _item(rng: np.random.Generator, catalog: Catalog, skill: int) -> Item:
    """Mostly a plain exercise on the skill, now and then a word problem that asks for it."""
    name = catalog.skills[skill].id
    mixed = [item for item in catalog.items[ITEMS_PER_SKILL * len(catalog.skills) :] if item.skill_ids[0] == name]
    if mixed and rng.random() < 0.12:
        return mixed[int(rng.integers(len(mixed)))]
    return catalog.items[skill * ITEMS_PER_SKILL + int(rng.integers(ITEMS_PER_SKILL))]
