import numpy as np
import pytest

from engine.mastery_model import MasteryModel
from engine.policies.policy import shipped
from engine.worlds.bkt import BKT
from engine.worlds.families import FAMILIES
from engine.worlds.students import Floats, Ints, Mask
from engine.worlds.world import Plan, World, make
from models.graph.em import difficulties
from models.trials.figures import summarise, worst_tenth
from models.trials.learning import course_of, practise, response_log, served
from models.trials.many import FamilyError, family_of, run_many
from models.trials.trial import Result, Setting, run

SMALL = Setting(Plan(skills=20, items=400, budget=40), students=30, logs=150)


class Closed:
    """A family from outside the project: nobody can look into it."""

    def __init__(self, world: World, count: int, rng: np.random.Generator) -> None:
        self._students = BKT(world, count, rng)

    def answer(self, items: Ints) -> Floats:
        return self._students.answer(items)

    def known(self) -> Floats:
        return self._students.known()

    def ready(self) -> Mask:
        return self._students.ready()


@pytest.mark.parametrize("name", FAMILIES)
def test_who_sees_all_gains_most_and_chance_least(name: str) -> None:
    policies = {n: shipped()[n] for n in ("random", "outer-fringe")}
    worlds = [run(FAMILIES[name], policies, SMALL, 1, n) for n in range(3)]
    figures = summarise(worlds)
    assert figures["omniscient"].gain > figures["outer-fringe"].gain > figures["random"].gain
    soon_done = name == "wheel-spinning"  # so much is out of reach that 40 items are more than there is to learn
    assert figures["omniscient"].wasted < (0.35 if soon_done else 0.1)
    assert figures["omniscient"].share_of_omniscient == 100.0
    lead, low, high = figures["outer-fringe"].against["random"]
    assert lead == pytest.approx(figures["outer-fringe"].gain - figures["random"].gain)
    assert low < lead < high


def test_ours_is_what_would_be_served_with_its_graph_model() -> None:
    policies = {n: shipped()[n] for n in ("default", "random")}
    found = run(BKT, policies, SMALL, 1, 0)
    assert found["default"].gain.mean() > 1.5 * found["random"].gain.mean()
    assert found["default"].wasted.mean() < found["random"].wasted.mean()
    world = make(SMALL.plan, np.random.default_rng(0))
    items, scores = practise(world, BKT(world, 40, np.random.default_rng(1)), 40, np.random.default_rng(2))
    model = served(world, response_log(world, items, scores)).model
    assert isinstance(model, MasteryModel)
    assert model.graph is not None


def test_the_same_seed_gives_the_same_results_beside_whatever_other_policy() -> None:
    alone = run(BKT, {"zpdes": shipped()["zpdes"]}, SMALL, 4, 0)
    beside = run(BKT, {n: shipped()[n] for n in ("random", "zpdes")}, SMALL, 4, 0)
    assert (alone["zpdes"].gain == beside["zpdes"].gain).all()
    assert not (run(BKT, {"zpdes": shipped()["zpdes"]}, SMALL, 5, 0)["zpdes"].gain == alone["zpdes"].gain).all()


def test_results_do_not_depend_on_the_number_of_processes() -> None:
    policies = {"random": shipped()["random"]}
    one, two = (run_many("bkt", policies, SMALL, 2, 0, jobs) for jobs in (1, 2))
    assert [w["random"].gain.tolist() for w in one] == [w["random"].gain.tolist() for w in two]


def test_a_family_from_outside_has_no_share_of_a_planner_who_cannot_look_into_it() -> None:
    (world,) = run_many("tests.models.trials.test_trial:Closed", {"random": shipped()["random"]}, SMALL, 1, 0)
    assert set(world) == {"random"}
    assert summarise([world])["random"].share_of_omniscient is None
    for wrong in ("elves", "no.such:Thing", "math:NoThing"):
        with pytest.raises(FamilyError):
            family_of(wrong)


def test_the_engine_learns_from_others_what_an_item_and_a_skill_are_like() -> None:
    world = make(Plan(skills=10, items=100, budget=100), np.random.default_rng(0))
    items, scores = practise(world, BKT(world, 1500, np.random.default_rng(1)), 1500, np.random.default_rng(2))
    log = response_log(world, items, scores)
    assert log.tags == tuple(
        tuple(sorted(set_)) for set_ in dict.fromkeys(item.skill_ids for item in world.catalog.items)
    )
    alone = world.second < 0
    assert np.corrcoef(difficulties(log)[alone], world.difficulty[alone])[0, 1] > 0.8
    course = course_of(world, log)
    assert np.corrcoef(course.params[:, 2], world.guess)[0, 1] > 0.6


def test_the_worst_tenth_is_who_gained_least() -> None:
    assert worst_tenth(np.arange(40.0)[::-1]).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert worst_tenth(np.array([5.0, 2.0])).tolist() == [2.0]


def test_an_interval_holds_a_true_mean_about_as_often_as_it_says() -> None:
    rng, inside = np.random.default_rng(0), 0
    for _ in range(100):
        worlds = [{"x": Result(rng.normal(rng.normal(0, 1), 2.0, 30), np.zeros(30))} for _ in range(20)]
        low, high = summarise(worlds)["x"].interval
        inside += low <= 0.0 <= high
    assert inside >= 88
