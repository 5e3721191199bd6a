"""How Toast writes times and business dates, and reads them."""

import re
from datetime import datetime
from functools import cache, lru_cache

import msgspec

from pos_pipeline.sandbox.shop.clock import DAY, MILLISECOND, SECOND, Instant, date_of, instant_of
from pos_pipeline.sandbox.toast.errors import invalid

Json = dict[str, object]

NEVER = "1970-01-01T00:00:00.000+0000"
"""What stands for a deletion that did not happen."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d{4})")
_BUSINESS_DATE = re.compile(r"\d{8}")
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")

encode = msgspec.json.Encoder(decimal_format="number").encode
"""JSON with amounts of money as numbers."""


@cache
def _date(day: int) -> str:
    return date_of(day).isoformat()


def stamp(instant: Instant) -> str:
    """A response's timestamp: UTC, milliseconds, an offset without colon. Cut, not rounded."""
    return f"{_clock(instant)}+0000"


def envelope_stamp(instant: Instant) -> str:
    """A webhook envelope's timestamp, which alone ends in Z."""
    return f"{_clock(instant)}Z"


@lru_cache(maxsize=1024)
def _clock(instant: Instant) -> str:
    day, rest = divmod(instant, DAY)
    seconds, fraction = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    return f"{_date(day)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}.{fraction // MILLISECOND:03}"


@cache
def business_date(day: int) -> int:
    """A business day (days since 1970) as payloads carry it, such as 20260314."""
    date = date_of(day)
    return date.year * 10_000 + date.month * 100 + date.day


def parse_time(text: str, field: str) -> Instant:
    """The instant a client wrote. Milliseconds and an offset without colon are required; `Z` is let through.

    Raises:
        ToastError: 400.
    """
    if not _TIME.fullmatch(text):
        raise invalid(f"{field} '{text}' does not match the format yyyy-MM-dd'T'HH:mm:ss.SSSZ")
    try:
        return instant_of(datetime.fromisoformat(text))
    except ValueError:
        raise invalid(f"{field} '{text}' is not a date") from None


def parse_business_date(text: str, field: str) -> int:
    """The business date a client wrote, such as 20260314.

    Raises:
        ToastError: 400.
    """
    if not _BUSINESS_DATE.fullmatch(text):
        raise invalid(f"{field} '{text}' does not match the format yyyyMMdd")
    return int(text)


def parse_guid(text: str) -> str:
    """A GUID a client wrote.

    Raises:
        ToastError: 400.
    """
    if not _GUID.fullmatch(text):
        raise invalid(f"'{text}' is not a valid GUID")
    return text


def parse_whole(text: str | None, field: str, default: int) -> int:
    """A positive number a client wrote, or the default.

    Raises:
        ToastError: 400.
    """
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise invalid(f"{field} '{text}' must be a positive integer")
    return int(text)
