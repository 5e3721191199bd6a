"""Which part of a shop's past a discrepancy speaks of."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pos_pipeline.consumer.messages import ValidationDiscrepancy
from pos_pipeline.consumer.poison import Poison
from pos_pipeline.provider import Window

MAX_WINDOW = timedelta(days=366)
MAX_AGE = timedelta(days=3650)
EVERYWHERE = timedelta(hours=14)
"""By as much a local day may begin before the UTC day, or end after it, where the shop's time zone is not known."""


def window_of(discrepancy: ValidationDiscrepancy, timezone: str, day_closes_at: time, now: datetime) -> Window:
    """The window to read again, UTC, which never reaches past `now`.

    Raises:
        Poison: `impossible_window`: it is empty, has not begun, is longer than a year or older than ten.
    """
    if discrepancy.business_date is not None:
        last = discrepancy.last_business_date or discrepancy.business_date
        window = _business_days(discrepancy.business_date, last, timezone, day_closes_at)
    else:
        assert discrepancy.window_start is not None  # noqa: S101 - the struct sees to it
        assert discrepancy.window_end is not None  # noqa: S101
        window = Window(discrepancy.window_start.astimezone(UTC), discrepancy.window_end.astimezone(UTC))
    if window.end <= window.start:
        raise Poison("impossible_window", "the window ends before it starts.")
    if window.start >= now:
        raise Poison("impossible_window", "the window has not begun.")
    if window.start < now - MAX_AGE or window.end - window.start > MAX_WINDOW + 2 * EVERYWHERE:
        raise Poison(
            "impossible_window",
            f"the window is longer than {MAX_WINDOW.days} days, or older than {MAX_AGE.days}; ask for smaller ones.",
        )
    return Window(window.start, min(window.end, now))


def _business_days(first: date, last: date, timezone: str, day_closes_at: time) -> Window:
    try:
        after_last = last + timedelta(days=1)
        try:
            zone = ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):
            start, end = datetime.combine(first, day_closes_at, UTC), datetime.combine(after_last, day_closes_at, UTC)
            return Window(start - EVERYWHERE, end + EVERYWHERE)
        return Window(
            datetime.combine(first, day_closes_at, zone).astimezone(UTC),
            datetime.combine(after_last, day_closes_at, zone).astimezone(UTC),
        )
    except OverflowError:
        raise Poison("impossible_window", "the business date is beyond the calendar.") from None
