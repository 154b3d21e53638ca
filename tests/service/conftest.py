"""A tutor on an empty store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.behind import Behind
from service.serving import Servings
from service.store import open_store
from service.store.base import Store
from service.tutor import Tutor
from tests.service.made import NOW, catalog


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    opened = await open_store(store_url)
    yield opened
    await opened.close()


@pytest.fixture
async def tutor(store: Store) -> AsyncIterator[Tutor]:
    """With the catalog of :mod:`tests.service.made`, and a clock that stands still."""
    made = await bare_tutor(store)
    await made.import_catalog(catalog())
    yield made
    await close(made)


async def bare_tutor(store: Store, salt: bytes = b"salt") -> Tutor:
    """A tutor without a catalog; :func:`close` it."""
    servings = Servings(store)
    await servings.start(check_seconds=3600)
    return Tutor(store, servings, Behind(store, linger=0.0), now=lambda: NOW, salt=salt, room=2**24)


async def close(tutor: Tutor) -> None:
    await tutor.servings.close()
    await tutor.behind.close()
