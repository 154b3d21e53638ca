"""Who looks: known for the length of a request, to the pages and the API alike."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from engine.said import said


class Role(StrEnum):
    TEACHER = "teacher"  # the classes that the roster gives them
    STUDENT = "student"  # their own page
    LEADER = "leader"  # aggregates, nobody by name
    ADMIN = "admin"  # all there is to read
    LMS = "lms"  # a program: reads and writes through the API


NAMES: Mapping[Role | None, str] = {
    None: said("nobody"),
    Role.TEACHER: said("teacher"),
    Role.STUDENT: said("student"),
    Role.LEADER: said("leader"),
    Role.ADMIN: said("admin"),
    Role.LMS: said("lms"),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """``role`` is None where nobody is signed in; ``signs_in`` is False where nobody has to."""

    role: Role | None
    id: str = ""
    signs_in: bool = True

    @property
    def sees_all(self) -> bool:
        return self.role in {Role.ADMIN, Role.LMS}

    @property
    def is_staff(self) -> bool:
        """Looks at classes and at students by name."""
        return self.role in {Role.ADMIN, Role.TEACHER}

    @property
    def label(self) -> str:
        """As in a sentence: ``teacher smith``."""
        role = NAMES[self.role]
        return said("%(role)s %(id)s", role=role, id=self.id) if self.id else role


OPEN = Viewer(Role.ADMIN, signs_in=False)
NOBODY = Viewer(None)

seen_by: ContextVar[Viewer] = ContextVar("viewer", default=OPEN)
"""Set by :class:`service.api.gate.Gate` around every request; the default is what holds where there is no gate."""


def viewer() -> Viewer:
    """Who looks at what this request asks for."""
    return seen_by.get()
