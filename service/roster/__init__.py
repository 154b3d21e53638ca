"""Rosters: who is in which class of which school, who teaches it, and what people are called.

The store keeps one as an artifact, as it keeps the catalog: immutable, named by its content, swapped whole.
"""

from service.roster.current import Rosters
from service.roster.reading import read
from service.roster.roster import EMPTY, Class, Enrolment, Person, Roster, RosterError, School

__all__ = ["EMPTY", "Class", "Enrolment", "Person", "Roster", "RosterError", "Rosters", "School", "read"]
