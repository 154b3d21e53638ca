"""The whole application, in this process, behind a socket, on an empty store."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from service.api.app import create_app
from service.api.wire import Wire
from service.settings import Settings
from service.tutor import Tutor
from tests.service.made import catalog, log


@dataclass
class Api:
    """A client and what is behind it."""

    client: httpx.AsyncClient
    app: FastAPI

    @property
    def tutor(self) -> Tutor:
        tutor: Tutor = self.app.state.tutor
        return tutor

    async def send(self, body: object, **params: int) -> httpx.Response:
        """POST responses."""
        return await self.client.post("/v1/responses", json=body, params=params)

    async def by_the_routes(self) -> None:
        """From here on nothing is answered directly."""
        self.app.state.direct = None
        url, headers = self.client.base_url, self.client.headers
        await self.client.aclose()  # a connection keeps what it began with
        self.client = httpx.AsyncClient(base_url=url, headers=headers)

    async def student(self, student_id: str, what: str, **params: Any) -> httpx.Response:
        return await self.client.get(f"/v1/students/{quote(student_id, safe='')}/{what}", params=params)

    async def counted(self, student_id: str = "ada") -> tuple[int, int]:
        """Responses in the student's history, and response events in the whole log."""
        answer = await self.student(student_id, "history")
        return answer.json().get("total", 0), len(await log(self.tutor.store, "response"))


@pytest.fixture
async def api(store_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """With a catalog."""
    async with serving(Settings(data=tmp_path / "data", store=store_url)) as made:
        await made.tutor.import_catalog(catalog())
        yield made


@pytest.fixture
async def bare_api(store_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """Without one."""
    async with serving(Settings(data=tmp_path / "data", store=store_url)) as made:
        yield made


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Api]:
    """Behind a socket, as `nextwise serve` has it."""
    app = create_app(settings)
    async with app.router.lifespan_context(app), listening(app) as (url, _):
        api = Api(httpx.AsyncClient(base_url=url, headers={"host": "test"}, timeout=60), app)
        try:
            yield api
        finally:
            await api.client.aclose()


@asynccontextmanager
async def listening(app: Any, idle: int = 60) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    """A server of an ASGI application in this loop, with our protocol, and its URL; ``idle``: seconds that a connection
    is kept."""
    place = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=Wire, lifespan="off", log_config=None, access_log=False, timeout_keep_alive=idle)
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]  # they are pytest's
    running = asyncio.create_task(server.serve([place]))
    try:
        yield f"http://127.0.0.1:{place.getsockname()[1]}", server
    finally:
        server.should_exit = True
        await running


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem that an answer is."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"urn:nextwise:problem:{slug}"
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    assert told["request_id"] == answer.headers["x-request-id"]
    return told
