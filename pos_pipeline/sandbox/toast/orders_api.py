"""`/orders/v2`: orders in bulk and singly, payments by date and singly."""

import time
from datetime import UTC, datetime
from urllib.parse import urlencode

from pos_pipeline.sandbox.shop.clock import DAY, Instant, instant_of
from pos_pipeline.sandbox.toast.book import Item
from pos_pipeline.sandbox.toast.call import Answer, Call
from pos_pipeline.sandbox.toast.errors import invalid, not_found
from pos_pipeline.sandbox.toast.payments import DATES
from pos_pipeline.sandbox.toast.render.orders import FULL_GUEST, NO_GUEST, render_payments
from pos_pipeline.sandbox.toast.wire import parse_business_date, parse_guid, parse_time, parse_whole

MOST_ROWS = 100
LONGEST_WINDOW = 31 * DAY
_EARLIEST = instant_of(datetime(2015, 12, 1, tzinfo=UTC))


def orders_bulk(call: Call) -> Answer:
    """Full orders, by modification in [startDate, endDate) or by business date, page by page.

    Beyond the last page there are no rows, and nothing says how many pages there are. Larger
    pages than 100 are cut to it; that Toast does so, too, is not documented.
    """
    page = parse_whole(call.query.get("page"), "page", 1)
    size = min(MOST_ROWS, parse_whole(call.query.get("pageSize"), "pageSize", MOST_ROWS))
    items = _wanted(call)
    earlier = items[max(0, page - 2) * size : (page - 1) * size]
    if earlier and call.cloud.faults.take_mutation():
        call.book.touch(earlier[0].guid)
        items = _wanted(call)
    rows = items[(page - 1) * size : page * size]
    guest = _guest(call)
    body = b"[" + b",".join([call.book.body(item, guest) for item in rows]) + b"]"
    return Answer(body, _links(call, page, has_next=len(items) > page * size))


def get_order(call: Call) -> Answer:
    """One order."""
    guid = parse_guid(call.path["guid"])
    item = call.book.get(guid)
    if item is None:
        raise not_found("Order", guid)
    return Answer(call.book.body(item, _guest(call)))


def list_payments(call: Call) -> Answer:
    """GUIDs of the payments made, refunded or voided on a business date; exactly one of the three is asked for."""
    asked = [name for name in DATES if call.query.get(name)]
    if len(asked) != 1:
        raise invalid(f"Exactly one of {', '.join(DATES)} must be specified")
    date = parse_business_date(call.query[asked[0]], asked[0])
    return Answer(call.book.payments.on(asked[0], date))


def get_payment(call: Call) -> Answer:
    """One payment, as its order carries it."""
    guid = parse_guid(call.path["guid"])
    sale = call.book.payments.sale_of(guid)
    item = None if sale is None else call.book.get(call.book.context.order_guid(sale))
    if item is None:
        raise not_found("Payment", guid)
    payments = render_payments(call.book.context, call.book.view(item))
    return Answer(next(payment for payment in payments if payment["guid"] == guid))


def _wanted(call: Call) -> list[Item]:
    start, end, date = (call.query.get(name) for name in ("startDate", "endDate", "businessDate"))
    if date and not start and not end:
        return call.book.of_business_date(parse_business_date(date, "businessDate"))
    if not start or not end or date:
        raise invalid("Either both startDate and endDate or businessDate must be specified")
    return call.book.modified_between(*_window(call, start, end))


def _window(call: Call, start_text: str, end_text: str) -> tuple[Instant, Instant]:
    start, end = parse_time(start_text, "startDate"), parse_time(end_text, "endDate")
    if start >= end:
        raise invalid("startDate must be before endDate")
    if start < _EARLIEST:
        raise invalid("startDate must be after 2015-12-01")
    if end - start > LONGEST_WINDOW and call.cloud.options.refuse_long_windows:
        raise invalid("The interval between startDate and endDate must not exceed one month")
    # A world that was moved on by hand is ahead of the machine's clock: up to the present means up to the world's.
    if end >= time.time_ns() // 1000:
        end = max(end, call.cloud.world.now + 1)
    return start, end


def _guest(call: Call) -> str:
    return FULL_GUEST if "guest.pi:read" in call.scopes else NO_GUEST


def _links(call: Call, page: int, *, has_next: bool) -> list[tuple[str, str]]:
    """One header line per relation; there is no `last`."""
    pages = {"first": 1, "self": page}
    if page > 1:
        pages["prev"] = page - 1
    if has_next:
        pages["next"] = page + 1
    return [
        ("link", f'<{call.url}?{urlencode({**call.query, "page": number})}>; rel="{relation}"')
        for relation, number in pages.items()
    ]
