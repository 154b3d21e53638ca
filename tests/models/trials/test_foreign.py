import pytest

from engine.policies.policy import shipped
from engine.worlds.world import Plan
from models.trials.figures import summarise
from models.trials.many import run_many
from models.trials.trial import Setting

SETTING = Setting(Plan(skills=50, items=1000, budget=80), students=30, logs=250)


@pytest.mark.parametrize("name", ["TooHard", "Stuck", "Forgetful"])
def test_ours_does_not_collapse_where_learning_is_not_as_it_thinks(name: str) -> None:
    policies = {n: shipped()[n] for n in ("default", "random")}
    worlds = run_many(f"tests.models.trials.foreign:{name}", policies, SETTING, 2, 0)
    figures = summarise(worlds)
    assert figures["default"].gain > 1.2 * figures["random"].gain
