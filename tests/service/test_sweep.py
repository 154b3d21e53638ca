"""Another model was published: snapshots are folded anew at the rate, and nobody's answer mixes two models."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from engine import bundle
from engine.responses import unpack
from engine.tracing import bind
from service.serving import Servings
from service.store.base import Snapshot, Store, StoreUnavailable
from service.sweep import EVERY, PART, Sweep
from service.tutor import Tutor
from tests.service.made import NOW, answer, catalog, forgetful, model

STUDENTS = [f"s{number}" for number in range(3 * PART)]


async def publish(store: Store, version: str, learn: float = 0.3) -> None:
    await store.publish("model", version, bundle.dump(model(version, learn)))


async def answered(tutor: Tutor) -> None:
    """Everybody has answered, and has a snapshot of the model that is served."""
    await tutor.record([answer(f"r{n}", student) for student in STUDENTS for n in range(3)])
    serving = tutor.serving
    stored, _ = await tutor.store.read(STUDENTS, b"")
    folded = [serving.tracer.dump(serving.tracer.fold(unpack(one.records))) for one in stored]
    given = zip(STUDENTS, folded, strict=True)
    await tutor.store.save_snapshots([Snapshot(student, serving.tag, 3, blob) for student, blob in given])


def pausing(paused: list[float], looks: int) -> Callable[[asyncio.Event, float], Awaitable[None]]:
    """Waits for nothing, and stops after so many looks at the heads."""

    async def pause(stop: asyncio.Event, seconds: float) -> None:
        paused.append(seconds)
        if paused.count(EVERY) > looks:
            stop.set()
        await asyncio.sleep(0)

    return pause


async def swept(sweep: Sweep) -> None:
    async with asyncio.timeout(60):
        await sweep.run(asyncio.Event())


async def of_model(store: Store, version: str) -> Sequence[str]:
    """Students with a snapshot that is exactly the fold under this model."""
    tracer = bind(model(version, 0.1), catalog())
    stored, _ = await store.read(STUDENTS, tracer.tag)
    whole, _ = await store.read(STUDENTS, b"")
    return [
        student
        for student, one, all_of_it in zip(STUDENTS, stored, whole, strict=True)
        if one.snapshot == tracer.dump(tracer.fold(unpack(all_of_it.records)))
    ]


@pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)
async def test_every_snapshot_is_folded_anew_at_the_rate(tutor: Tutor) -> None:
    await answered(tutor)
    await publish(tutor.store, "2", 0.1)
    assert await of_model(tutor.store, "2") == []
    paused: list[float] = []
    await swept(Sweep(tutor.store, Servings(tutor.store), 100.0, pausing(paused, looks=3)))
    assert await of_model(tutor.store, "2") == STUDENTS
    assert sum(seconds for seconds in paused if seconds != EVERY) == pytest.approx(len(STUDENTS) / 100.0)  # once


async def test_an_answer_that_came_meanwhile_is_not_taken_back(tutor: Tutor) -> None:
    await answered(tutor)
    await publish(tutor.store, "2", 0.1)
    await tutor.servings.refresh()
    store = tutor.store

    class Meanwhile:
        """The store, with an answer of each student between reading and writing."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        async def save_snapshots(self, snapshots: Sequence[Snapshot]) -> None:
            await tutor.record([answer("late", one.student_id, at=1) for one in snapshots])
            await store.save_snapshots(snapshots)

    await swept(Sweep(Meanwhile(), Servings(store), 1e9, pausing([], looks=1)))  # type: ignore[arg-type]  # it is the store
    tracer = bind(model("2", 0.1), catalog())
    stored, _ = await store.read(STUDENTS, tracer.tag)
    for one in stored:
        assert one.length == 4
        assert len(unpack(one.records)) == 1  # it is in the tail: folded, and found to be late, with the next answer
    receipt = await tutor.record([answer("late", student, at=1) for student in STUDENTS])
    whole, _ = await store.read(STUDENTS, b"")
    for result, one in zip(receipt.results, whole, strict=True):
        state = tracer.fold(unpack(one.records))
        assert result.mastery[0].mastery == pytest.approx(tracer.standing(state, NOW).mastery[0], abs=1e-12)


async def test_a_store_that_goes_away_is_waited_for(tutor: Tutor, monkeypatch: pytest.MonkeyPatch) -> None:
    await answered(tutor)
    await publish(tutor.store, "2", 0.1)
    read, away = tutor.store.read, iter([False, True, True] + [False] * 20)

    async def sometimes(students: Sequence[str], tag: bytes) -> object:
        if next(away):
            raise StoreUnavailable("away")
        return await read(students, tag)

    monkeypatch.setattr(tutor.store, "read", sometimes)
    await swept(Sweep(tutor.store, Servings(tutor.store), 1e9, pausing([], looks=4)))
    monkeypatch.undo()
    assert await of_model(tutor.store, "2") == STUDENTS


async def test_no_answer_mixes_two_models(tutor: Tutor) -> None:
    """Models change while students answer; what each is told is the fold under the model that the answer names."""
    versions = {str(n): forgetful(str(n)) if n % 2 else model(str(n), n / 20) for n in range(1, 9)}
    tracers = {version: bind(made, catalog()) for version, made in versions.items()}
    tracers["builtin"] = tutor.serving.tracer
    done, seen = asyncio.Event(), set[str]()

    async def swapping() -> None:
        async with asyncio.timeout(120):
            for version, made in versions.items():
                await tutor.store.publish("model", version, bundle.dump(made))
                while version not in seen:
                    await asyncio.sleep(0.01)
        done.set()

    async def student(name: str) -> None:
        n = 0
        while not done.is_set() or n < 3:
            receipt = await tutor.record([answer(f"r{n}", name, f"carry-{n % 3}", at=1000 + n)], 1)
            n += 1
            (stored,), _ = await tutor.store.read([name], b"")
            tracer = tracers[receipt.model_version]
            expected = tracer.standing(tracer.fold(unpack(stored.records)), NOW - NOW % 3_600_000).mastery
            for skill in receipt.results[0].mastery:
                k = catalog().skill_index[skill.skill_id]
                assert skill.mastery == pytest.approx(expected[k], abs=1e-9), receipt.model_version
            assert receipt.next[name].model_version == receipt.model_version
            seen.add(receipt.model_version)

    async def sweeping() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(
            Sweep(tutor.store, Servings(tutor.store), 1e9, pausing([], looks=10**9)).run(stop)
        )
        await done.wait()
        stop.set()
        await running

    await asyncio.gather(swapping(), sweeping(), *(student(f"s{n}") for n in range(4)))
    assert seen >= set(versions)
