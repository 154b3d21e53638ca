from collections import Counter

import numpy as np

from engine.simulate import DAY_MS, KINDS, MISKEYED, School, roster_rows, simulate_school

NOW = 1_800_000_000_000


def test_the_same_seed_is_the_same_school() -> None:
    one, same, other = (simulate_school(NOW, seed=seed, classes=1, students=5) for seed in (1, 1, 2))
    assert one.answers == same.answers != other.answers


def test_answers_name_the_catalog_and_lie_in_the_past_in_order() -> None:
    school = simulate_school(NOW, classes=2, students=10)
    assert {answer.item_id for answer in school.answers} <= set(school.catalog.item_index)
    times = [answer.answered_at for answer in school.answers]
    assert times == sorted(times)
    assert max(times) <= NOW
    assert len({answer.id for answer in school.answers}) == len(school.answers)
    assert len({answer.student_id for answer in school.answers}) == 20


def test_students_learn() -> None:
    """Late answers on a skill are better than first ones: otherwise there is nothing to trace."""
    school = simulate_school(NOW, students=40)
    count: dict[tuple[str, str], int] = {}
    first: list[bool] = []
    late: list[bool] = []
    for answer in school.answers:
        at = (answer.student_id, answer.item_id.rsplit("-", 1)[0])
        count[at] = count.get(at, 0) + 1
        (first if count[at] == 1 else late if count[at] > 6 else []).append(answer.correct)
    assert np.mean(late) > np.mean(first) + 0.05


def test_a_class_has_one_of_each_kind() -> None:
    school = simulate_school(NOW, classes=2)
    spinning, fast, idle, new, late = (school.pupils[at] for at in KINDS)
    answers = Counter(answer.student_id for answer in school.answers)
    last = {answer.student_id: answer.answered_at for answer in school.answers}
    first = {answer.student_id: answer.answered_at for answer in reversed(school.answers)}
    assert answers[spinning.id] > np.median(list(answers.values()))
    assert spinning.known.sum() <= 5
    assert fast.known.sum() >= 12
    assert NOW - last[idle.id] > 23 * DAY_MS
    assert new.id not in answers
    assert NOW - first[late.id] < 4 * DAY_MS
    assert len(answers) == len(school.pupils) - 1


def test_the_roster_has_everybody_by_one_name_and_a_small_class_beside() -> None:
    school = simulate_school(NOW, classes=2)
    rows = roster_rows(school)
    assert {row["student_id"] for row in rows} == {pupil.id for pupil in school.pupils}
    sizes = Counter(row["class_id"] for row in rows)
    assert sizes == {"class-4a": 26, "class-5a": 26, "support-4": 9}
    assert _names(school) == {row["student_id"]: row["name"] for row in rows}
    assert len(set(_names(school).values())) == len(school.pupils)


def _names(school: School) -> dict[str, str]:
    return {pupil.id: pupil.name for pupil in school.pupils}


def test_one_item_is_keyed_wrong() -> None:
    """Its answers are as often wrong as those to the other items of its skill are right."""
    school = simulate_school(NOW, students=40)
    skill = school.catalog.items[school.catalog.item_index[MISKEYED]].skill_ids[0]
    plain = {item.id for item in school.catalog.items if item.skill_ids == (skill,)} - {MISKEYED}
    others, keyed_wrong = (
        np.mean([answer.correct for answer in school.answers if answer.item_id in some]) for some in (plain, {MISKEYED})
    )
    assert others > 0.6
    assert abs(keyed_wrong - (1 - others)) < 0.15
