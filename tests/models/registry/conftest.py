"""A registry on a real MLflow database."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.registry import Registry
from tests.models.registry.made import registry_in


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return registry_in(tmp_path)
