"""Business days as a caller names them, and as a shop's own clock does."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Query

from pos_pipeline.gateway.problems import Refusal

DAYS = 30
MAX_DAYS = 366
FURTHEST_AHEAD = timedelta(hours=14)
"""Somewhere it is this much later than in UTC, and a shop there may have closed its day."""


@dataclass(frozen=True)
class Period:
    """Business days from `first` to `last`, both included."""

    first: date
    last: date


def _period(
    first: Annotated[
        date | None, Query(alias="from", description=f"First business day; {DAYS} days in all when left out.")
    ] = None,
    last: Annotated[
        date | None, Query(alias="to", description=f"Last business day, at most {MAX_DAYS} in all; today if left out.")
    ] = None,
) -> Period:
    last = last or (datetime.now(UTC) + FURTHEST_AHEAD).date()
    first = first or last - min(timedelta(days=DAYS - 1), last - date.min)
    if not timedelta(0) <= last - first < timedelta(days=MAX_DAYS):
        raise Refusal(
            400, "invalid_request", f"The days go from {first} to {last}; expected 1 to {MAX_DAYS} of them, in order."
        )
    return Period(first, last)


Days = Annotated[Period, Depends(_period)]


def business_day(now: datetime, timezone: str, day_closes_at: time) -> date:
    """The day a shop is in: local date, moved by its closing hour; UTC's where the time zone is unknown."""
    try:
        local = now.astimezone(ZoneInfo(timezone))
    except (KeyError, ValueError, OSError):
        local = now.astimezone(UTC)
    closing = timedelta(hours=day_closes_at.hour, minutes=day_closes_at.minute, seconds=day_closes_at.second)
    return (local.replace(tzinfo=None) - closing).date()
