"""The real sets that figures are measured on: where they lie, and which part is held out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from models import evaluation, readers
from models.log import ResponseLog

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("NEXTWISE_REAL_DATA") or ROOT / ".." / "shared" / "data").resolve()


@dataclass(frozen=True)
class RealSet:
    """A table and its published split; ``test`` is the split's value of the students held out."""

    name: str
    test: str

    @property
    def table(self) -> Path:
        return FOLDER / f"{self.name}.parquet"

    @property
    def split(self) -> Path:
        return FOLDER / "splits" / f"{self.name}.csv"

    def halves(self) -> tuple[ResponseLog, ResponseLog]:
        """The training and the test students."""
        log = readers.read(self.table)
        return log.split(evaluation.held_out(log, evaluation.read_split(self.split), self.test))

    @property
    def present(self) -> bool:
        return self.table.is_file() and self.split.is_file()


SETS = (
    RealSet("assist2009", "test"),
    RealSet("assist2015", "-1"),
    RealSet("lkt_cloze", "test"),
    RealSet("assist2009_named", "1"),
)
