"""The retailer's products and what hangs on them: types, brands, tags, stock and taxes by outlet."""

from collections.abc import Iterator
from zlib import crc32

from pos_pipeline.sandbox.lightspeed.render.context import DISCOUNT, GENERIC, Context
from pos_pipeline.sandbox.lightspeed.render.rows import Entry
from pos_pipeline.sandbox.lightspeed.wire import Json, divide, number, stamp
from pos_pipeline.sandbox.shop.catalog import monday_of, week_of
from pos_pipeline.sandbox.shop.clock import DAY, Instant
from pos_pipeline.sandbox.shop.records import Product, Variation

BRANDS = {"Tienda": "Casa Ejemplo", "Café": "Tueste Norte"}
"""Brand by category; everything else has none."""
BY_WEIGHT, OLD_TAG = "Al peso", "Navidad"
_OLD_TAG_DELETED_AFTER = 90 * DAY
_COST_PERCENT = 35
_REORDER = 10


def products(context: Context, now: Instant) -> Iterator[Entry]:
    """Every product row known at `now`, deleted ones included: one per variant, and their parent's."""
    place = 0
    for key, name in ((DISCOUNT, "Descuento"), (GENERIC, "Importe libre")):
        place += 1
        at = context.founded_at
        yield _entry(context, place, at, _product(context, key, name, name, key, at) | _prices(context, 0, 0))
    for product in context.merchant.catalog.products(now):
        place += 1
        if len(product.variations) > 1:
            yield _parent(context, product, now, place)
        for variation in product.variations:
            place += 1
            yield _variant(context, product, variation, now, place)


def product_types(context: Context) -> Iterator[Entry]:
    """The categories of products; a list that X-Series has replaced by product categories."""
    for place, name in enumerate(categories(context)):
        yield _named(context, "type", name, place)


def brands(context: Context) -> Iterator[Entry]:
    """The brands."""
    for place, name in enumerate(sorted(BRANDS.values())):
        yield _named(context, "brand", name, place)


def tags(context: Context) -> Iterator[Entry]:
    """One tag in use, and one that was deleted."""
    yield _named(context, "tag", BY_WEIGHT, 0)
    deleted_at = context.founded_at + _OLD_TAG_DELETED_AFTER
    body: Json = {"id": context.id("tag", OLD_TAG), "name": OLD_TAG, "deleted_at": stamp(deleted_at)}
    version = context.versions.at(deleted_at, 1)
    yield Entry(version, body | {"version": version}, is_deleted=True)


def categories(context: Context) -> list[str]:
    """Names of the product categories, in their order."""
    return sorted({product.category for product in context.merchant.catalog.products(context.merchant.opened_at)})


def inventory(context: Context, now: Instant) -> Iterator[Entry]:
    """Stock of what is sold by the piece, counted on Mondays. Sales do not move it here."""
    place = 0
    for product in context.merchant.catalog.products(now):
        counted_at = max(product.created_at, monday_of(week_of(_last_day(product, now))) * DAY)
        for variation in product.variations:
            for outlet_key, outlet_id in context.outlet_ids.items():
                place += 1
                if product.by_weight:
                    continue
                key = f"{outlet_key}:{variation.key}"
                version = context.versions.at(counted_at, place)
                body: Json = {
                    "id": context.id("inventory", key),
                    "product_id": context.product(variation.key),
                    "outlet_id": outlet_id,
                    "inventory_level": crc32(f"{key}:{counted_at}".encode()) % 80 - 5,
                    "reorder_point": _REORDER,
                    "reorder_amount": 2 * _REORDER,
                    "version": version,
                }
                yield Entry(version, body)


def outlet_taxes(context: Context, now: Instant) -> Iterator[Entry]:
    """The tax of each product at each outlet."""
    place = 0
    for product in context.merchant.catalog.products(now):
        for variation in product.variations:
            for outlet_id in context.outlet_ids.values():
                place += 1
                version = context.versions.at(product.created_at, place)
                body: Json = {
                    "outlet_id": outlet_id,
                    "product_id": context.product(variation.key),
                    "tax_id": context.tax_id(product.tax_percent),
                    "version": version,
                }
                yield Entry(version, body)


def _named(context: Context, kind: str, name: str, place: int) -> Entry:
    version = context.versions.at(context.founded_at, place)
    body: Json = {"id": context.id(kind, name), "name": name, "deleted_at": None, "version": version}
    return Entry(version, body)


