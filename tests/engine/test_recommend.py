from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bundle import AnyModel
from engine.catalog import Catalog, Item, Prerequisite, Skill, build
from engine.mastery import LOW, MANY
from engine.mastery_model import MasteryModel
from engine.model import builtin
from engine.recommend import Choice, Ints, Outcome, Policy, choose
from engine.recommending.policy import Floats
from engine.recommending.table import table_of
from engine.responses import Response, pack, unpack
from engine.tracing import AnyState, AnyTracer, bind
from tests.engine.made import mastery_model

POLICY = Policy()


def catalog_of(items_per_skill: int = 20) -> Catalog:
    skills = [Skill("a", "Adding"), Skill("b", "Brackets"), Skill("c", "Cubes")]
    items = [Item(f"{s.id}{n}", (s.id,)) for s in skills for n in range(items_per_skill)]
    return build(skills, items, [Prerequisite("a", "b"), Prerequisite("b", "c")])[0]


@pytest.fixture
def tracer() -> AnyTracer:
    return bind(builtin(), catalog_of())


def state_with(tracer: AnyTracer, *known: float, seen: int = 5) -> AnyState:
    """A student of the plain model with these P(L)."""
    k = len(known)
    counts, times = np.full(k, seen, np.int32), np.arange(1, k + 1, dtype=np.int64) * 1000
    return replace(tracer.empty, belief=np.array(known), responses=counts, last_at=times, length=seen * k)


def names(tracer: AnyTracer, choice: Choice) -> list[str]:
    return [tracer.catalog.items[found.item].id for found in choice.recommendations]


def middle(slot: int) -> float:
    return 0.5


def test_a_new_student_starts_where_nothing_comes_before(tracer: AnyTracer) -> None:
    choice = choose(tracer, tracer.empty, POLICY, middle, n=3)
    assert {found.reason for found in choice.recommendations} == {"start"}
    assert {name[0] for name in names(tracer, choice)} == {"a"}
    assert len(set(names(tracer, choice))) == 3


@given(st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3), st.floats(0, 0.999999))
@settings(deadline=None)
def test_prerequisites_come_first_and_what_is_mastered_is_left_alone(known: list[float], u: float) -> None:
    tracer = bind(builtin(), catalog_of(4))
    state = state_with(tracer, *known)
    choice = choose(tracer, state, POLICY, lambda slot: u, n=4)
    if choice.outcome is not Outcome.LEARN:
        return
    needs, standing, mark = {"a": None, "b": 0, "c": 1}, tracer.standing(state), table_of(tracer, POLICY.mastered).mark
    least = POLICY.gate * POLICY.closed ** (1 / POLICY.steep)
    for name in names(tracer, choice):
        before = needs[name[0]]
        assert before is None or standing.known[before] >= least or standing.mastery[before] >= mark[before]
        assert standing.mastery["abc".index(name[0])] < POLICY.mastered


def test_what_is_mastered_everywhere_is_said_and_review_offered(tracer: AnyTracer) -> None:
    choice = choose(tracer, state_with(tracer, 0.99, 0.97, 0.99), POLICY, middle)
    assert choice.outcome is Outcome.NOTHING_LEFT
    assert choice.recommendations[0].reason == "review"
    assert names(tracer, choice)[0].startswith("a"), "the skill practised longest ago"


def test_a_skill_asked_for_too_early_names_what_is_missing(tracer: AnyTracer) -> None:
    choice = choose(tracer, state_with(tracer, 0.9, 0.3, 0.3), POLICY, middle, skills=["c"])
    assert choice.outcome is Outcome.NOT_READY
    assert "Brackets" in choice.text
    assert not choice.recommendations


def test_exclusions_and_retired_items_are_never_given() -> None:
    items = [Item("1", ("a",)), Item("2", ("a",)), Item("3", ("a",), retired=True)]
    tracer = bind(builtin(), build([], items, [])[0])
    choice = choose(tracer, tracer.empty, POLICY, middle, n=5, exclude=["1", "unknown"])
    assert names(tracer, choice) == ["2"]
    assert choose(tracer, tracer.empty, POLICY, middle, exclude=["1", "2"]).outcome is Outcome.NO_ITEMS


def test_the_last_items_are_not_given_again_unless_nothing_else_is_left() -> None:
    tracer = bind(builtin(), build([], [Item(str(n), ("a",)) for n in range(6)], [])[0])
    answers = [Response(str(n), "s", str(n), 0.0, n) for n in range(4)]
    state = tracer.fold(unpack(b"".join(map(pack, answers))))
    found = names(tracer, choose(tracer, state, POLICY, middle, n=6))
    assert set(found[:2]) == {"4", "5"}
    assert len(set(found)) == 6, "more than there are fresh ones were asked for"
    everything = tracer.fold(unpack(b"".join(pack(Response(str(n), "s", str(n), 0.0, n)) for n in range(6))))
    assert len(names(tracer, choose(tracer, everything, POLICY, middle, n=6))) == 6


def test_after_a_long_run_on_one_skill_another_is_preferred() -> None:
    items = [Item(f"{s}{n}", (s,)) for s in "xy" for n in range(30)]
    tracer = bind(builtin(), build([], items, [])[0])
    run = [Response(str(n), "s", f"x{n}", float(n == 3), n) for n in range(POLICY.run)]
    state = tracer.fold(unpack(b"".join(map(pack, run))))
    assert names(tracer, choose(tracer, state, POLICY, middle))[0].startswith("y")
    short = tracer.fold(unpack(b"".join(map(pack, run[:-1]))))
    assert names(tracer, choose(tracer, short, POLICY, middle))[0].startswith("x")


def test_a_skill_on_which_the_student_is_stuck_rests_while_another_is_open() -> None:
    items = [Item(f"{s}{n}", (s,)) for s in "xy" for n in range(30)]
    tracer = bind(builtin(), build([], items, [])[0])
    policy = replace(POLICY, wrong=0, run=0)
    wrong = [Response(str(n), "s", f"x{n}", 0.0, n) for n in range(MANY)]
    other = [Response("y0", "s", "y0", 1.0, MANY)]
    state = tracer.fold(unpack(b"".join(map(pack, wrong + other))))
    standing = tracer.standing(state)
    assert standing.mastery[0] < LOW < standing.mastery[1] < POLICY.mastered
    assert standing.gain[0] > standing.gain[1], "by what is expected to be learnt alone x would be given"
    assert names(tracer, choose(tracer, state, policy, middle))[0].startswith("y")
    assert names(tracer, choose(tracer, state, replace(policy, stuck=1.0), middle))[0].startswith("x")
    (only,) = choose(tracer, state, policy, middle, skills=["x"]).recommendations
    assert only.reason == "stuck"
    fewer = tracer.fold(unpack(b"".join(map(pack, wrong[1:] + other))))
    assert names(tracer, choose(tracer, fewer, policy, middle))[0].startswith("x")


def test_the_propensity_is_the_frequency(tracer: AnyTracer) -> None:
    """Spread the draw evenly over [0, 1): each item is chosen as often as its propensity says."""
    state, policy, turns = state_with(tracer, 0.85, 0.5, 0.2), replace(POLICY, exploration=0.3), 20_000
    seen: Counter[int] = Counter()
    propensity: dict[int, float] = {}
    for turn in range(turns):
        found = choose(tracer, state, policy, lambda slot, u=(turn + 0.5) / turns: u).recommendations[0]  # type: ignore[misc]
        seen[found.item] += 1
        propensity[found.item] = found.propensity
    assert sum(propensity.values()) == pytest.approx(1.0)
    assert {item: count / turns for item, count in seen.items()} == pytest.approx(propensity, abs=2 / turns)


@pytest.mark.parametrize("blocked", [(), ("a2", "b0")])
@pytest.mark.parametrize("shortlist", [3, 0, 32])
def test_the_propensity_is_the_frequency_where_items_differ_too(shortlist: int, blocked: tuple[str, ...]) -> None:
    """Near ties of which those are left out that are too hard or too easy for the student."""
    tracer = bind(uneven(), catalog_of(5))
    turns, policy = 4_000, replace(POLICY, exploration=0.3, shortlist=shortlist, near=0.2, hardest=0.4, easiest=0.7)
    state = tracer.fold(unpack(pack(Response("r", "s", "c4", 1.0, 0))))
    seen: Counter[int] = Counter()
    propensity: dict[int, float] = {}
    for turn in range(turns):
        draw = (turn + 0.5) / turns
        found = choose(tracer, state, policy, lambda slot, u=draw: u, exclude=blocked).recommendations[0]  # type: ignore[misc]
        seen[found.item] += 1
        propensity[found.item] = found.propensity
    assert sum(propensity.values()) == pytest.approx(1.0)
    assert len(set(np.round(list(propensity.values()), 6))) == 2, "near ties, and what is explored"
    assert {item: count / turns for item, count in seen.items()} == pytest.approx(propensity, abs=2 / turns)


