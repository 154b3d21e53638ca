import numpy as np

from engine.policies.policy import shipped
from models.trials.tiny import random_tiny, share_of_optimum


def test_our_rule_is_near_the_exact_optimum_and_chance_is_not() -> None:
    rng = np.random.default_rng(0)
    worlds = [random_tiny(rng) for _ in range(6)]
    ours, chance = (
        np.array([share_of_optimum(shipped()[name], world, 4) for world in worlds]) for name in ("default", "random")
    )
    assert (ours <= 1.0 + 1e-9).all()
    assert ours.mean() > 0.9
    assert ours.mean() > chance.mean() + 0.1
