"""Time as the simulated shops keep it.

Every moment is an `Instant`: whole microseconds since 1970, UTC, so that 100,000 sales sort,
compare and hash at the price of an integer. Local time exists only here.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

Instant = int
"""Microseconds since 1970-01-01T00:00:00Z."""

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date().toordinal()


def instant_of(moment: datetime) -> Instant:
    """The instant of an aware datetime, exact."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def datetime_of(instant: Instant) -> datetime:
    """The aware UTC datetime of an instant, exact."""
    return _EPOCH + timedelta(microseconds=instant)


def day_of(instant: Instant) -> int:
    """Days since 1970-01-01 in UTC."""
    return instant // DAY


def date_of(day: int) -> date:
    """The calendar date `day` days after 1970-01-01."""
    return date.fromordinal(_EPOCH_DAY + day)


@cache
def hour_starts(timezone: str, day: int) -> tuple[Instant, ...]:
    """Instants at which the local hours 0 to 29 of a local day begin; 24 and later are the next morning.

    An hour that the spring clock change skips begins together with the one after it.
    """
    zone, first = ZoneInfo(timezone), date_of(day)
    return tuple(
        instant_of(
            datetime(first.year, first.month, first.day, tzinfo=zone) + timedelta(days=hour // 24, hours=hour % 24)
        )
        for hour in range(30)
    )


@cache
def _utc_offset(timezone: str, quarter: int) -> int:
    """Microseconds local time is ahead of UTC in the given quarter of an hour since 1970."""
    offset = datetime_of(quarter * 15 * MINUTE).astimezone(ZoneInfo(timezone)).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)


def local_day(timezone: str, instant: Instant, day_closes_at: Instant = 0) -> int:
    """The shop's business day (days since 1970) of an instant.

    `day_closes_at` is how long after midnight, on the shop's clock, its day ends, in microseconds.
    """
    return (instant + _utc_offset(timezone, instant // (15 * MINUTE)) - day_closes_at) // DAY
