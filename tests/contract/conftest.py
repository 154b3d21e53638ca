"""Every test of this folder that asks for a store runs on each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.store import open_store
from service.store.base import Store
from tests.conftest import store_url_of


@pytest.fixture(params=["sqlite", "redis", "cluster"])
def store_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty store of each kind in turn."""
    return store_url_of(request.param, request)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    store = await open_store(store_url)
    yield store
    await store.close()
