"""The response predictor judges the shortlist where a deployment wants it, and its model has one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import bundle
from engine.catalog import Item, build
from engine.mastery_model import MasteryModel
from models import predictor
from models.evaluation import predictions
from models.log import ResponseLog
from models.predictor.fit import fit
from models.trainers import ATTACHED
from service.archive import drain
from service.behind import Behind
from service.decisions.log import read
from service.decisions.replay import Remade, Replayer
from service.serving import Servings
from service.store.base import Store
from service.tutor import Tutor
from tests.service.conftest import close
from tests.service.made import NOW, answer, following, log

SKILLS = ("a", "b")
ITEMS = [Item(f"{skill}{n}", (skill,)) for skill in SKILLS for n in range(6)]
DAY = 86_400


@pytest.fixture(scope="module")
def model() -> MasteryModel:
    rng, rows = np.random.default_rng(0), []
    for student in range(60):
        able = rng.normal()
        for turn in range(15):
            item = ITEMS[int(rng.integers(len(ITEMS)))]
            right = rng.random() < 1 / (1 + np.exp(-able - 0.1 * turn + 0.5 * int(item.id[1:]) - 0.5))
            rows.append((f"s{student}", item.id, item.skill_ids[0], int(right), 1_700_000_000 + turn * DAY))
    columns = ["student_id", "item_id", "skill_ids", "correct", "timestamp"]
    found = fit(ResponseLog.from_frame(pd.DataFrame(rows, columns=columns)))
    return replace(found.mastery, version="7", attachments={ATTACHED: predictor.dump(found)})


@pytest.fixture(params=[True, False], ids=["on", "off"])
async def tutor(store: Store, model: MasteryModel, request: pytest.FixtureRequest) -> AsyncIterator[Tutor]:
    catalog = build([], ITEMS, [])[0]
    await store.publish("model", "7", bundle.dump(model))
    servings = Servings(store, predicts=request.param)
    await servings.start(check_seconds=3600)
    made = Tutor(store, servings, Behind(store, linger=0.0), now=lambda: NOW, salt=b"salt", room=2**24)
    await made.import_catalog(catalog)
    yield made
    await close(made)


async def test_chances_are_the_predictors_where_it_is_on_and_the_mastery_models_where_it_is_not(
    tutor: Tutor, model: MasteryModel
) -> None:
    given = [("a0", True), ("a1", False), ("b3", True), ("a0", True)]
    answers = [
        answer(f"r{n}", item=item, at=1_700_000_000 + n * DAY, correct=right) for n, (item, right) in enumerate(given)
    ]
    receipt = await tutor.record(answers, next_items=3)
    asked = await following(tutor, "ada", 3)
    assert receipt.next["ada"].recommendations == asked.recommendations
    rows = [("ada", item, item[0], int(right), 1_700_000_000 + n * DAY) for n, (item, right) in enumerate(given)]
    kind = "predictor" if tutor.serving.predictor else "mastery"
    for one in asked.recommendations:
        last = ("ada", one.item_id, one.skill_ids[0], 1, (NOW - NOW % 3_600_000) // 1000)
        columns = ["student_id", "item_id", "skill_ids", "correct", "timestamp"]
        as_log = ResponseLog.from_frame(pd.DataFrame([*rows, last], columns=columns))
        found = {name: float(predict(as_log)[-1]) for name, predict in predictions(model).items()}
        assert one.p_correct == pytest.approx(found[kind], abs=1e-6)
        assert found["predictor"] != pytest.approx(found["mastery"], abs=1e-3)


async def test_a_long_history_is_read_whole_and_no_snapshot_is_kept_where_it_is_on(tutor: Tutor, store: Store) -> None:
    answers = [answer(f"r{n}", item=ITEMS[n % 12].id, at=n * 1000, correct=n % 3 > 0) for n in range(40)]
    await tutor.record(answers)
    await following(tutor, "ada")
    await tutor.behind.close()
    (stored,), _ = await store.read(["ada"], tutor.serving.tag)
    assert (stored.snapshot is None) == (tutor.serving.predictor is not None)
    assert len(await log(store, "recommendation")) == 1


async def test_a_model_without_one_is_served_without(store: Store, model: MasteryModel) -> None:
    await store.publish("model", "8", bundle.dump(replace(model, attachments={})))
    spoilt = replace(model, version="9", attachments={ATTACHED: b"nothing"})
    servings = Servings(store, predicts=True)
    await servings.start(check_seconds=3600)
    made = Tutor(store, servings, Behind(store, linger=0.0), now=lambda: NOW, salt=b"salt", room=2**24)
    await made.import_catalog(build([], ITEMS, [])[0])
    assert made.serving.predictor is None
    assert (await following(made, "ada")).recommendations
    await store.publish("model", "9", bundle.dump(spoilt))
    await servings.refresh()
    assert (await following(made, "ada")).model_version == "9"
    assert made.serving.predictor is None
    await close(made)


async def test_decisions_are_made_again_with_the_predictor_too(tutor: Tutor, store: Store, tmp_path: Path) -> None:
    for n in range(6):
        await tutor.record([answer(f"r{n}", item=ITEMS[n].id, at=n * DAY, correct=n % 2 > 0)], next_items=2)
    await close(tutor)
    await drain(store, tmp_path)
    logged = read(tmp_path)
    again = [one async for one in Replayer(store, predicts=tutor.serving.predictor is not None).replay(logged)]
    assert len(again) == 12
    assert all(isinstance(one, Remade) and one.exact for one in again)
