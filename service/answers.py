"""A student's answer as callers send it: one definition for the API, its OpenAPI document and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic import model_validator as checks
from pydantic.json_schema import WithJsonSchema

from engine.responses import Response, digest32
from engine.values import value
from service.errors import InvalidResponse
from service.ids import MAX_LENGTH, id_fault

MAX_EVENT = 16_384
"""Bytes of one event in the log, extra fields included."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OURS = ("received_at", "skill_ids")  # set by us; ignored where sent, so that an exported event can be sent again


def _id(text: str) -> str:
    if fault := id_fault(text):
        raise ValueError(fault)
    return text


def milliseconds(value: object) -> int:
    """Milliseconds since 1970 of an RFC 3339 time with its offset, or of unix seconds."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be a time such as 2026-03-01T09:30:00+01:00, or unix seconds")
    if not isinstance(value, str):
        return round(min(float(value), 1e15) * 1000)  # beyond every clock: told as a time in the future
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a time such as 2026-03-01T09:30:00+01:00") from None
    if moment.tzinfo is None:
        raise ValueError("has no offset from UTC: write 2026-03-01T09:30:00Z or ...+01:00")
    return (moment - EPOCH) // timedelta(milliseconds=1)


ID_SCHEMA = {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": r"^[^\u0000-\u001f\u007f]+$"}
Id = Annotated[str, AfterValidator(_id), WithJsonSchema(ID_SCHEMA)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Milliseconds = Annotated[
    int,
    BeforeValidator(milliseconds),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}]}),
]


class ResponseIn(BaseModel):
    """One answer of one student to one item. Fields that are not named here are kept in the log as they are."""

    model_config = ConfigDict(
        strict=True,
        extra="allow",
        frozen=True,
        json_schema_extra={
            "oneOf": [
                {"required": ["correct"], "properties": {"correct": {"type": "boolean"}, "score": {"type": "null"}}},
                {"required": ["score"], "properties": {"score": {"type": "number"}, "correct": {"type": "null"}}},
            ],
            "example": {
                "id": "r-1",
                "student_id": "ada",
                "item_id": "fractions-7",
                "correct": True,
                "answered_at": "2026-03-01T09:30:00+01:00",
                "class_id": "7b",
            },
        },
    )

    id: Id = Field(description="The sender's id of this response, unique per student: sent again, it counts once.")
    student_id: Id
    item_id: Id
    correct: bool | None = Field(None, description="Right or wrong. Give this or score.")
    score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        None, description="Share of a right answer, 0..1. Give this or correct."
    )
    answered_at: Milliseconds = Field(
        description="RFC 3339 with offset, or unix seconds. May be late, not in the future."
    )
    duration_ms: Count | None = Field(None, description="Time that the student took, in milliseconds.")
    duration: Annotated[float, Field(ge=0, le=2**31 / 1000 - 1, allow_inf_nan=False)] | None = Field(
        None, description="The same in seconds."
    )
    attempt: Count | None = Field(None, description="Which attempt at this item it was.")
    hints: Count | None = Field(None, description="Hints used.")
    class_id: Id | None = Field(None, validation_alias=AliasChoices("class_id", "class"), description="Or: class.")
    session_id: Id | None = None

    @checks(mode="after")
    def _one_verdict(self) -> ResponseIn:
        if (self.correct is None) == (self.score is None):
            raise ValueError("give either correct or score" + (", not both" if self.correct is not None else ""))
        if self.duration is not None and self.duration_ms is not None:
            raise ValueError("give either duration or duration_ms, not both")
        return self


@value(frozen=True, slots=True)
class Answer(Response):
    """A valid response. ``content`` is all that the sender said, as JSON in one form; ``check`` is its digest."""

    class_id: str | None = None
    content: bytes = b"{}"

    def event(self, received_at: int, skill_ids: Sequence[str] | None) -> bytes:
        """What the log keeps: the content, when it came (ms), and the skills of its item where that is known.

        >>> Answer("r1", "ada", "i1", 1.0, 0, content=b'{"id":"r1"}').event(5, ["s"])
        b'{"id":"r1","received_at":5,"skill_ids":["s"]}'
        """
        skills = b"" if skill_ids is None else b',"skill_ids":' + orjson.dumps(skill_ids)
        return b'%b,"received_at":%d%b}' % (self.content[:-1], received_at, skills)


def parse(raw: object, now: int, tolerance_ms: float = 300_000) -> Answer:
    """The answer in a decoded JSON object; ``now`` in ms. Raises :class:`InvalidResponse` with every field at fault.

    >>> given = {"id": "r1", "student_id": "ada", "item_id": "i1", "correct": True, "answered_at": 12}
    >>> parse(given, now=20_000).score, parse(given, now=20_000).answered_at
    (1.0, 12000)
    """
    if not isinstance(raw, dict):
        raise InvalidResponse("A response is a JSON object.", _echo(raw))
    try:
        given = ResponseIn.model_validate(raw)
    except ValidationError as error:
        raise InvalidResponse(*_told(error)) from None
    at = given.answered_at
    if at > now + tolerance_ms:
        message = "lies in the future; unix times are seconds, not milliseconds" if at > 1e14 else "lies in the future"
        raise _fault("answered_at", message)
    if at < 0:
        raise _fault("answered_at", "lies before 1970")
    said = _content(given)
    try:
        content = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):
        raise InvalidResponse("Its extra fields cannot be kept as JSON: nested too deeply, or not text.") from None
    if len(content) > MAX_EVENT:
        raise InvalidResponse(f"It has {len(content):,} bytes with its extra fields: at most {MAX_EVENT:,} are kept.")
    ids = given.id, given.student_id, given.item_id
    return Answer(*ids, said["score"], at, digest32(content), given.class_id, content)


def _content(given: ResponseIn) -> dict[str, Any]:
    """What was said, in one form: a score, milliseconds, no field that was not given."""
    score = given.score if given.score is not None else float(bool(given.correct))
    content: dict[str, Any] = {name: value for name, value in (given.model_extra or {}).items() if name not in OURS}
    content |= {"id": given.id, "student_id": given.student_id, "item_id": given.item_id}
    content |= {"score": float(score), "answered_at": given.answered_at}
    duration = given.duration_ms if given.duration is None else round(given.duration * 1000)
    optional = {
        "duration_ms": duration,
        "attempt": given.attempt,
        "hints": given.hints,
        "class_id": given.class_id,
        "session_id": given.session_id,
    }
    return content | {name: value for name, value in optional.items() if value is not None}


def _fault(field: str, message: str) -> InvalidResponse:
    return InvalidResponse(f"{field} {message}.", [{"field": field, "message": message}])


def _told(error: ValidationError) -> tuple[str, list[dict[str, str]]]:
    errors = field_errors(error.errors(include_url=False, include_input=False, include_context=False))
    first = errors[0]
    return f"{first['field']}: {first['message']}".removeprefix(": "), errors


def _echo(raw: object) -> list[dict[str, str]]:
    return [{"field": "", "message": f"is a JSON {type(raw).__name__}"}]


def field_errors(errors: Any) -> list[dict[str, str]]:
    """Field path and message of each of pydantic's errors."""
    return [
        {
            "field": ".".join(map(str, error["loc"]))[:100],
            "message": str(error["msg"]).removeprefix("Value error, ")[:300],
        }
        for error in errors[:50]
    ]
