import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.catalog import (
    CatalogError,
    Item,
    Prerequisite,
    Skill,
    build,
    find_cycle,
    from_json,
    retire_missing,
    to_json,
)

SKILLS = [Skill("add"), Skill("subtract"), Skill("Order of Operations +,-,/,* () positive reals", "Order 🧮")]
ITEMS = [Item("1", ("add",)), Item("2", ("subtract", "add")), Item("3", (SKILLS[2].id,))]


def test_the_version_is_the_content() -> None:
    one, _ = build(SKILLS, ITEMS, [Prerequisite("add", "subtract")])
    same, _ = build(SKILLS, ITEMS, [Prerequisite("add", "subtract")])
    other, _ = build(SKILLS, ITEMS[:2], [Prerequisite("add", "subtract")])
    assert one.version == same.version == from_json(to_json(one)).version != other.version
    assert from_json(to_json(one)) == one


def test_links_give_the_skills_of_each_item() -> None:
    catalog, _ = build(SKILLS, ITEMS, [])
    start, skills = catalog.links
    assert [skills[start[i] : start[i + 1]].tolist() for i in range(3)] == [[0], [1, 0], [2]]
    sets = catalog.skill_sets
    assert np.array_equal(sets.skills[sets.start[sets.of_item[1]] : sets.start[sets.of_item[1] + 1]], [1, 0])


def test_skills_may_be_left_to_the_items() -> None:
    catalog, _ = build([], ITEMS, [])
    assert [skill.id for skill in catalog.skills] == ["add", "subtract", SKILLS[2].id]


def test_all_faults_are_told_at_once_each_with_its_row() -> None:
    items = [Item("1", ("add",)), Item("1", ("add",)), Item("3", ("divide",)), Item("4", ()), Item("5", ("add", "add"))]
    with pytest.raises(CatalogError) as refused:
        build(SKILLS, items, [Prerequisite("add", "subtract"), Prerequisite("multiply", "add")])
    assert [(fault.table, fault.row) for fault in refused.value.faults] == [
        ("items", 2), ("items", 3), ("items", 4), ("items", 5), ("prerequisites", 2),
    ]  # fmt: skip
    text = str(refused.value)
    assert "'1' stands in row 1 already" in text
    assert "unknown skill 'divide'" in text
    assert "unknown skill 'multiply'" in text


def test_an_empty_catalog_is_refused() -> None:
    with pytest.raises(CatalogError, match="items: is empty"):
        build([], [], [])


def test_cycles_are_refused_by_name_and_dropped_on_request() -> None:
    edges = [
        Prerequisite("add", "add"),
        Prerequisite("add", "subtract"),
        Prerequisite("subtract", SKILLS[2].id),
        Prerequisite(SKILLS[2].id, "add"),
    ]
    with pytest.raises(CatalogError) as refused:
        build(SKILLS, ITEMS, edges)
    assert set(refused.value.cycles) == {("add", "add"), ("add", "subtract", SKILLS[2].id, "add")}
    assert {fault.row for fault in refused.value.faults} == {1, 4}
    catalog, dropped = build(SKILLS, ITEMS, edges, break_cycles=True)
    assert set(dropped) == {edges[0], edges[3]}
    assert catalog.prerequisites == (edges[1], edges[2])


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=24))
def test_breaking_cycles_leaves_none_and_drops_only_what_closes_one(pairs: list[tuple[int, int]]) -> None:
    skills = [Skill(str(n)) for n in range(8)]
    edges = [Prerequisite(str(a), str(b)) for a, b in dict.fromkeys(pairs)]
    catalog, dropped = build(skills, [Item("i", ("0",))], edges, break_cycles=True)
    assert _is_acyclic([(e.prerequisite, e.skill) for e in catalog.prerequisites])
    assert len(catalog.prerequisites) + len(dropped) == len(edges)
    assert (not dropped) == _is_acyclic([(e.prerequisite, e.skill) for e in edges])


def _is_acyclic(edges: list[tuple[str, str]]) -> bool:
    """Kahn's algorithm: take away skills that nothing comes before."""
    nodes = {n for edge in edges for n in edge}
    while free := {n for n in nodes if all(b != n for _, b in edges)}:
        nodes -= free
        edges = [(a, b) for a, b in edges if a not in free]
    return not nodes


def test_a_long_chain_is_no_problem() -> None:
    edges = [Prerequisite(str(n), str(n + 1)) for n in range(50_000)]
    assert find_cycle(edges) == []
    assert len(find_cycle([*edges, Prerequisite("50000", "0")])) == 50_001


def test_an_item_that_is_gone_is_retired_and_keeps_its_skill() -> None:
    old, _ = build(SKILLS, ITEMS, [])
    new, _ = build([], [Item("1", ("add",)), Item("9", ("new",))], [])
    merged = retire_missing(new, old)
    assert [item.retired for item in merged.items] == [False, False, True, True]
    assert merged.skill_sets.members.tolist() == [0, 1]
    assert {"add", "new", "subtract", SKILLS[2].id} == set(merged.skill_index)
    assert retire_missing(merged, merged) == merged


def test_a_prerequisite_without_items_holds_nobody_back() -> None:
    catalog, _ = build(SKILLS, [Item("1", ("add",))], [Prerequisite("subtract", "add")])
    assert catalog.required[0].size == 0
