"""Days and times in the reader's country and time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from service.language import find, speaking
from service.reports.words import ago, day, iso, minute, short_day

LATE = int(datetime(2026, 3, 5, 23, 30, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("tag", "zone", "told"),
    [
        ("en", "UTC", ("5 Mar 2026", "5 Mar", "5 Mar 2026, 23:30")),
        ("en-US", "America/New_York", ("Mar 5, 2026", "Mar 5", "Mar 5, 2026, 6:30\u202fPM")),
        ("es", "Europe/Madrid", ("6 mar 2026", "6 mar", "6 mar 2026, 0:30")),
    ],
)
def test_days_and_times(tag: str, zone: str, told: tuple[str, str, str]) -> None:
    with speaking(find([tag], ZoneInfo(zone))):
        assert (day(LATE), short_day(LATE), minute(LATE)) == told
        assert iso(LATE) == "2026-03-05T23:30:00Z"


def test_yesterday_is_by_the_readers_calendar() -> None:
    later = LATE + 3_600_000
    assert ago(LATE, later) == "yesterday"
    with speaking(find(["es"], ZoneInfo("Europe/Madrid"))):
        assert ago(LATE, later) == "hoy"
        assert ago(LATE, later + 3 * 86_400_000) == "hace 3 días"
