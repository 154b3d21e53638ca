"""Responses, mastery and what comes next, on both stores."""

from __future__ import annotations

import asyncio

import numpy as np
import orjson
import pytest

from engine import bundle
from engine.mastery import Status
from engine.responses import unpack
from service.errors import NoCatalog, UnknownClass, UnknownSkills, UnknownStudent
from service.states import SNAPSHOT_AFTER
from service.store.base import Outcome, Store
from service.tutor import Tutor
from tests.service.conftest import bare_tutor, close
from tests.service.made import NOW, ODD_SKILL, answer, catalog, following, forgetful, log, model

pytestmark = pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)


async def test_a_response_moves_its_skills(tutor: Tutor) -> None:
    receipt = await tutor.record([answer(item="carry-0")])
    (result,) = receipt.results
    assert result.outcome is Outcome.RECORDED
    assert [one.skill_id for one in result.mastery] == ["adding", "carrying"]
    # Expected success before any answer: 0.9 * 0.35 + 0.2 * 0.65 = 0.445, where P(known) is 0.35.
    assert all(one.mastery > 0.445 and one.p_known > 0.35 and one.responses == 1 for one in result.mastery)
    assert result.mastery[0].status is Status.NOT_ENOUGH_EVIDENCE
    assert receipt.model_version == "builtin"
    assert receipt.catalog_version == catalog().version


async def test_the_same_again_is_answered_the_same_and_counted_once(tutor: Tutor, store: Store) -> None:
    first = await tutor.record([answer()], next_items=2)
    again = await tutor.record([answer()], next_items=2)
    assert again.results[0].outcome is Outcome.REPLAYED
    assert again.results[0].mastery == first.results[0].mastery
    assert again.next == first.next
    assert (await tutor.mastery("ada")).responses == 1
    assert len(await log(store, "response")) == 1


async def test_other_content_under_the_same_id_changes_nothing(tutor: Tutor, store: Store) -> None:
    await tutor.record([answer()])
    before = await tutor.mastery("ada")
    (result,) = (await tutor.record([answer(correct=False)])).results
    assert result.outcome is Outcome.CONFLICT
    assert await tutor.mastery("ada") == before
    assert len(await log(store, "response")) == 1


async def test_a_batch_keeps_its_order_over_students(tutor: Tutor) -> None:
    answers = [answer(f"r{n}", f"s{n % 3}", f"add-{n % 3}", at=n) for n in range(50)]
    results = (await tutor.record(answers)).results
    assert [(one.id, one.student_id) for one in results] == [(one.id, one.student_id) for one in answers]
    assert results[0].mastery == results[48].mastery  # the same student and skill, as of now


