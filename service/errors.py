"""Everything that can go wrong between a caller and us, drawn once.

Each problem knows its HTTP status, a stable name (``urn:nextwise:problem:<slug>``), what happened, and how to mend it.
The API renders them as RFC 9457 ``application/problem+json``; the command line prints them.

    Problem
    ├── MalformedBody 400           not JSON at all
    ├── NotSignedIn 401             no session or key, or one that does not hold
    ├── NotAllowed 403              another's class, another student
    ├── NotFound 404                UnknownStudent, UnknownClass, UnknownNote, UnknownGroups, UnknownTable
    ├── NoCatalog 409               nothing can be recommended yet
    ├── TooManyNotes 409            of one student; TooManyGroups of one class
    ├── ResponseConflict 409        same id, other content
    ├── BodyTooLarge 413
    ├── UnsupportedMediaType 415
    ├── Invalid 422                 InvalidRequest, InvalidResponse, InvalidBatch, UnknownSkills, UnknownItems,
    │                               CatalogRefused
    ├── TooManyRequests 429         one caller, beyond its rate limit
    ├── Internal 500
    └── Unavailable 503             the store does not answer, or the service is not ready; Overloaded
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from engine.catalog import CatalogError
from engine.said import said

TYPE_PREFIX = "urn:nextwise:problem:"


class Problem(Exception):
    """``detail`` is what happened this time; ``mend`` what the caller can do about it; ``extra`` goes beside them."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"
    mend: ClassVar[str] = ""
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    def as_dict(self) -> dict[str, Any]:
        """Members of the problem document."""
        members = {"type": TYPE_PREFIX + self.slug, "title": self.title, "status": self.status, "detail": self.detail}
        if self.mend:
            members["mend"] = self.mend
        return members | self.extra


class MalformedBody(Problem):
    status, slug, title = 400, "malformed-body", "The body is not valid JSON"
    mend = "Send UTF-8 JSON; numbers must be finite (JSON has no NaN or Infinity)."


class NotSignedIn(Problem):
    status, slug, title = 401, "not-signed-in", said("You are not signed in")
    mend = said(
        "Whoever runs nextwise here makes links and keys: `nextwise access --role teacher --id ...` prints a link for "
        "a person, `nextwise access --role lms` a key for a program, sent as Authorization: Bearer."
    )
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class NotAllowed(Problem):
    status, slug, title = 403, "not-allowed", said("This is not yours to see")
    mend = said(
        "A teacher sees the classes that the roster gives them, a student their own page, a leader figures without "
        "names. If that is not as it should be: `nextwise roster show` lists who teaches what; a program needs a key "
        "(`nextwise access --role lms`)."
    )


class NotFound(Problem):
    status, slug, title = 404, "not-found", said("There is nothing at this address")
    mend = "See /docs for the addresses of this API."


class UnknownStudent(NotFound):
    slug, title = "unknown-student", said("Nothing is known of this student")
    mend = "A student is known from the first response on; /next answers for new students too."

    def __init__(self, student_id: str) -> None:
        super().__init__(said("No response of student %(id)r was received.", id=student_id), student_id=student_id)


class UnknownClass(NotFound):
    slug, title = "unknown-class", said("No student is known in this class")
    mend = "/v1/classes lists the classes: the roster's, or without a roster those that responses named in class_id."

    def __init__(self, class_id: str) -> None:
        detail = said("Neither a roster nor a response puts a student into class %(id)r.", id=class_id)
        super().__init__(detail, class_id=class_id)


class UnknownNote(NotFound):
    slug, title = "unknown-note", said("There is no such note of this student")
    mend = "GET /v1/students/{id}/notes lists the notes; one that was withdrawn is gone."

    def __init__(self, student_id: str, note_id: str) -> None:
        super().__init__(f"Student {student_id!r} has no note {note_id!r}.", student_id=student_id, note_id=note_id)


class UnknownGroups(NotFound):
    slug, title = "unknown-groups", said("There are no such groups of this class")
    mend = "GET /v1/classes/{id}/groups lists in kept what is kept; what was let go is gone."

    def __init__(self, class_id: str, kept: str) -> None:
        detail = said("Nothing is kept for class %(class_id)r under %(id)r.", class_id=class_id, id=kept)
        super().__init__(detail, class_id=class_id, kept=kept)


class UnknownTable(NotFound):
    slug, title = "unknown-table", said("The catalog has no such table")
    mend = "The tables are items, skills and prerequisites."


class NoCatalog(Problem):
    status, slug, title = 409, "no-catalog", said("No catalog was imported yet")
    mend = "Import items and skills first: PUT /v1/catalog, or `nextwise catalog import`. Responses are kept meanwhile."

    def __init__(self) -> None:
        super().__init__(said("Nothing can be recommended before the items and their skills are known."))


