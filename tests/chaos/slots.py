"""What whoever runs a Redis Cluster does: move slots, and wait until all nodes agree who has which."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

SLOTS = 16384
AGREED, BY_THEMSELVES = 60.0, 8.0
"""Seconds in which nodes that were started again must agree, and in which they do so unaided."""


def move(ports: Sequence[int], slot: int, rng: random.Random) -> None:
    """Move a slot to another node, key by key: the steps of Redis' own `redis-cli --cluster reshard`."""
    with _nodes(ports) as nodes:
        ids = [_ask(node, "CLUSTER", "MYID") for node in nodes]
        owner = next(n for n, node in enumerate(nodes) if slot in _own(node))
        target = rng.choice([n for n in range(len(nodes)) if n != owner])
        _ask(nodes[target], "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[owner])
        _ask(nodes[owner], "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        while keys := _ask(nodes[owner], "CLUSTER", "GETKEYSINSLOT", slot, 5):
            _ask(nodes[owner], "MIGRATE", "127.0.0.1", ports[target], "", 0, 5000, "KEYS", *keys)
            time.sleep(0.01)  # meanwhile the slot is here and there
        for n in sorted(range(len(nodes)), key=lambda n: (n != target, n != owner)):
            _ask(nodes[n], "CLUSTER", "SETSLOT", slot, "NODE", ids[target])


def agree(ports: Sequence[int]) -> None:
    """Return once no two nodes' views of the slots differ. Raises RuntimeError.

    Where they go on to differ it does what `redis-cli --cluster fix` would: nodes that were killed while a slot moved
    may each send callers to the other, for ever.
    """
    began = time.monotonic()
    while True:
        views = _views(ports)
        differ = sorted({slot for view in views for slot in range(SLOTS) if view.get(slot) != views[0].get(slot)})
        if views and not differ and len(views[0]) == SLOTS:
            return
        if time.monotonic() > began + AGREED:
            raise RuntimeError(f"the nodes do not agree about {len(differ)} slots: {differ[:10]}")
        if time.monotonic() > began + BY_THEMSELVES:
            _fix(ports, differ)
        time.sleep(0.2)


def _fix(ports: Sequence[int], differ: Sequence[int]) -> None:
    """Give each of these slots to the node that has its keys."""
    with suppress(RedisError, OSError), _nodes(ports) as nodes:
        for slot in differ:
            counts = [int(_ask(node, "CLUSTER", "COUNTKEYSINSLOT", slot)) for node in nodes]
            holder = counts.index(max(counts))
            me = _ask(nodes[holder], "CLUSTER", "MYID")
            for node in [nodes[holder], *nodes]:
                _ask(node, "CLUSTER", "SETSLOT", slot, "STABLE")
                _ask(node, "CLUSTER", "SETSLOT", slot, "NODE", me)
            _ask(nodes[holder], "CLUSTER", "BUMPEPOCH")


def _views(ports: Sequence[int]) -> list[dict[int, int]]:
    """Of each node: the port of every slot's owner. Empty where one does not answer."""
    try:
        with _nodes(ports) as nodes:
            return [
                {slot: owner[1] for low, high, owner, *_ in ranges for slot in range(low, high + 1)}
                for ranges in (_ask(node, "CLUSTER", "SLOTS") for node in nodes)
            ]
    except (RedisError, OSError):
        return []


def _own(node: Redis) -> set[int]:
    me, ranges = _ask(node, "CLUSTER", "MYID"), _ask(node, "CLUSTER", "SLOTS")
    return {slot for low, high, owner, *_ in ranges if owner[2] == me for slot in range(low, high + 1)}


@contextmanager
def _nodes(ports: Sequence[int]) -> Iterator[list[Redis]]:
    with ExitStack() as stack:
        nodes = [Redis(port=port, decode_responses=True, protocol=2) for port in ports]
        for node in nodes:
            stack.callback(node.close)
        yield nodes


def _ask(node: Redis, *words: str | int) -> Any:
    return node.execute_command(*words)  # type: ignore[no-untyped-call]
