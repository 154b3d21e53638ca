"""What is told of a choice adds up, and every alternative has a reason that holds."""

from __future__ import annotations

import pytest

from engine.catalog import Item, Prerequisite, Skill, build
from engine.model import builtin
from engine.recommend import Mode, Policy, Wish, choose
from engine.recommending.explain import explain
from engine.recommending.reasons import FOR_STUDENT
from engine.responses import Response, pack, unpack
from engine.tracing import AnyState, AnyTracer, bind

SKILLS = [Skill("root"), Skill("next"), Skill("far"), Skill("lone"), Skill("hard")]
EDGES = [Prerequisite("root", "next"), Prerequisite("next", "far")]
POLICY = Policy(exploration=0.0)


@pytest.fixture(scope="module")
def tracer() -> AnyTracer:
    items = [Item(f"{skill.id}{n}", (skill.id,)) for skill in SKILLS for n in range(6)]
    return bind(builtin(), build(SKILLS, items, EDGES)[0])


def after(tracer: AnyTracer, *answers: tuple[str, float]) -> AnyState:
    packed = (pack(Response(str(n), "s", item, score, n)) for n, (item, score) in enumerate(answers))
    return tracer.fold(unpack(b"".join(packed)))


def test_parts_make_the_worth_and_the_score(tracer: AnyTracer) -> None:
    state = after(tracer, ("root0", 1.0), ("hard0", 0.0), ("hard1", 0.0), ("hard2", 0.0), ("hard3", 0.0))
    choice = choose(tracer, state, POLICY, lambda slot: 0.4, n=2)
    for one, told in zip(choice.recommendations, explain(tracer, tracer.standing(state), POLICY, choice), strict=True):
        (skill,) = told.parts
        made = 1.0
        for name in ("gate", "gain", "opens", "guard"):
            made *= skill.parts[name]
        assert skill.parts["worth"] == pytest.approx(made)
        assert one.ranking is not None
        place = one.ranking.items.tolist().index(one.item)
        assert told.score == pytest.approx(one.ranking.scores[place])
        assert told.near_ties == len(one.ranking.ties)


def test_why_the_others_lost(tracer: AnyTracer) -> None:
    wrong = [(f"hard{n}", 0.0) for n in range(4)]
    state = after(tracer, *[(f"lone{n % 6}", 1.0) for n in range(8)], *wrong)
    choice = choose(tracer, state, POLICY, lambda slot: 0.4)
    (told,) = explain(tracer, tracer.standing(state), POLICY, choice)
    ids = {tracer.catalog.skills[other.skill].id: other.why for other in told.alternatives}
    assert tracer.catalog.skills[told.parts[0].skill].id == "root"
    assert (ids["lone"], ids["hard"]) == ("mastered", "guard")
    assert ids["next"] in {"gate", "not ready"}
    assert [notice.wrong for notice in choice.notices] == [4]
    assert choice.notices[0].text.startswith("hard: 4 wrong answers")


def test_what_was_not_asked_for_is_said(tracer: AnyTracer) -> None:
    choice = choose(tracer, tracer.empty, POLICY, lambda slot: 0.4, skills=["lone"])
    (told,) = explain(tracer, tracer.standing(tracer.empty), POLICY, choice)
    why = {tracer.catalog.skills[other.skill].id: other.why for other in told.alternatives}
    assert why["root"] == "limits"


@pytest.mark.parametrize("mode", list(Mode))
def test_every_code_has_a_sentence_for_the_student(tracer: AnyTracer, mode: Mode) -> None:
    state = after(tracer, *[("root0", 1.0), ("hard0", 0.0), ("root1", 1.0), ("root2", 1.0)])
    choice = choose(tracer, state, POLICY, lambda slot: 0.4, n=3, wish=Wish(mode, targets=("far",), pins=("lone1",)))
    told = explain(tracer, tracer.standing(state), POLICY, choice)
    assert told[0].for_student == FOR_STUDENT["pinned"]
    assert all(one.for_student for one in told)
    assert len(told) == 3
