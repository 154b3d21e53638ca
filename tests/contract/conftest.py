"""Every test of this folder that asks for a store runs on each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.store import open_store
from service.store.base import Store
from tests.conftest import store_url_of


@pytest.fixture(params=["sqlite", "sqlite apart", "redis", "cluster"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of store in turn; the embedded one in a thread, and in a process of its own."""
    told: str = request.param
    return told


@pytest.fixture
def store_url(kind: str, request: pytest.FixtureRequest) -> str:
    """URL of an empty store of each kind in turn."""
    return store_url_of(kind.partition(" ")[0], request)


@pytest.fixture
async def store(kind: str, store_url: str) -> AsyncIterator[Store]:
    store = await open_store(store_url, busy="apart" in kind)
    yield store
    await store.close()
