"""The mastery model as a tracer: exact through any snapshot, as training reads it, and small."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import bkt
from engine.belief import EXACT
from engine.catalog import Catalog, Item, Skill, build
from engine.facts import facts
from engine.mastery_model import unlearnt
from engine.model import ModelError
from engine.responses import EMPTY, History, Response, pack, unpack
from engine.tracing import NEVER, bind
from engine.tracing.ability import AbilityTracer
from models.folding import fold
from tests.engine.made import mastery_model, with_graph
from tests.models.oracle import log_of

DAY = 86_400_000
SKILLS_OF = {"a1": ("a",), "b1": ("b",), "ab1": ("b", "a"), "c1": ("c",), "new": ("d",), "abc": ("c", "a", "b")}
CATALOG = build([Skill(s) for s in "dcba"], [Item(name, skills) for name, skills in SKILLS_OF.items()], [])[0]
TRACERS = {
    "seconds": AbilityTracer(mastery_model(), CATALOG),
    "answers": AbilityTracer(mastery_model(clock="answers"), CATALOG),
    "compact": AbilityTracer(mastery_model(), CATALOG, compact=True),
    "graph": AbilityTracer(with_graph(mastery_model()), CATALOG),
    "no repeats": AbilityTracer(replace(mastery_model(), coefficients=np.zeros(7)), CATALOG),
}
rows = st.lists(
    st.tuples(st.sampled_from([*SKILLS_OF, "unknown"]), st.sampled_from([0.0, 1.0, 0.25]), st.integers(0, 40 * DAY)),
    max_size=14,
)
Rows = list[tuple[str, float, int]]


def history_of(given: Rows) -> History:
    packed = (pack(Response(str(n), "s", item, score, at)) for n, (item, score, at) in enumerate(given))
    return unpack(b"".join(packed)) if given else EMPTY


@pytest.mark.parametrize("tracer", TRACERS.values(), ids=TRACERS.keys())
@given(rows)
@settings(deadline=None)
def test_skills_stand_together_as_each_stands_alone(tracer: AbilityTracer, given: Rows) -> None:
    """To the bit, though those that nothing was heard of are looked at all at once."""
    state, now = tracer.fold(history_of(given)), 50 * DAY
    together = tracer.standing(state, now)
    alone = [tracer.on_skill(state, k, now) for k in range(len(CATALOG.skills))]
    assert together.mastery.tolist() == [mastery for mastery, _, _ in alone]
    assert together.known.tolist() == [known for _, known, _ in alone]


@pytest.mark.parametrize("tracer", TRACERS.values(), ids=TRACERS.keys())
@given(rows, st.data())
@settings(deadline=None)
def test_folding_in_parts_is_folding_at_once_through_any_snapshot(
    tracer: AbilityTracer, given: Rows, data: st.DataObject
) -> None:
    history = history_of(sorted(given, key=lambda row: row[2]))
    cut = data.draw(st.integers(0, len(history)))
    first = tracer.load(tracer.dump(tracer.fold(history[:cut])))
    parts, whole = tracer.fold(history[cut:], first), tracer.fold(history)
    assert tracer.dump(parts) == tracer.dump(whole)
    now = 50 * DAY
    for one, other in zip(_all(tracer, parts, now), _all(tracer, whole, now), strict=True):
        assert np.array_equal(one, other)


def _all(tracer: AbilityTracer, state: Any, now: int) -> list[Any]:
    standing = tracer.standing(state, now)
    items = np.arange(len(CATALOG.items))
    return [
        standing.mastery,
        standing.known,
        standing.gain,
        tracer.predict(state, items, now),
        [tracer.on_skill(state, k, now) for k in range(len(CATALOG.skills))],
        state.responses,
        state.last_at,
    ]


@pytest.mark.parametrize("tracer", TRACERS.values(), ids=TRACERS.keys())
@given(rows, st.integers(0, 10**11))
@settings(deadline=None, max_examples=30)
def test_what_is_told_of_one_skill_is_told_of_all(tracer: AbilityTracer, given: Rows, later: int) -> None:
    state = tracer.fold(history_of(given))
    now = max(state.folded_at, 0) + later
    standing, left = tracer.standing(state, now), tracer.standing(state).mastery
    for k in range(len(CATALOG.skills)):
        assert tracer.on_skill(state, k, now) == (standing.mastery[k], standing.known[k], left[k])


@pytest.mark.parametrize("tracer", TRACERS.values(), ids=TRACERS.keys())
@given(rows)
@settings(deadline=None, max_examples=30)
def test_the_trace_leads_to_the_state_and_its_predictions_are_the_states(tracer: AbilityTracer, given: Rows) -> None:
    history = history_of(sorted(given, key=lambda row: row[2]))
    for turn, step in enumerate(tracer.trace(history)):
        before, after = tracer.fold(history[:turn]), tracer.fold(history[: turn + 1])
        if step.item is None:
            assert tracer.dump(before)[16:] == tracer.dump(after)[16:] or before.recent is not after.recent
            continue
        now = tracer.predict(before, np.array([step.item]), step.at)
        assert step.p_correct == pytest.approx(float(now[0]), abs=1e-12)
        for skill, at_answer, left in step.moves:
            assert at_answer == pytest.approx(float(tracer.standing(before, step.at).mastery[skill]), abs=1e-12)
            assert left == pytest.approx(float(tracer.standing(after).mastery[skill]), abs=1e-12)


@given(rows)
@settings(deadline=None, max_examples=40)
def test_it_folds_as_training_reads_a_log(given: Rows) -> None:
    """The tracer's predictions are those of the whole-log fold, which parity tests hold to the gradient's filter."""
    given = [(item, score, 1_600_000_000_000 + at - at % 1000) for item, score, at in sorted(given, key=lambda r: r[2])]
    known = [row for row in given if row[0] != "unknown"]
    if not known:
        return
    log = log_of([("s", item, ";".join(SKILLS_OF[item]), score, at) for item, score, at in known])
    steps = [s.p_correct for s in TRACERS["seconds"].trace(history_of(given)) if s.p_correct is not None]
    assert steps == pytest.approx(fold(mastery_model(), log).predicted.tolist(), abs=1e-9)


def test_whatever_the_ability_a_right_answer_lowers_no_skill_of_its_own_and_a_wrong_one_raises_none() -> None:
    """But for learning, which is off here. It holds for every theta, the lattice included; in the mean over theta it
    may fail where several skills are asked for at once, since the answer moves ability as well (docs/models.md)."""
    rng = np.random.default_rng(3)
    off, model = np.isin(np.arange(9), [1, 4]), mastery_model()  # learning, and forgetting
    still = replace(
        model,
        values=np.where(off, -30.0, model.values),
        population=np.where(off, -30.0, model.population),
        gap=np.zeros(2),
    )
    tracer = AbilityTracer(still, CATALOG)
    state = tracer.empty
    for turn in range(300):
        item, score = int(rng.integers(len(CATALOG.items))), float(rng.integers(2))
        after = tracer.fold(history_of([(CATALOG.items[item].id, score, turn * DAY)]), state)
        for k in tracer.skills[tracer.start[item] : tracer.start[item + 1]]:
            moved = tracer.believed(after).known[k] - tracer.believed(state).known[k]
            if state.responses[k]:  # before, it was not on the lattice
                assert (moved * (score - 0.5) >= 0).all()
        state = after


def test_without_ability_items_and_gaps_it_is_plain_knowledge_tracing() -> None:
    plain = np.array([-0.5, -1.8, -1.2, 2.5, -3.0, 0, 0, 0, 0])
    nothing: dict[str, Any] = {"theta": np.zeros(1), "weight": np.ones(1), "gap": np.array([0.0, 1.0])}
    nothing |= {
        "coefficients": np.zeros(7),
        "drift": np.array([-40.0]),
        "offsets": np.zeros((4, 2)),
        "draws": np.empty((0, 3, 9)),
    }
    model = replace(mastery_model(), values=np.tile(plain, (3, 1)), population_draws=np.empty((0, 9)), **nothing)
    prior, learn, guess, slip, forget = model.params[0]
    tracer, p = AbilityTracer(model, CATALOG), prior
    scores = [1.0, 0.0, 0.0, 1.0, 0.3, 1.0]
    for turn, score in enumerate(scores):
        p = bkt.update(p, score, turn, learn, guess, slip, forget)
        state = tracer.fold(history_of([("a1", s, t * 5000) for t, s in enumerate(scores[: turn + 1])]))
        assert tracer.standing(state).known[3] == pytest.approx(p, abs=2e-4)  # of the lattice


def test_time_is_forgotten_and_repeats_are_remembered() -> None:
    tracer = TRACERS["seconds"]
    state = tracer.fold(history_of([("a1", 1.0, 0), ("a1", 1.0, DAY)]))
    left, soon, late = tracer.standing(state), tracer.standing(state, DAY), tracer.standing(state, 99 * DAY)
    a = CATALOG.skill_index["a"]
    assert left.known[a] > soon.known[a] > late.known[a]
    assert left.known[0] == late.known[0], "what was never practised is not forgotten"
    same, other = tracer.predict(state, np.array([0, 0]), DAY)
    assert same == other
    forgetful = TRACERS["no repeats"]
    assert tracer.predict(state, np.array([0]), DAY) > forgetful.predict(
        forgetful.fold(history_of([("a1", 1.0, 0), ("a1", 1.0, DAY)])), np.array([0]), DAY
    )


def test_the_interval_holds_the_estimate_and_grows_with_its_share_and_with_the_draws() -> None:
    history = history_of([("a1", 1.0, 0), ("ab1", 0.0, DAY), ("a1", 1.0, 2 * DAY)])
    tracer = TRACERS["seconds"]
    state = tracer.fold(history)
    mastery = tracer.standing(state, 3 * DAY).mastery
    low, high = tracer.interval(history, state, 3 * DAY)
    inner_low, inner_high = tracer.interval(history, state, 3 * DAY, share=0.5)
    assert ((low >= 0) & (low <= mastery) & (mastery <= high) & (high <= 1)).all()
    assert ((low <= inner_low) & (inner_high <= high)).all()
    sure = AbilityTracer(
        replace(
            mastery_model(),
            draws=np.tile(mastery_model().values, (3, 1, 1)),
            population_draws=np.tile(mastery_model().population, (3, 1)),
        ),
        CATALOG,
    )
    own_low, own_high = sure.interval(history, sure.fold(history), 3 * DAY)
    assert (high - low)[1:].sum() > (own_high - own_low)[1:].sum()
    none = AbilityTracer(
        replace(mastery_model(), draws=np.empty((0, 3, 9)), population_draws=np.empty((0, 9))), CATALOG
    )
    undrawn_low, undrawn_high = none.interval(history, none.fold(history), 3 * DAY)
    assert undrawn_low == pytest.approx(own_low)
    assert undrawn_high == pytest.approx(own_high)


def test_a_practised_skill_takes_24_bytes_and_8_where_compact() -> None:
    skills = [f"s{n}" for n in range(250)]
    catalog = build([], [Item(f"i{n}", (name,)) for n, name in enumerate(skills)], [])[0]
    sizes = {}
    for compact in (False, True):
        tracer = AbilityTracer(replace(unlearnt(), coefficients=np.zeros(7)), catalog, compact)
        for n in (100, 200):
            given = [(f"i{k}", 1.0, 1_600_000_000_000 + k) for k in range(n)]
            sizes[compact, n] = len(tracer.dump(tracer.fold(history_of(given))))
    assert (sizes[False, 200] - sizes[False, 100]) / 100 <= 24
    assert (sizes[True, 200] - sizes[True, 100]) / 100 <= 8


@pytest.mark.parametrize("name", ["seconds", "answers", "compact"])
def test_what_is_no_snapshot_is_refused(name: str) -> None:
    """Wherever it was torn or changed, nothing outside of it is read."""
    tracer = TRACERS[name]
    scores = [1.0, 0.0, 0.25, 1.0, 0.0, 1.0, 0.5, 1.0, 0.0]
    whole = tracer.dump(
        tracer.fold(history_of([(list(SKILLS_OF)[t % 6], score, t * DAY) for t, score in enumerate(scores)]))
    )
    for size in range(len(whole)):
        with pytest.raises(IndexError):
            tracer.load(whole[:size])
    with pytest.raises(IndexError):
        tracer.load(whole + b"x")
    rng = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(whole)
        changed[int(rng.integers(len(whole)))] = int(rng.integers(256))
        with suppress(IndexError):
            tracer.standing(tracer.load(bytes(changed)))


def test_a_long_life_stays_finite() -> None:
    """Probabilities that reach 0 or 1 could never move again; weights neither."""
    tracer = TRACERS["seconds"]
    state = tracer.fold(history_of([("a1", 1.0, n * 1000) for n in range(3000)]))
    sure = tracer.standing(state).mastery[3]
    for n in range(60):
        state = tracer.fold(history_of([("a1", 0.0, (3000 + n) * 1000)]), state)
    assert np.isfinite(tracer.believed(state).known).all()
    assert tracer.standing(state).mastery[3] < sure - 0.2


def test_the_tag_names_the_model_the_catalog_and_the_form_of_its_snapshots() -> None:
    tags = {tracer.tag for tracer in TRACERS.values()}
    assert len(tags) == len(TRACERS)
    assert bind(mastery_model(), CATALOG).tag == TRACERS["seconds"].tag
    assert bind(replace(mastery_model(), version="2"), CATALOG).tag not in tags


def test_what_is_unknown_backs_off_and_an_empty_catalog_holds() -> None:
    known = TRACERS["seconds"].facts
    assert known.prior[0] == pytest.approx(facts(unlearnt(), ["d"], np.array([0]), np.empty(0, np.int64), []).prior[0])
    tracer = bind(mastery_model(), Catalog((), ()))
    state = tracer.fold(history_of([("a1", 1.0, 1)]))
    assert (len(state.responses), state.length) == (0, 1)
    assert TRACERS["seconds"].empty.last_at.tolist() == [NEVER] * 4


def test_a_model_that_reads_recency_cannot_be_served() -> None:
    recent = replace(mastery_model(), covariates=("recent",), coefficients=np.ones(1))
    with pytest.raises(ModelError, match="recent"):
        bind(recent, CATALOG)


def test_beliefs_that_are_not_rounded_differ_by_less_than_the_lattice() -> None:
    rng = np.random.default_rng(0)
    names = list(SKILLS_OF)
    answers = [("s", str(rng.choice(names)), float(rng.integers(2)), 1_600_000_000 + n * 4000) for n in range(400)]
    log = log_of([(s, item, ";".join(SKILLS_OF[item]), score, at) for s, item, score, at in answers])
    exact, rounded = (fold(mastery_model(), log, *kept).predicted for kept in ((EXACT,), ()))
    assert 0 < np.abs(exact - rounded).max() < 2e-3


def test_reports_fold_without_what_the_recommender_alone_reads() -> None:
    tracer, history = TRACERS["graph"], history_of([("a1", 1.0, 0), ("b1", 0.0, DAY)])
    whole, bare = tracer.fold(history), tracer.bare.fold(history)
    assert bare.belief.carried.size == 0
    assert (tracer.bare.standing(bare, 2 * DAY).mastery == tracer.standing(whole, 2 * DAY).mastery).all()
    assert tracer.bare is tracer.bare
    assert TRACERS["seconds"].bare is TRACERS["seconds"]
    assert tracer.outlook(whole, tracer.standing(whole)).shape == (4, len(CATALOG.skills))
