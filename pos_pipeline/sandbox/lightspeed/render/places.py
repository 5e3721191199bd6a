"""The retailer, its outlets and registers, taxes and payment types."""

from collections.abc import Iterator
from decimal import Decimal

from pos_pipeline.sandbox.lightspeed.render.context import DISCOUNT, Context
from pos_pipeline.sandbox.lightspeed.render.rows import Entry
from pos_pipeline.sandbox.lightspeed.render.tenders import PAYMENT_TYPES, VISA
from pos_pipeline.sandbox.lightspeed.wire import Json, stamp
from pos_pipeline.sandbox.shop.clock import DAY, Instant
from pos_pipeline.sandbox.shop.merchants import LocationSpec

NO_TAX = 0
_SYMBOLS = {"EUR": "€", "JPY": "¥"}
_DEFAULT_PERCENT = 10


def retailer(context: Context) -> Json:
    """The one retailer; its version is a string."""
    spec = context.merchant.spec
    return {
        "id": context.retailer_id,
        "domain_prefix": context.prefix,
        "store_url": f"https://{context.prefix}.example",
        "account_status": "active",
        "name": spec.name,
        "country": spec.country,
        "currency": {"code": spec.currency, "symbol": _SYMBOLS.get(spec.currency, spec.currency)},
        "timezone": spec.locations[0].timezone,
        "tax_exclusive": False,
        "discount_product_id": context.product(DISCOUNT),
        "no_tax_group_id": context.tax_id(NO_TAX),
        "loyalty": {"enabled": False},
        "gift_cards": {"enabled": True},
        "store_credit": False,
        "created_at": stamp(context.founded_at),
        "version": str(context.versions.at(context.founded_at, 0)),
    }


def outlets(context: Context, now: Instant) -> Iterator[Entry]:
    """The shops; one that closed for good is deleted."""
    spec = context.merchant.spec
    for place, location in enumerate(spec.locations):
        body: Json = {
            "id": context.outlet_ids[location.key],
            "name": location.name,
            "time_zone": location.timezone,
            "default_tax_id": context.tax_id(_DEFAULT_PERCENT),
            "currency": spec.currency,
            "currency_symbol": _SYMBOLS.get(spec.currency, spec.currency),
            "display_prices": "inclusive",
            "physical_address_1": "",
            "physical_city": location.city,
            "physical_country_id": spec.country,
            "attributes": [],
        }
        yield _entry(context, body, context.founded_at, place, closed_at(context, location, now))


def registers(context: Context, now: Instant) -> Iterator[Entry]:
    """The tills of the shops."""
    for place, ((location_key, device), identifier) in enumerate(context.register_ids.items()):
        location = context.merchant.locations[location_key]
        deleted_at = closed_at(context, location, now)
        body: Json = {
            "id": identifier,
            "name": f"Caja {device}",
            "outlet_id": context.outlet_ids[location_key],
            "invoice_prefix": context.prefixes[location_key],
            "invoice_suffix": "",
            "invoice_sequence": 1,
            "is_open": deleted_at is None,
            "register_open_time": stamp(context.founded_at),
            "register_close_time": None,
            "register_open_sequence_id": context.id("opening", f"{location_key}:{device}"),
        }
        yield _entry(context, body, context.founded_at, place, deleted_at)


def taxes(context: Context) -> Iterator[Entry]:
    """The rates in use, and No Tax."""
    percents = sorted(
        {product.tax_percent for product in context.merchant.catalog.products(context.merchant.opened_at)}
    )
    for place, percent in enumerate((NO_TAX, *percents)):
        name = f"IVA {percent}%" if percent else "No Tax"
        rate: Json = {
            "id": context.rate_id(percent),
            "name": name,
            "display_name": name,
            "rate": Decimal(percent).scaleb(-2).normalize() if percent else 0,
        }
        body: Json = {
            "id": context.tax_id(percent),
            "name": name,
            "display_name": name,
            "is_default": percent == _DEFAULT_PERCENT,
            "rates": [rate],
        }
        yield _entry(context, body, context.founded_at, place, None)


def payment_types(context: Context, now: Instant) -> Iterator[Entry]:
    """The ways to be paid; one of them is deleted some day and stays in the sales of before."""
    for place, kind in enumerate(PAYMENT_TYPES.values()):
        retired = kind == VISA and context.visa_retired_at <= now
        body: Json = {
            "id": context.payment_type_id(kind),
            "name": kind.name,
            "type_id": kind.type_id,
            "config": None if place % 2 else {},
        }
        yield _entry(context, body, context.founded_at, place, context.visa_retired_at if retired else None)


def closed_at(context: Context, location: LocationSpec, now: Instant) -> Instant | None:
    """When the shop closed for good; None while it trades."""
    merchant = context.merchant
    if merchant.is_active(location, now):
        return None
    days = range(merchant.opened_at // DAY, now // DAY + 1)
    return next(day * DAY for day in days if not merchant.is_active(location, day * DAY))


def _entry(context: Context, body: Json, changed_at: Instant, place: int, deleted_at: Instant | None) -> Entry:
    version = context.versions.at(changed_at if deleted_at is None else deleted_at, place)
    body |= {"deleted_at": None if deleted_at is None else stamp(deleted_at), "version": version}
    return Entry(version, body, deleted_at is not None)
