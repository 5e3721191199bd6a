"""How X-Series writes times and amounts, and reads times.

Amounts are JSON numbers in major units with up to five decimals. Here they are integers, hundred-thousandths
of the major unit ("fifths" in names), until they are written.
"""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache

import msgspec

from pos_pipeline.sandbox.lightspeed.errors import invalid
from pos_pipeline.sandbox.shop.clock import DAY, SECOND, Instant, date_of, instant_of

Json = dict[str, object]
ONE = 100_000
"""One major unit."""

encode = msgspec.json.Encoder(decimal_format="number").encode


@cache
def _date(day: int) -> str:
    return date_of(day).isoformat()


def stamp(instant: Instant, joiner: str = "T", zone: str = "+00:00") -> str:
    """The instant in UTC cut to seconds; the webhooks' older shape has other joiners and zones."""
    day, rest = divmod(instant, DAY)
    minutes, second = divmod(rest // SECOND, 60)
    return f"{_date(day)}{joiner}{minutes // 60:02}:{minutes % 60:02}:{second:02}{zone}"


def parse_time(value: str, field: str) -> Instant:
    """The instant a client wrote; without a zone it is UTC.

    Raises:
        LightspeedError: 422 it is not ISO 8601.
    """
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise invalid(field, "must be a UTC timestamp such as 2016-08-08T12:00:00Z") from None
    return instant_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


@lru_cache(maxsize=65_536)
def number(fifths: int) -> int | Decimal:
    """An amount as a JSON number, without trailing zeros."""
    whole, rest = divmod(fifths, ONE)
    return Decimal(fifths).scaleb(-5).normalize() if rest else whole


def text(fifths: int) -> str:
    """An amount as the webhooks' older shape writes it: a string with five decimals."""
    whole, rest = divmod(abs(fifths), ONE)
    return f"{'-' if fifths < 0 else ''}{whole}.{rest:05}"


def quantity(milli: int) -> int | Decimal:
    """Thousandths as a JSON number."""
    return number(milli * (ONE // 1000))


def divide(numerator: int, denominator: int) -> int:
    """The quotient rounded, halves away from zero; `denominator` is positive."""
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient
