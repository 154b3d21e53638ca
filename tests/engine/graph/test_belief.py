"""The belief against every joint state of a small world, and against plain BKT where there is nothing else."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bkt import update
from engine.catalog import Catalog, Item, Prerequisite, Skill, build
from engine.graph.belief import coarse, parts
from engine.graph.carrier import Carrier
from engine.graph.filtering import ROWS, note
from engine.graph.model import ABILITY, FORGET, PACE, PACE_OF_ABILITY, PLAIN, GraphModel, points, unlearnt
from engine.outlook import GAIN, KNOWN, PROMISING, REACHED
from engine.worlds.exact import Solver, Tiny
from models.trials.tiny import EACH, course_of, told
from tests.engine.policies.worlds import course

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
EVERYWHERE = [(skill, score) for skill, score in product(range(3), (0.0, 1.0))]


def chain(unready: float = 0.1) -> Tiny:
    prior = np.array([0.6, 0.5, 0.7])
    learn, guess, slip = np.array([0.2, 0.3, 0.1]), np.array([0.2, 0.1, 0.25]), np.array([0.1, 0.05, 0.1])
    return Tiny(prior, 0.1 * prior, learn, guess, slip, ((), (0,), (1,)), unready)


def of_chain() -> Carrier:
    catalog = course_of(chain(), 9).catalog
    model = told(chain(), catalog)
    assert model.graph is not None
    return Carrier(model.graph, model.skills, model.items, catalog)


def of_course(**traits: float) -> Carrier:
    """The course of four alike skills, 0 -> 1 -> 2 and 3 for itself."""
    catalog, at = course().catalog, {"ability": ABILITY, "pace_of_ability": PACE_OF_ABILITY, "pace": PACE}
    given = PLAIN.copy()
    for name, value in traits.items():
        given[at.get(name, FORGET)] = value
    one = np.array([0.3, 0.3, 0.2, 0.2, 0.1])
    return Carrier(GraphModel(np.empty((0, 5)), one, np.empty(0), given, points(5, 3)), (), (), catalog)


def after(carrier: Carrier, *answers: tuple[int, float]) -> Floats:
    items, scores = (np.array([answer[at] for answer in answers], kind) for at, kind in ((0, np.int64), (1, float)))
    return carrier.fold(items, scores, carrier.empty)


def known(carrier: Carrier, *answers: tuple[int, float]) -> Floats:
    return np.asarray(carrier.outlook(after(carrier, *answers))[KNOWN])


@pytest.mark.parametrize(("skill", "score"), EVERYWHERE)
def test_one_answer_is_read_exactly_on_a_tree(skill: int, score: float) -> None:
    solver = Solver(chain())
    exact = next(after for s, _, after in solver.outcomes(chain().start(), skill) if s == score)
    assert known(of_chain(), (skill * EACH, score)) == pytest.approx(exact @ chain().states, abs=5e-3)


def test_many_answers_stay_near_the_exact_posterior() -> None:
    world, rng, apart = chain(), np.random.default_rng(0), []
    for _ in range(40):
        solver, exact, answers = Solver(world), world.start(), []
        for _ in range(8):
            skill, score = int(rng.integers(3)), float(rng.integers(2))
            answers.append((skill * EACH, score))
            exact = next(after for s, _, after in solver.outcomes(exact, skill) if s == score)
        apart.append(np.abs(known(of_chain(), *answers) - exact @ world.states).max())
    assert np.mean(apart) < 0.06


def test_evidence_goes_both_ways_and_what_is_learnt_stays_where_it_is() -> None:
    start, right, wrong = known(of_chain()), known(of_chain(), (EACH, 1.0)), known(of_chain(), (0, 0.0))
    assert (right[[0, 2]] > start[[0, 2]]).all(), "who knows the second knows the first, and more of the third"
    assert wrong[1] < start[1]
    assert known(of_chain(), *[(0, 0.0)] * 30)[1] < start[1], "practice on the first does not teach the second"


def test_without_graph_and_traits_it_is_plain_bkt() -> None:
    p, answers = 0.3, [(35, score) for score in (1.0, 0.0, 1.0)]
    for n, (_, score) in enumerate(answers):
        p = update(p, score, 1, 0.2, 0.2, 0.1)
        assert known(of_course(), *answers[: n + 1])[3] == pytest.approx(p, abs=1e-3)


def test_memory_fades_by_the_answer_until_practised() -> None:
    carrier = of_course(forget=0.05)
    before = known(carrier, (35, 1.0))[3] / 0.95
    assert known(carrier, (35, 1.0), *[(0, 1.0)] * 3)[3] == pytest.approx(before * 0.95**4)


def test_students_who_learn_fast_are_told_from_those_who_do_not() -> None:
    carrier, items = of_course(ability=1.0, pace_of_ability=0.3, pace=0.5), (0, 1, 2, 30, 31, 32)
    looks = [carrier.outlook(after(carrier, *[(item, score) for item in items])) for score in (1.0, 0.0)]
    fast, slow = (look[PROMISING] / (1 - look[KNOWN]) for look in looks)
    assert (fast > 1.2 * slow).all()


def test_the_outlook_follows_its_formulas() -> None:
    """Of the grid's one point: R from P of what a skill builds on, in the order of the graph."""
    found = of_chain().outlook(of_chain().empty)
    prior = chain().prior
    p = [prior[0]]
    for k in (1, 2):
        p.append(prior[k] * p[-1] + 0.1 * prior[k] * (1 - p[-1]))
    ready = [1.0] + [p[k - 1] * (1 - prior[k]) / (1 - p[k]) for k in (1, 2)]
    promising = (1 - np.array(p)) * chain().learn
    assert found[KNOWN] == pytest.approx(p, abs=1e-3)
    assert found[REACHED] == pytest.approx(ready, abs=2e-3)
    assert found[PROMISING] == pytest.approx(promising, abs=1e-3)
    assert found[GAIN] == pytest.approx(promising * (np.array(ready) * 0.9 + 0.1), abs=1e-3)


