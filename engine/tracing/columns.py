"""Arrays as bytes, each in the narrowest form that holds it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_DTYPES = {name: np.dtype(f"<{name}") for name in ("u1", "u2", "u4", "i2", "i4", "f4")}

Column = tuple[npt.NDArray[Any], Sequence[str]]


def pack(columns: Sequence[Column]) -> bytes:
    """Each array as a byte that says which of its kinds was taken, and its numbers; the last kind is taken as it is."""
    parts = []
    for values, kinds in columns:
        kind = next(at for at, kind in enumerate(kinds) if at == len(kinds) - 1 or _fits(values, kind))
        parts += [bytes([kind]), values.astype(f"<{kinds[kind]}").tobytes()]
    return b"".join(parts)


def unpack(blob: bytes, sizes: Sequence[tuple[int, Sequence[str]]]) -> list[npt.NDArray[Any]]:
    """What :func:`pack` wrote, given how many numbers each array has and its kinds. Raises ValueError or IndexError."""
    found, at = [], 0
    for count, kinds in sizes:
        kind = _DTYPES[kinds[blob[at]]]
        found.append(np.frombuffer(blob, kind, count, at + 1))
        at += 1 + count * kind.itemsize
    return found


def _fits(values: npt.NDArray[Any], kind: str) -> bool:
    if not len(values):
        return True
    whole = values.dtype.kind in "iu" or bool((values == np.floor(values)).all())
    return whole and values.min() >= 0 and bool(values.max() <= np.iinfo(kind).max)
