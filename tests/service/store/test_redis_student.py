"""What is packed by hand is what hiredis packs, and can be read back."""

from __future__ import annotations

import hiredis
from hypothesis import given
from hypothesis import strategies as st

from service.store.base import Held, NewResponse, Write
from service.store.records import key_of
from service.store.redis_keys import bucket_of
from service.store.redis_student import STUDENT, arguments, packed
from tests.contract.histories import TAG, record_of

ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
responses = st.lists(st.tuples(st.none() | ids, st.binary(max_size=60)), max_size=4)


@given(ids, responses, st.none() | st.integers(1, 10**6))
def test_it_is_the_call_of_the_script(student: str, told: list[tuple[str | None, bytes]], covers: int | None) -> None:
    new = [NewResponse(record_of(f"r{n}"), event, name) for n, (name, event) in enumerate(told)]
    held = None if covers is None else Held(covers, bytes(range(32)))
    whole = packed(Write(student, new), TAG, held)

    prefix, classes = (
        f"nw:{{b{bucket_of(student)}}}:",
        list(dict.fromkeys(name for name, _ in told if name is not None)),
    )
    parts = ("chunks", "tail", "history", "notes", "ids", "snapshot")
    keys = [*(f"{prefix}{part}:{student}" for part in parts), f"{prefix}log", f"{prefix}classes"]
    keys += [f"{prefix}class:{name}" for name in classes]
    expected: list[str | bytes | int] = ["EVALSHA", STUDENT.sha, len(keys), *keys, TAG, student, covers or 0]
    expected += [held.last if held else b"", len(classes), *classes]
    for one in new:
        number = 0 if one.class_id is None else classes.index(one.class_id) + 1
        expected += [key_of(one.record), one.record, b"\0" + one.event, number]
    assert whole == hiredis.pack_command(tuple(expected))  # type: ignore[arg-type]  # its stub says a 1-tuple
    assert arguments(whole) == tuple(one if isinstance(one, bytes) else str(one).encode() for one in expected)
