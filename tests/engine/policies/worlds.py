"""A small course for tests of rules: a chain 0 -> 1 -> 2 and a skill of its own, ten items each."""

import numpy as np

from engine.catalog import Item, Prerequisite, Skill, build
from engine.model import builtin
from engine.policies.course import Course
from engine.tracing import bind


def course() -> Course:
    skills = [Skill(f"s{k}") for k in range(4)]
    items = [Item(f"i{k}-{n}", (f"s{k}",)) for k in range(4) for n in range(10)]
    items.append(Item("pair", ("s0", "s1")))
    catalog = build(skills, items, [Prerequisite("s0", "s1"), Prerequisite("s1", "s2")])[0]
    params = np.tile([0.3, 0.2, 0.2, 0.1, 0.0], (4, 1))
    return Course(catalog, params, np.zeros(41), 30, tracer=bind(builtin(), catalog))


OPEN = np.ones((1, 41), bool)
