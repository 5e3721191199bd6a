"""Payments and refunds: `GET /v2/payments`, `GET /v2/refunds` and one of each."""

from pos_pipeline.sandbox.shop.clock import DAY, Instant
from pos_pipeline.sandbox.square.call import Call, whole_number
from pos_pipeline.sandbox.square.cursors import Place
from pos_pipeline.sandbox.square.errors import forbidden, not_found
from pos_pipeline.sandbox.square.listing import Listing, answer, ordered, place_of, take
from pos_pipeline.sandbox.square.shelf import CREATED, UPDATED, Item, Shelf

PAGE = 100
"""Default and largest page of both lists; larger limits are silently replaced."""
_YEAR = 365 * DAY
_FIELDS = {"CREATED_AT": CREATED, "UPDATED_AT": UPDATED}


def list_payments(call: Call) -> bytes:
    """ListPayments: one location, the main one unless named, created within the last year unless told otherwise."""
    call, place = _resume(call)
    location_id = call.query.get("location_id") or call.book.main_location_id
    return _list(call, place, "payments", call.book.payments, (owned(call, location_id),))


def list_refunds(call: Call) -> bytes:
    """ListPaymentRefunds: every location unless one is named."""
    call, place = _resume(call)
    location_id = call.query.get("location_id")
    locations = (owned(call, location_id),) if location_id else tuple(call.book.context.location_ids.values())
    return _list(call, place, "refunds", call.book.refunds, locations)


def get_payment(call: Call) -> bytes:
    """GetPayment."""
    return _one(call.book.payments, "payment", call.path["payment_id"])


def get_refund(call: Call) -> bytes:
    """GetPaymentRefund."""
    return _one(call.book.refunds, "refund", call.path["refund_id"])


def owned(call: Call, location_id: str) -> str:
    """The location when it is the merchant's.

    Raises:
        SquareError: 403 FORBIDDEN.
    """
    if location_id not in call.book.context.location_ids.values():
        raise forbidden("FORBIDDEN", f"You have insufficient permissions to access location {location_id}.")
    return location_id


def _resume(call: Call) -> tuple[Call, Place]:
    """Where to go on; a cursor may come with the original filters or alone, then they are filled in."""
    filters = tuple(sorted((name, value) for name, value in call.query.items() if name not in ("cursor", "limit")))
    place = place_of(call, call.query.get("cursor"), filters, may_omit=not filters)
    return call._replace(query={**dict(place.query), "limit": call.query.get("limit", "")}), place


def _list(call: Call, place: Place, key: str, shelf: Shelf, locations: tuple[str, ...]) -> bytes:
    limit = whole_number(call.query.get("limit"), "limit", PAGE, PAGE, clamp=True)
    field = _FIELDS[call.choice("sort_field", tuple(_FIELDS))]
    ascending = call.choice("sort_order", ("DESC", "ASC")) == "ASC"
    begin = call.time("begin_time")
    created = (place.asked_at - _YEAR if begin is None else begin, call.time("end_time") or place.asked_at)
    updated = (call.time("updated_at_begin_time"), call.time("updated_at_end_time"))
    ordered(*created, "begin_time")
    ordered(*updated, "updated_at_begin_time")
    low, high = updated if field == UPDATED else created
    listing = Listing(shelf, locations, field, low, high, ascending, lambda item: _within(item, created, updated))
    return answer(key, shelf, take(call, listing, place, limit))


def _within(item: Item, created: tuple[Instant, Instant], updated: tuple[Instant | None, Instant | None]) -> bool:
    """Both windows hold; bounds are inclusive."""
    return (
        created[0] <= item.created <= created[1]
        and (updated[0] is None or updated[0] <= item.updated)
        and (updated[1] is None or item.updated <= updated[1])
    )


def _one(shelf: Shelf, kind: str, identifier: str) -> bytes:
    item = shelf.get(identifier)
    if item is None:
        raise not_found(kind, identifier)
    return f'{{"{kind}":'.encode() + shelf.body(item) + b"}"
