"""``nextwise serve`` and the sync process beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from service.cli import serving
from service.cli.serving import _warn_of_open
from service.settings import Settings
from tests.servers import RedisServer
from tests.waiting import until


@pytest.mark.parametrize(
    ("host", "access", "warns"),
    [("127.0.0.1", "open", False), ("0.0.0.0", "open", True), ("0.0.0.0", "links", False), ("::1", "open", False)],
)
def test_a_server_without_sign_in_that_others_can_reach_says_so(
    host: str, access: str, warns: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    _warn_of_open(Settings(host=host, access=access))
    assert ("NEXTWISE_ACCESS=links" in " ".join(capsys.readouterr().err.split())) is warns


def test_a_sync_process_that_was_killed_is_started_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
        return started[-1]

    monkeypatch.setattr(serving, "_start_sync", start)
    monkeypatch.setattr(serving, "SYNC_AGAIN", 0.0)
    stopping = threading.Event()
    keeping = threading.Thread(target=serving._keep_syncing, args=(stopping,))
    keeping.start()
    until(lambda: started)
    started[0].kill()
    until(lambda: len(started) == 2)
    stopping.set()
    keeping.join(60)
    assert started[1].returncode == -signal.SIGTERM
    assert "starting it again" in capsys.readouterr().err


def test_sync_waits_for_a_store_that_is_away_when_it_starts(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    environment = os.environ | {"NEXTWISE_DATA": str(tmp_path / "data"), "NEXTWISE_STORE": server.url}
    with (tmp_path / "err").open("wb") as err:
        sync = subprocess.Popen([sys.executable, "-m", "service.cli", "sync"], env=environment, stderr=err)
    try:
        until(lambda: "waits for the store" in " ".join((tmp_path / "err").read_text().split()))
        server.start()
        until((tmp_path / "data" / "archive" / ".sync.lock").exists)
        sync.terminate()
        assert sync.wait(60) == 0
    finally:
        sync.kill()
        sync.wait()
        server.stop()
