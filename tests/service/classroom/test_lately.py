"""What is kept of students is theirs, and as good as new."""

from __future__ import annotations

from engine import bundle
from service.classroom.lately import FRESH, Lately, lately
from service.classroom.pupil import Pupil
from service.tutor import Tutor
from tests.service.made import NOW, answer, forgetful

NAMES = {"ada": "Ada Lovelace", "ben": "", "new": ""}


async def record(tutor: Tutor, *students: str, first: int = 0) -> None:
    for student in students:
        await tutor.record([answer(f"r{first + n}", student, at=1000 + first + n) for n in range(5)])


async def look(tutor: Tutor, kept: Lately) -> dict[str, Pupil]:
    return {one.student_id: one for one in (await kept.pupils(tutor, NAMES))[1]}


async def test_who_has_not_answered_since_is_there_at_once(tutor: Tutor) -> None:
    kept = lately(tutor)
    await record(tutor, "ada", "ben")
    first = await look(tutor, kept)
    assert [len(one.history) for one in first.values()] == [5, 5, 0]
    await record(tutor, "ben", first=5)
    second = await look(tutor, lately(tutor))
    assert second["ada"] is first["ada"]
    assert second["new"] is first["new"]
    whole, _ = await tutor.store.read(["ben"], b"")
    assert second["ben"].history.tobytes() == whole[0].records
    assert second["ben"].skills[0].responses == 10


async def test_a_name_a_model_and_time_make_it_new(tutor: Tutor) -> None:
    kept = Lately()
    await record(tutor, "ada")
    first = (await look(tutor, kept))["ada"]
    (renamed,) = (await kept.pupils(tutor, {"ada": "Ada King"}))[1]
    assert (renamed.name, first.name) == ("Ada King", "Ada Lovelace")
    tutor.now = lambda: NOW + FRESH - 1
    assert (await kept.pupils(tutor, {"ada": "Ada King"}))[1][0] is renamed
    tutor.now = lambda: NOW + FRESH
    older = (await kept.pupils(tutor, {"ada": "Ada King"}))[1][0]
    assert older is not renamed
    assert older.now == NOW + FRESH
    await tutor.store.publish("model", "9", bundle.dump(forgetful()))
    await tutor.servings.refresh()
    serving, (other,) = await kept.pupils(tutor, {"ada": "Ada King"})
    assert other.tracer is serving.tracer is not older.tracer
    assert len(other.history) == 5


async def test_there_is_room_for_so_many(tutor: Tutor) -> None:
    await record(tutor, "ada", "ben")
    one = 3 * 5 * 32 + 600 * 3 + 1000
    kept = Lately(room=2 * one)  # who has no answers takes less, but some
    first = await look(tutor, kept)
    second = await look(tutor, kept)
    assert first["new"] is second["new"]
    assert first["ada"] is not second["ada"]
    assert second["ada"].history.tobytes() == first["ada"].history.tobytes()
