"""The whole application, in this process, on an empty store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from service.api.app import create_app
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
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield Api(client, app)


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
