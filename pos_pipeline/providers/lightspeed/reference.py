"""What is read whole: the tree of categories, the retailer, and the shops as accounts need them."""

from collections.abc import Mapping

import msgspec

from pos_pipeline.errors import CursorExpired, ProviderUnavailable, UnexpectedPayload
from pos_pipeline.provider import Api, Location
from pos_pipeline.providers.lightspeed.lists import Get, VersionList
from pos_pipeline.providers.lightspeed.pages import Cut, cut_unversioned, no_page

CATEGORIES_PATH = "/api/2.0/product_categories"
CATEGORIES_PER_PAGE = 1000
RETAILER_PATH = "/api/2.0/retailer"
RESTARTS = 3
OUTLETS = VersionList("outlets", takes_deleted=True)
REGISTERS = VersionList("registers")
"""Those in use; the limit on requests counts them."""


class _Outlet(msgspec.Struct):
    name: str | None = None
    time_zone: str | None = None
    currency: str | None = None
    deleted_at: str | None = None


class _Currency(msgspec.Struct):
    code: str | None = None


class Retailer(msgspec.Struct):
    """What we need to know of the merchant itself."""

    domain_prefix: str | None = None
    name: str | None = None
    timezone: str | None = None
    currency: _Currency | None = None


class _RetailerAnswer(msgspec.Struct):
    data: msgspec.Raw


class _PageInfo(msgspec.Struct):
    has_next: bool = False
    last_seen: str | None = None


class _CategoryList(msgspec.Struct):
    categories: list[msgspec.Raw] | None = None


class _CategoryPage(msgspec.Struct):
    data: _CategoryList
    page_info: _PageInfo | None = None


_outlet = msgspec.json.Decoder(_Outlet)
_retailer = msgspec.json.Decoder(Retailer)


def read_categories(api: Api) -> Cut:
    """The whole tree. A place that is not known any more means beginning again; nothing was handed on by then.

    Raises:
        ProviderUnavailable: it broke off again and again.
    """
    for _ in range(RESTARTS):
        try:
            return cut_unversioned(_all_categories(api))
        except CursorExpired:
            continue
    raise ProviderUnavailable("lightspeed: the list of categories broke off again and again; it is tried again later.")


def read_retailer(api: Api) -> Cut:
    """The merchant itself, as one record."""
    return cut_unversioned([_retailer_slice(api.get)])


def retailer_of(get: Get) -> Retailer:
    """What it says of itself.

    Raises:
        UnexpectedPayload: it is not as documented.
    """
    raw = _retailer_slice(get)
    try:
        return _retailer.decode(raw)
    except msgspec.DecodeError as error:
        raise no_page(bytes(raw), "retailer", error) from None


def read_locations(api: Api) -> list[Location]:
    """All shops of the merchant, deleted ones too; see `Provider.locations`."""
    shops: dict[str, _Outlet] = {}
    for piece in OUTLETS.after(api.get, 0):
        shops |= {record.id: _shop(record.payload) for record in piece.records}
    # The retailer says it for shops that do not; asking costs a request, and scopes more than a shop's.
    is_told = all(shop.currency and shop.time_zone for shop in shops.values())
    whole = Retailer() if is_told else retailer_of(api.get)
    return [
        Location(
            identifier,
            shop.name or identifier,
            shop.time_zone or whole.timezone or "UTC",
            shop.currency or (whole.currency and whole.currency.code) or "EUR",
            is_active=not shop.deleted_at,
        )
        for identifier, shop in shops.items()
    ]


def count_registers(get: Get) -> int:
    """How many tills the merchant has in use."""
    return sum(piece.received for piece in REGISTERS.after(get, 0))


def _shop(payload: bytes) -> _Outlet:
    try:
        return _outlet.decode(payload)
    except msgspec.DecodeError as error:
        raise no_page(payload, "outlets", error) from None


def _retailer_slice(get: Get) -> msgspec.Raw:
    body = get(RETAILER_PATH, {})
    try:
        return msgspec.json.decode(body, type=_RetailerAnswer).data
    except msgspec.DecodeError as error:
        raise no_page(body, "retailer", error) from None


def _all_categories(api: Api) -> list[msgspec.Raw]:
    found: list[msgspec.Raw] = []
    place: Mapping[str, str] = {}
    while True:
        body = api.get(CATEGORIES_PATH, {"page_size": CATEGORIES_PER_PAGE, **place})
        try:
            page = msgspec.json.decode(body, type=_CategoryPage)
        except msgspec.DecodeError as error:
            raise no_page(body, "product_categories", error) from None
        found.extend(page.data.categories or [])
        info = page.page_info or _PageInfo()
        if not info.has_next:
            return found
        if not info.last_seen or info.last_seen == place.get("after"):
            raise UnexpectedPayload(
                "lightspeed: a product_categories page has a next one but does not say where; reading on would never "
                "end."
            )
        place = {"after": info.last_seen}
