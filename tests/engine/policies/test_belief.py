"""The belief against every joint state of a small world, and against plain BKT where there is nothing else."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from engine.bkt import update
from engine.policies.belief import Belief
from engine.policies.filtering import closures
from engine.worlds.exact import Solver, Tiny
from models.trials.tiny import EACH, course_of
from tests.engine.policies.worlds import course


def chain(unready: float = 0.1) -> Tiny:
    prior = np.array([0.6, 0.5, 0.7])
    learn, guess, slip = np.array([0.2, 0.3, 0.1]), np.array([0.2, 0.1, 0.25]), np.array([0.1, 0.05, 0.1])
    return Tiny(prior, 0.1 * prior, learn, guess, slip, ((), (0,), (1,)), unready)


def mastery(belief: Belief) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray((belief.weight[0][:, None] * belief.now()[0][0]).sum(axis=0))


@pytest.mark.parametrize(("skill", "score"), list(product(range(3), (0.0, 1.0))))
def test_one_answer_is_read_exactly_on_a_tree(skill: int, score: float) -> None:
    world = chain()
    belief, solver = Belief(course_of(world, 9), 1), Solver(world)
    belief.note(np.array([skill * EACH]), np.array([score]))
    exact = next(after for s, _, after in solver.outcomes(world.start(), skill) if s == score)
    assert mastery(belief) == pytest.approx(exact @ world.states, abs=5e-3)


def test_many_answers_stay_near_the_exact_posterior() -> None:
    world, rng, apart = chain(), np.random.default_rng(0), []
    for _ in range(40):
        belief, solver, exact = Belief(course_of(world, 9), 1), Solver(world), world.start()
        for _ in range(8):
            skill, score = int(rng.integers(3)), float(rng.integers(2))
            belief.note(np.array([skill * EACH]), np.array([score]))
            exact = next(after for s, _, after in solver.outcomes(exact, skill) if s == score)
        apart.append(np.abs(mastery(belief) - exact @ world.states).max())
    assert np.mean(apart) < 0.06


def test_evidence_goes_both_ways_and_what_is_learnt_stays_where_it_is() -> None:
    start = mastery(Belief(course_of(chain(), 9), 1))
    right, wrong, learnt = (Belief(course_of(chain(), 9), 1) for _ in range(3))
    right.note(np.array([EACH]), np.array([1.0]))
    wrong.note(np.array([0]), np.array([0.0]))
    assert (mastery(right)[[0, 2]] > start[[0, 2]]).all(), "who knows the second knows the first, and more of the third"
    assert mastery(wrong)[1] < start[1]
    for _ in range(30):
        learnt.note(np.array([0]), np.array([0.0]))
    assert mastery(learnt)[1] < start[1], "practice on the first does not teach the second"


def test_without_graph_and_traits_it_is_plain_bkt() -> None:
    belief, p = Belief(course(), 1), 0.3
    for score in (1.0, 0.0, 1.0):
        belief.note(np.array([35]), np.array([score]))
        p = update(p, score, 1, 0.2, 0.2, 0.1)
        assert mastery(belief)[3] == pytest.approx(p)


def test_memory_fades_by_the_step_until_practised() -> None:
    belief = Belief(course(forget=0.05), 1)
    belief.note(np.array([35]), np.array([1.0]))
    before = mastery(belief)[3] / 0.95
    for _ in range(3):
        belief.note(np.array([0]), np.array([1.0]))
    assert mastery(belief)[3] == pytest.approx(before * 0.95**4)


def test_students_who_learn_fast_are_told_from_those_who_do_not() -> None:
    belief = Belief(course(ability=1.0, pace_of_ability=0.3, pace=0.5), 2)
    for item in (0, 1, 2, 30, 31, 32):
        belief.note(np.array([item, item]), np.array([1.0, 0.0]))
    speed = (belief.weight[:, :, None] * belief.learn[None]).sum(axis=1)
    assert (speed[0] > 1.2 * speed[1]).all()
    assert belief.weight.sum(axis=1) == pytest.approx(1.0)


def test_closures_list_what_a_skill_builds_on_before_it() -> None:
    start, members, child = closures(course())
    lists = [members[a:b].tolist() for a, b in pairwise(start.tolist())]
    assert lists == [[0], [0, 1], [0, 1, 2], [3]]
    assert child[start[2] : start[3]].tolist() == [1, 2, -1]


def test_students_do_not_touch_each_other() -> None:
    both, alone = Belief(replace(course(ability=0.5), budget=9), 2), Belief(course(ability=0.5), 1)
    both.note(np.array([0, 30]), np.array([1.0, 0.0]))
    alone.note(np.array([0]), np.array([1.0]))
    assert (both.held[0] == alone.held[0]).all()
    assert (both.weight[0] == alone.weight[0]).all()
