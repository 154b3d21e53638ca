"""Names as rows: where a name stands among those that are known, and one row for all that are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def places(known: Sequence[Any], names: Sequence[Any]) -> Ints:
    """The place of each name among the known, -1 (the last row) for an unseen one."""
    at = {name: place for place, name in enumerate(known)}
    return np.array([at.get(name, -1) for name in names], np.int64)


def with_last(rows: Floats, last: Floats, at: Ints) -> Floats:
    """Rows ``at`` of the next to last axis of ``rows``; ``last`` where ``at`` is -1."""
    return np.ascontiguousarray(np.concatenate([rows, np.expand_dims(last, -2)], axis=-2)[..., at, :])
