"""Packed records, told without numpy."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from engine.responses import RECORD, unpack
from service.store.records import SIZE, find, key_of
from tests.contract.histories import records


def test_a_record_is_as_large_as_the_engine_packs_it() -> None:
    assert RECORD.itemsize == SIZE


@given(st.lists(st.binary(min_size=SIZE, max_size=SIZE), max_size=6), st.integers(0, 6 * SIZE))
def test_a_record_is_found_by_its_key_alone(packed: list[bytes], place: int) -> None:
    history = b"".join(packed)
    for sought in [*packed, (history + bytes(7 * SIZE))[place : place + 8]]:  # a key that may stand across two records
        key = key_of(sought)
        rows = (unpack(history)["id"] == key).nonzero()[0]
        assert find(history, key) == (packed[rows[0]] if len(rows) else None)


def test_the_same_bytes_in_the_middle_of_another_record_are_no_key() -> None:
    other, wanted = records("r1"), records("r2")
    hidden = other[:8] + wanted[:8] + other[16:]
    assert find(hidden, key_of(wanted)) is None
    assert find(hidden + wanted, key_of(wanted)) == wanted


def test_the_process_of_the_embedded_store_starts_without_numpy() -> None:
    told = "import sys, service.store.sqlite, service.store.sqlite_apart; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True).stdout.strip() == "False"
