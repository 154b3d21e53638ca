"""The sync process without MLflow: `python -m tests.chaos.archiver URL FOLDER SECONDS`, between two drains."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from service import logs, sync
from service.serving import Servings
from service.store import open_store
from service.sweep import Sweep


class NoRegistry:
    """Nothing is promoted here; the models are published by the run itself."""

    def champion_key(self) -> None:
        return None


async def main(url: str, folder: Path, every: float) -> None:
    """Drain and sweep until killed."""
    store = await open_store(url)
    sync.give_way(store)
    sweep = Sweep(store, Servings(store), rate=100.0)
    await sync.run(store, NoRegistry(), folder, 0.1, drain_every=every, sweep=sweep)  # type: ignore[arg-type]  # all that sync asks


if __name__ == "__main__":
    logs.configure("info")
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
