"""Locations, merchants, customers and team members."""

from collections.abc import Mapping, Sequence
from typing import Any

from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.shop.merchants import LocationSpec
from pos_pipeline.sandbox.shop.records import Cashier, Customer
from pos_pipeline.sandbox.square.call import Call, one_of, texts, whole_number
from pos_pipeline.sandbox.square.errors import invalid, not_found
from pos_pipeline.sandbox.square.listing import place_of
from pos_pipeline.sandbox.square.render.people import (
    render_customer,
    render_location,
    render_merchant,
    render_team_member,
)
from pos_pipeline.sandbox.square.wire import Json, parse_time

_TEAM_DEFAULT, _TEAM_MOST = 100, 200
_CUSTOMERS_MOST = 100
Rows = Sequence[Customer] | Sequence[Cashier]


def list_locations(call: Call) -> Json:
    """ListLocations: all of them, inactive ones too, by name, in one answer."""
    locations = sorted(call.book.merchant.spec.locations, key=lambda location: location.name)
    return {"locations": [_location(call, location) for location in locations]}


def get_location(call: Call) -> Json:
    """RetrieveLocation; `main` is the main location."""
    wanted = call.path["location_id"]
    wanted = call.book.main_location_id if wanted == "main" else wanted
    for location in call.book.merchant.spec.locations:
        if call.book.context.location_ids[location.key] == wanted:
            return {"location": _location(call, location)}
    raise not_found("location", wanted)


def list_merchants(call: Call) -> Json:
    """ListMerchants: the one the token belongs to."""
    return {"merchant": [render_merchant(call.book.context, call.book.main_location_id)]}


def get_merchant(call: Call) -> Json:
    """RetrieveMerchant; `me` is the token's own."""
    if call.path["merchant_id"] not in ("me", call.book.context.merchant_id):
        raise not_found("merchant", call.path["merchant_id"])
    return {"merchant": render_merchant(call.book.context, call.book.main_location_id)}


def list_customers(call: Call) -> Json:
    """ListCustomers, oldest first."""
    limit = whole_number(call.query.get("limit"), "limit", _CUSTOMERS_MOST, _CUSTOMERS_MOST, clamp=False)
    call.choice("sort_field", ("DEFAULT", "CREATED_AT"))
    descending = call.choice("sort_order", ("ASC", "DESC")) == "DESC"
    customers = _customers(call)
    if descending:
        customers.reverse()
    answer = _page(call, "customers", customers, limit, (("descending", str(descending)),))
    return answer | ({"count": len(customers)} if call.query.get("count") == "true" else {})


def search_customers(call: Call) -> Json:
    """SearchCustomers by creation or change time; it cannot sort by change time."""
    query = _mapping(call.body.get("query"))
    filters, sort = _mapping(query.get("filter")), _mapping(query.get("sort"))
    one_of(sort.get("field") or "DEFAULT", ("DEFAULT", "CREATED_AT"), "query.sort.field")
    descending = one_of(sort.get("order") or "ASC", ("ASC", "DESC"), "query.sort.order") == "DESC"
    limit = whole_number(call.body.get("limit"), "limit", _CUSTOMERS_MOST, _CUSTOMERS_MOST, clamp=False)
    created, updated = _bounds(filters, "created_at"), _bounds(filters, "updated_at")
    customers = [
        customer
        for customer in _customers(call)
        if created[0] <= customer.created_at <= created[1] and updated[0] <= customer.changed_at <= updated[1]
    ]
    if descending:
        customers.reverse()
    fingerprint = (("created", str(created)), ("updated", str(updated)), ("descending", str(descending)))
    return _page(call, "customers", customers, limit, fingerprint)


def bulk_retrieve_customers(call: Call) -> Json:
    """BulkRetrieveCustomers: an error per unknown id inside a 200."""
    known = {_customer_id(call, customer): customer for customer in _customers(call)}
    responses: Json = {}
    for wanted in texts(call.body.get("customer_ids") or [], "customer_ids", _CUSTOMERS_MOST):
        if wanted in known:
            responses[wanted] = {"customer": render_customer(call.cloud.names, call.book.context.key, known[wanted])}
        else:
            responses[wanted] = not_found("customer", wanted).body
    return {"responses": responses}


def search_team_members(call: Call) -> Json:
    """SearchTeamMembers: everybody, those who left too unless a status is asked for."""
    filters = _mapping(_mapping(call.body.get("query")).get("filter"))
    limit = whole_number(call.body.get("limit"), "limit", _TEAM_DEFAULT, _TEAM_MOST, clamp=False)
    status = filters.get("status")
    if status is not None:
        one_of(status, ("ACTIVE", "INACTIVE"), "query.filter.status")
    wanted = set(texts(filters.get("location_ids") or [], "query.filter.location_ids"))
    context = call.book.context
    members = [
        cashier
        for cashiers in call.book.merchant.people.cashiers.values()
        for cashier in cashiers
        if (status is None or (status == "ACTIVE") == cashier.is_active)
        and (not wanted or context.location_ids[cashier.location_key] in wanted)
    ]
    fingerprint = (("status", str(status)), ("locations", ",".join(sorted(wanted))))
    return _page(call, "team_members", members, limit, fingerprint)


def _customers(call: Call) -> list[Customer]:
    people = call.book.merchant.people
    everybody = (people.customer(position) for position in range(people.customer_count(call.now)))
    return sorted(everybody, key=lambda customer: (customer.created_at, customer.key))


def _customer_id(call: Call, customer: Customer) -> str:
    return call.cloud.names.customer(call.book.context.key, customer.key)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _bounds(filters: Mapping[str, Any], name: str) -> tuple[Instant, Instant]:
    times = _mapping(filters.get(name))
    start = parse_time(times["start_at"], f"query.filter.{name}.start_at") if times.get("start_at") else 0
    end = parse_time(times["end_at"], f"query.filter.{name}.end_at") if times.get("end_at") else 2**62
    if end < start:
        raise invalid("INVALID_TIME_RANGE", "The end of the time range is before its start.", f"query.filter.{name}")
    return start, end


def _location(call: Call, location: LocationSpec) -> Json:
    return render_location(call.book.context, location, is_active=call.book.merchant.is_active(location, call.now))


def _page(call: Call, key: str, rows: Rows, limit: int, query: tuple[tuple[str, str], ...]) -> Json:
    cursor = call.query.get("cursor") or call.body.get("cursor")
    place = place_of(call, cursor, query, may_omit=False)
    page = rows[place.offset : place.offset + limit]
    answer: Json = {}
    if page:
        answer[key] = [_rendered(call, row) for row in page]
    if place.offset + limit < len(rows):
        answer["cursor"] = call.cloud.cursors.issue(place._replace(offset=place.offset + limit))
    return answer


def _rendered(call: Call, row: Customer | Cashier) -> Json:
    context = call.book.context
    if isinstance(row, Customer):
        return render_customer(call.cloud.names, context.key, row)
    return render_team_member(context, row)