def test_what_is_too_hard_or_too_easy_is_left_out_unless_all_is() -> None:
    tracer = bind(uneven(), catalog_of(5))
    policy = replace(POLICY, exploration=0.0, hardest=0.4, easiest=0.7, near=0.5)
    draws = np.linspace(0, 0.999, 60)
    given = {choose(tracer, tracer.empty, policy, lambda slot, u=u: u).recommendations[0].item for u in draws}  # type: ignore[misc]
    p = tracer.predict(tracer.empty, np.arange(5))
    assert given == {item for item in range(5) if 0.4 <= p[item] <= 0.7}
    assert 0 < len(given) < 5
    narrow = replace(policy, hardest=0.999, easiest=0.9999)
    given = {choose(tracer, tracer.empty, narrow, lambda slot, u=u: u).recommendations[0].item for u in draws}  # type: ignore[misc]
    assert given == set(range(5))


def test_another_judge_of_chances_is_heard() -> None:
    tracer = bind(uneven(), catalog_of(5))
    asked: list[int] = []

    def chances(items: Ints) -> Floats:
        asked.extend(items.tolist())
        return np.where(items == 3, 0.5, 0.99)

    found = choose(tracer, tracer.empty, POLICY, middle, chances=chances).recommendations[0]
    assert (found.item, found.p_correct) == (3, 0.5)
    assert set(asked) == set(range(5))


def uneven() -> MasteryModel:
    """Items of the same skill that differ in difficulty: -2 to 2."""
    names = tuple(f"{skill}{n}" for skill in "abc" for n in range(5))
    offsets = np.zeros((15, 2))
    offsets[:, 0] = np.tile(np.linspace(-2, 2, 5), 3)
    return replace(mastery_model(), items=names, offsets=offsets, item_means=np.full(16, 0.7))


def test_a_choice_far_from_the_best_is_called_exploration(tracer: AnyTracer) -> None:
    found = choose(tracer, state_with(tracer, 0.8, 0.3, 0.2), POLICY, lambda slot: 0.951).recommendations[0]
    assert found.reason == "explore"
    assert found.propensity < 0.05


STEADY = replace(mastery_model(), drift=np.array([-40.0]))  # what drifts is no gain


@pytest.mark.parametrize("model", [builtin(), STEADY], ids=["plain", "mastery"])
def test_expected_gain_is_the_mean_rise_over_both_answers(model: AnyModel) -> None:
    """By learning: of the evidence, what both answers say cancels out."""
    tracer = bind(model, catalog_of())
    state = tracer.fold(unpack(pack(Response("r0", "s", "a1", 0.0, 9_999))))
    found = choose(tracer, state, POLICY, middle).recommendations[0]
    skill = int(tracer.skills[tracer.start[found.item]])
    record = Response("r", "s", tracer.catalog.items[found.item].id, 1.0, 9_999)
    before = tracer.standing(state, 9_999).mastery[skill]
    rise = [
        float(tracer.standing(tracer.fold(unpack(pack(replace(record, score=score))), state)).mastery[skill] - before)
        for score in (0.0, 1.0)
    ]
    assert found.expected_gain == pytest.approx((1 - found.p_correct) * rise[0] + found.p_correct * rise[1], abs=2e-4)


def test_more_gain_is_expected_where_other_skills_wait() -> None:
    skills = [Skill("lonely"), Skill("key"), Skill("door")]
    items = [Item(f"{s.id}{n}", (s.id,)) for s in skills for n in range(5)]
    tracer = bind(builtin(), build(skills, items, [Prerequisite("key", "door")])[0])
    state = replace(state_with(tracer, 0.5, 0.5, 0.2))
    choice = choose(tracer, state, POLICY, middle)
    assert names(tracer, choice)[0].startswith("key")
    assert choice.recommendations[0].reason == "opens"
