"""Ids: anything that can be seen and sent."""

from __future__ import annotations

import pytest

from service.ids import MAX_LENGTH, id_fault


@pytest.mark.parametrize("text", ["a", "😀/ü", "a b", "=1+1", "x" * MAX_LENGTH, "..", "中文", "\u0085"])
def test_fine(text: str) -> None:
    assert id_fault(text) is None


@pytest.mark.parametrize("text", ["", "x" * (MAX_LENGTH + 1), "\0", "a\n", "\x1f", "\x7f", "\ud83d"])
def test_refused(text: str) -> None:
    assert id_fault(text)
