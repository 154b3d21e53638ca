"""Packed records: what is written is what is read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.responses import EMPTY, RECORD, Response, digest32, in_order_of_time, key, pack, unpack

responses = st.builds(
    Response,
    id=st.text(),
    student_id=st.text(),
    item_id=st.text(),
    score=st.floats(0, 1, width=32),
    answered_at=st.integers(-(2**62), 2**62),
    check=st.integers(0, 2**32 - 1),
)


@given(st.lists(responses, max_size=4))
@settings(max_examples=40)
def test_a_record_round_trips(batch: list[Response]) -> None:
    history = unpack(b"".join(map(pack, batch)))
    assert history["id"].tolist() == [key(r.id) for r in batch]
    assert history["item"].tolist() == [key(r.item_id) for r in batch]
    assert history["at"].tolist() == [r.answered_at for r in batch]
    assert history["score"].tolist() == [r.score for r in batch]
    assert history["check"].tolist() == [r.check for r in batch]


def test_a_record_is_32_bytes_read_without_a_copy_and_a_torn_one_is_refused() -> None:
    packed = pack(Response("r", "s", "i", 1.0, 0))
    assert len(packed) == RECORD.itemsize == 32
    assert not unpack(packed).flags.writeable
    with pytest.raises(ValueError):
        unpack(packed[:-1])


def test_keys_are_the_same_for_ever() -> None:
    """They stand in stored histories: another hash would orphan every answer."""
    assert key("item-1") == 8247725536480777274
    assert digest32(b"right") == 819232477


@given(st.text())
def test_keys_fit_63_bits(text: str) -> None:
    assert 0 <= key(text) < 2**63


@given(st.lists(st.integers(0, 5), max_size=12))
def test_order_of_time_is_stable(times: list[int]) -> None:
    history = EMPTY.copy()
    if times:
        history = unpack(b"".join(pack(Response(str(n), "s", "i", 1.0, at)) for n, at in enumerate(times))).copy()
        history["id"] = np.arange(len(times))
    expected = sorted(range(len(times)), key=lambda n: (times[n], n))
    assert in_order_of_time(history)["id"].tolist() == expected
