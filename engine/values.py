"""Immutable data that is made at every request.

A frozen dataclass is guarded twice: by the type checker, and at run time, where each field is then set past a guard of
its own: a tenth of a microsecond a field, more than all the rest of making one. These are guarded by the type checker
alone, and are frozen dataclasses in everything else.

    @value(frozen=True)
    class Move: ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass

    def value(*, frozen, slots=False):
        return dataclass(slots=slots, unsafe_hash=frozen)


__all__ = ["value"]