async def test_a_late_answer_gives_the_mastery_of_the_history_in_order(tutor: Tutor) -> None:
    answers = [answer(f"r{n}", item=f"carry-{n % 3}", at=n, correct=n % 3 > 0) for n in range(2 * SNAPSHOT_AFTER)]
    await tutor.record(
        [answer(one.id, "in-order", one.item_id, one.answered_at // 1000, score=one.score) for one in answers]
    )
    for late in (*answers[10:], *answers[:10]):
        receipt = await tutor.record([late])
        await asyncio.sleep(0.01)  # snapshots are written behind the answer
    ordered, mixed = await tutor.mastery("in-order"), await tutor.mastery("ada")
    assert mixed.skills == ordered.skills
    assert receipt.results[0].mastery[1].mastery == ordered.skills[1].mastery
    assert (await following(tutor, "ada")).recommendations[0].p_correct is not None


async def test_a_snapshot_is_kept_and_folded_on(tutor: Tutor, store: Store) -> None:
    answers = [answer(f"r{n}", at=n, correct=n % 2 == 0) for n in range(SNAPSHOT_AFTER)]
    await tutor.record(answers)
    await tutor.behind.close()
    (stored,), _ = await store.read(["ada"], tutor.serving.tag)
    assert stored.snapshot is not None
    assert stored.records == b""
    (whole,), _ = await store.read(["ada"], b"")
    tracer = tutor.serving.tracer
    loaded, folded = tracer.load(stored.snapshot), tracer.fold(unpack(whole.records))
    assert np.array_equal(tracer.standing(loaded).mastery, tracer.standing(folded).mastery)


async def test_an_unknown_item_is_kept_and_counts_once_a_catalog_holds_it(store: Store) -> None:
    tutor = await bare_tutor(store)
    (result,) = (await tutor.record([answer(item="add-1")])).results
    assert (result.outcome, result.item_known, result.mastery) == (Outcome.RECORDED, False, ())
    assert (await tutor.mastery("ada")).unknown_item_responses == 1
    assert (await tutor.history("ada")).steps[0].item_id is None
    await tutor.import_catalog(catalog())
    after = await tutor.mastery("ada")
    assert (after.unknown_item_responses, after.skills[0].responses) == (0, 1)
    await close(tutor)


async def test_the_log_has_everything_that_was_said(tutor: Tutor, store: Store) -> None:
    await tutor.record([answer(class_id="7b", hints=2, device="tablet"), answer("r2", item="nowhere")])
    first, second = map(orjson.loads, await log(store, "response"))
    assert first == {
        "id": "r1",
        "student_id": "ada",
        "item_id": "add-0",
        "score": 1.0,
        "answered_at": 1_000_000,
        "received_at": NOW,
        "skill_ids": ["adding"],
        "class_id": "7b",
        "hints": 2,
        "device": "tablet",
    }
    assert "skill_ids" not in second


async def test_the_same_question_has_the_same_answer(tutor: Tutor, store: Store) -> None:
    first, again = await following(tutor, "ada", 3), await following(tutor, "ada", 3)
    assert first == again
    assert (await following(tutor, "ada", 1)).recommendations[0] == first.recommendations[0]
    ids = [one.recommendation_id for one in first.recommendations]
    assert len(set(ids)) == 3
    await tutor.record([answer()])
    assert not set(ids) & {one.recommendation_id for one in (await following(tutor, "ada", 3)).recommendations}
    await tutor.behind.close()
    events = [orjson.loads(event) for event in await log(store, "recommendation")]
    assert [event["recommendation_id"] for event in events][:3] == ids  # once, however often it was asked
    assert len(events) == 6
    wanted = {"student_id", "item_id", "at", "slot", "propensity", "policy", "model_version", "catalog_version"}
    wanted |= {"reason", "p_correct", "expected_gain", "candidates", "history_length", "outcome"}
    assert wanted <= events[0].keys()
    assert (events[0]["at"], events[0]["slot"], events[1]["slot"]) == (NOW, 0, 1)


async def test_draws_differ_between_students(tutor: Tutor) -> None:
    given = [(await following(tutor, f"s{n}")).recommendations[0].item_id for n in range(40)]
    assert len(set(given)) > 1


async def test_two_processes_give_the_same_answers(tutor: Tutor, store: Store) -> None:
    other = await bare_tutor(store)
    await tutor.record([answer()])
    assert await following(other, "ada", 3) == await following(tutor, "ada", 3)
    assert await other.mastery("ada") == await tutor.mastery("ada")
    await close(other)


async def test_skills_and_exclusions(tutor: Tutor) -> None:
    only = await following(tutor, "ada", 5, skills=[ODD_SKILL], exclude=["odd-1", "no such item"])
    assert {one.item_id for one in only.recommendations} == {"odd-0", "odd-2"}
    with pytest.raises(UnknownSkills, match="'nope'"):
        await following(tutor, "ada", skills=["adding", "nope"])


async def test_without_a_catalog(store: Store) -> None:
    tutor = await bare_tutor(store)
    with pytest.raises(NoCatalog):
        await following(tutor, "ada")
    receipt = await tutor.record([answer()], next_items=1)
    assert receipt.results[0].outcome is Outcome.RECORDED
    assert receipt.next["ada"].outcome == "no catalog"
    await close(tutor)


async def test_history_tells_how_each_response_moved_it(tutor: Tutor) -> None:
    await tutor.record([answer(f"r{n}", at=n, correct=n != 1) for n in range(3)])
    history = await tutor.history("ada")
    assert [step.answered_at for step in history.steps] == [2000, 1000, 0]
    assert [step.score for step in history.steps] == [1.0, 0.0, 1.0]
    assert history.steps[0].moves[0].before == pytest.approx(history.steps[1].moves[0].after)
    assert (await tutor.mastery("ada")).skills[0].mastery == history.steps[0].moves[0].after
    page = await tutor.history("ada", limit=1, offset=1)
    assert (page.total, page.steps) == (3, history.steps[1:2])


async def test_a_class(tutor: Tutor) -> None:
    await tutor.record([answer(f"r{n}", f"s{n % 2}", at=n, class_id="7b") for n in range(9)])
    await tutor.record([answer("x", "elsewhere")])
    assert await tutor.classes() == ["7b"]
    view = await tutor.class_mastery("7b")
    assert [(row.student_id, row.responses) for row in view.students] == [("s0", 5), ("s1", 4)]
    assert view.students[0] == await tutor.mastery("s0")
    assert sum(view.skills[0].counts.values()) == 2
    assert view.skills[1].counts[Status.NOT_STARTED] == 2


async def test_the_unknown_are_named(tutor: Tutor) -> None:
    for asked in (tutor.mastery("nobody"), tutor.history("nobody")):
        with pytest.raises(UnknownStudent, match="'nobody'"):
            await asked
    with pytest.raises(UnknownClass, match="'8c'"):
        await tutor.class_mastery("8c")


async def test_a_published_model_applies_to_past_answers_in_the_very_next_answer(tutor: Tutor, store: Store) -> None:
    await tutor.record([answer(f"r{n}", at=n, correct=False) for n in range(2 * SNAPSHOT_AFTER)])
    before = (await tutor.mastery("ada")).skills[0].mastery
    await store.publish("model", "2", bundle.dump(model("2", learn=0.6)))
    await tutor.servings.refresh()
    receipt = await tutor.record([answer("r0", at=0, correct=False)])
    assert receipt.model_version == "2"
    after = await tutor.mastery("ada")
    assert receipt.results[0].mastery[0].mastery == after.skills[0].mastery
    assert after.skills[0].mastery > before
    await store.publish("model", "1", bundle.dump(model("1", learn=0.12)))
    await tutor.servings.refresh()
    assert (await following(tutor, "ada")).model_version == "1"
    assert (await tutor.mastery("ada")).skills[0].mastery == pytest.approx(before)


async def test_items_that_a_new_catalog_lacks_still_count(tutor: Tutor) -> None:
    await tutor.record([answer(item="add-2")])
    before = (await tutor.mastery("ada")).skills[0]
    told = await tutor.import_catalog(catalog(items=2))
    assert told.retired == 3
    assert (await tutor.mastery("ada")).skills[0] == before
    given = await following(tutor, "ada", 20)
    assert "add-2" not in {one.item_id for one in given.recommendations}


async def test_a_large_batch_lets_others_have_their_turn(tutor: Tutor) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    await tutor.record([answer("warm")])
    task = asyncio.create_task(other())
    names = [f"s{n}" for n in range(500)]
    states = await tutor._states.after(tutor.serving, names, (await tutor.store.read(names, b""))[0], {})
    task.cancel()
    assert len(states) == 500
    assert turns >= 30


async def test_a_page_that_shows_what_would_come_is_no_recommendation(tutor: Tutor, store: Store) -> None:
    shown = await following(tutor, "ada", 2, log=False)
    await close(tutor)
    assert await log(store, "recommendation") == []
    given = [one.item_id for one in shown.recommendations]
    assert given == [one.item_id for one in (await following(tutor, "ada", 2, log=False)).recommendations]


# -------------------------------------------------------------------------------------- a model that knows of time


DAYS_AGO_20 = NOW // 1000 - 20 * 86_400


async def practised(tutor: Tutor, store: Store, skill: str = "add") -> None:
    """A forgetful model, and somebody who answered every item of a skill rightly 20 days ago."""
    await store.publish("model", "9", bundle.dump(forgetful()))
    await tutor.servings.refresh()
    await tutor.record([answer(f"r{n}", item=f"{skill}-{n % 3}", at=DAYS_AGO_20 + 60 * n) for n in range(12)])


async def test_what_time_took_below_its_threshold_needs_review(tutor: Tutor, store: Store) -> None:
    await practised(tutor, store)
    history = await tutor.history("ada")
    adding = (await tutor.mastery("ada")).skills[0]
    assert history.steps[0].moves[0].after > adding.threshold > adding.mastery
    assert adding.status is Status.NEEDS_REVIEW
    assert adding.low <= adding.mastery <= adding.high
    again = (await tutor.record([answer("r0", item="add-0", at=DAYS_AGO_20)])).results[0].mastery[0]
    assert (again.mastery, again.p_known, again.status) == (adding.mastery, adding.p_known, adding.status)


async def test_what_is_practised_meanwhile_does_not_hide_what_was_mastered(tutor: Tutor, store: Store) -> None:
    await practised(tutor, store)
    await tutor.record([answer("odd", item="odd-0", at=NOW // 1000 - 60)])
    skills = (await tutor.mastery("ada")).skills
    assert [one.status for one in skills] == [Status.NEEDS_REVIEW, Status.NOT_STARTED, Status.NOT_ENOUGH_EVIDENCE]


async def test_what_was_just_practised_again_is_mastered_again(tutor: Tutor, store: Store) -> None:
    await practised(tutor, store)
    fresh = [answer(f"new{n}", item=f"add-{n % 3}", at=NOW // 1000 - 300 + 30 * n) for n in range(10)]
    last = (await tutor.record(fresh)).results[-1].mastery[0]
    adding = (await tutor.mastery("ada")).skills[0]
    assert last.status is adding.status is Status.MASTERED
    assert last.mastery == pytest.approx(adding.mastery)


async def test_what_was_forgotten_is_taught_again(tutor: Tutor, store: Store) -> None:
    await practised(tutor, store, "odd")
    assert (await following(tutor, "ada", skills=[ODD_SKILL])).outcome == "learn"
    fresh = [answer(f"new{n}", "bob", f"odd-{n % 3}", NOW // 1000 - 300 + 30 * n) for n in range(10)]
    await tutor.record(fresh)
    assert (await following(tutor, "bob", skills=[ODD_SKILL])).outcome == "nothing left"


async def test_a_snapshot_of_a_mastery_model_is_folded_on_to_the_bit(tutor: Tutor, store: Store) -> None:
    await practised(tutor, store)
    await tutor.record(
        [answer(f"x{n}", item=f"carry-{n % 3}", at=DAYS_AGO_20 + 1000 + n) for n in range(SNAPSHOT_AFTER)]
    )
    await tutor.behind.close()
    (stored,), _ = await store.read(["ada"], tutor.serving.tag)
    assert stored.snapshot is not None
    receipt = await tutor.record([answer("last", item="carry-1", at=DAYS_AGO_20 + 5000, correct=False)])
    whole = {one.skill_id: one for one in (await tutor.mastery("ada")).skills}
    for one in receipt.results[0].mastery:
        assert (one.mastery, one.p_known) == (whole[one.skill_id].mastery, whole[one.skill_id].p_known)


async def test_a_model_of_the_other_kind_is_taken_up_and_given_up(tutor: Tutor, store: Store) -> None:
    await tutor.record([answer(f"r{n}", at=DAYS_AGO_20 + n) for n in range(2 * SNAPSHOT_AFTER)])
    plain = (await tutor.mastery("ada")).skills
    await store.publish("model", "9", bundle.dump(forgetful()))
    await tutor.servings.refresh()
    assert (await following(tutor, "ada")).model_version == "9"
    other = (await tutor.mastery("ada")).skills
    assert [one.responses for one in other] == [one.responses for one in plain]
    assert other[0].mastery < plain[0].mastery
    await store.publish("model", "1", bundle.dump(model("1", learn=0.12)))
    await tutor.servings.refresh()
    assert (await tutor.record([answer("r0", at=DAYS_AGO_20)])).model_version == "1"
    assert [one.mastery for one in (await tutor.mastery("ada")).skills] == pytest.approx([one.mastery for one in plain])
