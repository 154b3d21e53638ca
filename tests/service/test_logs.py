"""Log lines are JSON, with the id of the request."""

from __future__ import annotations

import logging
import sys

import orjson
import pytest

from service import logs


def line(record: logging.LogRecord) -> dict[str, object]:
    told: dict[str, object] = orjson.loads(logs.JsonFormatter().format(record))
    return told


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("a.b").makeRecord("a.b", logging.WARNING, "f", 1, message, args, None, extra=extra)


def test_a_line() -> None:
    token = logs.request_id.set("req-1")
    told = line(record("refused a %s", "model", version="3", path=sys))
    logs.request_id.reset(token)
    assert told.pop("time")
    assert str(told.pop("path")).startswith("<module 'sys'")
    assert told == {
        "level": "warning",
        "logger": "a.b",
        "message": "refused a model",
        "request_id": "req-1",
        "version": "3",
    }


def test_no_request_no_id_and_a_line_break_stays_in_its_line() -> None:
    formatted = logs.JsonFormatter().format(record("first\nsecond"))
    assert "\n" not in formatted
    assert "request_id" not in orjson.loads(formatted)


def test_a_traceback_is_kept() -> None:
    try:
        raise ValueError("inside")
    except ValueError:
        entry = record("fault")
        entry.exc_info = sys.exc_info()
    assert "ValueError: inside" in str(line(entry)["exception"])


def test_configured_twice_there_is_one_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    logs.configure("info")
    logs.configure("warning")
    assert len(root.handlers) == 1
    assert root.level == logging.WARNING
    root.setLevel(level)
