"""The API as users run it: uvicorn with worker processes of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import httpx

from service.api.wire import WIRE
from tests.servers import free_port


class Server:
    """A uvicorn that serves :func:`service.api.app.create_app` as `nextwise serve` does, on a free port unless told.

    ``settings``: variables.
    """

    def __init__(
        self,
        folder: Path,
        store_url: str,
        workers: int = 1,
        port: int | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.folder, self.port = folder, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {
            "NEXTWISE_DATA": str(folder / "data"),
            "NEXTWISE_STORE": store_url,
            "NEXTWISE_LOG_LEVEL": "warning",
            **settings,
        }
        command = [sys.executable, "-m", "uvicorn", "service.api.app:create_app", "--factory", "--no-access-log"]
        command += ["--http", WIRE]
        command += ["--port", str(self.port), "--workers", str(workers), "--log-level", "warning"]
        (folder / "metrics").mkdir(parents=True, exist_ok=True)
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")
        with (folder / "api.log").open("ab") as out:
            self.process = subprocess.Popen(
                command, env=os.environ | environment, stdout=out, stderr=out, start_new_session=True
            )

    def __enter__(self) -> Server:
        deadline = time.monotonic() + 240  # the first start compiles the kernels, a minute alone
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(self.log()[-3000:])
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def terminate(self) -> int:
        """SIGTERM, as an init system does it; the exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def kill(self) -> None:
        """SIGKILL to the process and its workers, as if the power went."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)

    def log(self) -> str:
        return (self.folder / "api.log").read_text(errors="replace")

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False
