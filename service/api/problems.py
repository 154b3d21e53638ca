"""Problems as RFC 9457 documents, and how OpenAPI tells of them."""

from __future__ import annotations

import logging
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from service import logs
from service.answers import field_errors
from service.errors import TYPE_PREFIX, InvalidRequest, MalformedBody, NotFound, Problem, Unavailable
from service.store.base import StoreUnavailable

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class ProblemOut(BaseModel):
    """What went wrong (RFC 9457), and how to mend it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Stable name of this kind of problem.", examples=[TYPE_PREFIX + "response-conflict"])
    title: str
    status: int
    detail: str = Field(description="What happened this time.")
    mend: str | None = Field(None, description="What can be done about it.")
    request_id: str | None = Field(None, description="Give this to the operator.")


MEANINGS = {
    400: "The body is not JSON",
    401: "No link, session or key, or one that does not hold (with NEXTWISE_ACCESS=links)",
    403: "Another's class or student (with NEXTWISE_ACCESS=links)",
    404: "Not known",
    409: "It contradicts what is stored, or a catalog is missing",
    413: "The body is too large",
    415: "The content type is wrong",
    422: "A value is wrong: every fault is named",
    429: "More than this caller may send: try again after Retry-After",
    503: "The store does not answer, or there is too much to do: try again after Retry-After",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route."""
    schema = {"$ref": "#/components/schemas/ProblemOut"}
    return {
        status: {"description": MEANINGS[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }


def render(problem: Problem) -> Response:
    """The answer that tells a caller of a problem."""
    members = problem.as_dict()
    if (request_id := logs.request_id.get()) is not None:
        members["request_id"] = request_id
    return Response(orjson.dumps(members), problem.status, dict(problem.headers), MEDIA_TYPE)


def away(fault: StoreUnavailable) -> Unavailable:
    """The problem of a store that does not answer; its own words are for the log alone."""
    logger.warning("the store does not answer", extra={"fault": str(fault)})
    return Unavailable("The store does not answer.")


def install(app: FastAPI) -> None:
    """One renderer for all: our problems, wrong parameters, wrong addresses, and a store that does not answer."""

    async def told(_: Request, fault: Exception) -> Response:
        assert isinstance(fault, Problem)
        return render(fault)

    async def wrong_parameter(_: Request, fault: Exception) -> Response:
        assert isinstance(fault, RequestValidationError)
        for one in fault.errors():
            if one["type"] == "json_invalid":
                return render(MalformedBody(str(one["ctx"]["error"])[:300]))
        errors = field_errors(fault.errors())
        return render(InvalidRequest(f"{errors[0]['field']}: {errors[0]['message']}", errors))

    async def store_away(_: Request, fault: Exception) -> Response:
        assert isinstance(fault, StoreUnavailable)
        return render(away(fault))

    async def http(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, HTTPException)
        if fault.status_code == 404:
            return render(NotFound(f"No route answers {request.method} {request.url.path[:200]}"))
        members = {"type": "about:blank", "title": fault.detail, "status": fault.status_code, "detail": fault.detail}
        return Response(orjson.dumps(members), fault.status_code, dict(fault.headers or {}), MEDIA_TYPE)

    app.add_exception_handler(Problem, told)
    app.add_exception_handler(RequestValidationError, wrong_parameter)
    app.add_exception_handler(StoreUnavailable, store_away)
    app.add_exception_handler(HTTPException, http)
