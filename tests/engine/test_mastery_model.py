"""A mastery model reads as a teacher reads it, and is refused where it is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.catalog import Item, Skill, build
from engine.facts import drawn, facts
from engine.mastery_model import unlearnt
from engine.model import PARAMETERS, ModelError
from tests.engine.made import mastery_model

MODEL = mastery_model()


def test_five_parameters_are_read_at_average_ability_on_an_average_item() -> None:
    values = np.array([[0.0, -2.0, -1.0, 2.0, -3.0, 1.0, 1.0, 1.0, 1.0]] * 3)
    of_skill = dict(zip(PARAMETERS, replace(MODEL, values=values).params[0], strict=True))
    assert of_skill["prior"] == 0.5
    assert of_skill["learn"] == pytest.approx(1 / (1 + np.exp(2)))
    assert of_skill["guess"] == pytest.approx(1 / (1 + np.exp(1)))
    assert of_skill["slip"] == pytest.approx(1 / (1 + np.exp(-1 + np.log(1 + np.exp(2)))))
    assert of_skill["forget"] == pytest.approx(1 / (1 + np.exp(3)))
    assert (MODEL.params[:, 2] + MODEL.params[:, 3] < 1).all()


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ModelError, match=r"population has shape.*theta holds a value that is not finite"):
        replace(MODEL, population=np.zeros(3), theta=np.full(len(MODEL.theta), np.nan))
    with pytest.raises(ModelError, match=r"would know less.*forgotten less.*no distribution"):
        replace(MODEL, values=MODEL.values - 9, gap=-MODEL.gap, weight=MODEL.weight * 2)
    with pytest.raises(ModelError, match=r"stands twice.*its clock is 'sundial'"):
        replace(MODEL, skills=("a",) * 3, clock="sundial")  # type: ignore[arg-type]


def test_arrays_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        MODEL.values[0, 0] = 1.0


def test_facts_are_in_the_catalogs_numbering_and_what_is_unseen_backs_off() -> None:
    items = [Item("new", ("d",)), Item("ab1", ("b", "a")), Item("a1", ("a",))]
    catalog = build([Skill("d"), Skill("b"), Skill("a")], items, [])[0]
    sets = catalog.skill_sets
    known = facts(MODEL, ["d", "b", "a"], sets.start, sets.skills, [item.id for item in items])
    middle = len(MODEL.theta) // 2
    assert known.prior[2, middle] == pytest.approx(MODEL.params[0, 0])
    assert known.prior[0, middle] == pytest.approx(1 / (1 + np.exp(-MODEL.population[0])))
    own = MODEL.values[[0, 1]][:, [2, 3]].mean(axis=0) + MODEL.combined[0]
    assert known.of_set[sets.of_item[1]] == pytest.approx(own)
    assert known.of_item == pytest.approx(np.array([[0, 0], MODEL.offsets[2], MODEL.offsets[0]]))
    success = known.success[2, :, middle]
    assert success == pytest.approx([MODEL.params[0, 2], 1 - MODEL.params[0, 3]])


def test_draws_stand_side_by_side_as_one_wider_grid() -> None:
    items = [Item("ab1", ("a", "b")), Item("c1", ("c",))]
    catalog = build([], items, [])[0]
    names, sets = [skill.id for skill in catalog.skills], catalog.skill_sets
    known = facts(MODEL, names, sets.start, sets.skills, ["ab1", "c1"])
    wide = drawn(MODEL, names, known)
    points = len(MODEL.theta)
    for d in range(len(MODEL.draws)):
        one = replace(MODEL, values=MODEL.draws[d].copy(), population=MODEL.population_draws[d].copy())
        own, part = facts(one, names, sets.start, sets.skills, ["ab1", "c1"]), slice(d * points, (d + 1) * points)
        assert wide.prior[:, part] == pytest.approx(own.prior)
        assert wide.learn[:, part] == pytest.approx(own.learn)
        assert wide.success[..., part] == pytest.approx(own.success)
        ease, gain = (np.exp(f.of_set[:, at, None]) * f.lift[:, at, :] for f, at in ((own, 0), (own, 1)))
        wide_ease, wide_gain = (np.exp(known.of_set[:, at, None]) * wide.lift[:, at, part] for at in (0, 1))
        assert wide_ease == pytest.approx(ease)
        assert wide_gain == pytest.approx(gain)
    assert wide.weight.sum() == pytest.approx(1)
    assert drawn(unlearnt(), names, known) is known
