"""URLs of stores, and what opening one loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from service.store import open_store, sqlite_path
from service.store.base import StoreUnavailable
from service.store.sqlite import SQLiteStore


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nextwise.db",
        "/srv/nextwise.db",
        "postgresql://localhost/x",
        "sqlite:",
        "sqlite://",
        "sqlite:///",
        "sqlite://relative.db",
        "sqlite:///:memory:",
        "sqlite:///folder/",
        "sqlite:///x.db?mode=ro",
        "redis://",
        "redis:///0",
        "redis+cluster://",
        "redis+sentinel://localhost",
    ],
)
async def test_a_wrong_url_is_refused_with_the_accepted_forms(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:///relative/path\.db.*redis://.*rediss://.*redis\+cluster://"):
        await open_store(url)


async def test_a_refusal_tells_no_password() -> None:
    with pytest.raises(ValueError) as refusal:
        await open_store("rdis://user:secret@host/0")
    assert "secret" not in str(refusal.value)


def test_three_slashes_are_relative_and_four_absolute() -> None:
    assert sqlite_path("sqlite:///a/b.db") == Path("a/b.db")
    assert sqlite_path("sqlite:////a/b c%20.db") == Path("/a/b c%20.db")


async def test_missing_folders_are_made(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/new/folder/store.db")
    assert isinstance(store, SQLiteStore)
    await store.close()
    assert (tmp_path / "new/folder/store.db").exists()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis+cluster://127.0.0.1:1"])
async def test_a_server_that_is_not_there(url: str) -> None:
    with pytest.raises(StoreUnavailable):
        await open_store(url)


def test_the_embedded_store_does_not_load_redis(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
from service.store import open_store
async def main():
    store = await open_store("sqlite:///{tmp_path}/store.db")
    await store.close()
asyncio.run(main())
sys.exit(any(name == "redis" or name.startswith(("redis.", "hiredis")) for name in sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3], check=False).returncode == 0
