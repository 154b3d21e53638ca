"""What a class was recommended, whether it was followed, how it was answered, and the gain since.

A recommendation is read from the archive, or from the log where it is not archived yet. It was *followed* where its
item is among the next answers (as many as items were asked for), *overridden* where other items were answered instead,
and is *open* where nothing was answered since (:mod:`service.decisions.outcomes`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from engine.intervals import mean_interval
from service.classroom.dossier import Dossier, Moment, dossier
from service.classroom.pupil import Pupil
from service.decisions.outcomes import Status, came_of
from service.store.base import Store
from service.tutor import Tutor

FRESH = 5_000
"""Events of the log that are looked through for what is not archived yet, in each of its parts: where the archive lags
by more, the newest of them."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GivenLine:
    """A recommendation. ``before`` and ``now`` are the expected success on the item's skills, on average, when it was
    given and now; ``expected_gain`` and ``p_correct`` were foreseen."""

    recommendation_id: str
    at: Moment
    student_id: str
    name: str
    item_id: str
    title: str
    skills: tuple[str, ...]
    reason: str
    policy: str
    p_correct: float | None
    expected_gain: float | None
    status: Status
    score: float | None
    answered_at: Moment | None
    instead: str
    before: float | None
    now: float | None


@dataclass(frozen=True, slots=True)
class Gain:
    """The rise of expected success since, averaged over each student's recommendations and then over the students; with
    its 90 % interval, which is None of one student."""

    students: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class GivenSum:
    """Recommendations of one reason. ``right`` is the mean score of those followed, ``foreseen`` what was predicted for
    them; ``gain`` the mean rise of expected success since, of all. Beside each other: the gain of those followed, and
    of those where something else was answered instead."""

    reason: str
    given: int
    followed: int
    overridden: int
    open: int
    right: float | None
    foreseen: float | None
    gain: float | None
    gain_followed: Gain | None
    gain_instead: Gain | None


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What a teacher noted of a student. ``about`` is the title of the item or skill; an estimate is of ``mastery``
    with the weight of so many ``answers``; a pin is ``done`` once its item was answered."""

    note_id: str
    kind: str
    student_id: str
    name: str
    about: str
    mastery: float | None
    answers: float | None
    author: str
    at: Moment
    comment: str
    done: bool


@dataclass(frozen=True, slots=True)
class GivenView:
    """``lines`` and ``notes`` have the newest first."""

    class_id: str
    class_title: str
    since: Moment
    sums: tuple[GivenSum, ...]
    lines: tuple[GivenLine, ...]
    notes: tuple[NoteLine, ...]
    model_version: str
    catalog_version: str


async def ask_given(tutor: Tutor, archive: Path, class_id: str, since: str) -> GivenView:
    """Raises NotAllowed, UnknownClass and InvalidRequest."""
    found = await dossier(tutor, class_id)
    moment = found.since(since)
    students = {pupil.student_id for pupil in found.pupils}
    fresh = await _logged(tutor.store, students, moment)
    old = await asyncio.to_thread(_archived, archive, students, moment)
    return await asyncio.to_thread(given_view, found, [*old, *fresh], moment)


def given_view(found: Dossier, rows: Iterable[Row], since: int) -> GivenView:
    """``rows`` are events of recommendations; one that stands there twice counts once."""
    by_student: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_student.setdefault(row["student_id"], {})[row["recommendation_id"]] = row
    lines = [line for pupil in found.pupils for line in _lines(found, pupil, by_student.get(pupil.student_id, {}))]
    lines.sort(key=lambda line: (-line.at, line.student_id, line.recommendation_id))
    versions = found.serving.model_version, found.serving.catalog_version
    notes = sorted((line for pupil in found.pupils for line in _notes(found, pupil)), key=lambda line: -line.at)
    return GivenView(found.class_id, found.title, since, tuple(_sums(lines)), tuple(lines), tuple(notes), *versions)


def _notes(found: Dossier, pupil: Pupil) -> Iterator[NoteLine]:
    catalog, open_pins = found.catalog, pupil.notes.pins(pupil.history)
    for one in pupil.notes.notes:
        item, skill = one.said.get("item_id", ""), one.said.get("skill_id", "")
        at, k = catalog.item_index.get(item), catalog.skill_index.get(skill)
        about = skill if k is None else found.skill_title(k)
        if one.kind == "pin":
            about = item if at is None else catalog.items[at].title or item
        yield NoteLine(
            one.id,
            one.kind,
            pupil.student_id,
            pupil.name,
            about,
            one.said.get("mastery"),
            one.said.get("answers"),
            one.author,
            one.at,
            one.comment,
            one.kind == "pin" and item not in open_pins,
        )


def _lines(found: Dossier, pupil: Pupil, rows: Mapping[str, Row]) -> Iterator[GivenLine]:
    catalog, tracer = found.catalog, pupil.tracer
    state, length = tracer.empty, 0
    now = np.array([one.mastery for one in pupil.seen])
    for row in sorted(rows.values(), key=lambda row: int(row["history_length"])):
        upto = int(row["history_length"])
        part = pupil.history[length:upto]
        if pupil.notes.judgements or tracer.late(part, state):
            state = pupil.folded(pupil.history[:upto], int(row["at"]))
        else:
            state = tracer.fold(part, state)
        length = upto
        came = came_of(pupil.history, upto, row["item_id"], int(row.get("question", {}).get("n", 1)))
        at = catalog.item_index.get(row["item_id"])
        skills = () if at is None else catalog.items[at].skill_ids
        k = [catalog.skill_index[skill] for skill in skills]
        was = tracer.standing(state, int(row["at"])).mastery
        other = None if came.instead is None else catalog.key_index.get(came.instead)
        yield GivenLine(
            row["recommendation_id"],
            int(row["at"]),
            pupil.student_id,
            pupil.name,
            row["item_id"],
            "" if at is None else catalog.items[at].title,
            tuple(found.skill_title(one) for one in k),
            row["reason"]["code"] if isinstance(row["reason"], dict) else row["reason"] or "",
            row["policy"] or "",
            row["p_correct"],
            row["expected_gain"],
            came.status,
            came.score,
            came.answered_at,
            "" if other is None else catalog.items[other].id,
            float(was[k].mean()) if k else None,
            float(now[k].mean()) if k else None,
        )


def _sums(lines: Sequence[GivenLine]) -> Iterator[GivenSum]:
    """One a reason, the most frequent first."""
    reasons: dict[str, list[GivenLine]] = {}
    for line in lines:
        reasons.setdefault(line.reason, []).append(line)
    for reason, some in sorted(reasons.items(), key=lambda pair: -len(pair[1])):
        followed = [line for line in some if line.status is Status.FOLLOWED]
        yield GivenSum(
            reason,
            len(some),
            len(followed),
            sum(line.status is Status.OVERRIDDEN for line in some),
            sum(line.status is Status.OPEN for line in some),
            _mean(line.score for line in followed),
            _mean(line.p_correct for line in followed),
            _mean(map(_rise, some)),
            _gain(followed),
            _gain(line for line in some if line.status is Status.OVERRIDDEN),
        )


def _rise(line: GivenLine) -> float | None:
    return None if line.now is None or line.before is None else line.now - line.before


def _gain(lines: Iterable[GivenLine]) -> Gain | None:
    """One student's recommendations are not told apart from each other by chance: the student is what is counted."""
    by_student: dict[str, list[float]] = {}
    for line in lines:
        if (rise := _rise(line)) is not None:
            by_student.setdefault(line.student_id, []).append(rise)
    if not by_student:
        return None
    means = np.array([np.mean(rises) for rises in by_student.values()])
    if len(means) < 2:
        return Gain(1, float(means[0]), None, None)
    mean, low, high = mean_interval(means)
    return Gain(len(means), mean, max(low, -1.0), min(high, 1.0))


