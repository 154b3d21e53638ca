"""``POST /v1/responses``, read and written by hand, by :mod:`service.api.direct` too; OpenAPI tells the same schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Query, Request, Response

from service import metrics
from service.answers import Answer, ResponseIn
from service.api.bodies import read_json
from service.api.dependencies import get_settings, get_tutor
from service.api.problems import problems
from service.api.schemas import BatchOut, RecordedOut
from service.errors import InvalidBatch, InvalidResponse, Problem, ResponseConflict
from service.plain import read
from service.settings import Settings
from service.store.base import Outcome
from service.tutor import Tutor
from service.views import Receipt, Result

router = APIRouter(tags=["responses"])

REPLAYED = {"Idempotent-Replayed": "true"}
SCHEMA = {"$ref": "#/components/schemas/ResponseIn"}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [SCHEMA, {"type": "array", "items": SCHEMA, "minItems": 1, "maxItems": 1000}]},
                "example": cast(dict[str, Any], ResponseIn.model_config["json_schema_extra"])["example"],
            }
        },
    }
}


@router.post(
    "/v1/responses",
    response_model=RecordedOut | BatchOut,
    responses=problems(400, 409, 413, 415, 422, 503),
    openapi_extra=BODY,
)
async def record_responses(
    request: Request,
    next: Annotated[int, Query(ge=0, le=10, description="How many items to give next, for each student.")] = 0,
) -> Response:
    """Record one response, or a batch of them. Each is judged alone: a bad one never takes the others down.

    Idempotent by (student_id, id): the same content again is answered the same (with `Idempotent-Replayed: true`),
    other content under the same id is a 409 and changes nothing.
    """
    tutor, settings = await get_tutor(request), await get_settings(request)
    answer, replayed = await recorded(tutor, settings, await read_json(request), next)
    return Response(orjson.dumps(answer), 200, REPLAYED if replayed else None, "application/json")


async def recorded(tutor: Tutor, settings: Settings, body: Any, following: int) -> tuple[dict[str, Any], bool]:
    """Record what a body holds: the answer, and whether all of it had been recorded before.

    Raises :class:`Problem` where nothing of it can be: for a batch, only where it is none.
    """
    tolerance = settings.future_tolerance_seconds * 1000
    if not isinstance(body, list):
        answer = _read(body, tutor.now(), tolerance)
        if isinstance(answer, Problem):
            raise answer
        receipt = await tutor.record_one(answer, following)
        return single(receipt, following > 0)
    if not body:
        raise InvalidBatch("The batch is empty: send at least one response.")
    if len(body) > settings.max_batch:
        raise InvalidBatch(f"The batch has {len(body)} responses: at most {settings.max_batch} are accepted at once.")
    now = tutor.now()
    parsed = [_read(raw, now, tolerance) for raw in body]
    receipt = await tutor.record([one for one in parsed if isinstance(one, Answer)], following)
    return _batch(body, parsed, receipt, following > 0)


def _read(raw: object, now: int, tolerance_ms: float) -> Answer | Problem:
    try:
        return read(raw, now, tolerance_ms)
    except InvalidResponse as problem:
        metrics.recorded(["rejected"])
        return problem


def single(receipt: Receipt, following: bool) -> tuple[dict[str, Any], bool]:
    """The answer to one response, and whether it had been recorded before. Raises :class:`ResponseConflict`."""
    (result,) = receipt.results
    if result.outcome is Outcome.CONFLICT:
        raise ResponseConflict(result.id)
    answer = _accepted(result)
    answer |= _versions(receipt)
    if following:
        answer["next"] = receipt.next[result.student_id]
    return answer, result.outcome is Outcome.REPLAYED


def _batch(
    raws: Sequence[object], parsed: Sequence[Answer | Problem], receipt: Receipt, following: bool
) -> tuple[dict[str, Any], bool]:
    given = iter(receipt.results)
    results = [
        _rejected(_id_of(raw), one) if isinstance(one, Problem) else _judged(next(given))
        for raw, one in zip(raws, parsed, strict=True)
    ]
    recorded = sum(result["status"] == "recorded" for result in results)
    answer = {"results": results, "recorded": recorded, "rejected": len(results) - recorded} | _versions(receipt)
    if following:
        answer["next"] = list(receipt.next.values())
    outcomes = {result.outcome for result in receipt.results}
    return answer, (outcomes == {Outcome.REPLAYED} and len(receipt.results) == len(results))


def _judged(result: Result) -> dict[str, Any]:
    if result.outcome is Outcome.CONFLICT:
        return _rejected(result.id, ResponseConflict(result.id))
    return _accepted(result)


def _accepted(result: Result) -> dict[str, Any]:
    """The same for a replay: the sender gets the answer that it missed."""
    return {"id": result.id, "status": "recorded", "item_known": result.item_known, "mastery": result.mastery}


def _rejected(response_id: str | None, problem: Problem) -> dict[str, Any]:
    return {"id": response_id, "status": "rejected", "problem": problem.as_dict()}


def _id_of(raw: object) -> str | None:
    given = raw.get("id") if isinstance(raw, dict) else None
    return given[:256] if isinstance(given, str) else None


def _versions(receipt: Receipt) -> dict[str, str]:
    return {"model_version": receipt.model_version, "catalog_version": receipt.catalog_version}
