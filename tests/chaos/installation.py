"""What is under test, in processes of its own: the store's servers, some API processes, and what fills the archive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Literal

from tests.chaos import slots
from tests.chaos.disk import Disk
from tests.servers import RedisCluster, RedisServer, free_port
from tests.service.api.processes import Server

Kind = Literal["sqlite", "redis", "cluster"]


class Installation:
    """Everything of a kind of store. Any part may be killed, and is started again by hand.

    ``own_disk``: the store and the archive are on a disk that can be full. The log is drained every
    ``drain_every`` seconds.
    """

    def __init__(
        self, kind: Kind, folder: Path, apis: int = 2, own_disk: bool = True, drain_every: float = 0.5
    ) -> None:
        self.kind, self.folder, self._drain_every = kind, folder, drain_every
        self.disk = Disk(folder / "disk", own_disk)
        self.archive = self.disk.folder / "archive"
        self.cluster: RedisCluster | None = None
        self.servers: list[RedisServer] = []
        if kind == "cluster":
            self.cluster = RedisCluster(self.disk.folder / "cluster")
            self.servers = self.cluster.nodes
        elif kind == "redis":
            self.servers = [RedisServer(self.disk.folder / "redis")]
        self._ports = [free_port() for _ in range(apis)]
        self.apis: list[Server] = []
        self._archiver: subprocess.Popen[bytes] | None = None

    @property
    def store_url(self) -> str:
        if self.cluster is not None:
            return self.cluster.url
        return self.servers[0].url if self.servers else f"sqlite:///{self.disk.folder / 'store' / 'nextwise.db'}"

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self._ports]

    def __enter__(self) -> Installation:
        try:
            if self.cluster is not None:
                self.cluster.start()
            elif self.servers:
                self.servers[0].start()
            self.apis = [self._api(number) for number in range(len(self._ports))]
            for api in self.apis:
                api.__enter__()
            self.start_archiver()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill_archiver()
        for api in self.apis:
            api.kill()
        for server in self.servers:
            server.stop()
        self.disk.close()

    def _api(self, number: int) -> Server:
        return Server(self.folder / f"api-{number}", self.store_url, port=self._ports[number])

    def kill_api(self, number: int) -> None:
        self.apis[number].kill()

    def start_api(self, number: int) -> None:
        """Start it, whatever became of it before; it is ready once the store answers."""
        self.apis[number].kill()
        self.apis[number] = self._api(number)

    def kill_archiver(self) -> None:
        if self._archiver is not None:
            self._archiver.kill()
            self._archiver.wait()
            self._archiver = None

    def start_archiver(self) -> None:
        self.kill_archiver()
        self.archive.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "tests.chaos.archiver",
            self.store_url,
            str(self.archive),
            str(self._drain_every),
        ]
        with (self.folder / "archiver.log").open("ab") as out:
            self._archiver = subprocess.Popen(command, stdout=out, stderr=out)

    def kill_tree(self) -> None:
        """Everything at once, as if the power went."""
        pids = [api.process.pid for api in self.apis if api.process.poll() is None]
        pids += [server.process.pid for server in self.servers if server.process and server.process.poll() is None]
        pids += [self._archiver.pid] if self._archiver and self._archiver.poll() is None else []
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.kill_archiver()
        for api in self.apis:
            api.process.wait(30)
        for server in self.servers:
            server.kill()

    def mend(self) -> None:
        """Start what does not run, and wait until all of it is ready."""
        for server in self.servers:
            if server.process is None or server.process.poll() is not None:
                server.start()
        if self.cluster is not None:
            slots.agree([server.port for server in self.servers])
        for number, api in enumerate(self.apis):
            if api.process.poll() is not None:
                self.start_api(number)
        for api in self.apis:
            api.__enter__()
        if self._archiver is None or self._archiver.poll() is not None:
            self.start_archiver()

    def log(self) -> str:
        """What the API processes and the archiver said."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.rglob("*.log")))
