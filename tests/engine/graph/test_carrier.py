"""Folding in pieces, through snapshots, is folding at once; foreign bytes are refused."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.graph.test_belief import after, known, of_chain, of_course

PLAIN_ONE, FULL = of_chain(), of_course(ability=0.8, pace_of_ability=0.3, pace=0.4, forget=0.01)
answers = st.lists(st.tuples(st.integers(0, 40), st.sampled_from([0.0, 0.3, 1.0])), max_size=12)


@given(answers, st.integers(0, 12))
@settings(deadline=None, max_examples=60)
def test_a_history_folded_through_a_snapshot_is_the_history_folded_at_once(
    given: list[tuple[int, float]], cut: int
) -> None:
    whole = after(FULL, *given)
    half = FULL.load(FULL.dump(after(FULL, *given[:cut])))
    items, scores = (np.array([one[at] for one in given[cut:]], kind) for at, kind in ((0, np.int64), (1, float)))
    assert FULL.fold(items, scores, half).tobytes() == whole.tobytes()
    assert FULL.load(FULL.dump(whole)).tobytes() == whole.tobytes()


def test_a_snapshot_holds_what_was_moved_and_no_more() -> None:
    none, one = (len(PLAIN_ONE.dump(after(PLAIN_ONE, *given))) for given in ([], [(0, 1.0)]))
    assert one - none == 2 + 4, "of one point x of the first skill, and x and y of the one that builds on it"
    assert len(FULL.dump(FULL.empty)) == 4 + 15 * 4 + 1


@pytest.mark.parametrize("wrong", [b"", b"\0" * 3, b"\0" * 70, b"\xff" * 90])
def test_bytes_that_are_no_snapshot_are_refused(wrong: bytes) -> None:
    with pytest.raises((ValueError, struct.error)):
        FULL.load(wrong)


def test_what_is_said_of_a_skill_travels_but_teaches_nothing() -> None:
    state = after(PLAIN_ONE, (12, 1.0))
    start = PLAIN_ONE.outlook(state)[0]
    praised = PLAIN_ONE.outlook(PLAIN_ONE.judged(state, 1, 1.0, 5.0))[0]
    blamed = PLAIN_ONE.outlook(PLAIN_ONE.judged(state, 1, 0.0, 5.0))[0]
    assert (praised > start).all()
    assert (blamed < start).all()
    assert PLAIN_ONE.outlook(PLAIN_ONE.judged(state, 1, 0.5, 0.0))[0] == pytest.approx(start, abs=1e-3)
    assert PLAIN_ONE.judged(state, 1, 1.0, 5.0)[-1] == state[-1], "it is no answer"


def test_a_state_is_never_written_to() -> None:
    state = after(FULL, (0, 1.0))
    before = state.copy()
    FULL.fold(np.array([11]), np.array([0.0]), state)
    FULL.judged(state, 0, 1.0, 3.0)
    assert (state == before).all()
    assert known(FULL)[0] != FULL.outlook(state)[0][0]
