"""One sale, one payment, and the search of sales by date."""

from pos_pipeline.sandbox.lightspeed.call import Call
from pos_pipeline.sandbox.lightspeed.errors import LightspeedError, invalid, not_found
from pos_pipeline.sandbox.lightspeed.item import Item, whole_second
from pos_pipeline.sandbox.lightspeed.render.sales import render_payments
from pos_pipeline.sandbox.lightspeed.wire import encode
from pos_pipeline.sandbox.shop.clock import SECOND

SEARCH_ROWS = 100
_ALWAYS = 2**63
_ORDERS = ("sale_date", "created_at", "updated_at", "version")


def get_sale(call: Call) -> bytes:
    """One sale, deleted or not."""
    item = call.book.get(call.path["sale_id"])
    if item is None:
        raise not_found("Sale")
    return b'{"data":' + call.book.body(item) + b"}"


def get_payment(call: Call) -> bytes:
    """One payment, wherever it is; the retailer's sales are looked through, newest first."""
    wanted = call.path["payment_id"]
    for identifier in reversed(call.book.by_version.ids(None, None)):
        item = call.book[identifier]
        for payment in render_payments(call.book.context, call.book.bill(item), item.id):
            if payment["id"] == wanted:
                return b'{"data":' + encode(payment) + b"}"
    raise LightspeedError(404, {"error": {"code": 404, "message": "payment not found"}})


def search(call: Call) -> bytes:
    """Sales out of the search index: no version block, no promise to be up to date.

    Our reading of the two limits on `sale_date`: `date_from` is included, `date_to` is not.
    """
    if call.query.get("type") != "sales":
        raise invalid("type", "the sandbox searches sales only")
    order = call.query.get("order_by") or _ORDERS[0]
    direction = call.query.get("order_direction") or "desc"
    if order not in _ORDERS:
        raise invalid("order_by", f"must be one of {', '.join(_ORDERS)}")
    if direction not in ("asc", "desc"):
        raise invalid("order_direction", "must be asc or desc")
    found = _found(call)
    if order != _ORDERS[0]:
        found.sort(key=lambda item: (_place(item, order), item.id))
    if direction == "desc":
        found.reverse()
    offset = call.whole_number("offset", 0)
    size = call.page_size(SEARCH_ROWS, call.cloud.options.search_page_rows)
    page = found[offset : offset + size]
    return b'{"data":[' + b",".join([call.book.body(item) for item in page]) + b"]}"


def _found(call: Call) -> list[Item]:
    """What was asked for, as far as the index knows, by date and id."""
    query, context = call.query, call.book.context
    lag = int(call.cloud.faults.switches.search_lag_seconds * SECOND)
    known_until = call.now - lag if lag else _ALWAYS
    with_deleted = call.wants_deleted
    statuses = frozenset(query.getlist("status"))
    outlet_id, wanted_id = query.get("outlet_id"), query.get("_id")
    location_key = next((key for key, known in context.outlet_ids.items() if known == outlet_id), None)
    if outlet_id and location_key is None:
        return []
    ids = call.book.by_date.ids(call.time("date_from"), call.time("date_to"))
    found = [
        item
        for item in map(call.book.__getitem__, ids)
        if item.changed_at <= known_until
        and (with_deleted or not item.is_deleted)
        and (not statuses or item.status in statuses)
        and (location_key is None or item.sale.location_key == location_key)
        and (not wanted_id or item.id == wanted_id)
    ]
    people = {name: query[name] for name in ("customer_id", "user_id") if query.get(name)}
    return [item for item in found if people.items() <= _people_of(call, item).items()] if people else found


def _people_of(call: Call, item: Item) -> dict[str, str]:
    bill, context = call.book.bill(item), call.book.context
    return {"customer_id": context.customer_id(bill.customer), "user_id": context.user_id(bill.cashier)}


def _place(item: Item, order: str) -> int:
    if order == "version":
        return item.version
    return whole_second(item.changed_at if order == "updated_at" else item.sale.arrived_at)
