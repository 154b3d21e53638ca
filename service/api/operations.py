"""Health and metrics, for whoever runs it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from service import metrics
from service.api.dependencies import TutorDep
from service.api.problems import problems
from service.api.schemas import Out, reply
from service.errors import Unavailable
from service.store.base import StoreUnavailable
from service.tutor import Tutor

router = APIRouter(tags=["operations"])

PATIENCE = 3.0
"""Seconds that the store has to answer: probes do not wait for ever."""


class LiveOut(Out):
    status: str


class ReadyOut(Out):
    status: str
    parts: dict[str, str]


@router.get("/health/live", response_model=LiveOut)
async def live() -> Response:
    """The process runs. Does not look at the store: a restart would not mend that."""
    return reply(LiveOut, {"status": "live"})


@router.get("/health/ready", response_model=ReadyOut, responses=problems(503))
async def ready(tutor: TutorDep) -> Response:
    """The store answers, and a model and a catalog are loaded."""
    parts = {"store": await _store_part(tutor), "model": tutor.serving.model_version}
    parts["catalog"] = tutor.serving.catalog_version or "none imported yet"
    if parts["store"] != "ok":
        raise Unavailable("Not ready: the store does not answer.", parts=parts)
    return reply(ReadyOut, {"status": "ready", "parts": parts})


async def _store_part(tutor: Tutor) -> str:
    try:
        await asyncio.wait_for(tutor.store.ping(), PATIENCE)
    except (StoreUnavailable, TimeoutError):
        return "does not answer"
    return "ok"


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def prometheus() -> Response:
    """Metrics in Prometheus' text format."""
    return Response(await asyncio.to_thread(metrics.exposition), headers={"Content-Type": metrics.CONTENT_TYPE})
