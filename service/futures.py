"""What asyncio has not: a coroutine that runs from the moment it is begun, and a future told in one step."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


def begun(work: Coroutine[Any, Any, T]) -> Awaitable[T]:
    """What ``work`` comes to, once it is awaited; as far as its first wait it has run then, where a coroutine waits to
    be awaited, and a task for the next turn of the event loop. To be awaited by the task that began it. Raises what
    that part of it raises."""
    try:
        return _rest(work, work.send(None))
    except StopIteration as ended:
        return _told(ended.value)


@types.coroutine
def _rest(work: Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """As ``await work`` would go on from where it waits."""
    while True:
        try:
            step = partial(work.send, (yield waits_for))
        except BaseException as fault:  # who awaits it is cancelled, for one
            step = partial(work.throw, fault)
        try:
            waits_for = step()
        except StopIteration as ended:
            value: T = ended.value
            return value


async def _told(value: T) -> T:
    return value


def resolve(future: asyncio.Future[T], outcome: T | Exception) -> None:
    """Tell who waits what came of it: what it gave, or raised."""
    if future.done():  # the caller gave up
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
