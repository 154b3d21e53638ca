"""CSV tables of a roster: rows by column, with every fault named by file and row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from engine.catalog import Fault
from service.ids import id_fault

MAX_TEXT = 1000


@dataclass
class Faults:
    """Gathers what is wrong, so that all of it is told at once."""

    found: list[Fault] = field(default_factory=list)

    def add(self, table: str, row: int | None, message: str) -> None:
        self.found.append(Fault(table, row, message))


@dataclass(frozen=True)
class Row:
    """A row of a table (``number`` from 1, the header not counted). A column that is missing is empty."""

    table: str
    number: int
    cells: Mapping[str, str]
    faults: Faults

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def fault(self, message: str) -> None:
        self.faults.add(self.table, self.number, message)

    def id(self, column: str) -> str | None:
        """The id in this column; None where it is none, which was told then."""
        if wrong := id_fault(self[column]):
            self.fault(f"{column} {wrong}")
            return None
        return self[column]

    def text(self, column: str) -> str:
        """A name or a title: of one line, and not too long."""
        given = " ".join(self[column].split())
        if len(given) > MAX_TEXT or any("\ud800" <= sign <= "\udfff" for sign in given):
            self.fault(f"{column} is not text of at most {MAX_TEXT} characters")
            return ""
        return given

    def day(self, column: str) -> str:
        """A date as ``2026-08-31``, or empty."""
        given = self[column]
        if not given:
            return ""
        try:
            return date.fromisoformat(given[:10]).isoformat()
        except ValueError:
            self.fault(f"{column} must be a date like 2026-08-31, not {given[:50]!r}")
            return ""


def rows_of(
    table: str, content: bytes, required: Sequence[str], faults: Faults, columns: Mapping[str, str] | None = None
) -> Iterator[Row]:
    """The rows of a CSV. ``columns`` says what a column of ours is called in the file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        faults.add(table, None, f"is not UTF-8 (byte {fault.start}): save it as 'CSV UTF-8'")
        return
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)) if any(line)]
    except csv.Error as fault:
        faults.add(table, None, f"cannot be read as CSV: {fault}")
        return
    header = _header(table, lines, required, columns or {}, faults)
    for number, cells in enumerate(lines[1:] if header else (), 1):
        if len(cells) != len(header):
            faults.add(table, number, f"has {len(cells)} cells, and the header {len(header)}")
            continue
        yield Row(table, number, dict(zip(header, map(str.strip, cells), strict=True)), faults)


def _header(
    table: str, lines: list[list[str]], required: Sequence[str], columns: Mapping[str, str], faults: Faults
) -> list[str]:
    """Our names of the columns; empty where the table cannot be read, which was told then."""
    if not lines:
        faults.add(table, None, "is empty: not even a header")
        return []
    theirs = [name.strip() for name in lines[0]]
    ours = {name: own for own, name in columns.items()}
    header = [ours.get(name, name) for name in theirs]
    told = ", ".join(map(repr, theirs[:30]))
    for name in [name for name in columns.values() if name not in theirs]:
        faults.add(table, None, f"has no column {name!r}; found: {told}")
        return []
    if missing := [name for name in required if name not in header]:
        faults.add(table, None, f"lacks the column {', '.join(map(repr, missing))}; found: {told}")
        return []
    if twice := [name for name in required if header.count(name) > 1]:
        faults.add(table, None, f"has the column {twice[0]!r} twice")
        return []
    return header


def _delimiter(text: str) -> str:
    """The separator that the header has most of: spreadsheets write ``;`` in some countries."""
    header = text.lstrip("\r\n").partition("\n")[0]
    return max(",;\t", key=header.count)
