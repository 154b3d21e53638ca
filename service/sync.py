"""The sync process: MLflow's champion goes to the store, the store's log goes to the archive.

One of an installation does this, so that API workers never load mlflow, and serve on where MLflow is down. The
version published is ``<MLflow's number>-<8 hex digits of the bundle's SHA-256>``: the number is what people speak of,
the digits tell apart two MLflows that both count from 1.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from engine.bundle import load
from service.archive import Rest, drain, locked
from service.store.base import Store
from service.sweep import Sweep

if TYPE_CHECKING:  # loading it for real is the caller's decision
    from models.registry import Registry

logger = logging.getLogger(__name__)

DRAIN_EVERY = 30.0
SLOWEST = 3.0  # seconds between two tries while something is down: a champion must be served within five
ROUND = 2.0  # factor from one try to the next
LATER = 10  # how nice this process is
REST = 3.0
"""Between two batches of a drain it rests so many times as long as a batch took: a processor that is shared answers
later while a drain works, and it does so in one stretch of seconds otherwise."""


class Champion:
    """Keeps the store's model at the registry's champion.

    Once seen, a champion costs a look at the alias and one at the store's head; its bundle is fetched again only
    where the head is another. A champion that cannot be served is told of once, and the model before it stays.
    """

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store, self._registry = store, registry
        self._seen: tuple[str, str] | None = None  # number and run of the champion that ``_version`` stands for
        self._version = ""
        self._refused: tuple[str, str] | None = None

    async def publish(self) -> str | None:
        """Look once. The version that was published now; None where nothing changed.

        Raises what the registry or the store raise where they cannot be asked.
        """
        key = await asyncio.to_thread(self._registry.champion_key)
        if key is None or key == self._refused:
            return None
        if key == self._seen and (await self._store.heads()).model == self._version:
            return None
        bundle = await asyncio.to_thread(self._registry.bundle, key[0])
        version = f"{key[0]}-{sha256(bundle).hexdigest()[:8]}"
        try:
            await asyncio.to_thread(load, bundle, version)
        except ValueError as fault:
            self._refused = key
            logger.error("champion %s is not published, the model before it stays: %s", key[0], fault)
            return None
        self._refused = None
        moved = (await self._store.heads()).model != version
        if moved:
            await self._store.publish("model", version, bundle)
            logger.info("model %s is published", version)
        self._seen, self._version = key, version
        return version if moved else None


class Patience:
    """When to try again what failed: later each time, up to a limit; and each new fault is told once."""

    def __init__(self, what: str) -> None:
        self._what, self._wait, self._told, self._next = what, 0.0, "", 0.0

    def due(self, now: float) -> bool:
        """Whether to try now (monotonic seconds)."""
        return now >= self._next

    def worked(self) -> None:
        """Forget what failed before."""
        if self._told:
            logger.info("%s works again", self._what)
        self._wait, self._told, self._next = 0.0, "", 0.0

    def failed(self, fault: Exception, now: float) -> None:
        """Wait longer than last time."""
        self._wait = min(SLOWEST, self._wait * ROUND or 1.0)
        self._next = now + self._wait
        if self._told != type(fault).__name__:
            self._told = type(fault).__name__
            logger.warning("%s failed, trying again: %s", self._what, str(fault) or repr(fault))


def give_way(store: Store) -> None:
    """Let this process work when nobody is waiting for the processor: a student waits for the API, nobody for this.

    Not where the store is a file that both write to: who holds its lock must be done with it soon.
    """
    if store.apart:
        os.setpriority(os.PRIO_PROCESS, 0, max(LATER, os.getpriority(os.PRIO_PROCESS, 0)))


async def once(store: Store, registry: Registry, archive_folder: Path) -> None:
    """Publish and archive once. Raises what fails."""
    await Champion(store, registry).publish()
    await drain(store, archive_folder)


async def run(
    store: Store,
    registry: Registry,
    archive_folder: Path,
    interval: float = 1.0,
    stop: asyncio.Event | None = None,
    drain_every: float = DRAIN_EVERY,
    sweep: Sweep | None = None,
) -> None:
    """Publish the champion whenever it changes, drain the log and sweep, until ``stop`` is set; then drain once more.

    A second one on the same data directory waits, and takes over where the first has gone. Faults of MLflow, of the
    store and of the disk are told, and tried again.
    """
    stop = stop or asyncio.Event()
    await asyncio.to_thread(archive_folder.mkdir, parents=True, exist_ok=True)
    async with locked(archive_folder / ".sync.lock", stop=stop) as held:
        if not held:
            return
        gc.collect()
        gc.freeze()  # a drain makes rows by the ten thousand: else all that was loaded is looked at again and again
        sweeping = asyncio.create_task(sweep.run(stop), name="sweep") if sweep else None
        champion, publishing, archiving = Champion(store, registry), Patience("publishing"), Patience("archiving")
        drained = time.monotonic()
        while not stop.is_set():
            if publishing.due(time.monotonic()):
                await _publish(champion, publishing)
            late = time.monotonic() - drained >= drain_every
            rest = at_leisure(stop, drain_every)
            if late and archiving.due(time.monotonic()) and await _drain(store, archive_folder, archiving, rest):
                drained = time.monotonic()
            await _wait(stop, interval)
        await _drain(store, archive_folder, archiving)
        if sweeping:
            await sweeping
        gc.unfreeze()


async def _publish(champion: Champion, patience: Patience) -> None:
    try:
        await champion.publish()
    except Exception as fault:  # whatever it is: the champion of tomorrow must still be published
        patience.failed(fault, time.monotonic())
    else:
        patience.worked()


def at_leisure(stop: asyncio.Event, most: float) -> Rest:
    """Rests for :func:`drain`, for ``most`` seconds in all: where more came than so can be drained, it must go on."""
    left = most

    async def rest(worked: float) -> None:
        nonlocal left
        seconds = min(REST * worked, left)
        left -= seconds
        if seconds > 0 and not stop.is_set():
            await _wait(stop, seconds)

    return rest


async def _drain(store: Store, folder: Path, patience: Patience, rest: Rest | None = None) -> bool:
    try:
        counts = await drain(store, folder, rest=rest)
    except Exception as fault:  # as above; the log keeps what is not archived yet
        patience.failed(fault, time.monotonic())
        return False
    patience.worked()
    if counts:
        logger.debug("archived %s", counts)
    return True


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
