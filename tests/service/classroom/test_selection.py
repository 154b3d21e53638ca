"""Which groups a roster makes of a class."""

from __future__ import annotations

from service.classroom.selection import groups_of
from service.roster.roster import Person, Roster


def test_columns_that_some_share_and_not_all_make_groups() -> None:
    told = {
        "ada": {"set": "a", "email": "ada@hill", "year": "4", "help": ""},
        "ben": {"set": "a", "email": "ben@hill", "year": "4", "help": "reading"},
        "cy": {"set": "b", "email": "cy@hill", "year": "4", "help": "reading"},
        "dee": {"set": "b", "year": "4"},
    }
    roster = Roster(tuple(Person(name, "", attributes) for name, attributes in told.items()))
    assert groups_of(roster, [*told, "not on the roster"]) == {
        "ada": ("set: a", "year: 4"),
        "ben": ("set: a", "year: 4", "help: reading"),
        "cy": ("set: b", "year: 4", "help: reading"),
        "dee": ("set: b", "year: 4"),
        "not on the roster": (),
    }
    assert groups_of(roster, ["ada", "ben"]) == {"ada": (), "ben": ()}
