"""One at a time through the turnstile."""

from __future__ import annotations

import time
from pathlib import Path

from service.store.turnstile import Turnstile


def test_one_at_a_time(tmp_path: Path) -> None:
    first, second = Turnstile(tmp_path / "turn"), Turnstile(tmp_path / "turn")
    assert first.enter(time.monotonic())
    assert not second.enter(time.monotonic())
    first.leave()
    assert second.enter(time.monotonic())
    assert not first.enter(time.monotonic() + 0.01)
    second.close()  # as when its process dies
    assert first.enter(time.monotonic())
    first.close()


def test_leaving_without_having_entered_is_nothing(tmp_path: Path) -> None:
    turnstile = Turnstile(tmp_path / "turn")
    turnstile.leave()
    turnstile.close()
    turnstile.close()
