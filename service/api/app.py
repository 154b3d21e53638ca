"""The application: made by :func:`create_app`; what it holds is made and let go of in :mod:`service.api.lifespan`."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema
from starlette.types import ASGIApp, Receive, Scope, Send

from engine import __version__
from service import logs, reports
from service.access import Revoked
from service.answers import ResponseIn
from service.api import (
    catalog,
    classes,
    classroom,
    docs,
    items,
    operations,
    outlook,
    overview,
    problems,
    responses,
    students,
)
from service.api.catalog import CatalogIn
from service.api.direct import Direct
from service.api.gate import Gate
from service.api.lifespan import lifespan
from service.api.middleware import Around
from service.api.pressure import Hand, Pressure
from service.settings import Settings

DESCRIPTION = "Responses come in, mastery is traced, the next item is chosen. Problems are RFC 9457 documents."


class _App(FastAPI):
    """Without what FastAPI puts around all: :class:`Around` limits bodies and has the last word on faults."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.middleware_stack is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await self.middleware_stack(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        stack: Any = super().build_middleware_stack()
        while not isinstance(stack, Around):
            stack = stack.app
        return stack


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API. Without ``settings`` (as uvicorn's factory) they come from the environment, and logs are set up."""
    if settings is None:
        settings = Settings()
        logs.configure(settings.log_level)
    app = _App(
        title="nextwise",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # an id may end with a slash
        telemetry={"tracing": False, "metrics": False, "logs": False},  # /metrics has ours
    )
    app.state.settings = settings
    app.state.revoked, hand = Revoked(), Hand(settings)
    closed = settings.access == "links"
    app.state.direct = None if settings.rate_limit and not closed else Direct(app.state, settings, hand)
    if closed:
        app.add_middleware(Gate, secret=settings.resolve_salt, refuse=reports.refused)
    app.add_middleware(Pressure, hand=hand, by_key=closed)  # stands around what was added before it
    app.add_middleware(Around, max_body_bytes=settings.max_body_bytes)
    problems.install(app)
    for part in (responses, students, outlook, classes, classroom, items, overview, catalog, operations, docs, reports):
        app.include_router(part.router)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with the schemas that are read and written by hand."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        _, extra = models_json_schema(
            [(ResponseIn, "validation"), (CatalogIn, "validation")], ref_template="#/components/schemas/{model}"
        )
        document["components"]["schemas"] |= extra["$defs"]
        if app.state.settings.access == "links":
            key = {"type": "http", "scheme": "bearer", "description": "From `nextwise access --role lms`."}
            document["components"]["securitySchemes"] = {"key": key}
            document["security"] = [{"key": []}]
        app.openapi_schema = document
    return app.openapi_schema
