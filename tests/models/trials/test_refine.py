import numpy as np
import pytest

from engine.policies.course import Course
from engine.worlds.bkt import BKT
from engine.worlds.world import Plan, World, make
from models.trials.learning import course_of, practise, response_log
from models.trials.refine import expect


@pytest.fixture(scope="module")
def learnt() -> tuple[World, Course, Course]:
    world = make(Plan(skills=20, items=400, budget=100), np.random.default_rng(0))
    items, scores = practise(world, BKT(world, 600, np.random.default_rng(1)), 600, np.random.default_rng(2))
    plain = Course(world.catalog, np.zeros((20, 5)), np.zeros(400), {}, 100)
    return world, course_of(world, response_log(world, items, scores)), plain


def test_learning_is_told_from_waiting_for_prerequisites(learnt: tuple[World, Course, Course]) -> None:
    world, course, _ = learnt
    assert course.informed is not None
    assert course.informed[:, 1].mean() > 1.3 * course.params[:, 1].mean(), "plain BKT mixes in who was not ready"
    assert np.corrcoef(course.informed[:, 1], world.learn)[0, 1] > 0.6
    assert course.traits["unready"] < 0.35
    assert course.traits["forget"] == 0.0, "nothing is forgotten here, and none is assumed"


def test_students_are_seen_to_differ_as_they_do(learnt: tuple[World, Course, Course]) -> None:
    _, course, _ = learnt
    assert 0.4 < course.traits["ability"] < 1.3, "they differ by .8"
    assert 0.25 < course.traits["pace"] < 0.6, "they differ by .4"


def test_the_graph_and_the_traits_make_answers_likelier(learnt: tuple[World, Course, Course]) -> None:
    world, course, _ = learnt
    items, scores = practise(world, BKT(world, 100, np.random.default_rng(7)), 100, np.random.default_rng(8))
    bare = Course(course.catalog, course.params, course.difficulty, {}, course.budget)
    assert expect(course, items, scores).value > expect(bare, items, scores).value + 50


def test_expected_counts_add_up(learnt: tuple[World, Course, Course]) -> None:
    world, course, _ = learnt
    items, scores = practise(world, BKT(world, 40, np.random.default_rng(7)), 40, np.random.default_rng(8))
    counts = expect(course, items, scores)
    assert (counts.of_skill >= 0).all()
    single = (world.second[items] < 0).sum()
    assert counts.of_skill[:, 2:4, 1].sum() == pytest.approx(single), "each was known, or it was not"
    assert (counts.of_skill[:, [0, 5], 1].sum() <= 40 * 20 + 1e-6).all()
