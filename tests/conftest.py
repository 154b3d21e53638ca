"""Fixtures that the whole suite shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import RedisCluster, RedisServer


@pytest.fixture(scope="session")
def _redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.stop()


@pytest.fixture
def redis_server(_redis_server: RedisServer) -> RedisServer:
    """A running server, empty. Shared by the run: whoever wants to kill it starts one of their own."""
    _redis_server.ask("FLUSHALL")
    return _redis_server


@pytest.fixture(scope="session")
def _redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    cluster = RedisCluster(tmp_path_factory.mktemp("cluster")).start()
    yield cluster
    cluster.stop()


@pytest.fixture
def redis_cluster(_redis_cluster: RedisCluster) -> RedisCluster:
    """Three running servers that share the slots, empty."""
    _redis_cluster.flush()
    return _redis_cluster


@pytest.fixture(params=["sqlite"])
def store_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty store: SQLite, or the kind that the test is parametrized with (``indirect``)."""
    return store_url_of(request.param, request)


def store_url_of(kind: str, request: pytest.FixtureRequest) -> str:
    """URL of an empty store of a kind: ``sqlite``, ``redis`` or ``cluster``."""
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return f"sqlite:///{folder / 'store.db'}"
    server: RedisServer | RedisCluster = request.getfixturevalue(f"redis_{'server' if kind == 'redis' else kind}")
    return server.url
