"""What a teacher says of a skill counts as answers seen, and as no more than that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.bundle import AnyModel
from engine.catalog import Item, Prerequisite, Skill, build
from engine.model import Model, builtin
from engine.outlook import KNOWN
from engine.responses import EMPTY, Response, pack, unpack
from engine.tracing import AnyTracer, bind
from engine.tracing.judgements import Judgement, fold_judged
from tests.engine.made import mastery_model, with_graph

DAY = 86_400_000
CATALOG = build([Skill(s) for s in "abc"], [Item("a1", ("a",)), Item("b1", ("b",))], [])[0]
STILL = replace(mastery_model(), drift=np.array([-40.0]), coefficients=np.zeros(7))


def tracer_of(model: AnyModel) -> AnyTracer:
    return bind(model, CATALOG)


@pytest.mark.parametrize("model", [builtin(), STILL], ids=["plain", "mastery"])
def test_an_estimate_moves_as_far_as_it_is_sure(model: AnyModel) -> None:
    tracer = tracer_of(model)
    before = tracer.standing(tracer.empty, DAY)
    mastery = [
        tracer.standing(tracer.judged(tracer.empty, 0, share, answers, DAY), DAY).mastery
        for share, answers in ((1.0, 1.0), (1.0, 8.0), (0.0, 1.0), (0.0, 8.0), (0.5, 0.0))
    ]
    one, many, wrong, often, nothing = (float(found[0]) for found in mastery)
    assert often < wrong < before.mastery[0] < one < many
    assert nothing == pytest.approx(before.mastery[0])
    assert tracer.standing(tracer.empty, DAY).mastery == pytest.approx(before.mastery), "what was there is untouched"


@pytest.mark.parametrize("model", [builtin(), STILL], ids=["plain", "mastery"])
def test_one_right_answer_told_is_one_right_answer_seen_but_for_what_was_learnt_by_it(model: AnyModel) -> None:
    """On an item of average difficulty: the posterior before learning."""
    tracer = tracer_of(model)
    told = tracer.judged(tracer.empty, 2, 1.0, 1.0, 0)
    unknown, success = tracer.success(0.0)[2], tracer.success(1.0)[2]
    if model is STILL:
        facts = tracer.facts  # type: ignore[attr-defined]
        joint = facts.weight * facts.prior[2] * facts.success[2, 1]
        expected = joint.sum() / (joint + facts.weight * (1 - facts.prior[2]) * facts.success[2, 0]).sum()
    else:
        p = float(tracer.standing(tracer.empty).known[2])
        expected = p * success / (p * success + (1 - p) * unknown)
    assert tracer.standing(told).known[2] == pytest.approx(expected)


def test_what_is_asked_of_the_skill_alone_hears_of_it_where_it_is_read_as_a_whole() -> None:
    params = np.array([[0.3, 0.1, 0.2, 0.1, 0.0], [0.4, 0.0, 0.3, 0.2, 0.0]])
    draws = np.repeat(params[None, :1], 4, axis=0)
    skills = ("a",), params[:1].copy(), params[0].copy(), draws, draws[:, 0].copy()
    tracer = tracer_of(Model(*skills, wholes=(("a",),), whole_params=params[1:].copy()))
    told, item = tracer.judged(tracer.empty, 0, 1.0, 1.0, DAY), np.array([0, 1])
    known = [p * (1 - slip) / (p * (1 - slip) + (1 - p) * guess) for p, _, guess, slip, _ in params]
    right = [k * (1 - slip) + (1 - k) * guess for k, (_, _, guess, slip, _) in zip(known, params, strict=True)]
    assert tracer.predict(told, item)[0] == pytest.approx(sum(right) / 2)
    assert tracer.predict(told, item)[1] == tracer.predict(tracer.empty, item)[1]


def test_ability_hears_of_it_too_and_forgetting_counts_from_it() -> None:
    tracer = tracer_of(STILL)
    told = tracer.judged(tracer.empty, 0, 1.0, 6.0, DAY)
    assert tracer.standing(told).mastery[1] > tracer.standing(tracer.empty).mastery[1]
    state = tracer.fold(unpack(pack(Response("r", "s", "a1", 1.0, 0))))
    long = 400 * DAY
    fresh = tracer.judged(state, 0, 0.5, 0.0, long)
    assert tracer.standing(fresh, long).known[0] == pytest.approx(tracer.standing(state, long).known[0], rel=0.03)
    assert tracer.standing(fresh, 2 * long).known[0] < tracer.standing(fresh, long).known[0]
    assert len(tracer.fold(EMPTY, told).recent) == 0


@pytest.mark.parametrize(
    "model", [builtin(), STILL, mastery_model(clock="answers")], ids=["plain", "mastery", "answers"]
)
def test_what_lasts_is_what_the_model_keeps(model: AnyModel) -> None:
    tracer = tracer_of(model)
    day, year = tracer.lasting(DAY), tracer.lasting(365 * DAY)
    assert (year <= day).all()
    if model is STILL:
        assert (year < day).all()
        state = tracer.fold(unpack(pack(Response("r", "s", "b1", 1.0, 0))))
        kept = tracer.standing(state, DAY).known[1] / tracer.standing(state).known[1]
        assert day[1] == pytest.approx(kept)


def test_an_estimate_moves_what_the_graph_believes_of_other_skills_too() -> None:
    catalog = build(CATALOG.skills, [*CATALOG.items, Item("c1", ("c",))], [Prerequisite("a", "b")])[0]
    tracer = bind(with_graph(STILL), catalog)
    start, said = tracer.empty, tracer.judged(tracer.empty, 1, 1.0, 6.0, DAY)
    before, after = (tracer.outlook(state, tracer.standing(state))[KNOWN] for state in (start, said))
    assert after[1] > before[1] + 0.2
    assert after[0] > before[0] + 0.1, "who knows the second knows what it builds on"
    history = unpack(pack(Response("1", "s", "c1", 1.0, 2 * DAY)))
    folded = fold_judged(tracer, history, [Judgement("b", 1.0, 6.0, DAY)])
    assert tracer.dump(folded) == tracer.dump(tracer.fold(history, said))
