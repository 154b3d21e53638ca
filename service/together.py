"""Requests that arrive one by one, served together: those of one moment share a call of the tutor.

What is done for eight at once costs each of them half: one trip to the store and one commit, and every step finds its
code where the one before left it. Nobody waits for company: where nothing is under way, one request goes alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from service.futures import resolve
from service.store.base import StoreUnavailable

AHEAD = 2
"""Calls under way at once: while the store works on one, the answers of the other are made, and more arrive."""

MOST = 64
"""Requests in one call: bounds how long the first of them waits for the last."""

logger = logging.getLogger(__name__)

Asked = TypeVar("Asked")
Told = TypeVar("Told")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Asked, Told]):
    asked: Asked
    items: int
    tell: Callable[[Told | Exception], None]


class Together(Generic[Asked, Told]):
    """``call`` takes what is asked by many students, and how many items each of them is to be given, and gives what
    each is told; ``student_of`` says who asks."""

    def __init__(
        self, call: Callable[[Sequence[Asked], int], Awaitable[Sequence[Told]]], student_of: Callable[[Asked], str]
    ) -> None:
        self._call, self._student_of = call, student_of
        self._loop = asyncio.get_running_loop()  # not at every request: Python asks the kernel each time whose it is
        self._waiting: deque[_Waiting[Asked, Told]] = deque()
        self._under_way = dict[asyncio.Task[None], int]()  # and how many requests each has
        self._gathering = False

    def ask(self, asked: Asked, items: int, tell: Callable[[Told | Exception], None]) -> None:
        """``tell`` will be called with what the call tells of this one, or with what the call of it alone raises."""
        # Not _Waiting[Asked, Told](...): it tries to note the alias on what it makes, which costs more than making it.
        self._waiting.append(_Waiting(asked, items, tell))
        if not self._gathering:  # whoever arrives in this turn of the loop comes along
            self._gathering = True
            self._loop.call_soon(self._go)

    def put(self, asked: Asked, items: int) -> asyncio.Future[Told]:
        """As :meth:`ask`, to be awaited."""
        told: asyncio.Future[Told] = self._loop.create_future()
        self.ask(asked, items, partial(resolve, told))
        return told

    def _go(self) -> None:
        self._gathering = False
        while self._waiting and self._may_go():
            some = self._taken()
            task = self._loop.create_task(self._asked(some), name="together")
            self._under_way[task] = len(some)
            task.add_done_callback(self._done)

    def _may_go(self) -> bool:
        """Whether there is room for another call. Beside one it waits until it is as large: two halves cost less than a
        large and a small one."""
        others = self._under_way.values()
        return not others or (len(others) < AHEAD and len(self._waiting) >= max(others))

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if self._waiting and not self._gathering:
            self._gathering = True
            self._loop.call_soon(self._go)

    def _taken(self) -> list[_Waiting[Asked, Told]]:
        """Those that waited longest and can go together: what is said of a response is where its student stands right
        after it, so that a call has one of a student. The others keep their places."""
        items = self._waiting[0].items
        taken: dict[str, _Waiting[Asked, Told]] = {}
        left: deque[_Waiting[Asked, Told]] = deque()
        for one in self._waiting:
            student = self._student_of(one.asked)
            if one.items != items or len(taken) == MOST or student in taken:
                left.append(one)
            else:
                taken[student] = one
        self._waiting = left
        return list(taken.values())

    async def _asked(self, some: Sequence[_Waiting[Asked, Told]]) -> None:
        try:
            told = await self._call([one.asked for one in some], some[0].items)
        except Exception as fault:
            if len(some) > 1 and not isinstance(fault, StoreUnavailable):  # the fault of one takes no other along
                for one in some:
                    await self._asked([one])
                return
            for one in some:
                _tell(one, fault)
            return
        for one, own in zip(some, told, strict=True):
            _tell(one, own)


def _tell(one: _Waiting[Any, Told], told: Told | Exception) -> None:
    try:
        one.tell(told)
    except Exception:  # the fault of one takes no other along
        logger.exception("an answer could not be told")
