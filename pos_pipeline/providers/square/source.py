"""Reading Square: seven streams, each by the recipe that loses nothing.

    payments   GET  /v2/payments            per location (absent location = main one only), updated_at ascending
    orders     POST /v2/orders/search       ten locations a request, updated_at ascending
    refunds    GET  /v2/refunds             all locations, updated_at ascending
    catalog    POST /v2/catalog/search      with deleted objects, from the last `latest_time`
    customers  POST /v2/customers/search    by updated_at; cannot be sorted by it
    locations  GET  /v2/locations           whole, inactive ones included
    team       POST /v2/team-members/search whole, former staff included

Sources: Square's OpenAPI 2025-08-20, SDK 46.0.0.20260916 and the developer guides; see README.md here.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from pos_pipeline.errors import CursorExpired, ProviderUnavailable, UnexpectedPayload
from pos_pipeline.provider import Api, Location, Page, Position, Reading, Source, Stream, Window
from pos_pipeline.providers.square.pages import Cut, cut

SETTLING = timedelta(minutes=10)
"""List and search lag behind writes by seconds, customers by up to a minute (common-api-patterns, ListPayments)."""
EPOCH = "1970-01-01T00:00:00Z"
"""ListPayments and ListPaymentRefunds default `begin_time` (of creation) to a year ago, beside updated_at too."""
PAYMENTS_PER_PAGE = 100
ORDERS_PER_PAGE = 1000
CATALOG_PER_PAGE = 1000
CUSTOMERS_PER_PAGE = 100
TEAM_PER_PAGE = 200
LOCATIONS_PER_SEARCH = 10
RESTARTS_WITHOUT_PROGRESS = 3
REFERENCE_REFRESH = timedelta(hours=1)
CATALOG_TYPES = ("ITEM", "ITEM_VARIATION", "CATEGORY", "MODIFIER_LIST", "MODIFIER", "TAX", "DISCOUNT")

STREAMS = (
    Stream(
        "payments",
        "Money taken: one row per version of a payment, with tender, card, tip, fees and state.",
        Reading.WINDOWED,
        scope="PAYMENTS_READ",
        overlap=SETTLING,
    ),
    Stream(
        "orders",
        "What was sold: one row per version of an order with its lines, taxes, discounts and returns.",
        Reading.WINDOWED,
        scope="ORDERS_READ",
        overlap=SETTLING,
        counts_as_transactions=True,
    ),
    Stream(
        "refunds",
        "Money given back: one row per version of a payment refund.",
        Reading.WINDOWED,
        scope="PAYMENTS_READ",
        overlap=SETTLING,
    ),
    Stream(
        "catalog",
        "Items, variations, categories, modifiers, taxes and discounts, deleted ones included.",
        Reading.FEED,
        scope="ITEMS_READ",
        overlap=timedelta(milliseconds=1),
    ),
    Stream(
        "customers",
        "Buyers the shop knows by name, for the contact columns of a transaction.",
        Reading.FEED,
        scope="CUSTOMERS_READ",
        overlap=SETTLING,
        refresh_after=REFERENCE_REFRESH,
    ),
    Stream(
        "locations",
        "The merchant's shops with time zone and currency, inactive ones included.",
        Reading.SNAPSHOT,
        scope="MERCHANT_PROFILE_READ",
        refresh_after=REFERENCE_REFRESH,
        describes_locations=True,
    ),
    Stream(
        "team_members",
        "Cashiers past and present; a payment names them by id only.",
        Reading.SNAPSHOT,
        scope="EMPLOYEES_READ",
        refresh_after=REFERENCE_REFRESH,
    ),
)


def read_stream(
    api: Api, source: Source, stream: str, since: Position | None = None, window: Window | None = None
) -> Iterator[Page]:
    """Pages of one stream; see `Provider.read`."""
    start = window.start if window else since if isinstance(since, datetime) else None
    end = window.end if window else None
    if stream == "payments":
        for location_id in source.location_ids:
            yield from _ascending(start, partial(_payments, api, location_id, end))
    elif stream == "orders":
        for first in range(0, len(source.location_ids), LOCATIONS_PER_SEARCH):
            some = source.location_ids[first : first + LOCATIONS_PER_SEARCH]
            yield from _ascending(start, partial(_orders, api, some, end))
    elif stream == "refunds":
        yield from _ascending(start, partial(_refunds, api, end))
    elif stream == "catalog":
        yield from _again_if_expired(partial(_catalog, api, start))
    elif stream == "customers":
        yield from _again_if_expired(partial(_customers, api, start))
    elif stream == "locations":
        yield _page(cut(api.get("/v2/locations"), "locations", stream))
    elif stream == "team_members":
        yield from _again_if_expired(partial(_team_members, api))
    else:
        raise UnexpectedPayload(f"square: there is no stream {stream!r}; expected one of {[s.name for s in STREAMS]}")


def read_locations(api: Api) -> list[Location]:
    """All shops of the merchant; see `Provider.locations`."""
    try:
        shops = msgspec.json.decode(api.get("/v2/locations"), type=_Locations).locations
    except msgspec.DecodeError as error:
        raise UnexpectedPayload(f"square: the list of locations is not what Square documents ({error}).") from None
    return [
        Location(shop.id, shop.name or shop.id, shop.timezone, shop.currency, is_active=shop.status != "INACTIVE")
        for shop in shops
    ]


class _Shop(msgspec.Struct):
    id: str
    name: str = ""
    timezone: str = "UTC"
    currency: str = "EUR"
    status: str = "ACTIVE"


class _Locations(msgspec.Struct):
    locations: list[_Shop] = []


def _ascending(start: datetime | None, pages_from: Callable[[datetime | None], Iterator[Cut]]) -> Iterator[Page]:
    """Pages sorted by change time; an expired cursor (about five minutes) restarts at the last time seen.

    A cursor is never replayed and never stored. Restarting inside the window is safe because the
    order is ascending: everything before the last time seen has been yielded.

    Raises:
        ProviderUnavailable: cursors expire again and again without a single newer object.
    """
    reached, fruitless = start, 0
    while True:
        try:
            for piece in pages_from(reached):
                if piece.records and (reached is None or piece.records[-1].version_at > reached):
                    reached, fruitless = piece.records[-1].version_at, 0
                yield _page(piece)
        except CursorExpired:
            fruitless += 1
            if fruitless > RESTARTS_WITHOUT_PROGRESS:
                raise ProviderUnavailable(
                    f"square: the cursor expired {fruitless} times without a newer object; the next sync tries again."
                ) from None
        else:
            return


def _again_if_expired(pages: Callable[[], Iterator[Page]]) -> Iterator[Page]:
    """Pages in no usable order: when the cursor expires the reading begins again, and counts only once it ends."""
    for _ in range(RESTARTS_WITHOUT_PROGRESS):
        try:
            yield from pages()
        except CursorExpired:
            continue
        return
    raise ProviderUnavailable(
        "square: the cursor expired before the list was read; it is tried again at the next sync."
    )


def _page(piece: Cut, product_ids: tuple[str, ...] = (), position: Position | None = None) -> Page:
    return Page(piece.records, piece.rejects, product_ids, position)


def _pages(fetch: Callable[[str | None], bytes], field: str, stream: str) -> Iterator[Cut]:
    """Follow the cursor to its end. A page may be short or empty and still not be the last one."""
    cursor: str | None = None
    while True:
        piece = cut(fetch(cursor), field, stream)
        yield piece
        cursor = piece.cursor
        if cursor is None:
            return


def _payments(api: Api, location_id: str, end: datetime | None, start: datetime | None) -> Iterator[Cut]:
    query = _changed(start, end) | {"location_id": location_id, "limit": PAYMENTS_PER_PAGE}
    return _pages(lambda cursor: api.get("/v2/payments", query | _at(cursor)), "payments", "payments")


def _refunds(api: Api, end: datetime | None, start: datetime | None) -> Iterator[Cut]:
    query = _changed(start, end) | {"limit": PAYMENTS_PER_PAGE}
    return _pages(lambda cursor: api.get("/v2/refunds", query | _at(cursor)), "refunds", "refunds")


def _changed(start: datetime | None, end: datetime | None) -> dict[str, Any]:
    query: dict[str, Any] = {"begin_time": EPOCH, "sort_field": "UPDATED_AT", "sort_order": "ASC"}
    query["updated_at_begin_time"] = _stamp(start) if start else EPOCH
    if end:
        query["updated_at_end_time"] = _stamp(end)
    return query


def _orders(api: Api, location_ids: tuple[str, ...], end: datetime | None, start: datetime | None) -> Iterator[Cut]:
    changed = {"start_at": _stamp(start) if start else EPOCH} | ({"end_at": _stamp(end)} if end else {})
    search: dict[str, Any] = {
        "location_ids": list(location_ids),
        "limit": ORDERS_PER_PAGE,
        "query": {
            "filter": {"date_time_filter": {"updated_at": changed}},
            "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
        },
    }
    return _pages(lambda cursor: api.post("/v2/orders/search", search | _at(cursor)), "orders", "orders")


def _catalog(api: Api, since: datetime | None) -> Iterator[Page]:
    """Changed catalog objects. The answer's `latest_time` is the next start: local clocks miss changes.

    Results are not sorted, so nothing may be resumed in the middle: the position counts only when
    the reading ends. `begin_time` is exclusive; the stream's overlap of 1 ms makes up for it.
    """
    search: dict[str, Any] = {
        "object_types": list(CATALOG_TYPES),
        "include_deleted_objects": True,
        "limit": CATALOG_PER_PAGE,
    } | ({"begin_time": _stamp(since)} if since else {})
    for piece in _pages(lambda cursor: api.post("/v2/catalog/search", search | _at(cursor)), "objects", "catalog"):
        sellable = tuple(key.id for key in piece.keys if key.type == "ITEM_VARIATION" and not key.is_deleted)
        yield _page(piece, sellable, piece.latest_time)


def _customers(api: Api, since: datetime | None) -> Iterator[Page]:
    search: dict[str, Any] = {
        "limit": CUSTOMERS_PER_PAGE,
        "query": {"sort": {"field": "CREATED_AT", "order": "ASC"}}
        | ({"filter": {"updated_at": {"start_at": _stamp(since)}}} if since else {}),
    }
    fetch = lambda cursor: api.post("/v2/customers/search", search | _at(cursor))  # noqa: E731
    return (_page(piece) for piece in _pages(fetch, "customers", "customers"))


def _team_members(api: Api) -> Iterator[Page]:
    fetch = lambda cursor: api.post("/v2/team-members/search", {"limit": TEAM_PER_PAGE} | _at(cursor))  # noqa: E731
    return (_page(piece) for piece in _pages(fetch, "team_members", "team_members"))


def _at(cursor: str | None) -> dict[str, Any]:
    """The cursor beside the unchanged query: SearchOrders demands the same filter and sort on every page."""
    return {"cursor": cursor} if cursor else {}


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