class TooManyNotes(Problem):
    status, slug, title = 409, "too-many-notes", "Too much is noted of this student"
    mend = "Withdraw notes that are done with: DELETE /v1/students/{id}/notes/{note_id}."

    def __init__(self, most: int) -> None:
        super().__init__(f"At most {most} notes are kept of a student.", most=most)


class TooManyGroups(Problem):
    status, slug, title = 409, "too-many-groups", said("Too many groups are kept for this class")
    mend = said("Remove groups that are done with, or keep these under the name of old ones.")

    def __init__(self, most: int) -> None:
        super().__init__(said("At most %(most)s sets of groups are kept for a class.", most=most), most=most)


class ResponseConflict(Problem):
    status, slug, title = 409, "response-conflict", "This id was used for another response"
    mend = "Send each response under an id of its own; a resend must have exactly the same content."

    def __init__(self, response_id: str) -> None:
        detail = f"Response {response_id!r} was received before with other content. The first one stands."
        super().__init__(detail, id=response_id)


class BodyTooLarge(Problem):
    status, slug, title = 413, "body-too-large", "The body is too large"
    mend = "Split it into several requests."
    headers: ClassVar[Mapping[str, str]] = {"Connection": "close"}

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit:,} bytes are accepted. Nothing of it was recorded.", limit=limit)


class UnsupportedMediaType(Problem):
    status, slug, title = 415, "unsupported-media-type", "The body has the wrong content type"

    def __init__(self, wanted: str, found: str | None) -> None:
        super().__init__(f"Content-Type must be {wanted}, not {found[:100] if found else 'absent'}.")


class Invalid(Problem):
    """``errors`` is a list of ``{"field": "...", "message": "..."}``."""

    status, slug, title = 422, "invalid", "The request cannot be accepted as it is"

    def __init__(self, detail: str, errors: Sequence[Mapping[str, str]] = (), **extra: Any) -> None:
        super().__init__(detail, **({"errors": list(errors)} if errors else {}), **extra)


class InvalidRequest(Invalid):
    slug, title = "invalid-request", "A parameter of the request is wrong"


class InvalidResponse(Invalid):
    slug, title = "invalid-response", "The response was not recorded"
    mend = "Correct the fields named in errors and send it again, under the same id."


class InvalidBatch(Invalid):
    slug, title = "invalid-batch", "The batch was not recorded"


class UnknownSkills(Invalid):
    slug, title = "unknown-skills", "The catalog does not hold these skills"
    mend = "GET /v1/catalog lists the skills. One parameter a skill: ?skills=A&skills=B."

    def __init__(self, skills: Sequence[str]) -> None:
        super().__init__("Unknown: " + ", ".join(map(repr, skills[:10])), unknown=list(skills[:100]))


class UnknownItems(Invalid):
    slug, title = "unknown-items", "The catalog does not hold these items"
    mend = "GET /v1/catalog lists the items."

    def __init__(self, items: Sequence[str]) -> None:
        super().__init__("Unknown: " + ", ".join(map(repr, items[:10])), unknown=list(items[:100]))


class CatalogRefused(Invalid):
    slug, title = "catalog-refused", "The catalog was refused; the current one stays"
    mend = "Correct every row named in faults and import again."

    def __init__(self, error: CatalogError) -> None:
        faults = [{"table": f.table, "row": f.row, "message": f.message} for f in error.faults[:1000]]
        count = len(error.faults)
        detail = f"{count} fault{'s' * (count != 1)} found. The first: {error.faults[0]}."
        super().__init__(detail, faults=faults, cycles=[list(cycle) for cycle in error.cycles])


class TooManyRequests(Problem):
    """``seconds`` until it may be sent again."""

    status, slug, title = 429, "too-many-requests", "You send faster than you may"
    mend = "Send it again after the time in Retry-After; several responses in one request count less."

    def __init__(self, rate: float, seconds: int) -> None:
        super().__init__(f"At most {rate:g} requests a second are accepted of one caller.")
        self.seconds = seconds


class Internal(Problem):
    """What callers see of a fault of ours: nothing of its inside."""

    mend = "Send it again later: nothing is counted twice. Give the operator the request id."


class Unavailable(Problem):
    status, slug, title = 503, "unavailable", "The service cannot answer now"
    mend = "Send it again after the time in Retry-After: nothing was acknowledged, and nothing is counted twice."
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "2"}


class Overloaded(Unavailable):
    """Retry-After is set where it is sent: not the same for all."""

    slug, title = "overloaded", "There is more to do than can be done now"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self) -> None:
        super().__init__("Too many requests are being worked on; this one was not begun.")
