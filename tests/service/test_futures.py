"""What is begun runs at once as far as it can, and then goes on as if it had been awaited from the beginning; what came
of a call is told to who waits."""

from __future__ import annotations

import asyncio

import pytest

from service.futures import begun, resolve


class Steps:
    """A coroutine that tells how far it is, and waits twice."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.waits = [asyncio.get_running_loop().create_future() for _ in range(2)]

    async def run(self) -> str:
        try:
            for number, wait in enumerate(self.waits):
                self.done.append(f"before {number}")
                self.done.append(await wait)
        except ValueError as fault:
            self.done.append(f"caught {fault}")
        finally:
            self.done.append("end")
        return "told"


async def test_it_runs_to_its_first_wait_and_is_awaited_for_the_rest() -> None:
    steps = Steps()
    work = begun(steps.run())
    assert steps.done == ["before 0"]
    for number, wait in enumerate(steps.waits):
        wait.get_loop().call_later(0.001 * (number + 1), wait.set_result, f"after {number}")
    assert await work == "told"
    assert steps.done == ["before 0", "after 0", "before 1", "after 1", "end"]


async def test_what_it_waits_for_may_have_come_before_it_is_awaited() -> None:
    steps = Steps()
    work = begun(steps.run())
    for wait in steps.waits:
        wait.set_result("there")
    await asyncio.sleep(0)
    assert steps.done == ["before 0"], "nobody runs it in between"
    assert await work == "told"


async def test_a_fault_of_what_it_waits_for_is_its_own_to_catch() -> None:
    steps = Steps()
    work = begun(steps.run())
    steps.waits[0].set_exception(ValueError("no"))
    assert await work == "told"
    assert steps.done == ["before 0", "caught no", "end"]


async def test_what_it_does_not_catch_is_raised_where_it_came_up() -> None:
    async def fails(early: bool) -> None:
        if not early:
            await asyncio.sleep(0)
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        begun(fails(early=True))
    late = begun(fails(early=False))
    with pytest.raises(LookupError, match="gone"):
        await late


async def test_one_that_waits_for_nothing_has_its_result() -> None:
    async def ready() -> int:
        return 3

    assert await begun(ready()) == 3


async def test_who_awaits_it_may_be_cancelled_and_it_sees_it() -> None:
    steps = Steps()
    inside = asyncio.Event()

    async def awaits() -> str:
        work = begun(steps.run())
        inside.set()
        return await work

    task = asyncio.create_task(awaits())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps.done == ["before 0", "end"]
    assert steps.waits[0].cancelled()


async def test_its_time_limit_counts_for_who_awaits_it() -> None:
    async def slow() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await begun(slow())


async def test_one_that_nobody_awaits_ends_with_its_owner() -> None:
    steps = Steps()
    work = begun(steps.run())
    del work
    assert steps.done == ["before 0", "end"]


async def test_who_waits_is_told_and_who_gave_up_is_left_alone() -> None:
    given, raised, gave_up = (asyncio.get_running_loop().create_future() for _ in range(3))
    gave_up.cancel()
    for future, outcome in ((given, 1), (raised, LookupError("gone")), (gave_up, 2), (given, 3)):
        resolve(future, outcome)
    assert await given == 1
    with pytest.raises(LookupError, match="gone"):
        await raised
    assert gave_up.cancelled()
