"""Items of a class: first answers alone, who knew before, and a key that is wrong."""

from __future__ import annotations

from engine.item_analysis import Flag
from service.classroom.items import items_view
from tests.service.classroom.made import Answers, dossier


def mixed(wrong_key: bool) -> Answers:
    """Nine who know maps, and nine who do not, answer maps-2; with a wrong key those who know are marked wrong."""
    good = {f"knows-{n}": (("maps-0", "+" * 10, 2), ("maps-2", "-" if wrong_key else "+", 1)) for n in range(9)}
    weak = {f"weak-{n}": (("maps-0", "-" * 6, 2), ("maps-2", "+" if wrong_key else "-", 1)) for n in range(9)}
    return good | weak


def test_a_wrong_key_is_flagged_and_stands_first() -> None:
    view = items_view(dossier(mixed(wrong_key=True)), "maps-2")
    line = view.lines[0]
    assert line.item_id == "maps-2"
    assert set(line.facts.flags) == {Flag.WORSE, Flag.MISSED}
    assert (line.facts.knowing, line.facts.knowing_right, line.facts.others_right) == (9, 0, 9)
    assert line.facts.discrimination is not None
    assert line.facts.discrimination < -0.9
    assert view.suspicious == 1
    assert sum(first.knew for first in line.by) == 9
    assert [other.by for other in view.lines[1:]] == [()]


def test_a_sound_item_is_not() -> None:
    view = items_view(dossier(mixed(wrong_key=False)))
    found = {line.item_id: line.facts for line in view.lines}
    assert found["maps-2"].flags == ()
    assert (found["maps-2"].discrimination or 0) > 0.9
    assert view.suspicious == 0


def test_only_the_first_answer_counts_and_nobody_knew_before_it() -> None:
    (line,) = items_view(dossier({"a": (("maps-0", "-++", 1),)})).lines
    assert (line.answers, line.facts.students, line.facts.right, line.facts.knowing) == (3, 1, 0.0, 0)
    assert line.facts.flags == (Flag.TOO_FEW,)


def test_a_class_without_answers_has_no_items() -> None:
    assert items_view(dossier({"a": ()})).lines == ()
