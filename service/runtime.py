"""A tutor on a store, made ready and closed in the right order: for the API's lifespan and the command line alike."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service import policies
from service.behind import Behind
from service.serving import Servings
from service.settings import Settings
from service.store.base import Store
from service.tutor import Tutor


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def tutoring(config: Settings, store: Store) -> AsyncIterator[Tutor]:
    """A tutor that serves what the store's heads name. What it wrote behind its answers is written when it ends."""
    policy = config.served_policy()
    # What the digests in the log stand for:
    await store.publish("policy", policies.digest(policy), policies.to_json(policy))
    servings, behind = Servings(store, compact=config.compact_snapshots, predicts=config.predictor), Behind(store)
    try:
        await servings.start(config.model_check_seconds)
        yield Tutor(
            store,
            servings,
            behind,
            now=now,
            salt=config.resolve_salt(),
            policy=policy,
            thresholds=config.thresholds,
            room=config.states_mb * 2**20,
        )
    finally:
        await servings.close()
        await behind.close()
