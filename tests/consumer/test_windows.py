"""Which part of the past a discrepancy speaks of."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

import pytest

from pos_pipeline.consumer.messages import ValidationDiscrepancy
from pos_pipeline.consumer.poison import Poison
from pos_pipeline.consumer.windows import window_of

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
MIDNIGHT = time(0)


def spoken_of(**when: Any) -> ValidationDiscrepancy:
    return ValidationDiscrepancy(tenant_id=uuid4(), pos_account_id=uuid4(), timestamp=NOW, **when)


@pytest.mark.parametrize(
    ("timezone", "closes_at", "expected"),
    [
        ("Europe/Madrid", MIDNIGHT, "2026-03-28T23:00:00Z..2026-03-29T22:00:00Z"),
        ("Europe/Madrid", time(4), "2026-03-29T02:00:00Z..2026-03-30T02:00:00Z"),
        ("America/Los_Angeles", MIDNIGHT, "2026-03-29T07:00:00Z..2026-03-30T07:00:00Z"),
        ("Somewhere/Else", MIDNIGHT, "2026-03-28T10:00:00Z..2026-03-30T14:00:00Z"),
    ],
)
def test_a_business_day_is_the_shops_own(timezone: str, closes_at: time, expected: str) -> None:
    """In its zone, moved by its closing hour, an hour shorter on the day the clocks change; wide where unknown."""
    window = window_of(spoken_of(business_date=date(2026, 3, 29)), timezone, closes_at, NOW)

    assert str(window) == expected


def test_several_business_days_are_one_window() -> None:
    """Both ends are included."""
    days = spoken_of(business_date=date(2026, 4, 1), last_business_date=date(2026, 4, 3))

    assert str(window_of(days, "UTC", MIDNIGHT, NOW)) == "2026-04-01T00:00:00Z..2026-04-04T00:00:00Z"


def test_a_window_of_times_is_taken_as_it_is_up_to_now() -> None:
    """Whatever zone it is written in; what has not happened cannot be read."""
    start, end = datetime.fromisoformat("2026-04-10T08:30:00+02:00"), datetime.fromisoformat("2026-04-11T00:00:00Z")
    window = window_of(spoken_of(window_start=start, window_end=end), "UTC", MIDNIGHT, NOW)

    assert str(window) == "2026-04-10T06:30:00Z..2026-04-10T12:00:00Z"


@pytest.mark.parametrize(
    "when",
    [
        {"window_start": NOW, "window_end": datetime(2026, 4, 11, tzinfo=UTC)},
        {"window_start": datetime(2026, 4, 2, tzinfo=UTC), "window_end": datetime(2026, 4, 2, tzinfo=UTC)},
        {"window_start": datetime(2026, 4, 3, tzinfo=UTC), "window_end": datetime(2026, 4, 2, tzinfo=UTC)},
        {"window_start": datetime(2024, 1, 1, tzinfo=UTC), "window_end": datetime(2026, 4, 2, tzinfo=UTC)},
        {"window_start": datetime(2001, 1, 1, tzinfo=UTC), "window_end": datetime(2001, 1, 2, tzinfo=UTC)},
        {"business_date": date(2026, 4, 11)},
        {"business_date": date(2026, 4, 2), "last_business_date": date(2026, 4, 1)},
        {"business_date": date.max},
        {"business_date": date.min},
    ],
)
def test_an_impossible_window_is_refused(when: dict[str, Any]) -> None:
    """Empty, backwards, not begun, too long, too old, or beyond the calendar."""
    with pytest.raises(Poison) as caught:
        window_of(spoken_of(**when), "Europe/Madrid", MIDNIGHT, NOW)

    assert caught.value.reason == "impossible_window"
