"""Who was champion, in order: a line of versions, the newest last, kept as a tag beside the alias.

The alias is the truth, as anyone may move it in MLflow's own pages. The line is what rollback reads; where it does
not end with the champion, someone else moved the alias, or a process died between the two writes.
"""

from __future__ import annotations

from collections.abc import Collection

KEPT = 100

Line = tuple[str, ...]


def parse(tag: str | None) -> Line:
    """The line that a tag holds."""
    return tuple((tag or "").split())


def unparse(line: Line) -> str:
    return " ".join(line[-KEPT:])


def promoted(line: Line, champion: str | None, version: str) -> tuple[Line, Line]:
    """The line to write before the alias moves to ``version``, and the one to write after.

    >>> promoted(("1",), "1", "2")
    (('1',), ('1', '2'))
    >>> promoted(("1",), "5", "2")  # someone moved it to 5 by hand
    (('1', '5'), ('1', '5', '2'))
    """
    before = line if champion is None or line[-1:] == (champion,) else (*line, champion)
    return before, before if before[-1:] == (version,) else (*before, version)


def rolled_back(line: Line, champion: str | None, existing: Collection[str]) -> Line:
    """The line that ends with the champion before this one; empty where there was none.

    >>> rolled_back(("1", "2", "3"), "3", {"1", "2", "3"})
    ('1', '2')
    >>> rolled_back(("1", "2"), "5", {"1", "2", "5"})  # 5 was set by hand: the one before it was 2
    ('1', '2')
    >>> rolled_back(("1", "2", "3"), "3", {"1", "3"})  # 2 was deleted
    ('1',)
    """
    while line and (line[-1] == champion or line[-1] not in existing):
        line = line[:-1]
    return line
