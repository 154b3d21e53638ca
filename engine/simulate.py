"""Simulated students: a small school that practises arithmetic, for the demonstration and the tests.

Each student has an ability that moves prior and learn of every skill on the logit scale, knows or does not know each
skill, and answers by the BKT equations (:mod:`engine.bkt`). They practise along the curriculum, a run on one skill at
a time, in sessions spread over some weeks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

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

# Each area, and its first skill in the curriculum.
AREAS = {
    "Number": "Counting to 100",
    "Addition and subtraction": "Addition within 20",
    "Multiplication and division": "Multiplication facts",
    "Fractions and ratio": "Fractions of a whole",
}

_NAMES = """
Ada Ali Amara Ana Ben Bilal Chen Chloe Dana Diego Elif Emma Farid Femi Grace Hana Hugo Ines Ivan Jada Jonas Kaito Kofi
Lara Leo Lina Luca Maya Mei Milo Mina Nia Noah Nora Omar Owen Priya Rafa Rosa Ruth Sami Sara Sofia Tariq Theo Uma
Viktor Wren Yara Yusuf Zara Zoe
"""
_FAMILIES = """
Acheampong Bauer Castillo Dogan Eriksen Fofana Garcia Haddad Ivanova Jensen Kaya Lopez Mensah Novak Okafor Petrov
Quintero Rossi Silva Tanaka Usman Vargas Weber Xu Yilmaz Zhou
"""
NAMES = tuple(_NAMES.split())
FAMILIES = tuple(_FAMILIES.split())
TEACHERS = ("rivera", "okafor", "lindqvist")
GROUPS = ("red", "blue", "green")
MISKEYED = "multiplication-facts-05"  # the key of this item is wrong: right answers count as wrong ones


@dataclass(frozen=True, slots=True)
class Kind:
    """What is special about a student: moved ability, how often they come, days since they last came and since they
    first did, and how much of the learning rate is left on the skills from ``blocked`` on."""

    ability: float | None = None
    busy: float = 1.0
    away: float = 0.1
    since: float | None = None
    blocked: int | None = None


ORDINARY = Kind()
# Those that every class has, by their places in the first class of a school that is large enough to look real.
KINDS = {
    3: Kind(ability=-0.6, busy=1.8, blocked=3),  # spins the wheels: practises much, and gets nowhere from here on
    7: Kind(ability=2.4, busy=2.2),  # moves fast
    11: Kind(away=24.0),  # idle: has not been seen for weeks
    15: Kind(busy=0.0),  # new: on the roster, and no answer yet
    19: Kind(busy=0.3, since=3.0),  # came some days ago
}


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


@dataclass
class Pupil:
    """A simulated student: who they are, and what they know now."""

    id: str
    name: str
    class_id: str
    group: str
    own: Floats  # [K, 5]: the skills' parameters, moved by ability
    known: npt.NDArray[np.bool_]  # [K]
    rng: np.random.Generator
    count: int = 0

    def answer(self, catalog: Catalog, item: Item, at: int) -> Answer:
        """One response at ``at`` (ms, its end), and what was learnt or forgotten by it."""
        skills = [catalog.skill_index[name] for name in item.skill_ids]
        right = np.mean([1 - self.own[k, SLIP] if self.known[k] else self.own[k, GUESS] for k in skills])
        correct = bool(self.rng.random() < right) != (item.id == MISKEYED)
        for k in skills:
            chance = self.rng.random()
            self.known[k] = chance >= self.own[k, FORGET] if self.known[k] else chance < self.own[k, LEARN]
        self.count += 1
        duration = int(self.rng.lognormal(9.6, 0.5))
        return Answer(f"{self.id}-{self.count}", self.id, self.class_id, item.id, correct, at, duration)


@dataclass(frozen=True)
class School:
    """A catalog, its students' answers in order of time, the parameters [K, 5] that made them, and the students."""

    catalog: Catalog
    answers: list[Answer]
    params: Floats
    pupils: list[Pupil]


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
    pupils: list[Pupil] = []
    for number in range(classes):
        for at in range(students):
            kind = KINDS.get(at, ORDINARY) if number == 0 and students >= 20 else ORDINARY
            pupil = _pupil(rng.spawn(1)[0], params, kind, number, at)
            pupils.append(pupil)
            answers.extend(_practice(pupil, catalog, kind, now, weeks))
    answers.sort(key=lambda answer: (answer.answered_at, answer.id))
    return School(catalog, answers, params, pupils)


