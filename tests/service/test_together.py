"""Responses of one moment share a call, and each gets the answer that it would have had alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from service.answers import Answer
from service.store.base import StoreUnavailable
from service.together import AHEAD, MOST, Together
from service.tutor import Tutor
from service.views import Receipt
from tests.service.made import answer


class Calls:
    """A record that waits for its turn, and remembers what it was called with."""

    def __init__(self, tutor: Tutor) -> None:
        self.made: list[tuple[list[str], int]] = []
        self.open = asyncio.Event()
        self._tutor = tutor

    async def record(self, answers: Sequence[Answer], following: int) -> Receipt:
        self.made.append(([one.id for one in answers], following))
        await self.open.wait()
        if any(one.id == "bad" for one in answers):
            raise ValueError("bad")
        if any(one.id == "away" for one in answers):
            raise StoreUnavailable("away")
        return await self._tutor.record(answers, following)


@pytest.fixture
def calls(tutor: Tutor) -> Calls:
    return Calls(tutor)


pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


async def _sent(together: Together, *sent: tuple[Answer, int]) -> list[asyncio.Task[Receipt]]:
    tasks = [asyncio.create_task(together.record(*one)) for one in sent]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_each_gets_its_own(tutor: Tutor, calls: Calls) -> None:
    names = [f"s{n}" for n in range(8)]
    calls.open.set()
    tasks = await _sent(Together(calls.record), *[(answer(f"r-{name}", name), 1) for name in names])
    receipts = await asyncio.gather(*tasks)
    assert [ids for ids, _ in calls.made] == [[f"r-{name}" for name in names]]
    assert [[one.id for one in receipt.results] for receipt in receipts] == [[f"r-{name}"] for name in names]
    assert [list(receipt.next) for receipt in receipts] == [[name] for name in names]
    alone = await tutor.record([answer("r-s3", "s3")], 1)
    assert alone.next == receipts[3].next
    assert alone.results[0].mastery == receipts[3].results[0].mastery


async def test_of_a_student_one_goes_after_the_other(tutor: Tutor, calls: Calls) -> None:
    calls.open.set()
    sent = [(answer("r1", at=1), 1), (answer("r2", at=2), 1), (answer("r3", "bob"), 1), (answer("r4", "eve"), 2)]
    receipts = await asyncio.gather(*await _sent(Together(calls.record), *sent))
    assert calls.made == [(["r1", "r3"], 1), (["r2"], 1), (["r4"], 2)]
    assert [receipt.results[0].mastery[0].responses for receipt in receipts] == [1, 2, 1, 1]


async def test_no_more_are_under_way_than_may_be(calls: Calls) -> None:
    together = Together(calls.record)
    tasks = []
    for n in range(AHEAD + 3):
        tasks += await _sent(together, (answer(f"r{n}", f"s{n}"), 0))
    assert len(calls.made) == AHEAD
    calls.open.set()
    await asyncio.gather(*tasks)
    assert [len(ids) for ids, _ in calls.made] == [1] * AHEAD + [3]
    await asyncio.gather(*await _sent(together, *[(answer(f"m{n}", f"m{n}"), 0) for n in range(MOST + 1)]))
    assert [len(ids) for ids, _ in calls.made][-2:] == [MOST, 1]


async def test_beside_a_call_another_waits_until_it_is_as_large(calls: Calls) -> None:
    together = Together(calls.record)
    tasks = await _sent(together, *[(answer(f"r{n}", f"s{n}"), 0) for n in range(3)])
    for n in (3, 4):
        tasks += await _sent(together, (answer(f"r{n}", f"s{n}"), 0))
        assert len(calls.made) == 1
    tasks += await _sent(together, (answer("r5", "s5"), 0))
    assert [len(ids) for ids, _ in calls.made] == [3, 3]
    calls.open.set()
    await asyncio.gather(*tasks)


async def test_the_fault_of_one_takes_no_other_along(calls: Calls) -> None:
    calls.open.set()
    sent = [(answer("r1"), 1), (answer("bad", "bob"), 1), (answer("r3", "eve"), 1)]
    first, bad, last = await asyncio.gather(*await _sent(Together(calls.record), *sent), return_exceptions=True)
    assert isinstance(first, Receipt)
    assert isinstance(bad, ValueError)
    assert isinstance(last, Receipt)


async def test_a_store_that_is_away_is_asked_once_for_all(calls: Calls) -> None:
    calls.open.set()
    told = await asyncio.gather(
        *await _sent(Together(calls.record), (answer("away"), 1), (answer("r2", "bob"), 1)), return_exceptions=True
    )
    assert [type(one) for one in told] == [StoreUnavailable] * 2
    assert len(calls.made) == 1


async def test_who_gives_up_takes_no_other_along(calls: Calls) -> None:
    first, second = await _sent(Together(calls.record), (answer("r1"), 1), (answer("r2", "bob"), 1))
    first.cancel()
    calls.open.set()
    assert (await second).results[0].id == "r2"
    assert (await asyncio.gather(first, return_exceptions=True))[0].__class__ is asyncio.CancelledError
