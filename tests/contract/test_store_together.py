"""Several callers, several stores, and the end of a store: asked of every store."""

from __future__ import annotations

import asyncio

import pytest

from service.store import open_store
from service.store.base import Outcome, Store, StoreUnavailable
from tests.contract.histories import TAG, event_of, record_of, whole_log, write

RECORDED, REPLAYED = Outcome.RECORDED, Outcome.REPLAYED


class TestTogether:
    async def test_the_same_ids_from_two_stores_are_recorded_exactly_once(self, store: Store, store_url: str) -> None:
        other = await open_store(store_url)
        writes = [write(f"s{number % 7}", f"r{number}") for number in range(210)]
        try:
            answers = await asyncio.gather(*(one.record([w], TAG) for w in writes for one in (store, other)))
        finally:
            await other.close()
        outcomes = [answer[0].outcomes[0] for answer, _ in answers]
        for first, second in zip(outcomes[::2], outcomes[1::2], strict=True):
            assert {first, second} == {RECORDED, REPLAYED}
        states, _ = await store.read([f"s{number}" for number in range(7)], b"")
        for number, state in enumerate(states):
            history = {state.records[start : start + 32] for start in range(0, len(state.records), 32)}
            assert state.length == len(history) == 30
            assert history == {record_of(f"r{one}") for one in range(number, 210, 7)}
        assert sorted(await whole_log(store)) == sorted(event_of(f"r{number}") for number in range(210))

    async def test_each_answer_is_a_prefix_of_the_final_history(self, store: Store) -> None:
        answers = await asyncio.gather(*(store.record([write("s", f"r{number}")], b"") for number in range(50)))
        (final,), _ = await store.read(["s"], b"")
        assert sorted(answer[0].state.length for answer, _ in answers) == list(range(1, 51))
        for (answer,), _ in answers:
            assert final.records.startswith(answer.state.records)
            assert len(answer.state.records) == 32 * answer.state.length

    async def test_a_cancelled_caller_disturbs_no_other(self, store: Store) -> None:
        tasks = [asyncio.create_task(store.record([write(f"s{number}", "r1")], TAG)) for number in range(40)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        for answer in answers[1::2]:
            assert not isinstance(answer, BaseException)
            assert answer[0][0].state.length == 1

    async def test_close_finishes_what_was_accepted(self, store: Store, store_url: str) -> None:
        tasks = [asyncio.create_task(store.record([write("s", f"r{number}")], TAG)) for number in range(50)]
        await asyncio.sleep(0)
        await store.close()
        assert all(answer[0].outcomes == [RECORDED] for answer, _ in await asyncio.gather(*tasks))
        again = await open_store(store_url)
        assert (await again.read(["s"], TAG))[0][0].length == 50
        await again.close()

    async def test_after_close_the_store_is_unavailable(self, store: Store) -> None:
        await store.ping()
        await store.close()
        await store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            await store.record([write("s", "r1")], TAG)
        with pytest.raises(StoreUnavailable, match="closed"):
            await store.ping()
