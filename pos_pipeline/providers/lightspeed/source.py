"""Reading Lightspeed: ten streams, each by the recipe that loses nothing.

    sales               GET /api/2.0/sales?after     by version; windows of history by GET /api/2.0/search
    products … taxes    GET /api/2.0/<stream>?after  by version, deleted ones too where they can be asked for
    product_categories  GET /api/2.0/product_categories?after   whole, by an opaque place
    retailer            GET /api/2.0/retailer        one object

Sources: the OpenAPI of API 2.0, the developer portal and vend-cli; see README.md here.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pos_pipeline.errors import UnexpectedPayload
from pos_pipeline.provider import Api, Page, Position, Reading, Record, Source, Stream, Window
from pos_pipeline.providers.lightspeed.beginning import version_before
from pos_pipeline.providers.lightspeed.lists import OVERLAP, SALES_PER_PAGE, VersionList
from pos_pipeline.providers.lightspeed.reference import read_categories, read_retailer
from pos_pipeline.providers.lightspeed.search import sold_in

MARGIN = timedelta(hours=1)
"""How much earlier than asked a live reading begins whose version has yet to be found: for clocks that differ, and
for changes the search index shows late, which a history read meanwhile has missed."""
REFERENCE_REFRESH = timedelta(hours=1)
PRODUCTS_REFRESH = timedelta(minutes=15)

LISTS = {
    one.stream: one
    for one in (
        VersionList("sales", SALES_PER_PAGE),
        VersionList("products", takes_deleted=True),
        VersionList("customers", takes_deleted=True),
        VersionList("users"),
        VersionList("outlets", takes_deleted=True),
        VersionList("registers", takes_deleted=True),
        VersionList("payment_types", takes_deleted=True),
        VersionList("taxes"),
    )
}


def _feed(name: str, description: str, scope: str, *, describes_locations: bool = False) -> Stream:
    return Stream(
        name,
        description,
        Reading.FEED,
        scope,
        overlap=OVERLAP,
        refresh_after=PRODUCTS_REFRESH if name == "products" else REFERENCE_REFRESH,
        describes_locations=describes_locations,
    )


STREAMS = (
    Stream(
        "sales",
        "Sales, returns, parked and voided sales: one row per version with lines, payments, taxes and adjustments.",
        Reading.WINDOWED,
        scope="sales:read",
        overlap=OVERLAP,
        counts_as_transactions=True,
    ),
    _feed("products", "Products, one per variant and one above them, deleted ones included.", "products:read"),
    _feed("customers", "Buyers the shop knows by name, and the walk-in customer.", "customers:read"),
    _feed("users", "Cashiers; a sale names them by id only.", "users:read"),
    _feed(
        "outlets",
        "The merchant's shops with time zone and currency, deleted ones included.",
        "outlets:read",
        describes_locations=True,
    ),
    _feed("registers", "Tills of the shops, deleted ones included.", "registers:read"),
    _feed("payment_types", "Ways to pay under the names the merchant gave them.", "payment_types:read"),
    _feed("taxes", "Taxes and their rates.", "taxes:read"),
    Stream(
        "product_categories",
        "Tree of product categories.",
        Reading.SNAPSHOT,
        scope="products:read",
        refresh_after=REFERENCE_REFRESH,
    ),
    Stream(
        "retailer",
        "The merchant itself: currency, time zone, the product that stands for a discount.",
        Reading.SNAPSHOT,
        scope="retailer:read",
        refresh_after=REFERENCE_REFRESH,
    ),
)


def read_stream(
    api: Api, source: Source, stream: str, since: Position | None = None, window: Window | None = None
) -> Iterator[Page]:
    """Pages of one stream; see `Provider.read`."""
    if stream == "sales" and window is not None:
        for part in sold_in(api.get, window):
            yield Page(_of_read_shops(part.records.values(), source), part.rejects)
    elif stream == "sales":
        yield from _sales(api, source, since)
    elif stream in LISTS:
        for piece in LISTS[stream].since(api.get, since if isinstance(since, int) else 0):
            sellable = [key.id for key in piece.keys if key.is_sellable] if stream == "products" else ()
            yield Page(piece.records, piece.rejects, sellable)
    elif stream == "product_categories":
        piece = read_categories(api)
        yield Page(piece.records, piece.rejects)
    elif stream == "retailer":
        piece = read_retailer(api)
        yield Page(piece.records, piece.rejects)
    else:
        raise UnexpectedPayload(
            f"lightspeed: there is no stream {stream!r}; expected one of {[s.name for s in STREAMS]}."
        )


def _sales(api: Api, source: Source, since: Position | None) -> Iterator[Page]:
    """Changed sales, from a version or, the first time, from a time.

    Positions are told, since the records do not: those of shops that are switched off are not among them.
    """
    sales = LISTS["sales"]
    if isinstance(since, datetime):
        start = version_before(sales, api.get, since - MARGIN)
        yield Page((), position=start)
        pieces = sales.after(api.get, start)
    else:
        pieces = sales.since(api.get, since or 0)
    for piece in pieces:
        yield Page(_of_read_shops(piece.records, source), piece.rejects, position=piece.position)


def _of_read_shops(records: Iterable[Record], source: Source) -> list[Record]:
    """One list holds all shops. Shops nobody has heard of yet are kept: they are new."""
    return [record for record in records if record.location_id not in source.switched_off]
