"""The judge of the fits is judged by sums over all hidden paths."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.bench import exact, frames
from tests.models import oracle


def test_log_likelihood_is_the_sum_over_all_paths() -> None:
    answers = {1: [1, 0, 1], 2: [1, 0, 1], 3: [0], 4: [1, 1, 1, 0]}
    rows = [(student, "a+b", right) for student, given in answers.items() for right in given]
    strings = exact.strings(pd.DataFrame(rows, columns=["student_id", "skill_ids", "correct"]))["a+b"]
    prior, learn, guess, slip, forget = 0.3, 0.2, 0.25, 0.1, 0.15
    truth = sum(np.log(oracle.likelihood(np.array([prior, learn, guess, slip, forget]), g)) for g in answers.values())

    one_step = np.array([prior, learn * (1 - forget), forget, guess, slip])

    assert len(strings.weight) == 3
    assert exact.log_likelihood(strings, one_step) == pytest.approx(truth, abs=1e-9)


def test_reference_climb_gains_from_more_starts_and_passes_a_guess() -> None:
    frame = frames.simulated(400, 2, 2, 6, seed=3)
    strings = exact.strings(frame)
    few, many = exact.best_of(strings, 2), exact.best_of(strings, 8)

    for skill, of in strings.items():
        assert many[skill] >= few[skill]
        assert many[skill] >= exact.log_likelihood(of, np.array([0.4, 0.2, 0.0, 0.2, 0.1]))
