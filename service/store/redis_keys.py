"""Where things lie in Redis: names of keys, each with the hash tag of its bucket."""

from __future__ import annotations

from engine.responses import known_key

BUCKETS = 256
"""Fixed for ever: it decides where a student's keys are."""

HEADS = "nw:{artifacts}:heads"


def bucket_of(student_id: str) -> int:
    """The bucket of a student's keys."""
    return known_key(student_id) % BUCKETS


def of_bucket(bucket: int) -> str:
    """What every key of a bucket begins with."""
    return f"nw:{{b{bucket}}}:"


def log_key(bucket: int) -> str:
    """The stream of events."""
    return f"{of_bucket(bucket)}log"


def classes_key(bucket: int) -> str:
    """The set of class ids."""
    return f"{of_bucket(bucket)}classes"


def class_key(bucket: int, class_id: str) -> str:
    """The set of a class's students."""
    return f"{of_bucket(bucket)}class:{class_id}"


def class_notes_key(class_id: str) -> str:
    """What is noted of a class."""
    return f"{of_bucket(bucket_of(class_id))}class-notes:{class_id}"


def artifact_key(kind: str, version: str) -> str:
    """A published model, catalog and the like."""
    return f"nw:{{artifacts}}:{kind}:{version}"
