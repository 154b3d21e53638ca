"""What every store promises. The contract suite (tests/contract/) holds each implementation to it.

A store keeps, and knows nothing of the meaning of:

- **histories**: packed records (:data:`engine.responses.RECORD`) of a student, append-only, in order of arrival;
- **snapshots**: one a student, a cache that may be lost or dropped at any time;
- **the log**: every event in full, in partitions, until the archiver has drained it;
- **artifacts**: immutable blobs by kind and version (catalog, model, roster, policy, and access: the links that were
  taken back), and one *head* version a kind;
- **notes**: what teachers noted of a student, or keep for a class, a small blob each;
- **classes**: which students were seen in which class.

Everything acknowledged survives ``kill -9`` of this process (and of the server behind it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from engine.values import value

ArtifactKind = Literal["catalog", "model", "roster", "policy", "access"]
LogKind = Literal["response", "recommendation"]


class StoreUnavailable(Exception):
    """The store cannot be reached or cannot write now. Nothing of the call was acknowledged."""


class Outcome(StrEnum):
    """What became of one response."""

    RECORDED = "recorded"
    REPLAYED = "replayed"  # same id, same content: nothing was counted twice
    CONFLICT = "conflict"  # same id, other content: nothing was written


@dataclass(frozen=True, slots=True)
class Heads:
    """The versions that are current in the store; None where nothing was published yet."""

    catalog: str | None
    model: str | None
    roster: str | None = None
    access: str | None = None


@value(frozen=True, slots=True)
class NewResponse:
    """A validated response on its way into the store.

    ``record`` is its packed 32 bytes, ``event`` the full event as JSON for the log.
    """

    record: bytes
    event: bytes
    class_id: str | None = None


@value(frozen=True, slots=True)
class Write:
    """Responses of one student, applied in order, in one atomic step."""

    student_id: str
    responses: Sequence[NewResponse]


@value(frozen=True, slots=True)
class Held:
    """What a caller has of one student already: a fold of the first ``covers`` records (at least one), in order of
    arrival, the ``last`` of which is given as it was packed."""

    covers: int
    last: bytes


@value(frozen=True, slots=True)
class StudentState:
    """What is stored of one student, enough to fold.

    With ``snapshot`` set, ``records`` are the packed records that arrived after it (``length`` counts them all);
    with ``held``, those after what the caller holds; with neither, ``records`` is the whole history. ``notes`` are as
    they were kept last, empty where none were.
    """

    records: bytes
    snapshot: bytes | None
    length: int
    held: bool = False
    notes: bytes = b""


NOTHING: Mapping[str, Held] = {}


@value(frozen=True, slots=True)
class Recorded:
    """Answer to one :class:`Write`: an outcome a response, and the student's state after it."""

    outcomes: Sequence[Outcome]
    state: StudentState


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A fold kept for next time.

    ``tag`` names the model and the catalog it was folded with (8 bytes); ``covers`` is how many records, in order
    of arrival, it holds.
    """

    student_id: str
    tag: bytes
    covers: int
    blob: bytes


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event of the log. ``position`` orders the events of a partition."""

    position: str
    kind: LogKind
    event: bytes


class Store(Protocol):
    """The interface. All methods raise :class:`StoreUnavailable` where the store cannot answer.

    ``apart``: it works in a process of its own, so that its callers can work meanwhile.
    """

    apart: bool

    async def record(
        self, writes: Sequence[Write], tag: bytes, held: Mapping[str, Held] = NOTHING
    ) -> tuple[list[Recorded], Heads]:
        """Append responses, each student's in one atomic step; one round trip.

        A response whose id (key) the student's history holds is REPLAYED where its check is equal, else CONFLICT;
        only RECORDED ones enter the history, the log and the class. An id repeated inside a write is treated
        the same way. The state returned has the snapshot only where its tag equals ``tag``, and none for a student of
        whom the caller holds what is there (``held``, by student): where the record at that place is another one, the
        history is not the one that the caller knew, and the state is returned as if nothing were held.
        ValueError on a record that has not 32 bytes: nothing of the call was written.
        """

    async def read(
        self, student_ids: Sequence[str], tag: bytes, held: Mapping[str, Held] = NOTHING
    ) -> tuple[list[StudentState], Heads]:
        """States of the students, in the order asked; one round trip. An unknown student has length 0.

        ``tag=b""`` matches no snapshot: the whole history is returned. ``held`` as of :meth:`record`.
        """

    async def save_snapshots(self, snapshots: Sequence[Snapshot]) -> None:
        """Keep snapshots, except where the stored one covers more records under the same tag.

        Nor is one kept that covers more records than the history holds. ValueError on a tag that has not 8 bytes.
        """

    async def outdated(self, tag: bytes, after: str, limit: int) -> tuple[list[str], str]:
        """Students whose snapshot has another tag, a page at a time, and where the next page begins.

        ``after`` is "" for the first page, and "" comes back with the last. About ``limit`` students are looked at,
        so that a page may well be empty. Snapshots that are saved meanwhile may be told or not.
        """

    async def keep_notes(self, student_id: str, notes: bytes, instead_of: bytes) -> bool:
        """Keep a student's notes where those that are kept are ``instead_of``; else nothing is changed, and the answer
        is False: somebody else was faster. Empty notes are none."""

    async def noted(self) -> list[str]:
        """All students of whom notes are kept, sorted."""

    async def class_notes(self, class_id: str) -> bytes:
        """What is kept for a class; empty where nothing is."""

    async def keep_class_notes(self, class_id: str, notes: bytes, instead_of: bytes) -> bool:
        """Keep it where ``instead_of`` is what is kept, as :meth:`keep_notes` does of a student."""

    async def append_log(self, kind: LogKind, events: Sequence[tuple[str, bytes]]) -> None:
        """Append events that are not responses (recommendations) to the log, each with its student; one round trip.

        At least once: where the connection broke under way, an event may stand in the log twice.
        """

    async def class_ids(self) -> list[str]:
        """All classes seen, sorted."""

    async def class_students(self, class_id: str) -> list[str]:
        """Students seen in the class, sorted; empty for an unknown class."""

    async def heads(self) -> Heads:
        """The current versions."""

    async def publish(self, kind: ArtifactKind, version: str, blob: bytes) -> None:
        """Store an artifact and make it the head. An existing version keeps its blob (artifacts are immutable)."""

    async def replace(self, kind: ArtifactKind, version: str, blob: bytes, instead_of: str | None) -> bool:
        """Publish where ``instead_of`` is the head still (None: there is none); else nothing is changed, and the answer
        is False: somebody else was faster."""

    async def fetch(self, kind: ArtifactKind, version: str) -> bytes | None:
        """An artifact, or None."""

    async def discard(self, kind: ArtifactKind, version: str) -> None:
        """Forget an artifact that is not the head: a roster holds names, and those of last year must not stay.

        The head, and what is not there, are left as they are.
        """

    async def log_partitions(self) -> list[str]:
        """Names of the log's partitions that may hold events."""

    async def read_log(self, partition: str, limit: int, *, newest: bool = False) -> list[LogEntry]:
        """The oldest events of a partition, or the newest, in order."""

    async def trim_log(self, partition: str, through: str) -> None:
        """Drop the partition's events up to and including a position: they are archived."""

    async def ping(self) -> None:
        """Return when the store answers."""

    async def close(self) -> None:
        """Finish what was accepted, then let go of files and connections."""
