"""The application: made by :func:`create_app`, with everything that it holds made and let go of in the lifespan."""

from __future__ import annotations

import importlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from engine import __version__
from service import logs
from service.answers import ResponseIn
from service.api import catalog, classes, docs, operations, problems, responses, students
from service.api.middleware import Around
from service.api.problems import ProblemOut
from service.behind import Behind
from service.serving import Servings
from service.settings import Settings
from service.store import open_store
from service.tutor import Tutor

DESCRIPTION = "Responses come in, mastery is traced, the next item is chosen. Problems are RFC 9457 documents."


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API. Without ``settings`` (as uvicorn's factory) they come from the environment, and logs are set up."""
    if settings is None:
        settings = Settings()
        logs.configure(settings.log_level)
    app = FastAPI(
        title="nextwise",
        version=__version__,
        description=DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # an id may end with a slash
    )
    app.state.settings = settings
    app.add_middleware(Around, max_body_bytes=settings.max_body_bytes)
    problems.install(app)
    for part in (responses, students, classes, catalog, operations, docs):
        app.include_router(part.router)
    _mount_reports(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the store and load what is served; at the end write what is behind, then let go. Requests are over then."""
    settings: Settings = app.state.settings
    settings.data.mkdir(parents=True, exist_ok=True)
    salt = settings.resolve_salt()
    store = await open_store(settings.store_url)
    servings, behind = Servings(store), Behind(store)
    try:
        await servings.start(settings.model_check_seconds)
        app.state.tutor = Tutor(
            store,
            servings,
            behind,
            now=lambda: time.time_ns() // 1_000_000,
            salt=salt,
            policy=settings.policy,
            thresholds=settings.thresholds,
        )
        yield
    finally:
        await servings.close()
        await behind.close()
        await store.close()


def _mount_reports(app: FastAPI) -> None:
    """The report pages, where they are installed."""
    try:
        reports = importlib.import_module("service.reports")
    except ModuleNotFoundError as fault:
        if not (fault.name or "").startswith("service.reports"):
            raise
        return
    app.include_router(reports.router)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with the schemas that are read and written by hand."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        _, extra = models_json_schema(
            [(ProblemOut, "serialization"), (ResponseIn, "validation")], ref_template="#/components/schemas/{model}"
        )
        named = {str(schema["title"]): schema for schema in extra["$defs"].values()}
        document.setdefault("components", {}).setdefault("schemas", {}).update(named)
        app.openapi_schema = document
    return app.openapi_schema
