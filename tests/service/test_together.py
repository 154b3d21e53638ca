"""Responses of one moment share a call, and each gets the answer that it would have had alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from service.answers import Answer
from service.errors import NoCatalog
from service.store.base import Store, StoreUnavailable
from service.together import AHEAD, MOST, Together
from service.tutor import Tutor
from service.views import Receipt
from tests.service.conftest import bare_tutor, close
from tests.service.made import answer, following


class Calls:
    """A record that waits for its turn, and remembers what it was called with."""

    def __init__(self, tutor: Tutor) -> None:
        self.made: list[tuple[list[str], int]] = []
        self.open = asyncio.Event()
        self._tutor = tutor

    async def record(self, answers: Sequence[Answer], following: int) -> list[Receipt]:
        self.made.append(([one.id for one in answers], following))
        await self.open.wait()
        if any(one.id == "bad" for one in answers):
            raise ValueError("bad")
        if any(one.id == "away" for one in answers):
            raise StoreUnavailable("away")
        return await self._tutor.record_each(answers, following)


Recording = Together[Answer, Receipt]


def together(calls: Calls) -> Recording:
    return Together(calls.record, lambda one: one.student_id)


@pytest.fixture
def calls(tutor: Tutor) -> Calls:
    return Calls(tutor)


pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


async def _sent(together: Recording, *sent: tuple[Answer, int]) -> list[asyncio.Future[Receipt]]:
    tasks = [together.put(*one) for one in sent]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_each_gets_its_own(tutor: Tutor, calls: Calls) -> None:
    names = [f"s{n}" for n in range(8)]
    calls.open.set()
    tasks = await _sent(together(calls), *[(answer(f"r-{name}", name), 1) for name in names])
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
    receipts = await asyncio.gather(*await _sent(together(calls), *sent))
    assert calls.made == [(["r1", "r3"], 1), (["r2"], 1), (["r4"], 2)]
    assert [receipt.results[0].mastery[0].responses for receipt in receipts] == [1, 2, 1, 1]


async def test_no_more_are_under_way_than_may_be(calls: Calls) -> None:
    recording = together(calls)
    tasks = []
    for n in range(AHEAD + 3):
        tasks += await _sent(recording, (answer(f"r{n}", f"s{n}"), 0))
    assert len(calls.made) == AHEAD
    calls.open.set()
    await asyncio.gather(*tasks)
    assert [len(ids) for ids, _ in calls.made] == [1] * AHEAD + [3]
    await asyncio.gather(*await _sent(recording, *[(answer(f"m{n}", f"m{n}"), 0) for n in range(MOST + 1)]))
    assert [len(ids) for ids, _ in calls.made][-2:] == [MOST, 1]


async def test_beside_a_call_another_waits_until_it_is_as_large(calls: Calls) -> None:
    recording = together(calls)
    tasks = await _sent(recording, *[(answer(f"r{n}", f"s{n}"), 0) for n in range(3)])
    for n in (3, 4):
        tasks += await _sent(recording, (answer(f"r{n}", f"s{n}"), 0))
        assert len(calls.made) == 1
    tasks += await _sent(recording, (answer("r5", "s5"), 0))
    assert [len(ids) for ids, _ in calls.made] == [3, 3]
    calls.open.set()
    await asyncio.gather(*tasks)


async def test_the_fault_of_one_takes_no_other_along(calls: Calls) -> None:
    calls.open.set()
    sent = [(answer("r1"), 1), (answer("bad", "bob"), 1), (answer("r3", "eve"), 1)]
    first, bad, last = await asyncio.gather(*await _sent(together(calls), *sent), return_exceptions=True)
    assert isinstance(first, Receipt)
    assert isinstance(bad, ValueError)
    assert isinstance(last, Receipt)


async def test_a_store_that_is_away_is_asked_once_for_all(calls: Calls) -> None:
    calls.open.set()
    told = await asyncio.gather(
        *await _sent(together(calls), (answer("away"), 1), (answer("r2", "bob"), 1)), return_exceptions=True
    )
    assert [type(one) for one in told] == [StoreUnavailable] * 2
    assert len(calls.made) == 1


async def test_who_gives_up_takes_no_other_along(calls: Calls) -> None:
    first, second = await _sent(together(calls), (answer("r1"), 1), (answer("r2", "bob"), 1))
    first.cancel()
    calls.open.set()
    assert (await second).results[0].id == "r2"
    assert (await asyncio.gather(first, return_exceptions=True))[0].__class__ is asyncio.CancelledError


async def test_an_answer_that_cannot_be_told_takes_no_other_along(
    calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    recording = together(calls)
    calls.open.set()

    def gone(_: Receipt | Exception) -> None:
        raise RuntimeError("nobody there")

    recording.ask(answer("r1"), 1, gone)
    (second,) = await _sent(recording, (answer("r2", "bob"), 1))
    assert (await second).results[0].id == "r2"
    assert calls.made == [(["r1", "r2"], 1)]
    assert "could not be told" in caplog.text


async def test_who_ask_what_comes_next_are_told_what_each_would_be_alone(tutor: Tutor) -> None:
    names = [f"s{n}" for n in range(6)]
    await tutor.record([answer(f"r-{name}", name) for name in names[:4]])
    await tutor.notebook.add("s1", "pin", "Ms Lee", {"item_id": "add-2"}, "")
    for n in (1, 3):
        found = await asyncio.gather(*[tutor.next_one(name, n) for name in [*names, "s0"]])
        assert [one.student_id for one in found] == [*names, "s0"]
        assert found == [await following(tutor, name, n) for name in [*names, "s0"]]
        assert all(len(one.recommendations) == n for one in found)


async def test_without_a_catalog_each_is_told(store: Store) -> None:
    bare = await bare_tutor(store)
    told = await asyncio.gather(*[bare.next_one(name, 1) for name in "ab"], return_exceptions=True)
    assert [type(one) for one in told] == [NoCatalog] * 2
    await close(bare)
