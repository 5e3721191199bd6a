"""How Square writes times and money, and reads times."""

from datetime import UTC, datetime
from functools import cache

from pos_pipeline.sandbox.shop.clock import DAY, SECOND, Instant, date_of, instant_of
from pos_pipeline.sandbox.square.errors import invalid

Json = dict[str, object]


@cache
def _date(day: int) -> str:
    return date_of(day).isoformat()


def rfc3339(instant: Instant) -> str:
    """The instant in UTC with none to nine fractional digits, as it comes; never rounded."""
    day, rest = divmod(instant, DAY)
    seconds, fraction = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    stamp = f"{_date(day)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}"
    if fraction == 0:
        return f"{stamp}Z" if second % 2 else f"{stamp}.000Z"
    digits = f"{fraction:06}"
    if digits.endswith("000"):
        return f"{stamp}.{digits.rstrip('0')}Z" if second % 3 == 0 else f"{stamp}.{digits[:3]}Z"
    return f"{stamp}.{digits}000Z" if second % 3 == 0 else f"{stamp}.{digits.rstrip('0')}Z"


def whole_seconds(instant: Instant) -> str:
    """The instant cut to seconds, as tenders and token expiries carry it."""
    return datetime.fromtimestamp(instant // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: object, field: str) -> Instant:
    """The instant a client wrote.

    Raises:
        SquareError: 400 INVALID_TIME when it is not RFC 3339 with a zone.
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid("INVALID_TIME", f"`{field}` is not a valid RFC 3339 timestamp", field)
    return instant_of(moment)


def money(amount: int, currency: str) -> Json:
    """Square's Money."""
    return {"amount": amount, "currency": currency}


def quantity(milli: int) -> str:
    """Thousandths as Square's decimal text: whole numbers bare, weights with three places."""
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli // 1000}.{milli % 1000:03}"
