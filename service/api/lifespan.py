"""From start to end: the store is opened as often as it takes, and what is behind is written when it ends.

A store that is away when the process starts must not end it: all of an installation would end at once, and
none would be there when it is back. Until then requests are told to try again (503).
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from service.runtime import tutoring
from service.settings import Settings
from service.store import open_store
from service.store.base import StoreUnavailable

logger = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds between two attempts to open the store."""

YOUNG, MIDDLE, OLD = 20_000, 20, 50
"""Thresholds of the garbage collector: a request leaves no cycles, so that looking for them seldom is soon enough."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Up once the store was asked for, whether it answered or not."""
    settings: Settings = app.state.settings
    settings.data.mkdir(parents=True, exist_ok=True)
    app.state.tutor = None
    thresholds, asked, ending = gc.get_threshold(), asyncio.Event(), asyncio.Event()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    life = asyncio.create_task(_live(app, settings, asked, ending), name="life")
    life.add_done_callback(lambda _: asked.set())  # where it ends before it began, its fault is raised below
    await asked.wait()
    try:
        if not life.done():
            yield
    finally:
        ending.set()
        try:
            await life
        finally:
            gc.set_threshold(*thresholds)
            gc.unfreeze()


async def _live(app: FastAPI, settings: Settings, asked: asyncio.Event, ending: asyncio.Event) -> None:
    """Serve from the first moment that the store answers, until the end. Requests are over then."""
    told = False
    while not ending.is_set():
        try:
            await _serve(app, settings, asked, ending)
        except StoreUnavailable as fault:
            if not told:
                logger.warning("the store does not answer: not ready until it does", extra={"fault": str(fault)})
            told = True
            asked.set()
        except Exception:
            if not asked.is_set():  # a start that can never succeed
                raise
            logger.exception("the store cannot be opened")
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), RETRY)


async def _serve(app: FastAPI, settings: Settings, asked: asyncio.Event, ending: asyncio.Event) -> None:
    store = await open_store(settings.store_url, busy=True)
    try:
        async with tutoring(settings, store) as tutor:
            # What is there now stays; a full collection that looks at all of it again would hold up requests.
            gc.collect()
            gc.freeze()
            app.state.tutor = tutor
            asked.set()
            await ending.wait()
    finally:
        await store.close()