def roster_rows(school: School) -> list[dict[str, str]]:
    """Who is in which class, as a plain sheet: a row a student and class.

    Each class has a teacher and groups; some of the first class have a small one besides, for support.

    >>> rows = roster_rows(simulate_school(now=0, classes=1, students=2))
    >>> rows[0]["name"], rows[0]["class_title"], rows[0]["teacher_id"]
    ('Ada Acheampong', 'Maths 4a', 'rivera')
    """
    rows = []
    classes = list(dict.fromkeys(pupil.class_id for pupil in school.pupils))
    for pupil in school.pupils:
        at = classes.index(pupil.class_id)
        who = {"student_id": pupil.id, "name": pupil.name, "school": "Hill School", "group": pupil.group}
        title = f"Maths {pupil.class_id.removeprefix('class-')}"
        home = {"class_id": pupil.class_id, "class_title": title, "teacher_id": TEACHERS[at % len(TEACHERS)]}
        rows.append(who | home)
        if at == 0 and pupil.group == GROUPS[0] and len(school.pupils) > 20:
            rows.append(who | {"class_id": "support-4", "class_title": "Support 4", "teacher_id": TEACHERS[-1]})
    return rows


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
        Item(f"{slugs[title]}-with-{slugs[b]}", (slugs[title], slugs[b]), f"Word problem: {title} and {b}")
        for title, before in CURRICULUM.items()
        for b in before
    ]
    return build(list(_skills(slugs)), items, edges)[0]


def _skills(slugs: Mapping[str, str]) -> Iterator[Skill]:
    area, begins = "", {first: name for name, first in AREAS.items()}
    for title, slug in slugs.items():
        area = begins.get(title, area)
        yield Skill(slug, title, area=area)


def _parameters(rng: np.random.Generator, skills: int) -> Floats:
    params = np.zeros((skills, 5))
    params[:, PRIOR] = rng.uniform(0.1, 0.45, skills)
    params[:, LEARN] = rng.uniform(0.08, 0.25, skills)
    params[:, GUESS] = rng.uniform(0.1, 0.28, skills)
    params[:, SLIP] = rng.uniform(0.04, 0.14, skills)
    params[:, FORGET] = rng.uniform(0.0, 0.01, skills)
    return params


def _pupil(rng: np.random.Generator, params: Floats, kind: Kind, number: int, at: int) -> Pupil:
    """The ``at``-th student of a class, with an ability that moves prior and learn of every skill."""
    drawn = float(rng.normal())
    ability = drawn if kind.ability is None else kind.ability
    logit = np.log(params / (1 - params + 1e-12) + 1e-12)
    own = 1 / (1 + np.exp(-(logit + ability * np.array([0.9, 0.7, 0, 0, 0]))))
    if kind.blocked is not None:
        own[kind.blocked :, [PRIOR, LEARN]] *= 0.02
    first, family = NAMES[(at + 17 * number) % len(NAMES)], FAMILIES[(at * 7 + number * 3) % len(FAMILIES)]
    name = f"{first.lower()}-{number + 1}{at:02d}"
    known = rng.random(len(params)) < own[:, PRIOR]
    return Pupil(name, f"{first} {family}", f"class-{number + 4}a", GROUPS[at % len(GROUPS)], own, known, rng)


def _practice(pupil: Pupil, catalog: Catalog, kind: Kind, now: int, weeks: int) -> Iterator[Answer]:
    """A student's answers along the curriculum: some work much, some hardly, a few have just come."""
    rng = pupil.rng
    sessions = int(kind.busy * max(1.0, rng.gamma(3.0, 1.3 * weeks / 2)))
    first = rng.uniform(0.5, weeks * 7) if rng.random() < 0.1 else weeks * 7
    first = max(kind.away + 0.1, first if kind.since is None else kind.since)
    skill, streak, tried = 0, 0, 0
    for day in np.sort(rng.uniform(kind.away, first, sessions))[::-1]:
        at = _in_school_hours(int(now - day * DAY_MS), rng)
        for _ in range(rng.integers(5, 15)):
            given = pupil.answer(catalog, _item(rng, catalog, skill), at)
            at = min(at + given.duration_ms + 2000, now)
            yield replace(given, answered_at=at)
            streak, tried = (streak + 1 if given.correct else 0), tried + 1
            if streak >= 4 or tried >= 18:
                skill, streak, tried = (skill + 1) % len(catalog.skills), 0, 0


def _in_school_hours(at: int, rng: np.random.Generator) -> int:
    """The same day between eight and fourteen o'clock, unless that is later."""
    return min(at, at - at % DAY_MS + int(rng.uniform(8, 14) * 3_600_000))


def _item(rng: np.random.Generator, catalog: Catalog, skill: int) -> Item:
    """Mostly a plain exercise on the skill, now and then a word problem that asks for it."""
    name = catalog.skills[skill].id
    mixed = [item for item in catalog.items[ITEMS_PER_SKILL * len(catalog.skills) :] if item.skill_ids[0] == name]
    if mixed and rng.random() < 0.12:
        return mixed[int(rng.integers(len(mixed)))]
    return catalog.items[skill * ITEMS_PER_SKILL + int(rng.integers(ITEMS_PER_SKILL))]
