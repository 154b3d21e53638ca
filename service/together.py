"""Responses that arrive one by one, recorded together: those of one moment share a call of the tutor.

What is done for eight at once costs each of them half: one trip to the store and one commit, and every step finds its
code where the one before left it. Nobody waits for company: where nothing is under way, one response goes alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from service.answers import Answer
from service.store.base import StoreUnavailable
from service.views import Next, Receipt, Result

AHEAD = 2
"""Calls under way at once: while the store works on one, the answers of the other are made, and more arrive."""

MOST = 64
"""Responses in one call: bounds how long the first of them waits for the last."""

Record = Callable[[Sequence[Answer], int], Awaitable[Receipt]]
NOTHING: Mapping[str, Next] = {}


@dataclass(slots=True, eq=False)
class _Waiting:
    answer: Answer
    following: int
    receipt: asyncio.Future[Receipt]


class Together:
    """``record`` takes many answers, and how many items are to follow for each student."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._waiting: deque[_Waiting] = deque()
        self._under_way = dict[asyncio.Task[None], int]()  # and how many responses each has
        self._gathering = False

    async def record(self, answer: Answer, following: int) -> Receipt:
        """The receipt of this answer alone."""
        loop = asyncio.get_running_loop()
        one = _Waiting(answer, following, loop.create_future())
        self._waiting.append(one)
        if not self._gathering:  # whoever arrives in this turn of the loop comes along
            self._gathering = True
            loop.call_soon(self._go)
        return await one.receipt

    def _go(self) -> None:
        self._gathering = False
        while self._waiting and self._may_go():
            some = self._taken()
            task = asyncio.get_running_loop().create_task(self._recorded(some), name="together")
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
            task.get_loop().call_soon(self._go)

    def _taken(self) -> list[_Waiting]:
        """Those that waited longest and can go together: what is said of a response is where its student stands right
        after it, so that a call has one of a student. The others keep their places."""
        following, taken, left = self._waiting[0].following, dict[str, _Waiting](), deque[_Waiting]()
        for one in self._waiting:
            if one.following != following or len(taken) == MOST or one.answer.student_id in taken:
                left.append(one)
            else:
                taken[one.answer.student_id] = one
        self._waiting = left
        return list(taken.values())

    async def _recorded(self, some: Sequence[_Waiting]) -> None:
        try:
            receipt = await self._record([one.answer for one in some], some[0].following)
        except Exception as fault:
            if len(some) == 1 or isinstance(fault, StoreUnavailable):
                _refuse(some, fault)
            else:  # the fault of one takes no other along
                for one in some:
                    await self._recorded([one])
            return
        for one, result in zip(some, receipt.results, strict=True):
            if not one.receipt.done():  # else the caller gave up
                one.receipt.set_result(_own(receipt, result))


def _own(receipt: Receipt, result: Result) -> Receipt:
    """What a receipt says of one of its results."""
    student = result.student_id
    following = {student: receipt.next[student]} if student in receipt.next else NOTHING
    return Receipt((result,), following, receipt.model_version, receipt.catalog_version)


def _refuse(some: Sequence[_Waiting], fault: Exception) -> None:
    for one in some:
        if not one.receipt.done():
            one.receipt.set_exception(fault)
