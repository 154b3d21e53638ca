"""Where histories, snapshots, the log and artifacts are kept; :func:`open_store` picks the implementation."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from service.store.base import Store

FORMS = (
    "sqlite:///relative/path.db",
    "sqlite:////absolute/path.db",
    "redis://host:6379/0",
    "rediss://host:6379/0 (TLS)",
    "redis+cluster://host:6379",
    "rediss+cluster://host:6379 (TLS)",
)


async def open_store(url: str, *, busy: bool = False) -> Store:
    """The store behind ``url``, ready to use. For a ``busy`` caller it works in a process of its own.

    Raises ValueError where the URL has none of the accepted forms, and
    :class:`~service.store.base.StoreUnavailable` where the store does not answer.
    """
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        from service.store.sqlite import SQLiteStore

        return await SQLiteStore.open(sqlite_path(url), apart=busy)
    if scheme in {"redis", "rediss", "redis+cluster", "rediss+cluster"}:
        if not urlsplit(url).hostname:
            raise ValueError(_refusal(url, "it names no host"))
        # Imported here: the embedded default must start without the redis package being loaded.
        from service.store.redis import RedisStore

        return await RedisStore.open(url)
    raise ValueError(_refusal(url, "unknown scheme"))


def sqlite_path(url: str) -> Path:
    """The file that a ``sqlite:`` URL names, by SQLAlchemy's rule: three slashes relative, four absolute.

    >>> sqlite_path("sqlite:///data/nextwise.db").as_posix(), sqlite_path("sqlite:////srv/nextwise.db").as_posix()
    ('data/nextwise.db', '/srv/nextwise.db')
    """
    if not url.startswith("sqlite:///"):
        raise ValueError(_refusal(url, "sqlite:// wants three slashes before a relative path, four for an absolute"))
    name = url.removeprefix("sqlite:///")
    if name in {"", ":memory:"} or name.endswith("/"):
        raise ValueError(_refusal(url, "it names no file"))
    if "?" in name:
        raise ValueError(_refusal(url, "sqlite URLs take no options"))
    return Path(name)


def _refusal(url: str, why: str) -> str:
    scheme = url.partition("://")[0]  # never the whole URL: it may hold a password
    return f"not a store URL ({scheme}://...): {why}. Accepted: " + ", ".join(FORMS)
