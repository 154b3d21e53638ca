"""One school for all tests of this folder: they read it and change nothing."""

from __future__ import annotations

import pytest

from tests.service.decisions.school import School, teach


@pytest.fixture(scope="package")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    return teach(tmp_path_factory.mktemp("school"))
