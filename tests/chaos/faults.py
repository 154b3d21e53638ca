"""What goes wrong: each fault breaks something, waits a moment, and mends it as whoever runs it would."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

from redis.crc import key_slot

from service.store.redis_keys import BUCKETS
from tests.chaos import slots
from tests.chaos.installation import Installation

DOWN = (0.1, 0.8)
"""Seconds that something stays down: from, to."""


class Faults:
    """The faults that this installation can have, drawn at random. ``swap`` publishes another model."""

    def __init__(self, installation: Installation, seed: int, swap: Callable[[], None]) -> None:
        self._at, self._random, self._swap = installation, random.Random(seed), swap
        self.counts: Counter[str] = Counter()
        self._kinds: list[tuple[Callable[[], None], int]] = [
            (self.kill_api, 4),
            (self.kill_tree, 2),
            (self.kill_archiver, 2),
            (self.swap_model, 2),
        ]
        if installation.servers:
            self._kinds += [(self.kill_store, 3), (self.freeze_store, 1)]
        if installation.disk.refusal is None:
            self._kinds.append((self.fill_disk, 2))
        if installation.cluster is not None:
            self._kinds.append((self.reshard, 4))

    def one(self) -> None:
        """Any of them; each kind once before the first comes a second time."""
        waiting = [(kind, weight) for kind, weight in self._kinds if not self.counts[kind.__name__]] or self._kinds
        (kind,) = self._random.choices([kind for kind, _ in waiting], [weight for _, weight in waiting])
        kind()
        self.counts[kind.__name__] += 1
        self._at.mend()

    def kill_api(self) -> None:
        self._at.kill_api(self._random.randrange(len(self._at.apis)))
        self._moment()

    def kill_archiver(self) -> None:
        self._at.kill_archiver()

    def kill_store(self) -> None:
        self._random.choice(self._at.servers).kill()
        self._moment()

    def kill_tree(self) -> None:
        self._at.kill_tree()
        self._moment()

    def freeze_store(self) -> None:
        """It keeps its port and answers nothing."""
        server = self._random.choice(self._at.servers)
        server.freeze()
        time.sleep(self._random.uniform(0.5, 2.0))
        server.thaw()

    def fill_disk(self) -> None:
        """A Redis that writes each answer to the disk ends itself then; it is started again once there is room."""
        self._at.disk.fill()
        time.sleep(self._random.uniform(0.3, 1.0))
        self._at.disk.free()

    def swap_model(self) -> None:
        self._swap()

    def reshard(self) -> None:
        """Move the slots of some buckets to another node, key by key, while they are written to."""
        for bucket in self._random.sample(range(BUCKETS), 8):
            ports = [server.port for server in self._at.servers]
            slots.move(ports, key_slot(f"b{bucket}".encode()), self._random)

    def _moment(self) -> None:
        time.sleep(self._random.uniform(*DOWN))
