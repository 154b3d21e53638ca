from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engine.graph.belief import moved
from engine.graph.model import ABILITY, FORGET, GUESS, LEARN, PACE, PLAIN, REST, SLIP, GraphModel
from engine.model import builtin
from engine.worlds.bkt import BKT
from engine.worlds.world import Plan, World, make
from models import graph, mastery
from models.graph import em
from models.graph.counts import Sample, expect
from models.graph.em import begin, difficulties, graph_of, maximised, sampled
from models.log import ResponseLog
from models.trials.learning import practise, response_log

Edges = list[tuple[str, str]]


def answers(world: World, students: int, seed: int) -> ResponseLog:
    items, scores = practise(
        world, BKT(world, students, np.random.default_rng(seed)), students, np.random.default_rng(seed + 1)
    )
    return response_log(world, items, scores)


@pytest.fixture(scope="module")
def world() -> World:
    return make(Plan(skills=20, items=400, budget=100), np.random.default_rng(0))


@pytest.fixture(scope="module")
def edges(world: World) -> Edges:
    return [(edge.prerequisite, edge.skill) for edge in world.catalog.prerequisites]


@pytest.fixture(scope="module")
def learnt(world: World, edges: Edges) -> tuple[ResponseLog, GraphModel]:
    log = answers(world, 600, 1)
    return log, graph.fit(log, edges, 1)


def sample_of(log: ResponseLog, edges: Edges) -> Sample:
    return Sample.of(log, graph_of(log, edges))


def on(model: GraphModel, log: ResponseLog) -> GraphModel:
    """The model, where items are as difficult as a log says."""
    return replace(model, difficulty=difficulties(log))


def test_learning_is_told_from_waiting_for_prerequisites(world: World, learnt: tuple[ResponseLog, GraphModel]) -> None:
    log, model = learnt
    plain = begin(log, 1).values[:, LEARN] / em.FASTER
    assert model.values[:, LEARN].mean() > 1.3 * plain.mean(), "plain BKT mixes in who was not ready"
    at = [world.catalog.skill_index[skill] for skill in log.skills]
    assert np.corrcoef(model.values[:, LEARN], world.learn[at])[0, 1] > 0.6
    assert model.traits[REST] < 0.35
    assert model.traits[FORGET] == 0.0, "nothing is forgotten here, and none is assumed"


def test_students_are_seen_to_differ_as_they_do(learnt: tuple[ResponseLog, GraphModel]) -> None:
    traits = learnt[1].traits
    assert 0.4 < traits[ABILITY] < 1.3, "they differ by .8"
    assert 0.25 < traits[PACE] < 0.6, "they differ by .4"


def test_guess_and_slip_are_those_of_an_average_item(world: World, learnt: tuple[ResponseLog, GraphModel]) -> None:
    log, model = learnt
    at = [world.catalog.skill_index[skill] for skill in log.skills]
    assert model.values[:, GUESS] == pytest.approx(world.guess[at], abs=0.08)
    assert model.values[:, SLIP].mean() == pytest.approx(world.slip.mean(), abs=0.05)
    assert np.corrcoef(model.difficulty, world.difficulty[[int(name[5:]) for name in log.items]])[0, 1] > 0.8


def test_what_is_told_of_answers_is_the_slope_of_the_likelihood() -> None:
    world = make(Plan(skills=4, items=40, budget=30, pairs=0.0), np.random.default_rng(3))
    log = answers(world, 30, 4)
    model, sample = begin(log, 1), sample_of(log, [])
    counts = expect(model, sample)

    def slope(shifted: Callable[[float], GraphModel]) -> float:
        return (expect(shifted(1e-5), sample).value - expect(shifted(-1e-5), sample).value) / 2e-5

    def answered(at: int, logits: float) -> GraphModel:
        values = model.values.copy()
        values[2, at] = moved(values[2, at], np.array(logits))
        return replace(model, values=values)

    def harder(logits: float) -> GraphModel:
        return replace(model, difficulty=model.difficulty + logits * (np.arange(len(log.items)) == 7))

    assert counts.of_answers[2, 0, 0] == pytest.approx(slope(lambda by: answered(GUESS, by)), rel=1e-4)
    assert counts.of_answers[2, 1, 0] == pytest.approx(-slope(lambda by: answered(SLIP, by)), rel=1e-4)
    assert counts.of_items[7, 0] == pytest.approx(-slope(harder), rel=1e-4)


def test_every_round_makes_the_answers_likelier(world: World, edges: Edges) -> None:
    log = answers(world, 150, 5)
    model, values = begin(log, 1), []
    for _ in range(4):
        counts = expect(model, sample_of(log, edges))
        values.append(counts.value)
        model = maximised(model, counts)
    assert (np.diff(values) > 0).all()


def test_the_graph_and_the_traits_make_answers_likelier(
    world: World, edges: Edges, learnt: tuple[ResponseLog, GraphModel]
) -> None:
    log, model = learnt
    others = answers(world, 100, 7)
    assert others.skills == log.skills
    bare = on(begin(log, 1), others)
    values = bare.values.copy()
    values[:, LEARN] /= em.FASTER
    values[:, :2] = (values[:, :1] ** 2).repeat(2, axis=1)
    alone = expect(replace(bare, values=values, traits=PLAIN.copy()), sample_of(others, []))
    assert expect(on(model, others), sample_of(others, edges)).value > alone.value + 50


def test_expected_counts_add_up(world: World, edges: Edges, learnt: tuple[ResponseLog, GraphModel]) -> None:
    others = answers(world, 40, 7)
    counts = expect(on(learnt[1], others), sample_of(others, edges))
    assert (counts.of_skill >= 0).all()
    single = (np.diff(others.tag_start)[others.tag] == 1).sum()
    assert 0.05 * single < counts.of_answers[:, :, 1].sum() < 0.25 * single, "each was known, or it was not"
    assert counts.of_answers.sum(axis=(0, 1)) == pytest.approx(counts.of_items.sum(axis=0)), "and was to one item"
    assert (counts.of_skill[:, :2, 1].sum() <= 40 * 20 + 1e-6).all()


def test_of_many_students_a_sample_is_read_the_same_each_time(
    learnt: tuple[ResponseLog, GraphModel], edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, whole = learnt
    monkeypatch.setattr(em, "MOST_STUDENTS", 50)
    some = sampled(log)
    assert some.students == sampled(log).students
    assert len(some.students) == 50
    found = graph.fit(log, edges, 1)
    assert found.values.shape == whole.values.shape
    assert (found.difficulty == difficulties(log)).all(), "items are read from all answers"
    monkeypatch.setattr(em, "MOST_ANSWERS", 1_000)
    assert len(sampled(log)) <= 1_000


def test_it_stands_beside_a_mastery_model_where_something_builds_on_something(
    learnt: tuple[ResponseLog, GraphModel], edges: Edges
) -> None:
    log = learnt[0].select(np.arange(600) < 40)
    model = mastery.fit(log, jobs=1)
    beside = graph.beside(model, log, edges)
    assert getattr(beside, "graph", None) is not None
    assert graph.beside(model, log, [("unheard of", log.skills[0])]) is model
    assert graph.beside(plain := builtin(), log, edges) is plain
