"""A real server on a free port with its own data folder, and the answers that the tests put into it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote
from urllib.request import Request, urlopen

import uvicorn

from engine.catalog import Catalog, to_json
from service import runtime
from service.access import Role, Tokens, Viewer
from service.api.app import create_app
from service.roster import Roster, Rosters
from service.settings import Settings
from service.store import open_store
from tests.servers import free_port

DAY_S = 86_400


class Site:
    """The app under uvicorn in a thread; used as a context."""

    def __init__(self, data: Path, access: Literal["open", "links"] = "open") -> None:
        self.settings = Settings(data=data, port=free_port(), log_level="error", access=access)
        self.address = f"http://127.0.0.1:{self.settings.port}"
        config = uvicorn.Config(
            create_app(self.settings), port=self.settings.port, log_level="error", ws="none", access_log=False
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="site")

    def __enter__(self) -> Site:
        self._thread.start()
        deadline = time.monotonic() + 240  # the first start may compile
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError("the server did not start")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)

    def put_catalog(self, catalog: Catalog) -> None:
        self._send("PUT", "/v1/catalog", json.loads(to_json(catalog)))

    def record(self, answers: Iterable[Mapping[str, Any]]) -> None:
        """Through the API, in batches; every one must be taken."""
        rows = list(answers)
        for low in range(0, len(rows), 1000):
            found = self._send("POST", "/v1/responses", rows[low : low + 1000])
            refused = [one for one in found["results"] if one["status"] != "recorded"]
            assert not refused, refused[:3]

    def keep_groups(self, class_id: str, name: str, groups: Mapping[str, list[str]]) -> None:
        """Keep groups for a class: the students of each skill."""
        told = [{"skill_id": skill, "students": students} for skill, students in groups.items()]
        path = f"/v1/classes/{quote(class_id, safe='')}/groups"
        self._send("POST", path, {"name": name, "author": "teacher smith", "groups": told})

    def enrol(self, roster: Roster) -> None:
        """Make a roster current, as `nextwise roster import` does."""

        async def work() -> None:
            store = await open_store(self.settings.store_url)
            await Rosters(store, runtime.now).publish(roster)
            await store.close()

        with ThreadPoolExecutor(1) as aside:  # where Playwright runs, its thread has a loop already
            aside.submit(lambda: asyncio.run(work())).result()

    def link(self, viewer: Viewer) -> str:
        """A link for this viewer, as `nextwise access` prints it."""
        token = Tokens(self.settings.resolve_salt()).make("link", viewer, 2**40)
        return f"{self.address}/reports/enter?token={token}"

    def _send(self, method: str, path: str, body: object) -> Any:
        data = json.dumps(body).encode()
        key = Tokens(self.settings.resolve_salt()).make("key", Viewer(Role.LMS), 2**40)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        request = Request(self.address + path, data, headers, method=method)
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)


def answers(
    student: str, item: str, verdicts: str, *, class_id: str = "known", days_ago: float = 1.0
) -> list[dict[str, Any]]:
    """One answer a sign of ``verdicts``: ``+`` right, ``-`` wrong, ``~`` half right; a minute apart."""
    start = int(time.time() - days_ago * DAY_S)
    return [
        {
            "id": f"{item}/{days_ago}/{n}",  # of this student: ids are counted per student
            "student_id": student,
            "item_id": item,
            "score": {"+": 1.0, "-": 0.0, "~": 0.5}[sign],
            "answered_at": start + 60 * n,
            "class_id": class_id,
        }
        for n, sign in enumerate(verdicts)
    ]
