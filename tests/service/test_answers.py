"""What is a valid response, and what two responses have to share to be the same one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.answers import MAX_EVENT, parse
from service.errors import InvalidResponse
from tests.service.made import NOW, raw


def faults(given: object) -> list[dict[str, str]]:
    with pytest.raises(InvalidResponse) as caught:
        parse(given, NOW)
    assert caught.value.detail
    errors: list[dict[str, str]] = caught.value.extra.get("errors", [])
    return errors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score", 1.3),
        ("score", -0.1),
        ("score", "1"),
        ("score", True),
        ("score", float("nan")),
        ("correct", "yes"),
        ("correct", 1),
        ("id", 7),
        ("id", ""),
        ("id", "x" * 257),
        ("id", "x" * 10_000),
        ("student_id", "a\nb"),
        ("student_id", "a\x7fb"),
        ("item_id", None),
        ("item_id", "\ud800"),
        ("class_id", "\x00"),
        ("attempt", -1),
        ("hints", 1.5),
        ("duration_ms", 2**70),
        ("duration", float("inf")),
        ("answered_at", "yesterday"),
        ("answered_at", "2026-03-01T09:30:00"),
        ("answered_at", "2026-02-30T09:30:00Z"),
        ("answered_at", True),
        ("answered_at", None),
        ("answered_at", -1),
        ("answered_at", NOW / 1000 + 301),
        ("answered_at", NOW),
        ("answered_at", float("inf")),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    given = raw() | {field: value}
    if field == "score":
        given.pop("correct", None)
    (fault,) = faults(given)
    assert fault["field"] == field
    assert 0 < len(fault["message"]) <= 300


def test_all_faults_are_told_at_once() -> None:
    assert {fault["field"] for fault in faults({"score": 3})} == {"id", "student_id", "item_id", "score", "answered_at"}


@pytest.mark.parametrize("given", [3, None, "r1", [1], True])
def test_what_is_no_object_is_refused(given: object) -> None:
    faults(given)


@pytest.mark.parametrize("verdicts", [{}, {"correct": True, "score": 1.0}])
def test_one_verdict_is_needed(verdicts: dict[str, Any]) -> None:
    given = {name: value for name, value in raw().items() if name != "correct"} | verdicts
    (fault,) = faults(given)
    assert "either correct or score" in fault["message"]


def test_both_durations_are_refused() -> None:
    faults(raw(duration=1.0, duration_ms=1000))


@pytest.mark.parametrize(
    ("given", "ms"),
    [
        ("2026-03-01T09:30:00+01:00", 1_772_353_800_000),
        ("2026-03-01T08:30:00.123456Z", 1_772_353_800_123),
        (1_772_353_800, 1_772_353_800_000),
        (1_772_353_800.5, 1_772_353_800_500),
        (0, 0),
        (NOW / 1000 + 299, NOW + 299_000),
    ],
)
def test_times(given: object, ms: int) -> None:
    assert parse(raw(answered_at=given), NOW).answered_at == ms


@pytest.mark.parametrize(
    "same",
    [
        raw(score=1),
        raw(answered_at="2026-03-01T08:30:00Z"),
        raw(answered_at=1_772_353_800),
        raw(received_at=5, skill_ids=["x"]),
        raw(class_id=None),
        dict(reversed(raw().items())),
    ],
)
def test_the_same_said_otherwise_is_the_same(same: dict[str, Any]) -> None:
    assert parse(same, NOW).check == parse(raw(), NOW).check


@pytest.mark.parametrize(
    "other",
    [
        raw(correct=False),
        raw(score=0.99),
        raw(item="add-1"),
        raw(answered_at="2026-03-01T08:30:00.001Z"),
        raw(hints=0),
        raw(extra="x"),
        raw(class_id="7b"),
    ],
)
def test_other_content_is_other(other: dict[str, Any]) -> None:
    assert parse(other, NOW).check != parse(raw(), NOW).check


def test_class_and_duration_have_other_names() -> None:
    content = orjson.loads(parse(raw() | {"class": "7b", "duration": 1.2345}, NOW).content)
    assert content["class_id"] == "7b"
    assert content["duration_ms"] == 1234
    assert "class" not in content
    assert "duration" not in content


def test_extra_fields_are_kept() -> None:
    assert orjson.loads(parse(raw(device={"os": "x"}), NOW).content)["device"] == {"os": "x"}


def test_extra_fields_have_bounds() -> None:
    nested: list[Any] = []
    for _ in range(400):
        nested = [nested]
    assert faults(raw(device=nested)) == []
    assert faults(raw(device="x" * MAX_EVENT)) == []
