"""A disk of our own that can be full: a small tmpfs, where one may be mounted."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

BYTES = 256 * 1024 * 1024


class Disk:
    """Mounted on ``folder``; where it is not, ``refusal`` says why, and the folder is like any other."""

    def __init__(self, folder: Path, mounted: bool) -> None:
        self.folder, self._ballast = folder, folder / "ballast"
        self.refusal: str | None = "not asked for"
        folder.mkdir(parents=True, exist_ok=True)
        if mounted:
            self._mount()

    def _mount(self) -> None:
        command = ["mount", "-t", "tmpfs", "-o", f"size={BYTES}", "nextwise-chaos", str(self.folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
            self.refusal = done.stderr.strip() if done.returncode else None
        except OSError as fault:
            self.refusal = str(fault)

    def fill(self) -> None:
        """Leave not one byte."""
        with self._ballast.open("wb", buffering=0) as file:
            size = 1 << 24
            while size >= 512:
                try:
                    file.write(bytes(size))
                except OSError as fault:
                    if fault.errno != errno.ENOSPC:
                        raise
                    size //= 2

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        if self.refusal is None:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
