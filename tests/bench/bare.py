"""The yardsticks: typed FastAPI endpoints that make one round trip to a store and do nothing else."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel

from service.store import open_store


class Given(BaseModel):
    id: str
    student_id: str
    item_id: str
    correct: bool
    answered_at: float


def create_app() -> FastAPI:
    """One durable round trip through our store."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.store = await open_store(os.environ["NEXTWISE_STORE"])
        yield
        await app.state.store.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/responses")
    async def record(given: Given, request: Request) -> dict[str, Any]:
        await request.app.state.store.append_log("recommendation", [(given.student_id, given.id.encode())])
        return {"id": given.id, "status": "recorded"}

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app


def create_pool_app() -> FastAPI:
    """One durable round trip through redis-py and its pool, as a team would write it."""
    from redis.asyncio import Redis

    client = Redis.from_url(os.environ["NEXTWISE_STORE"])
    app = FastAPI()

    @app.post("/v1/responses")
    async def record(given: Given) -> dict[str, Any]:
        await client.xadd("bare", {"e": given.id})
        return {"id": given.id, "status": "recorded"}

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app