def test_what_it_does_not_know_is_average() -> None:
    items = [Item("new", ("new",)), Item("i0-0", ("s0",))]
    catalog: Catalog = build([Skill("new"), Skill("s0")], items, [Prerequisite("s0", "new")])[0]
    values = np.array([[0.9, 0.5, 0.2, 0.2, 0.1]])
    model = GraphModel(values, np.array([0.4, 0.1, 0.2, 0.2, 0.1]), np.array([1.0]), PLAIN.copy(), points(1, 1))
    carrier = Carrier(model, ("s0",), ("i0-0",), catalog)
    assert known(carrier) == pytest.approx([0.4 * 0.9 + 0.1 * 0.1, 0.9], abs=1e-3)
    guess = carrier.facts.answers[0]
    assert guess[0] == pytest.approx(0.2)
    assert guess[1] < 0.15, "the item that it knows is a hard one"


@given(st.floats(1e-6, 1 - 1e-6))
def test_the_lattice_is_fine_and_its_points_stay(p: float) -> None:
    found = coarse(p)
    assert abs(found - p) <= min(p, 1 - p) / 2048 + 1e-15
    assert coarse(found) == found


def test_an_item_of_two_skills_says_no_more_of_one_than_if_the_other_were_known() -> None:
    """What one skill is told moves the other where it builds on it: the other's turn must not count it again."""
    items = [Item("one", ("a",)), Item("two", ("b",)), Item("both", ("a", "b"))]
    catalog = build([Skill("a"), Skill("b")], items, [Prerequisite("a", "b")])[0]
    carrier = Carrier(unlearnt(), (), (), catalog)
    facts, believed = carrier.facts, carrier.fold(np.array([0, 1]), np.ones(2), carrier.empty)
    held, weight, touched = parts(len(facts.weight), 2, believed.copy())
    trail, (if_not, if_all) = np.empty((2, ROWS, len(facts.weight))), 1.0 - facts.answers[:, 2]
    note(np.array([0, 1]), if_not, if_all, 2.0, facts, held, weight, touched, np.ones((3, 2)), trail)
    assert (trail[:, 2] >= if_all - 1e-12).all()
    assert (trail[:, 2] <= if_not + 1e-12).all()
