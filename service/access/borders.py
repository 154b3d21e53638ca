"""What each may see. Every page and every answer about a class or a student passes here.

Who is refused learns nothing: the answer is the same whether what was asked for exists or not.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.said import said
from service.access.viewer import Role, viewer
from service.errors import NotAllowed
from service.roster import Rosters


async def require_class(rosters: Rosters, class_id: str) -> None:
    """Raises :class:`NotAllowed` where the viewer may not see this class student by student."""
    me = viewer()
    if not me.sees_all and class_id not in await _taught(rosters):
        raise NotAllowed(said("What %(who)s may see does not hold this class.", who=me.label))


async def require_student(rosters: Rosters, student_id: str) -> None:
    """Raises :class:`NotAllowed` where the viewer may not see this student."""
    me = viewer()
    if me.sees_all or (me.role is Role.STUDENT and student_id == me.id):
        return
    if taught := await _taught(rosters):
        members = await rosters.members()
        if members and taught & members.attends.get(student_id, frozenset()):
            return
    raise NotAllowed(said("What %(who)s may see does not hold this student.", who=me.label))


async def visible(rosters: Rosters, class_ids: Iterable[str]) -> list[str]:
    """Those of the classes that the viewer may see. Raises :class:`NotAllowed` for who sees no class at all."""
    me = viewer()
    if me.sees_all:
        return list(class_ids)
    if me.role is not Role.TEACHER:
        raise NotAllowed(said("What %(who)s may see does not hold classes.", who=me.label))
    taught = await _taught(rosters)
    return [class_id for class_id in class_ids if class_id in taught]


async def counted(rosters: Rosters, class_ids: Iterable[str]) -> list[str]:
    """Those of the classes whose figures, taken together, the viewer may see: a leader is shown nobody by name, and may
    see all. Raises :class:`NotAllowed` for who sees no class at all."""
    return list(class_ids) if viewer().role is Role.LEADER else await visible(rosters, class_ids)


def require_overview() -> None:
    """Raises :class:`NotAllowed` for who may not see the school's figures."""
    me = viewer()
    if not (me.sees_all or me.role is Role.LEADER):
        raise NotAllowed(said("What %(who)s may see does not hold the school's overview.", who=me.label))


async def _taught(rosters: Rosters) -> frozenset[str]:
    me = viewer()
    members = await rosters.members() if me.role is Role.TEACHER else None
    return members.taught.get(me.id, frozenset()) if members else frozenset()
