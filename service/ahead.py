"""What will most likely come of a call, worked out while the store has it.

Nearly always a response is new, and what this process holds of its student is what the store has: where the student
stands after it, and what comes next, need not wait for the store, only be kept back until it has answered. What it
says decides: a fold counts where it is of the same records on the same state, and a choice where it is for that very
state. Both are what would be worked out now, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from engine.recommend import Choice
from engine.responses import unpack
from engine.tracing import AnyState
from service.futures import begun
from service.serving import Serving
from service.views import Next

if TYPE_CHECKING:
    from service.states import Kept

T = TypeVar("T")
Standing = tuple[str, AnyState]  # a student, and where they stand
Chosen = tuple[Next, Choice]

MANY = 64
"""Students beyond which nothing is worked out ahead: the parts of a large call fill the time by themselves."""

DOUBT, PACE, AGAIN = 0.5, 0.1, 32
"""Where less than half of what was worked out came true of late (another process answers the same students), only
every 32nd call is tried."""


class Worked:
    """What was worked out for one call."""

    __slots__ = ("_choices", "_states")

    def __init__(self) -> None:
        self._states: dict[str, tuple[AnyState, bytes, AnyState]] = {}
        self._choices: dict[str, tuple[AnyState, Chosen]] = {}

    def fold(self, serving: Serving, student: str, base: AnyState, records: bytes) -> AnyState | None:
        """The state after these records. None where one is older than what was folded: it takes the whole history."""
        history = unpack(records)
        if serving.tracer.late(history, base):
            return None
        state = serving.tracer.fold(history, base)
        self._states[student] = base, records, state
        return state

    def choose(self, who: Sequence[Standing], choices: Sequence[Chosen]) -> None:
        """Keep what would be given to each."""
        for (student, state), chosen in zip(who, choices, strict=True):
            self._choices[student] = state, chosen

    def state(self, student: str, base: AnyState, records: bytes) -> AnyState | None:
        """The fold of these records on ``base``, where it was made."""
        found = self._states.get(student)
        return found[2] if found is not None and found[0] is base and found[1] == records else None

    def choice(self, student: str, state: AnyState) -> Chosen | None:
        """What is given to the student in this state, where it was chosen."""
        found = self._choices.get(student)
        return found[1] if found is not None and found[0] is state else None

    def came_true(self, who: Sequence[str], states: Sequence[AnyState]) -> float | None:
        """The share of the folds that are where the students stand now; None where none was made."""
        made = [
            self._states[student][2] is state
            for student, state in zip(who, states, strict=True)
            if student in self._states
        ]
        return sum(made) / len(made) if made else None


NOTHING = Worked()


class Ahead:
    """Works ahead, one a process. ``choose`` gives one item to each of several students; ``apart``: the store works in
    another process. One in a thread of this one would only wait for the interpreter longer."""

    def __init__(self, choose: Callable[[Serving, int, Sequence[Standing]], Sequence[Chosen]], apart: bool) -> None:
        self._choose, self._apart, self._trust, self._calls = choose, apart, 1.0, 0

    async def beside(
        self,
        asked: Coroutine[Any, Any, T],
        serving: Serving,
        likely: Iterable[tuple[str, bytes]],
        held: Mapping[str, Kept],
        choose: bool,
        at: int,
    ) -> tuple[T, Worked]:
        """What the store says to what is ``asked``, and what was worked out meanwhile. ``likely``: the students, and
        the records that will be new."""
        self._calls += 1
        doubted = self._trust < DOUBT and self._calls % AGAIN > 0
        if not self._apart or not 0 < len(held) <= MANY or doubted:
            return await asked, NOTHING
        answer = begun(asked)
        worked = self._worked(serving, likely, held, choose, at)
        return await answer, worked

    def _worked(
        self, serving: Serving, likely: Iterable[tuple[str, bytes]], held: Mapping[str, Kept], choose: bool, at: int
    ) -> Worked:
        worked, who = Worked(), []
        for student, records in likely:
            if (one := held.get(student)) is None:
                continue
            if (state := worked.fold(serving, student, one.state, records)) is not None:
                who.append((student, state))
        if choose:
            worked.choose(who, self._choose(serving, at, who))
        return worked

    def learn(self, worked: Worked, who: Sequence[str], states: Sequence[AnyState]) -> None:
        """See whether it was worth it: ``states`` is where the students stand."""
        share = worked.came_true(who, states)
        if share is not None:
            self._trust += PACE * (share - self._trust)
