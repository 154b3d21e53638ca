"""``mastery = fold(model, history)``: whatever way a history is cut, late or unknown, and what an interval holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.catalog import Catalog, Item, Skill
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP, Model, builtin
from engine.responses import EMPTY, History, Response, pack, unpack
from engine.tracing import NEVER, RECENT, bind
from engine.tracing.plain import PlainTracer
from tests.models.oracle import p_known

PARAMS = np.array([[0.3, 0.1, 0.2, 0.1, 0.02], [0.6, 0.2, 0.3, 0.05, 0.0]])
ITEMS = (Item("a1", ("a",)), Item("b1", ("b",)), Item("ba", ("b", "a")), Item("new", ("c",)))


def _model() -> Model:
    rng = np.random.default_rng(0)
    draws = np.clip(PARAMS + rng.normal(0, 0.02, (16, 2, 5)), 0.001, 0.45)
    population = np.array([0.5, 0.1, 0.25, 0.1, 0.01])
    emissions = np.array([[0.1, 0.3], [0.15, 0.4]])
    wholes = ("a", "b"), ("a",)
    own = np.array([[0.2, 0.15, 0.1, 0.2, 0.03], [0.4, 0.05, 0.3, 0.15, 0.01]])
    of_skills = ("a", "b"), PARAMS.copy(), population, draws, draws[:, 0].copy()
    return Model(*of_skills, (("a", "b"),), emissions, wholes, own)


TRACER = PlainTracer(_model(), Catalog((Skill("c"), Skill("b"), Skill("a")), ITEMS))
answers = st.lists(
    st.tuples(
        st.sampled_from(["a1", "b1", "ba", "new", "unknown"]), st.sampled_from([0.0, 1.0, 0.5]), st.integers(0, 9)
    ),
    max_size=12,
)


def _history(rows: list[tuple[str, float, int]]) -> History:
    packed = (pack(Response(str(n), "s", item, score, at)) for n, (item, score, at) in enumerate(rows))
    return unpack(b"".join(packed)) if rows else EMPTY


@given(answers, st.data())
@settings(deadline=None)
def test_folding_in_parts_is_folding_at_once_through_any_snapshot(
    rows: list[tuple[str, float, int]], data: st.DataObject
) -> None:
    history = _history(sorted(rows, key=lambda row: row[2]))
    cut = data.draw(st.integers(0, len(history)))
    first = TRACER.load(TRACER.dump(TRACER.fold(history[:cut])))
    parts, whole = TRACER.fold(history[cut:], first), TRACER.fold(history)
    assert TRACER.dump(parts) == TRACER.dump(whole)
    assert whole.length == len(rows)


@given(answers)
@settings(deadline=None)
def test_the_order_of_arrival_does_not_matter_where_times_differ(rows: list[tuple[str, float, int]]) -> None:
    rows = [(item, score, turn) for turn, (item, score, _) in enumerate(rows)]
    here, there = TRACER.fold(_history(rows)), TRACER.fold(_history(rows[::-1]))
    assert TRACER.dump(here) == TRACER.dump(there)


@given(answers)
@settings(max_examples=40, deadline=None)
def test_the_trace_leads_to_the_state_and_its_predictions_are_the_states(rows: list[tuple[str, float, int]]) -> None:
    rows = [(item, score, turn) for turn, (item, score, _) in enumerate(rows)]
    history = _history(rows)
    mastery = TRACER.standing(TRACER.empty).mastery.copy()
    for turn, step in enumerate(TRACER.trace(history)):
        assert (step.item is None) == (rows[turn][0] == "unknown")
        if step.item is not None:
            now = TRACER.predict(TRACER.fold(history[:turn]), np.array([step.item]))
            assert step.p_correct == pytest.approx(now[0], abs=1e-12)
        for skill, _, after in step.moves:
            mastery[skill] = after
    assert mastery == pytest.approx(TRACER.standing(TRACER.fold(history)).mastery, abs=1e-12)


@given(st.lists(st.tuples(st.sampled_from(["a1", "ba"]), st.sampled_from([0.0, 1.0, 0.5])), max_size=5))
@settings(max_examples=40, deadline=None)
def test_mastery_is_the_sum_over_all_paths(rows: list[tuple[str, float]]) -> None:
    """After the learning step, before the forgetting of the next opportunity; each item with its own link."""
    state = TRACER.fold(_history([(item, score, turn) for turn, (item, score) in enumerate(rows)]))
    emit = np.array([PARAMS[0, [GUESS, SLIP]] if item == "a1" else [0.1, 0.3] for item, _ in rows]).reshape(-1, 2)
    known = p_known(PARAMS[0], [score for _, score in rows], emit)
    if rows:
        known /= 1 - PARAMS[0, FORGET]
    assert TRACER.standing(state).known[2] == pytest.approx(known, abs=1e-9)
    success = known * (1 - PARAMS[0, SLIP]) + (1 - known) * PARAMS[0, GUESS]
    assert TRACER.standing(state).mastery[2] == pytest.approx(success, abs=1e-9)
    standing = TRACER.standing(state)
    assert TRACER.on_skill(state, 2, 0) == (standing.mastery[2], standing.known[2], standing.mastery[2])


def test_links_skills_and_what_the_model_does_not_know() -> None:
    assert pytest.approx(PARAMS[[1, 0]]) == TRACER.params[1:]
    assert TRACER.params[0] == pytest.approx([0.5, 0.1, 0.25, 0.1, 0.01])  # c: the population
    both = TRACER.catalog.skill_sets.start[2]
    assert TRACER.emit[both : both + 2] == pytest.approx(np.array([[0.15, 0.4], [0.1, 0.3]]))  # b, then a
    untrained = PlainTracer(_model(), Catalog((Skill("a"), Skill("c")), (Item("ac", ("a", "c")),)))
    assert untrained.emit == pytest.approx(np.array([PARAMS[0, [GUESS, SLIP]], [0.25, 0.1]]))


def test_a_state_remembers_the_last_items_and_times() -> None:
    rows = [("a1" if n % 2 else "unknown", 1.0, n) for n in range(2 * RECENT + 10)]
    state = TRACER.fold(_history(rows))
    assert len(state.recent) == RECENT
    assert state.last_at.tolist() == [NEVER, NEVER, 2 * RECENT + 9]
    assert state.responses.tolist() == [0, 0, RECENT + 5]
    assert (state.folded_at, state.length) == (2 * RECENT + 9, 2 * RECENT + 10)


def test_of_the_last_items_it_is_known_which_went_wrong() -> None:
    at = TRACER.catalog.item_index
    rows = [("a1", 1.0, 0), ("b1", 0.0, 1), ("a1", 0.4, 2), ("unknown", 0.0, 3), ("b1", 0.5, 4)]
    state = TRACER.fold(_history(rows))
    assert state.recent.tolist() == [at["a1"], ~at["b1"], ~at["a1"], at["b1"]]
    assert TRACER.load(TRACER.dump(state)).recent.tolist() == state.recent.tolist()
    parts = TRACER.fold(_history(rows[2:]), TRACER.fold(_history(rows[:2])))
    assert parts.recent.tolist() == state.recent.tolist()


def test_late_records_are_seen() -> None:
    state = TRACER.fold(_history([("a1", 1.0, 5)]))
    assert TRACER.late(_history([("a1", 1.0, 4)]), state)
    assert not TRACER.late(_history([("a1", 1.0, 5)]), state)
    assert not TRACER.late(EMPTY, state)


@given(answers)
@settings(max_examples=40, deadline=None)
def test_the_interval_holds_the_estimate_and_grows_with_its_share(rows: list[tuple[str, float, int]]) -> None:
    history = _history(rows)
    state = TRACER.fold(history)
    low, high = TRACER.interval(history, state, share=0.9)
    inner_low, inner_high = TRACER.interval(history, state, share=0.5)
    mastery = TRACER.standing(state).mastery
    assert ((low >= 0) & (low <= mastery) & (mastery <= high) & (high <= 1)).all()
    assert ((low <= inner_low) & (inner_high <= high)).all()


def test_draws_that_explain_a_students_answers_weigh_more() -> None:
    draws = np.tile([0.5, 0.0001, 0.2, 0.1, 0.0], (40, 1, 1))
    draws[:, 0, LEARN] = np.linspace(0.001, 0.4, 40)
    draws[:, 0, SLIP] = 0.05
    draws[:, 0, PRIOR] = np.linspace(0.02, 0.9, 40)
    model = Model(("a",), draws[20].copy(), draws[20, 0].copy(), draws, draws[:, 0].copy())
    tracer = bind(model, Catalog((Skill("a"),), (Item("a1", ("a",)),)))
    few, many = (_history([("a1", 1.0, turn) for turn in range(n)]) for n in (1, 12))
    widths = []
    for history in (few, many):
        low, high = tracer.interval(history, tracer.fold(history))
        widths.append(float(high[0] - low[0]))
    assert widths[1] < widths[0] / 2


def test_the_tag_names_model_and_catalog() -> None:
    same = bind(_model(), TRACER.catalog)
    assert same.tag == TRACER.tag
    assert bind(replace(_model(), version="2"), TRACER.catalog).tag != TRACER.tag
    assert bind(builtin(), TRACER.catalog).tag != TRACER.tag
    assert bind(_model(), Catalog(TRACER.catalog.skills, ITEMS[:2])).tag != TRACER.tag


def test_an_empty_catalog_and_the_builtin_model_hold() -> None:
    tracer = bind(builtin(), Catalog((), ()))
    state = tracer.fold(_history([("a1", 1.0, 1)]))
    assert (len(state.responses), state.length) == (0, 1)
    assert TRACER.fold(EMPTY) is TRACER.empty
