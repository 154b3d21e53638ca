"""Decisions made again are what the log says, to the bit; and what cannot be made again says why."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.recommend import Mode, Policy
from service.asking import WISHES
from service.decisions.judging import spread
from service.decisions.log import Logged, read
from service.decisions.outcomes import Status
from service.decisions.replay import Remade, Replayer, Unmade
from service.decisions.table import SCHEMA, TOP, write
from service.store import open_store
from tests.service.decisions.school import LOGGING, School, teach


async def remade(school: School, logged: list[Logged], compact: bool = False) -> list[Remade | Unmade]:
    store = await open_store(school.store_url)
    try:
        return [one async for one in Replayer(store, compact=compact).replay(logged)]
    finally:
        await store.close()


async def test_every_propensity_is_reproduced_to_the_bit(school: School) -> None:
    logged = read(school.archive)
    assert len({one.model_version for one in logged}) == len({one.catalog_version for one in logged}) == 2
    assert {one.slot for one in logged} == {0, 1, 2}
    again = [one for one in await remade(school, logged) if isinstance(one, Remade)]
    assert len(again) == len(logged) > 480
    assert all(one.exact for one in again)
    assert len({one.logged.propensity for one in again}) > 20
    asked = {name for one in again for name in one.logged.question}
    assert asked == {"n", "skills", "exclude", "estimates", *WISHES}
    assert {one.question.wish.mode for one in again} == set(Mode)


def test_states_from_snapshots_are_the_same_to_the_bit(tmp_path: Path) -> None:
    school = teach(tmp_path, students=3, each=80, compact=True)
    again = asyncio.run(remade(school, read(school.archive), compact=True))
    assert len(again) > 240
    assert all(isinstance(one, Remade) and one.exact for one in again)


async def test_the_distribution_adds_up_and_holds_what_was_given(school: School) -> None:
    items: Counter[int] = Counter()
    for one in await remade(school, [one for one in read(school.archive) if one.slot == 0][:100]):
        assert isinstance(one, Remade)
        assert one.made
        chances = spread(one.choice, one.policy, len(one.serving.catalog.items))
        assert chances.sum() == pytest.approx(1, abs=1e-12)
        assert chances[one.made.item] == one.logged.propensity
        assert not chances[[item.retired for item in one.serving.catalog.items]].any()
        items.update(np.flatnonzero(chances).tolist())
    assert len(items) > 20


async def test_draws_land_as_often_as_the_distribution_says(school: School) -> None:
    """Over all decisions, the expected number of times each item was given is how often it was."""
    expected, given = np.zeros(36), np.zeros(36)
    for one in await remade(school, [one for one in read(school.archive) if one.slot == 0]):
        assert isinstance(one, Remade)
        assert one.made
        chances = spread(one.choice, one.policy, 36)
        expected, given[one.made.item] = expected + chances, given[one.made.item] + 1
    assert np.abs(given - expected).max() < 4 * np.sqrt(expected.max())


async def test_what_cannot_be_made_again_says_why(school: School) -> None:
    one = read(school.archive)[0]
    bad = {
        "without its question": replace(one, question={}),
        "shorter than it was": replace(one, length=10_000),
        "does not hold the model 77": replace(one, model_version="77"),
        "does not hold the catalog none": replace(one, catalog_version="none"),
        "does not hold the policy logging@1 (feed)": replace(one, policy_digest="feed"),
    }
    for why, logged in bad.items():
        (found,) = await remade(school, [logged])
        assert isinstance(found, Unmade)
        assert why in found.why


@pytest.mark.parametrize("change", [{"propensity": 0.123}, {"item_id": "i4-5"}, {"length": 0}])
async def test_a_log_that_was_changed_is_found_out(school: School, change: dict[str, float | str]) -> None:
    logged = [one for one in read(school.archive) if one.length > 3 and one.item_id != "i4-5"]
    (found,) = await remade(school, [replace(logged[-1], **change)])  # type: ignore[arg-type]
    assert isinstance(found, Remade)
    assert not found.exact


async def test_the_table_has_what_the_log_leaves_out(school: School, tmp_path: Path) -> None:
    store, logged = await open_store(school.store_url), read(school.archive)
    try:
        counts = await write(Replayer(store), [*logged, replace(logged[0], model_version="77")], tmp_path / "t.parquet")
    finally:
        await store.close()
    assert counts == {"exact": len(logged), "the store does not hold the model 77": 1}
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]
    assert rows[-1]["fault"] == "the store does not hold the model 77"
    assert rows[-1]["scores"] is None
    for row in rows[:-1]:
        near = {one["item_id"]: one["propensity"] for one in row["near_ties"]}
        assert row["propensity"] == near.get(row["item_id"], row["explored_each"])
        rest = (row["explored_items"] - len(near)) * row["explored_each"]
        assert sum(near.values()) + rest == pytest.approx(1, abs=1e-12)
        assert row["candidates"] >= row["explored_items"]
        if not row["explored_items"]:  # pinned
            assert (row["item_id"], row["propensity"], row["scores"]) == ("i4-1", 1.0, [])
            continue
        assert 0 < len(row["scores"]) <= TOP
        best = [one["score"] for one in row["scores"]]
        assert best == sorted(best, reverse=True)
        parts = row["scores"][0]["skills"][0]
        assert parts["worth"] == pytest.approx(parts["gate"] * parts["gain"] * parts["opens"] * parts["guard"])
    taken_away = {name for row in rows[:-1] for name, _ in row["filtered"]}
    assert taken_away >= {"not asked for", "never", "excluded", "mastered"}
    statuses = Counter(row["status"] for row in rows[:-1])
    assert statuses[Status.FOLLOWED] > 400
    assert statuses[Status.OVERRIDDEN] > 30
    assert all(row["score"] in (0.0, 1.0) for row in rows[:-1] if row["status"] == "followed")
    assert all(row["instead_item_id"] for row in rows[:-1] if row["status"] == "overridden")
    assert any(row["gain"] is None for row in rows[:-1])
    assert any(row["gain"] for row in rows[:-1])


def test_the_school_logs_by_a_policy_of_its_own(school: School) -> None:
    assert {one.policy for one in read(school.archive)} == {"logging@1"}
    assert Policy() != LOGGING
