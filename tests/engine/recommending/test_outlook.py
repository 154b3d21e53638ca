"""What the graph model changes in a choice: what an answer says of other skills."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.catalog import Item, Prerequisite, Skill, build
from engine.outlook import GAIN, KNOWN, OUTLOOK, PROMISING, REACHED, bare
from engine.recommend import Choice, Mode, Policy, Wish, choose
from engine.recommending.skills import GAIN_ROW, GATE_ROW
from engine.responses import Response, pack, unpack
from engine.tracing import AnyState, AnyTracer, bind
from tests.engine.made import mastery_model, with_graph

SKILLS = [Skill(name) for name in "abcd"]
ITEMS = [Item(f"{name}{n}", (name,)) for name in "abcd" for n in range(6)]
CATALOG = build(SKILLS, ITEMS, [Prerequisite("a", "b"), Prerequisite("b", "c")])[0]
GRAPH, BARE = (bind(model, CATALOG) for model in (with_graph(mastery_model()), mastery_model()))
A, B, C, D = range(4)


def after(tracer: AnyTracer, *answers: tuple[str, float]) -> AnyState:
    rows = [pack(Response(str(n), "s", item, score, n)) for n, (item, score) in enumerate(answers)]
    return tracer.fold(unpack(b"".join(rows)))


def told(tracer: AnyTracer, state: AnyState, row: int) -> list[float]:
    choice = choose(tracer, state, replace(Policy(), exploration=0.0), lambda _: 0.5)
    ranking = choice.recommendations[0].ranking
    assert ranking is not None
    return [float(value) for value in ranking.said[row]]


def test_without_a_graph_model_skills_stand_alone() -> None:
    known, gain = np.array([0.5, 0.8, 0.2]), np.array([0.1, 0.2, 0.3])
    found = bare(known, gain, np.array([0, 0, 0, 2]), np.array([0, 1]))
    assert found.shape == (OUTLOOK, 3)
    assert found[REACHED].tolist() == [1.0, 1.0, 0.4]
    assert (found[KNOWN] == known).all()
    assert (found[[PROMISING, GAIN]] == gain).all()


def test_right_answers_on_what_builds_on_a_skill_open_what_they_rest_on_and_what_follows() -> None:
    """Not one answer on ``a``: with the graph its pupils are known to be ready for what builds on it."""
    answers = [(f"b{n}", 1.0) for n in range(5)]
    new, now = (told(GRAPH, state, GATE_ROW) for state in (GRAPH.empty, after(GRAPH, *answers)))
    assert now[B] > 3 * new[B]
    assert now[C] > new[C]
    alone = (told(BARE, state, GATE_ROW)[B] for state in (BARE.empty, after(BARE, *answers)))
    assert next(alone) == pytest.approx(next(alone), rel=0.7), "ability alone moves it but little"


def test_wrong_answers_below_close_what_builds_on_it() -> None:
    new, now = (told(GRAPH, s, GATE_ROW) for s in (GRAPH.empty, after(GRAPH, *[(f"a{n}", 0.0) for n in range(3)])))
    assert now[B] < new[B]
    assert told(GRAPH, GRAPH.empty, GAIN_ROW) == pytest.approx(
        GRAPH.outlook(GRAPH.empty, GRAPH.standing(GRAPH.empty))[GAIN].tolist()
    )


@pytest.mark.parametrize("mode", [Mode.LEARN, Mode.REVIEW, Mode.DIAGNOSE, Mode.TARGETS])
def test_every_mode_is_asked_as_before_and_leaves_the_student_alone(mode: Mode) -> None:
    state = after(GRAPH, ("a0", 1.0), ("d0", 0.0), ("b0", 1.0))
    before = GRAPH.dump(state)

    def ask() -> Choice:
        wish = Wish(mode, targets=("c",), by=10**9 if mode is Mode.TARGETS else None)
        return choose(GRAPH, state, Policy(), lambda _: 0.3, wish=wish)

    one, again = ask(), ask()
    assert one.recommendations
    assert [(r.item, r.propensity) for r in one.recommendations] == [
        (r.item, r.propensity) for r in again.recommendations
    ]
    assert GRAPH.dump(state) == before


def test_reports_do_not_change() -> None:
    answers = ("a0", 1.0), ("b1", 0.0), ("c0", 1.0)
    ours, theirs = after(GRAPH, *answers), after(BARE, *answers)
    assert (GRAPH.standing(ours).mastery == BARE.standing(theirs).mastery).all()
    assert GRAPH.tag != BARE.tag, "no snapshot of one is read by the other"
