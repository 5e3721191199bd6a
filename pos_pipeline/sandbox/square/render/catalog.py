"""A merchant's catalog as Square objects, everything that ever existed up to a day."""

from collections.abc import Iterator
from typing import NamedTuple

from pos_pipeline.sandbox.shop.assortment import MODIFIER_GROUPS
from pos_pipeline.sandbox.shop.clock import DAY, MILLISECOND, Instant
from pos_pipeline.sandbox.shop.records import Product, Variation
from pos_pipeline.sandbox.square.render.context import Context
from pos_pipeline.sandbox.square.wire import Json, rfc3339

ALL_PERCENT = 100


class CatalogObject(NamedTuple):
    """One object and what listings ask about it. `parent_id` is set for nested ones."""

    id: str
    kind: str
    updated: Instant
    is_deleted: bool
    body: Json
    parent_id: str | None = None


def catalog_objects(context: Context, now: Instant) -> Iterator[CatalogObject]:
    """Every catalog object known at `now`, deleted ones included, in no particular order."""
    products = context.merchant.catalog.products(now)
    founded = context.merchant.opened_at - 500 * DAY
    yield from _taxes(context, founded, {product.tax_percent for product in products})
    yield from _discounts(context, founded)
    yield from _categories(context, founded, {product.category for product in products})
    yield from _modifiers(context, founded)
    for product in products:
        yield from _item(context, product, now)


def _object(
    kind: str, identifier: str, updated: Instant, data: Json, *, deleted: bool = False, parent_id: str | None = None
) -> CatalogObject:
    body: Json = {
        "type": kind,
        "id": identifier,
        "updated_at": rfc3339(updated),
        "version": updated // MILLISECOND,
        "is_deleted": deleted,
        "present_at_all_locations": True,
        f"{kind.lower()}_data": data,
    }
    return CatalogObject(identifier, kind, updated, deleted, body, parent_id)


def _taxes(context: Context, at: Instant, percents: set[int]) -> Iterator[CatalogObject]:
    for percent in sorted(percents):
        data: Json = {
            "name": f"IVA {percent}%",
            "calculation_phase": "TAX_SUBTOTAL_PHASE",
            "inclusion_type": "INCLUSIVE",
            "percentage": str(percent),
            "applies_to_custom_amounts": percent == 10,  # noqa: PLR2004
            "enabled": True,
        }
        yield _object("TAX", context.catalog_id("tax", str(percent)), at, data)


def _discounts(context: Context, at: Instant) -> Iterator[CatalogObject]:
    for discount in context.merchant.catalog.discounts:
        data: Json = {"name": discount.name, "modify_tax_basis": "MODIFY_TAX_BASIS", "pin_required": False}
        if discount.percent is not None:
            data |= {"discount_type": "FIXED_PERCENTAGE", "percentage": str(discount.percent)}
        else:
            data |= {"discount_type": "FIXED_AMOUNT", "amount_money": context.money(discount.amount_minor or 0)}
        yield _object("DISCOUNT", context.catalog_id("discount", discount.key), at, data)


def _categories(context: Context, at: Instant, names: set[str]) -> Iterator[CatalogObject]:
    for name in sorted(names):
        data: Json = {"name": name, "category_type": "REGULAR_CATEGORY", "is_top_level": True}
        yield _object("CATEGORY", context.catalog_id("category", name), at, data)
    menu: Json = {"name": "Carta", "category_type": "MENU_CATEGORY", "is_top_level": True}
    yield _object("CATEGORY", context.catalog_id("category", "menu"), at, menu)


def _modifiers(context: Context, at: Instant) -> Iterator[CatalogObject]:
    for group, modifiers in context.merchant.catalog.modifier_groups.items():
        list_id = context.catalog_id("modifier_list", group)
        nested = [
            _object(
                "MODIFIER",
                context.catalog_id("modifier", modifier.key),
                at,
                {
                    "name": modifier.name,
                    "price_money": context.money(modifier.price_minor),
                    "ordinal": position,
                    "modifier_list_id": list_id,
                },
                parent_id=list_id,
            )
            for position, modifier in enumerate(modifiers)
        ]
        data: Json = {"name": MODIFIER_GROUPS[group], "modifiers": [modifier.body for modifier in nested]}
        yield _object("MODIFIER_LIST", list_id, at, data)
        yield from nested


def _item(context: Context, product: Product, now: Instant) -> Iterator[CatalogObject]:
    item_id = context.catalog_id("item", product.key)
    deleted = product.deleted_at is not None and product.deleted_at <= now
    day = (min(now, product.deleted_at - 1) if product.deleted_at is not None else now) // DAY
    variations = [
        _variation(context, product, variation, item_id, position, day=day, deleted=deleted)
        for position, variation in enumerate(product.variations)
    ]
    if deleted:
        yield _object("ITEM", item_id, product.deleted_at or 0, {"name": product.name}, deleted=True)
        yield from variations
        return
    category = {"id": context.catalog_id("category", product.category), "ordinal": 0}
    data: Json = {
        "name": product.name,
        "is_taxable": True,
        "tax_ids": [context.catalog_id("tax", str(product.tax_percent))],
        "variations": [variation.body for variation in variations],
        "product_type": "REGULAR",
        "skip_modifier_screen": False,
        "categories": [category, {"id": context.catalog_id("category", "menu"), "ordinal": 1}],
        "reporting_category": category,
        "is_archived": False,
    }
    if product.modifiers:
        groups = context.merchant.catalog.modifier_groups.items()
        data["modifier_list_info"] = [
            {"modifier_list_id": context.catalog_id("modifier_list", group), "enabled": True}
            for group, modifiers in groups
            if modifiers == product.modifiers
        ]
    yield _object("ITEM", item_id, max(variation.updated for variation in variations), data)
    yield from variations


def _variation(
    context: Context, product: Product, variation: Variation, item_id: str, ordinal: int, *, day: int, deleted: bool
) -> CatalogObject:
    identifier = context.catalog_id("variation", variation.key)
    data: Json = {"item_id": item_id, "name": variation.name}
    if variation.sku is not None:
        data["sku"] = variation.sku
    if deleted:
        return _object("ITEM_VARIATION", identifier, product.deleted_at or 0, data, deleted=True, parent_id=item_id)
    price = context.merchant.catalog.price_minor(variation, day)
    data |= {"ordinal": ordinal, "pricing_type": "FIXED_PRICING", "price_money": context.money(price)}
    overrides = [
        {
            "location_id": context.location_ids[location.key],
            "price_money": context.money(price * location.price_percent // ALL_PERCENT),
            "pricing_type": "FIXED_PRICING",
        }
        for location in context.merchant.spec.locations
        if location.price_percent != ALL_PERCENT
    ]
    if overrides:
        data["location_overrides"] = overrides
    data |= {"sellable": True, "stockable": not product.by_weight, "track_inventory": False}
    updated = context.changed_at(product, variation, day)
    return _object("ITEM_VARIATION", identifier, updated, data, parent_id=item_id)
