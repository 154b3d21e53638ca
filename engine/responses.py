"""A student's history: an append-only run of packed 32-byte records, one a response.

The record holds what the equations need and what makes a response idempotent; the full event (the sender's
strings, duration, hints, ...) lives in the log. Ids are kept as 63-bit keys, so that a record means the same
in every store, process and catalog version, and an item that the catalog learns of later is folded then.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from struct import Struct

import numpy as np
import numpy.typing as npt

from engine.values import value

RECORD = np.dtype(
    [
        ("id", "<i8"),  # key of the response's id
        ("item", "<i8"),  # key of the item's id
        ("at", "<i8"),  # answered at: milliseconds since 1970, UTC
        ("score", "<f4"),  # 0 (wrong) .. 1 (right)
        ("check", "<u4"),  # digest of the whole content: tells a resend from a contradiction
    ]
)

_PACKED = Struct("<qqqfI")  # the same: an array of one record is made in twice the time

History = npt.NDArray[np.void]
"""Records of one student, shape ``[responses]``, dtype :data:`RECORD`, in order of arrival."""

EMPTY: History = np.empty(0, RECORD)


@value(frozen=True, slots=True)
class Response:
    """One answer of one student to one item.

    ``answered_at`` is in milliseconds since 1970 (UTC); ``score`` lies in 0..1; ``check`` is a 32-bit digest
    of everything that the sender said of it (:func:`digest32`).
    """

    id: str
    student_id: str
    item_id: str
    score: float
    answered_at: int
    check: int = 0


def key(text: str) -> int:
    """63-bit key of an id: the same in every process, and never negative.

    >>> key("item-1") == key("item-1"), key("item-1") == key("item-2")
    (True, False)
    """
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


known_key = lru_cache(2**16)(key)
"""The same for ids that come again and again: of items and students."""


def digest32(content: bytes) -> int:
    """32-bit digest of a response's content.

    >>> 0 <= digest32(b"right") < 2**32
    True
    """
    return int.from_bytes(blake2b(content, digest_size=4).digest(), "big")


def pack(response: Response) -> bytes:
    """The 32-byte record of a response."""
    ids = key(response.id), known_key(response.item_id)
    return _PACKED.pack(*ids, response.answered_at, response.score, response.check)


def unpack(packed: bytes) -> History:
    """The records in ``packed``, read-only and without a copy. Raises ValueError on a torn record."""
    return np.frombuffer(packed, RECORD)


def in_order_of_time(history: History) -> History:
    """Records by time of answer; where times are equal, in order of arrival."""
    if len(history) < 2:
        return history
    at = history["at"]
    if bool((at[1:] >= at[:-1]).all()):
        return history
    return history[np.argsort(at, kind="stable")]
