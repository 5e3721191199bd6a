"""Reading Toast: six streams of one restaurant.

    orders         GET /orders/v2/ordersBulk      by modification, in slices of a page           orders.py
    payments       GET /orders/v2/payments[/..]   by business date of refund and void, one by one payments.py
    menus          GET /menus/v2/menus            whole, when published anew                     reference.py
    employees      GET /labor/v1/employees        whole, those who left included
    configuration  GET /config/v2/<resource>      seven lists, archived rows left out by Toast
    restaurants    GET /restaurants/v1/..         one object

Sources: Toast's developer guides and API descriptions (orders 2.9.0, menus 2.4.1, partners 1.0.1, labor
1.9.0, restaurants 1.0.0), read 2026-11-22; see README.md here.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pos_pipeline.errors import MissingScope, Retryable, Unauthorised, UnexpectedPayload
from pos_pipeline.provider import Api, Page, Position, Reading, Source, Stream, Window
from pos_pipeline.providers.toast import reference
from pos_pipeline.providers.toast.orders import EARLIEST, read_orders
from pos_pipeline.providers.toast.payments import DAY, dates_of, read_payments

LATE = timedelta(hours=1)
"""How late an order may become visible behind those modified after it. Toast names no figure."""
AHEAD = timedelta(days=7)
"""A live reading reaches so far beyond our present: it wants all there is, and clocks differ."""
UNTOLD = 3 * DAY
"""How long after it happened a refund or a void may get onto the list of its business date."""
REFERENCE_REFRESH = timedelta(hours=1)

STREAMS = (
    Stream(
        "orders",
        "What was sold and paid: one row per version of an order with its checks, selections and payments.",
        Reading.WINDOWED,
        scope="orders:read",
        overlap=LATE,
        counts_as_transactions=True,
    ),
    Stream(
        "payments",
        "Payments given back or voided, found by the business date of that.",
        Reading.WINDOWED,
        scope="orders:read",
        overlap=UNTOLD,
        refresh_after=REFERENCE_REFRESH,
    ),
    Stream(
        "menus",
        "The published menu, whole, one row each time it was published.",
        Reading.FEED,
        scope="menus:read",
        overlap=timedelta(0),
        refresh_after=timedelta(minutes=30),
    ),
    Stream(
        "employees",
        "Servers past and present; orders and payments name them by id only.",
        Reading.SNAPSHOT,
        scope="labor.employees:read",
        refresh_after=REFERENCE_REFRESH,
    ),
    Stream(
        "configuration",
        "Payment types, dining options, discounts, sales categories, service charges, tax rates, revenue centers.",
        Reading.SNAPSHOT,
        scope="config:read",
        refresh_after=REFERENCE_REFRESH,
    ),
    Stream(
        "restaurants",
        "The restaurant with time zone, currency and closeout hour.",
        Reading.SNAPSHOT,
        scope="restaurants:read",
        refresh_after=REFERENCE_REFRESH,
        describes_locations=True,
    ),
)


def read_stream(
    api: Api, source: Source, stream: str, since: Position | None = None, window: Window | None = None
) -> Iterator[Page]:
    """Pages of one stream; see `Provider.read`."""
    try:
        yield from _read(api, source, stream, since if isinstance(since, datetime) else None, window)
    except MissingScope:
        _require_connection(api, source.merchant_id)
        raise


def _read(api: Api, source: Source, stream: str, start: datetime | None, window: Window | None) -> Iterator[Page]:
    restaurant = source.merchant_id
    if stream in {"orders", "payments"} and restaurant in source.switched_off:
        return
    if stream == "orders":
        yield from _orders(api, restaurant, start, window, source.now)
    elif stream == "payments":
        yield from _payments(api, restaurant, start, window, source.now)
    elif stream == "menus":
        yield from reference.read_menus(api, restaurant, start)
    elif stream == "employees":
        yield from reference.read_employees(api, restaurant, source.now)
    elif stream == "configuration":
        yield from reference.read_settings(api, restaurant, source.now)
    elif stream == "restaurants":
        yield from reference.read_restaurant(api, restaurant, source.now)
    else:
        raise UnexpectedPayload(f"toast: there is no stream {stream!r}; expected one of {[s.name for s in STREAMS]}")


def _orders(api: Api, restaurant: str, since: datetime | None, window: Window | None, now: datetime) -> Iterator[Page]:
    """Orders of a span. A position that a false date has put into the future does not end live readings."""
    if window is not None:
        return read_orders(api, restaurant, window.start, window.end)
    return read_orders(api, restaurant, min(since or EARLIEST, now - LATE), now + AHEAD)


def _payments(
    api: Api, restaurant: str, since: datetime | None, window: Window | None, now: datetime
) -> Iterator[Page]:
    """Payments of a span's business dates.

    A live reading has read every date up to now, whether there was anything or not, and that is how far it
    has come. Its first date is the first one that lies whole within the overlap, whose rows are recognised.
    """
    if window is not None:
        yield from read_payments(api, restaurant, *dates_of(max(window.start, EARLIEST), window.end))
        return
    start = min(since or EARLIEST, now - UNTOLD)
    yield from read_payments(api, restaurant, *dates_of(start + 2 * DAY, now))
    yield Page((), position=now)


def _require_connection(api: Api, restaurant: str) -> None:
    """Tell a scope that is missing from a restaurant that is gone: that one does not even show itself.

    Raises:
        Unauthorised: it does not.
    """
    try:
        reference.read_location(api, restaurant)
    except MissingScope as refusal:
        raise Unauthorised(
            f"toast: restaurant {restaurant} does not let us read anything: it has removed our integration, or its "
            f"credentials do not cover it any more ({str(refusal).removesuffix('.')})."
        ) from None
    except (Retryable, UnexpectedPayload):
        return  # then it is not known, and the stream's own refusal stands
