"""A graph model bound to a catalog: what it believes of a student, folded answer by answer, and stored."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.catalog import Catalog
from engine.graph import belief
from engine.graph.belief import Floats, Ints
from engine.graph.model import FORGET, GraphModel

_HEAD = struct.Struct("<I")
_SMALL = 1024  # what a code's fraction is of: 10 bits


class Carrier:
    """Immutable. What is believed of a student is one flat array (:func:`engine.graph.belief.newcomer`)."""

    def __init__(self, model: GraphModel, skills: Sequence[str], items: Sequence[str], catalog: Catalog) -> None:
        self.facts = belief.facts(model, skills, items, catalog)
        self._packed = belief.packed(self.facts)
        self.empty = belief.newcomer(self.facts)
        self._rests = np.diff(self.facts.first) > 0  # skills that build on others: of the rest y is never asked for

    @property
    def identity(self) -> bytes:
        """What it makes of answers, as bytes: the model's values and the catalog's graph."""
        return b"\0".join(part.tobytes() for part in self._packed)

    def fold(self, items: Ints, scores: Floats, carried: Floats) -> Floats:
        """What is believed after answers [n] to items (positions) in order of time."""
        found: Floats = belief.carry(*self._packed, carried, items, scores)
        return found

    def judged(self, carried: Floats, skill: int, share: float, answers: float) -> Floats:
        """See :meth:`engine.tracing.base.Tracer.judged`."""
        found: Floats = belief.judged(*self._packed, carried, skill, share, answers)
        return found

    def outlook(self, carried: Floats) -> Floats:
        """See :func:`engine.graph.belief.outlook`."""
        found: Floats = belief.outlook(*self._packed, carried)
        return found

    # ---------------------------------------------------------------------------------------------- snapshots

    def dump(self, carried: Floats) -> bytes:
        """Exactly: of a skill that answers moved 4 bytes a point of the grid, 2 of one that builds on nothing."""
        held, weight, touched = self._parts(carried)
        moved = (held != self.facts.prior).any(axis=(0, 1))
        head = _HEAD.pack(int(carried[-1])) + weight.astype("<f4").tobytes() + np.packbits(moved).tobytes()
        times = touched[moved].astype("<u4").tobytes() if self.facts.traits[FORGET] > 0.0 else b""
        return head + times + _codes(held[0, :, moved]).tobytes() + _codes(held[1, :, moved & self._rests]).tobytes()

    def load(self, blob: bytes) -> Floats:
        """What :meth:`dump` was given. Raises ValueError or struct.error on bytes that are none."""
        carried = self.empty.copy()
        held, weight, touched = self._parts(carried)
        skills, at = len(touched), _HEAD.size + 4 * len(weight)
        (carried[-1],) = _HEAD.unpack_from(blob)
        weight[:] = np.frombuffer(blob, "<f4", len(weight), _HEAD.size)
        flags = np.frombuffer(blob, np.uint8, (skills + 7) // 8, at)
        moved, at = np.unpackbits(flags, count=skills).astype(bool), at + len(flags)
        count = int(moved.sum())
        if self.facts.traits[FORGET] > 0.0:
            touched[moved] = np.frombuffer(blob, "<u4", count, at)
            at += 4 * count
        for row, some in ((0, moved), (1, moved & self._rests)):
            values = _probabilities(np.frombuffer(blob, "<u2", int(some.sum()) * len(weight), at))
            held[row, :, some] = values.reshape(-1, len(weight))
            at += 2 * len(values)
        if at != len(blob):
            raise ValueError("something is left over")
        return carried

    def _parts(self, carried: Floats) -> tuple[Floats, Floats, Floats]:
        points, skills = self.facts.learn.shape
        end = 2 * points * skills
        return carried[:end].reshape(2, points, skills), carried[end : end + points], carried[end + points : -1]


def _codes(p: Floats) -> npt.NDArray[np.uint16]:
    """Probabilities of the lattice in two bytes: which end they are nearer to, exponent, fraction."""
    fraction, exponent = np.frexp(np.minimum(p, 1.0 - p))
    code = (-exponent).astype(np.uint16) << 10 | (fraction * 2 * _SMALL - _SMALL).astype(np.uint16)
    return np.asarray(code | (p > 0.5).astype(np.uint16) << 15, "<u2")


def _probabilities(code: npt.NDArray[np.uint16]) -> Floats:
    small = np.ldexp(((code & 1023) + float(_SMALL)) / (2 * _SMALL), -((code >> 10) & 31).astype(np.int64))
    return np.where(code >> 15, 1.0 - small, small)
