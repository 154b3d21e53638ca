"""From a path to a roster: a plain CSV, a folder or a zip of OneRoster files. All of it, or nothing."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from service.roster.oneroster import IDS, MANIFEST, REQUIRED, read_oneroster
from service.roster.plain import read_plain
from service.roster.roster import Roster, RosterError
from service.roster.tables import Faults

MAX_BYTES = 500 * 2**20
"""Of one table, unpacked: a zip of a few kilobytes can hold terabytes."""

WANTED = (*REQUIRED, MANIFEST)


def read(path: Path, columns: Mapping[str, str] | None = None, user_id: str = "sourcedId") -> Roster:
    """The roster at this path. Raises :class:`RosterError` with every fault, named by file and row.

    ``columns`` says what a plain CSV calls a column of ours; ``user_id`` which column of OneRoster's users.csv holds
    the id that the learning platform sends with responses.
    """
    faults = Faults()
    if user_id not in IDS:
        raise ValueError(f"the id of users can be one of {', '.join(IDS)}, not {user_id!r}")
    if path.is_dir():
        roster = read_oneroster(_of_folder(path), faults, user_id)
    elif zipfile.is_zipfile(path):
        roster = read_oneroster(_of_zip(path, faults), faults, user_id)
    elif path.name.lower() in WANTED:
        raise ValueError(f"{path} is one file of a OneRoster export: name its folder or the zip")
    else:
        roster = read_plain(path.name, path.read_bytes(), faults, columns)
    if faults.found:
        raise RosterError(faults.found)
    return roster


def _of_folder(path: Path) -> dict[str, bytes]:
    return {file.name.lower(): file.read_bytes() for file in path.iterdir() if file.name.lower() in WANTED}


def _of_zip(path: Path, faults: Faults) -> dict[str, bytes]:
    """The files wanted, at whatever depth: some systems zip the folder, others what is in it."""
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.rpartition("/")[2].lower()
            if name not in WANTED or "__MACOSX" in entry.filename:
                continue
            if entry.file_size > MAX_BYTES:
                faults.add(name, None, f"is larger than {MAX_BYTES // 2**20} MB")
            elif name in found:
                faults.add(name, None, "stands twice in the zip")
            else:
                found[name] = archive.read(entry)
    return found
