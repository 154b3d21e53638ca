from itertools import product

import numpy as np
import pytest

from engine.worlds.exact import Solver, Tiny


def tiny(seed: int, skills: int = 2, chained: bool = True) -> Tiny:
    rng = np.random.default_rng(seed)
    parents = tuple((k - 1,) if k and chained else () for k in range(skills))
    prior = rng.uniform(0.1, 0.8, skills)
    rest = (rng.uniform(0.05, 0.5, skills), rng.uniform(0.1, 0.3, skills), rng.uniform(0.05, 0.2, skills))
    return Tiny(prior, 0.1 * prior, *rest, parents)


def by_all_plans(world: Tiny, horizon: int) -> float:
    """Every decision tree of a horizon of 2: a first item, then one for each answer."""
    solver, start, best = Solver(world), world.start(), -np.inf
    known = world.states.sum(axis=1)
    skills = len(world.prior)
    assert horizon == 2
    for first, if_right, if_wrong in product(range(skills), repeat=3):
        value = 0.0
        for score, chance, belief in solver.outcomes(start, first):
            then = if_right if score else if_wrong
            value += chance * sum(c * float(b @ known) for _, c, b in solver.outcomes(belief, then))
        best = max(best, value)
    return best - float(start @ known)


@pytest.mark.parametrize("seed", range(4))
def test_the_optimum_is_the_best_of_all_decision_trees(seed: int) -> None:
    world = tiny(seed, 3)
    assert Solver(world).optimum(2) == pytest.approx(by_all_plans(world, 2))


def test_states_and_moves_are_distributions() -> None:
    world = tiny(1, 3)
    assert world.start().sum() == pytest.approx(1.0)
    assert world.learns(1).sum(axis=1) == pytest.approx(1.0)
    assert world.start() @ world.states[:, 0] == pytest.approx(world.prior[0])


def test_one_skill_is_learnt_by_the_geometric_law() -> None:
    world = tiny(2, 1)
    known = 1 - (1 - world.prior[0]) * (1 - world.learn[0]) ** 5
    assert Solver(world).optimum(5) == pytest.approx(known - world.prior[0])


def test_a_rule_gains_no_more_than_the_optimum_and_the_best_rule_as_much() -> None:
    world = tiny(3, 2)
    solver = Solver(world)

    def best(history: tuple[tuple[int, float], ...]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        belief = world.start()
        for k, score in history:
            belief = next(after for s, _, after in solver.outcomes(belief, k) if s == score)
        return np.asarray(np.eye(2)[solver.value(belief, 4 - len(history))[1]])

    assert solver.achieved(best, 4) == pytest.approx(solver.optimum(4))
    assert solver.achieved(lambda _: np.array([0.5, 0.5]), 4) < solver.optimum(4)