def _entry(context: Context, place: int, changed_at: Instant, body: Json, deleted_at: Instant | None = None) -> Entry:
    version = context.versions.at(changed_at, place)
    body |= {"updated_at": stamp(changed_at), "version": version}
    if deleted_at is not None:
        body["deleted_at"] = stamp(deleted_at)
    return Entry(version, body, deleted_at is not None)


def _product(  # noqa: PLR0917 - the five texts of a product
    context: Context, key: str, name: str, variant_name: str, sku: str, created_at: Instant
) -> Json:
    """What every row has. What is not set is an empty object."""
    return {
        "id": context.product(key),
        "source": "USER",
        "name": name,
        "variant_name": variant_name,
        "handle": name.lower().replace(" ", "-"),
        "sku": sku,
        "product_codes": [{"id": context.id("code", key), "type": "custom", "code": sku}],
        "active": True,
        "is_active": True,
        "has_inventory": False,
        "is_composite": False,
        "has_variants": False,
        "variant_options": [],
        "supplier": {},
        "product_suppliers": [],
        "type": {},
        "brand": {},
        "tag_ids": [],
        "categories": [],
        "attributes": [],
        "images": [],
        "created_at": stamp(created_at),
    }


def _prices(context: Context, price_minor: int, tax_percent: int) -> Json:
    including = context.fifths(price_minor)
    excluding = divide(including * 100, 100 + tax_percent)
    return {
        "price_including_tax": number(including),
        "price_excluding_tax": number(excluding),
        "supply_price": number(excluding * _COST_PERCENT // 100),
    }


def _last_day(product: Product, now: Instant) -> int:
    """The day as of which the product is shown: today, or its last one."""
    return (now if product.deleted_at is None else min(now, product.deleted_at - 1)) // DAY


def _deleted_at(product: Product, now: Instant) -> Instant | None:
    return product.deleted_at if product.deleted_at is not None and product.deleted_at <= now else None


def _kind(context: Context, product: Product, place: int) -> Json:
    type_id = context.id("type", product.category)
    version = context.versions.at(context.founded_at, categories(context).index(product.category))
    kind: Json = {"type": {"id": type_id, "name": product.category, "version": version}, "product_type_id": type_id}
    if brand := BRANDS.get(product.category):
        kind |= {"brand": {"id": context.id("brand", brand), "name": brand}, "brand_id": context.id("brand", brand)}
    if product.by_weight:
        tag = context.id("tag", BY_WEIGHT)
        kind |= {"tag_ids": [tag], "categories": [{"id": tag, "name": BY_WEIGHT}]}
    if place % 2:
        kind |= {"source_id": None, "deleted_at": None}
    return kind


def _parent(context: Context, product: Product, now: Instant, place: int) -> Entry:
    deleted_at = _deleted_at(product, now)
    body = _product(context, product.key, product.name, product.name, f"{product.key}-0", product.created_at)
    body |= _kind(context, product, place) | _prices(context, 0, product.tax_percent)
    body |= {"has_variants": True, "variant_count": len(product.variations)}
    return _entry(context, place, deleted_at or product.created_at, body, deleted_at)


def _variant(context: Context, product: Product, variation: Variation, now: Instant, place: int) -> Entry:
    deleted_at = _deleted_at(product, now)
    day = _last_day(product, now)
    catalog = context.merchant.catalog
    repriced = catalog.price_changed_day(variation, day)
    changed_at = product.created_at if repriced is None else max(product.created_at, repriced * DAY)
    has_parent = len(product.variations) > 1
    shown = f"{product.name} / {variation.name}" if has_parent else product.name
    sku = variation.sku or str(10_000 + crc32(variation.key.encode()) % 90_000)
    body = _product(context, variation.key, product.name, shown, sku, product.created_at)
    body |= _kind(context, product, place)
    body |= _prices(context, catalog.price_minor(variation, day), product.tax_percent)
    body["has_inventory"] = not product.by_weight
    if has_parent:
        body["variant_parent_id"] = context.product(product.key)
        option = {"id": context.id("option", "Formato"), "name": "Formato", "value": variation.name}
        body["variant_options"] = [option]
    return _entry(context, place, deleted_at or changed_at, body, deleted_at)
