"""What is read the quick way is read as the definition reads it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.answers import parse
from service.errors import InvalidResponse
from service.plain import plain, read

NOW = 2_000_000_000_000
ODD: st.SearchStrategy[Any] = st.sampled_from(
    ["", " ", "a\x00b", "x" * 257, "é", "👩‍🚀", "\u00a0", 1, 1.5, -1, 0, True, None, [], {}, 2**31, 1e308]
)
TEXT = st.text(max_size=5) | ODD
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "id": TEXT,
    "student_id": TEXT,
    "item_id": TEXT,
    "correct": st.booleans() | ODD,
    "score": st.floats(-0.5, 1.5) | ODD,
    "answered_at": st.floats(-5, 3e9) | st.datetimes().map(lambda at: f"{at.isoformat()}Z") | ODD,
    "duration_ms": st.integers(-1, 2**31) | ODD,
    "duration": st.just(1.5),
    "attempt": st.integers(-1, 9) | ODD,
    "hints": st.integers(-1, 9) | ODD,
    "class_id": TEXT,
    "class": st.just("7b"),
    "session_id": TEXT,
    "mood": st.just("good"),
}
PLAIN = {"id": "r1", "student_id": "ada", "item_id": "i1", "correct": True, "answered_at": 12}


def outcome(reader: Any, raw: object) -> object:
    try:
        return reader(raw, NOW, 1000)
    except InvalidResponse as fault:
        return fault.as_dict()


@given(st.fixed_dictionaries({}, optional=FIELDS), st.sets(st.sampled_from(sorted(PLAIN))))
def test_no_response_is_read_otherwise(changes: dict[str, Any], kept: set[str]) -> None:
    raw = changes | {name: PLAIN[name] for name in kept}
    assert outcome(read, raw) == outcome(parse, raw)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"correct": False},
        {"correct": None, "score": 0.25},
        {"score": None},
        {"answered_at": "2026-03-01T09:30:00+01:00", "class_id": "7b", "session_id": "s", "attempt": 1, "hints": 0},
        {"duration_ms": 1200, "class_id": None},
    ],
)
def test_what_most_send_is_plain(more: dict[str, Any]) -> None:
    raw = orjson.loads(orjson.dumps(PLAIN | more))
    assert plain(raw, NOW, 0) == parse(raw, NOW, 0)


@pytest.mark.parametrize("more", [{"mood": "good"}, {"class": "7b"}, {"id": "👩‍🚀"}, {"score": 1.0}, {"correct": 1}])
def test_what_is_unusual_is_left_to_the_definition(more: dict[str, Any]) -> None:
    assert plain(PLAIN | more, NOW, 0) is None
