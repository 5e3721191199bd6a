"""Orders: `POST /v2/orders/search`, `POST /v2/orders/batch-retrieve`, `GET /v2/orders/{order_id}`."""

from collections.abc import Mapping
from typing import Any

import msgspec

from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.square.call import Call, one_of, texts, whole_number
from pos_pipeline.sandbox.square.errors import invalid, not_found
from pos_pipeline.sandbox.square.listing import Listing, answer, ordered, place_of, take
from pos_pipeline.sandbox.square.render.orders import STATES
from pos_pipeline.sandbox.square.sales_api import owned
from pos_pipeline.sandbox.square.shelf import CLOSED, CREATED, UPDATED, Item
from pos_pipeline.sandbox.square.wire import parse_time

MOST_LOCATIONS = 10
DEFAULT_LIMIT, LARGEST_LIMIT = 500, 1000
_FIELDS = {"CREATED_AT": CREATED, "UPDATED_AT": UPDATED, "CLOSED_AT": CLOSED}
_STATES = ("OPEN", "COMPLETED", "CANCELED", "DRAFT")
_FILTER = "query.filter.date_time_filter"


def search_orders(call: Call) -> bytes:
    """SearchOrders. Keys it does not know, or finds in the wrong place, are ignored as Square ignores them."""
    body = call.body
    if not body.get("location_ids"):
        raise invalid("MISSING_REQUIRED_PARAMETER", "Must provide at least 1 location_id", "location_ids")
    location_ids = texts(body["location_ids"], "location_ids", MOST_LOCATIONS)
    query = _mapping(body.get("query"))
    filters, sort = _mapping(query.get("filter")), _mapping(query.get("sort"))
    field = one_of(sort.get("sort_field") or "CREATED_AT", tuple(_FIELDS), "query.sort.sort_field")
    ascending = one_of(sort.get("sort_order") or "DESC", ("DESC", "ASC"), "query.sort.sort_order") == "ASC"
    states = _states(filters)
    _check_closed_sort(field, states)
    limit = whole_number(body.get("limit"), "limit", DEFAULT_LIMIT, LARGEST_LIMIT, clamp=False)
    fingerprint = (
        ("locations", ",".join(location_ids)),
        ("query", msgspec.json.encode(query, order="sorted").decode()),
    )
    place = place_of(call, body.get("cursor"), fingerprint, may_omit=False)
    low, high = _window(_mapping(filters.get("date_time_filter")), field, place.asked_at)
    listing = Listing(
        call.book.orders,
        [owned(call, location_id) for location_id in dict.fromkeys(location_ids)],
        _FIELDS[field],
        low,
        high,
        ascending,
        None if states is None else lambda item: _state(item) in states,
    )
    page = take(call, listing, place, limit)
    if body.get("return_entries"):
        entries = [{"order_id": item.id, "location_id": item.location_id} for item in page.items]
        return msgspec.json.encode({"order_entries": entries} | ({"cursor": page.cursor} if page.cursor else {}))
    return answer("orders", call.book.orders, page)


def batch_retrieve(call: Call) -> bytes:
    """BatchRetrieveOrders: at most 100 ids; unknown ones are silently left out."""
    if "order_ids" not in call.body:
        raise invalid("MISSING_REQUIRED_PARAMETER", "Missing required parameter.", "order_ids")
    shelf = call.book.orders
    items = (shelf.get(identifier) for identifier in texts(call.body["order_ids"], "order_ids", 100))
    bodies = [shelf.body(item) for item in items if item is not None]
    return b'{"orders":[' + b",".join(bodies) + b"]}" if bodies else b"{}"


def retrieve_order(call: Call) -> bytes:
    """RetrieveOrder."""
    item = call.book.orders.get(call.path["order_id"])
    if item is None:
        raise not_found("order", call.path["order_id"])
    return b'{"order":' + call.book.orders.body(item) + b"}"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _states(filters: Mapping[str, Any]) -> frozenset[str] | None:
    named = _mapping(filters.get("state_filter")).get("states")
    if named is None:
        return None
    return frozenset(one_of(s, _STATES, "query.filter.state_filter.states") for s in texts(named, "states"))


def _check_closed_sort(field: str, states: frozenset[str] | None) -> None:
    if field == "CLOSED_AT" and (states is None or not states <= {"COMPLETED", "CANCELED"}):
        raise invalid(
            "BAD_REQUEST",
            "Sorting by CLOSED_AT requires a state filter with only COMPLETED or CANCELED.",
            "query.sort.sort_field",
        )


def _window(times: Mapping[str, Any], field: str, asked_at: Instant) -> tuple[Instant | None, Instant]:
    """The one window of the filter, which must be on the field sorted by; its end is the chain's first request."""
    named = [name for name in ("created_at", "updated_at", "closed_at") if times.get(name) is not None]
    if len(named) > 1:
        raise invalid("BAD_REQUEST", "Only one of created_at, updated_at, closed_at may be filtered on.", _FILTER)
    if not named:
        return None, asked_at
    if named[0].upper() != field:
        raise invalid("BAD_REQUEST", f"Filtering by {named[0]} requires sorting by {named[0].upper()}.", _FILTER)
    bounds = _mapping(times[named[0]])
    start = parse_time(bounds["start_at"], f"{_FILTER}.{named[0]}.start_at") if bounds.get("start_at") else None
    end = parse_time(bounds["end_at"], f"{_FILTER}.{named[0]}.end_at") if bounds.get("end_at") else asked_at
    ordered(start, end, f"{_FILTER}.{named[0]}")
    return start, end


def _state(item: Item) -> str:
    return "COMPLETED" if item.part is not None else STATES[item.sale.state]
