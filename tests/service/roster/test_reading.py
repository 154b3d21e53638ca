"""Folders, zips and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.roster import RosterError, read, reading
from tests.service.roster.made import export, write_folder, write_zip


def test_folder_zip_and_zipped_folder_are_the_same(tmp_path: Path) -> None:
    folder = read(write_folder(tmp_path / "a", export()))
    assert read(write_zip(tmp_path / "b.zip", export())) == folder
    assert read(write_zip(tmp_path / "c.zip", export(), "export/")).version == folder.version


def test_the_order_of_rows_makes_no_other_version(tmp_path: Path) -> None:
    one, two = tmp_path / "1.csv", tmp_path / "2.csv"
    one.write_text("student_id,class_id\nada,4a\nben,4a\n")
    two.write_text("student_id,class_id\nben,4a\nada,4a\n")
    assert read(one) == read(two)
    assert read(one).version == read(two).version


def test_one_file_of_an_export_is_not_taken_for_a_sheet(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, export())
    with pytest.raises(ValueError, match="name its folder or the zip"):
        read(folder / "users.csv")
    with pytest.raises(ValueError, match="sourcedId, username, identifier, email"):
        read(folder, user_id="phone")


def test_a_zip_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    with pytest.raises(RosterError, match=r"users\.csv: is larger than"):
        read(write_zip(tmp_path / "big.zip", export()))
    path = write_zip(tmp_path / "twice.zip", export(), "a/")
    monkeypatch.undo()
    from zipfile import ZipFile

    with ZipFile(path, "a") as archive:
        archive.writestr("b/orgs.csv", "")
    with pytest.raises(RosterError, match=r"orgs\.csv: stands twice in the zip"):
        read(path)