def _mean(values: Iterable[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


async def _logged(store: Store, students: set[str], since: int) -> list[Row]:
    """What is not archived yet."""
    found = []
    for partition in await store.log_partitions():
        for entry in await store.read_log(partition, FRESH, newest=True):
            if entry.kind == "recommendation":
                row = orjson.loads(entry.event)
                if row.get("student_id") in students and row.get("at", 0) >= since:
                    found.append(row)
    return found


def _archived(archive: Path, students: set[str], since: int) -> list[Row]:
    """Rows of the months that are asked for; a file that the archive's compaction takes away meanwhile is read anew."""
    import pyarrow.parquet as pq

    first = datetime.fromtimestamp(since / 1000, UTC).strftime("month=%Y-%m")
    wanted = [("student_id", "in", students), ("at", ">=", since)]
    names = ["recommendation_id", "student_id", "item_id", "at", "reason", "policy", "p_correct", "expected_gain"]
    for _attempt in range(3):
        files = [
            path for path in sorted(archive.glob("recommendations/month=*/*.parquet")) if path.parent.name >= first
        ]
        try:
            tables = [
                pq.read_table(path, columns=[*names, "history_length", "extra"], filters=wanted) for path in files
            ]
        except FileNotFoundError:
            continue
        rows = [row for table in tables for row in table.to_pylist()]
        return [row | {"question": orjson.loads(row["extra"] or b"{}").get("question", {})} for row in rows]
    return []
