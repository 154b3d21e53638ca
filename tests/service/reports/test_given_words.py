"""Words for what was recommended."""

from engine.recommending.reasons import FOR_STUDENT
from service.reports.given_words import REASONS, reason


def test_every_code_of_the_engine_has_words() -> None:
    assert set(REASONS) == set(FOR_STUDENT)
    assert reason("stuck").startswith("stuck")
    assert reason("of an older version") == "of an older version"
