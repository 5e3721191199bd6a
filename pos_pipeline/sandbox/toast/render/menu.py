"""The published menu: one large document, whose modifier groups are numbered and referred to by number.

Items of the main menu's café group are on the breakfast menu too, at another price, as happens at Toast: a
GUID is not unique within the document.
"""

from collections.abc import Iterable

from pos_pipeline.sandbox.shop.assortment import MODIFIER_GROUPS
from pos_pipeline.sandbox.shop.catalog import monday_of, week_of
from pos_pipeline.sandbox.shop.clock import DAY, Instant
from pos_pipeline.sandbox.shop.records import Modifier, Product, Variation
from pos_pipeline.sandbox.toast.render.context import Context, item_name, without_tax
from pos_pipeline.sandbox.toast.wire import Json, stamp

MENUS = {"carta": "Carta", "desayunos": "Desayunos"}
_BREAKFAST_CATEGORY = "Café"
_BREAKFAST_PERCENT = 95
_VISIBLE = ["POS", "KIOSK"]


def published_at(now: Instant) -> Instant:
    """When the menu was last published: prices and the weekly special change on Mondays."""
    return monday_of(week_of(now // DAY)) * DAY


def products_on_sale(context: Context, now: Instant) -> list[Product]:
    """Products that were not deleted."""
    return [
        product
        for product in context.merchant.catalog.products(now)
        if product.deleted_at is None or product.deleted_at > now
    ]


def render_menus(context: Context, now: Instant) -> Json:
    """The whole document."""
    products = products_on_sale(context, now)
    categories = sorted({product.category for product in products})
    groups = context.merchant.catalog.modifier_groups
    options = [modifier for choices in groups.values() for modifier in choices]
    numbers = {modifier.key: number for number, modifier in enumerate(options, start=len(groups) + 1)}
    return {
        "restaurantGuid": context.restaurant_guid,
        "lastUpdated": stamp(published_at(now)),
        "restaurantTimeZone": context.timezone,
        "menus": [
            _menu(context, "carta", [_group(context, name, products, now) for name in categories]),
            _menu(context, "desayunos", [_group(context, _BREAKFAST_CATEGORY, products, now, _BREAKFAST_PERCENT)]),
        ],
        "modifierGroupReferences": {
            str(number): _modifier_group(context, number, key, [numbers[choice.key] for choice in groups[key]])
            for number, key in enumerate(groups, start=1)
        },
        "modifierOptionReferences": {
            str(numbers[modifier.key]): _modifier_option(context, numbers[modifier.key], modifier)
            for modifier in options
        },
        "preModifierGroupReferences": {},
    }


def shelf_price(context: Context, variation: Variation, now: Instant) -> int:
    """The price on the shelf of this restaurant, with tax, in minor units."""
    return context.merchant.catalog.price_minor(variation, now // DAY) * context.location.price_percent // 100


def _menu(context: Context, key: str, groups: list[Json]) -> Json:
    return {
        "name": MENUS[key],
        "guid": context.guid("menu", key),
        "multiLocationId": context.multi_location_id(f"menu:{key}"),
        "masterId": None,
        "description": "",
        "highResImage": None,
        "image": None,
        "visibility": _VISIBLE,
        "availability": {"alwaysAvailable": True, "schedule": []},
        "menuGroups": groups,
    }


def _group(context: Context, category: str, products: Iterable[Product], now: Instant, percent: int = 100) -> Json:
    key = category if percent == 100 else f"{category}:{percent}"  # noqa: PLR2004
    return {
        "name": category,
        "guid": context.guid("menu group", key),
        "multiLocationId": context.multi_location_id(f"group:{key}"),
        "masterId": None,
        "description": "",
        "image": None,
        "visibility": _VISIBLE,
        "itemTags": [],
        "menuGroups": [],
        "menuItems": [
            _item(context, product, variation, now, percent)
            for product in products
            if product.category == category
            for variation in product.variations
        ],
    }


def _item(context: Context, product: Product, variation: Variation, now: Instant, percent: int) -> Json:
    price = shelf_price(context, variation, now) * percent // 100
    numbers = [
        number
        for number, choices in enumerate(context.merchant.catalog.modifier_groups.values(), start=1)
        if choices == product.modifiers
    ]
    return {
        "name": item_name(product, variation),
        "kitchenName": "",
        "guid": context.guid("item", variation.key),
        "multiLocationId": context.multi_location_id(variation.key),
        "masterId": None,
        "description": "",
        "price": context.money(without_tax(price, product.tax_percent)),
        "pricingStrategy": "BASE_PRICE" if percent == 100 else "MENU_SPECIFIC_PRICE",  # noqa: PLR2004
        "pricingRules": None,
        "isDeferred": False,
        "isDiscountable": True,
        "salesCategory": {"name": product.category, "guid": context.guid("sales category", product.category)},
        "taxInfo": [context.guid("tax rate", str(product.tax_percent))],
        "taxInclusion": "TAX_NOT_INCLUDED",
        "itemTags": [],
        "plu": variation.sku or "",
        "sku": variation.sku or "",
        "calories": None,
        "contentAdvisories": None,
        "unitOfMeasure": "KG" if product.by_weight else "NONE",
        "portions": [],
        "prepTime": None,
        "prepStations": [],
        "modifierGroupReferences": numbers,
        "eligiblePaymentAssistancePrograms": [],
        "images": [],
        "sortOrder": None,
    }


def _modifier_group(context: Context, number: int, key: str, options: list[int]) -> Json:
    return {
        "referenceId": number,
        "name": MODIFIER_GROUPS[key],
        "guid": context.guid("option group", key),
        "multiLocationId": context.multi_location_id(f"option group:{key}"),
        "masterId": None,
        "visibility": _VISIBLE,
        "pricingStrategy": "NONE",
        "pricingRules": None,
        "defaultOptionsChargePrice": "NO",
        "defaultOptionsSubstitutionPricing": "NO",
        "minSelections": 0,
        "maxSelections": None,
        "requiredMode": "OPTIONAL",
        "isMultiSelect": True,
        "preModifierGroupReference": None,
        "modifierOptionReferences": options,
    }


def _modifier_option(context: Context, number: int, modifier: Modifier) -> Json:
    return {
        "referenceId": number,
        "name": modifier.name,
        "kitchenName": "",
        "guid": context.guid("modifier", modifier.key),
        "multiLocationId": context.multi_location_id(modifier.key),
        "masterId": None,
        "description": "",
        "price": context.money(without_tax(modifier.price_minor, 10)),
        "pricingStrategy": "BASE_PRICE",
        "pricingRules": None,
        "salesCategory": None,
        "taxInfo": [],
        "isDefault": False,
        "allowsDuplicates": False,
        "plu": "",
        "sku": "",
        "modifierGroupReferences": [],
    }
