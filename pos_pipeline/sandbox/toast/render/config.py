"""A restaurant's settings: what orders refer to by GUID only. Archived entries are left out, as at Toast."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from pos_pipeline.sandbox.shop.assortment import MODIFIER_GROUPS
from pos_pipeline.sandbox.shop.clock import DAY, Instant
from pos_pipeline.sandbox.shop.records import Discount
from pos_pipeline.sandbox.toast.render.context import Context, item_name
from pos_pipeline.sandbox.toast.render.menu import MENUS, products_on_sale
from pos_pipeline.sandbox.toast.render.payments import ALTERNATES
from pos_pipeline.sandbox.toast.wire import Json

ARCHIVED_DISCOUNT = "merienda"
"""Still on orders, never in the list."""
_FOUNDED_BEFORE = 500 * DAY
_DINING = (
    ("local", "Para tomar aquí", "DINE_IN"),
    ("llevar", "Para llevar", "TAKE_OUT"),
    ("recoger", "Recogida", "TAKE_OUT"),
)
_SERVICES = (("desayuno", "Desayuno"), ("comida", "Comida"), ("merienda", "Merienda"))
_AREAS = (("barra", "Barra"), ("terraza", "Terraza"))


class Row(NamedTuple):
    """One entry of a list and when it last changed."""

    body: Json
    modified_at: Instant


Render = Callable[[Context, Instant], list[Row]]


def _rows(context: Context, kind: str, entity_type: str, entries: Iterable[tuple[str, Json]]) -> list[Row]:
    founded = context.merchant.opened_at - _FOUNDED_BEFORE
    return [Row(context.ref(kind, entity_type, key) | data, founded) for key, data in entries]


def _named(kind: str, entity_type: str, entries: Iterable[tuple[str, str]]) -> Render:
    rows = [(key, name) for key, name in entries]

    def render(context: Context, _: Instant) -> list[Row]:
        return _rows(context, kind, entity_type, ((key, {"name": name}) for key, name in rows))

    return render


def _nothing(_: Context, __: Instant) -> list[Row]:
    return []


def _dining_options(context: Context, _: Instant) -> list[Row]:
    entries = ((key, {"name": name, "behavior": behavior, "curbside": False}) for key, name, behavior in _DINING)
    return _rows(context, "dining option", "DiningOption", entries)


def _discounts(context: Context, _: Instant) -> list[Row]:
    current = [one for one in context.merchant.catalog.discounts if one.key != ARCHIVED_DISCOUNT]
    return _rows(context, "discount", "Discount", ((one.key, _discount(context, one)) for one in current))


def _discount(context: Context, discount: Discount) -> Json:
    return {
        "name": discount.name,
        "active": True,
        "amount": None if discount.amount_minor is None else context.money(discount.amount_minor),
        "percentage": None if discount.percent is None else Decimal(discount.percent),
        "type": "FIXED" if discount.percent is None else "PERCENT",
        "selectionType": "CHECK",
        "nonExclusive": False,
        "itemPickingPriority": None,
        "fixedTotal": None,
        "promoCodes": [],
    }


def _categories(context: Context, now: Instant) -> list[str]:
    return sorted({product.category for product in products_on_sale(context, now)})


def _by_name(names: Iterable[str]) -> Iterable[tuple[str, Json]]:
    return ((name, {"name": name}) for name in names)


def _sales_categories(context: Context, now: Instant) -> list[Row]:
    return _rows(context, "sales category", "SalesCategory", _by_name(_categories(context, now)))


def _menu_groups(context: Context, now: Instant) -> list[Row]:
    return _rows(context, "menu group", "MenuGroup", _by_name(_categories(context, now)))


def _service_charges(context: Context, _: Instant) -> list[Row]:
    terrace: Json = {
        "name": "Suplemento de terraza",
        "amountType": "PERCENT",
        "amount": None,
        "percent": Decimal(10),
        "criteria": None,
        "gratuity": False,
        "taxable": False,
        "destination": "RESTAURANT",
    }
    return _rows(context, "service charge", "ServiceCharge", [("terraza", terrace)])


def _tax_rates(context: Context, now: Instant) -> list[Row]:
    percents = sorted({product.tax_percent for product in products_on_sale(context, now)})
    entries: Iterable[tuple[str, Json]] = (
        (
            str(percent),
            {
                "name": f"IVA {percent}%",
                "isDefault": percent == 10,  # noqa: PLR2004
                "rate": Decimal(percent).scaleb(-2),
                "type": "PERCENT",
                "roundingType": "HALF_EVEN",
                "taxTable": None,
            },
        )
        for percent in percents
    )
    return _rows(context, "tax rate", "TaxRate", entries)


def _tables(context: Context, _: Instant) -> list[Row]:
    area = context.ref("service area", "ServiceArea", "terraza")
    entries: Iterable[tuple[str, Json]] = (
        (str(number), {"name": str(number), "serviceArea": area}) for number in range(1, 9)
    )
    return _rows(context, "table", "Table", entries)


def _menu_items(context: Context, now: Instant) -> list[Row]:
    """Every form of every product on sale, and every modifier, which is an item too; without prices."""
    rows = [
        Row(
            context.item_ref(variation)
            | {"name": item_name(product, variation), "plu": variation.sku or "", "sku": variation.sku or ""},
            product.created_at,
        )
        for product in products_on_sale(context, now)
        for variation in product.variations
    ]
    modifiers = [choice for choices in context.merchant.catalog.modifier_groups.values() for choice in choices]
    entries: Iterable[tuple[str, Json]] = (
        (one.key, {"multiLocationId": context.multi_location_id(one.key), "name": one.name, "plu": "", "sku": ""})
        for one in modifiers
    )
    return rows + _rows(context, "modifier", "MenuItem", entries)


RESOURCES: dict[str, Render] = {
    "alternatePaymentTypes": _named(
        "alternate payment", "AlternatePaymentType", ((name, name) for name in ALTERNATES.values())
    ),
    "breakTypes": _nothing,
    "cashDrawers": _named("drawer", "CashDrawer", (("1", "Caja 1"), ("2", "Caja 2"))),
    "diningOptions": _dining_options,
    "discounts": _discounts,
    "menuGroups": _menu_groups,
    "menuItems": _menu_items,
    "menuOptionGroups": _named("option group", "MenuOptionGroup", MODIFIER_GROUPS.items()),
    "menus": _named("menu", "Menu", MENUS.items()),
    "noSaleReasons": _named("no sale reason", "NoSaleReason", (("cambio", "Dar cambio"),)),
    "payoutReasons": _named("payout reason", "PayoutReason", (("proveedor", "Proveedor"),)),
    "preModifierGroups": _nothing,
    "preModifiers": _nothing,
    "printers": _nothing,
    "restaurantServices": _named("restaurant service", "RestaurantService", _SERVICES),
    "revenueCenters": _named("revenue center", "RevenueCenter", _AREAS),
    "salesCategories": _sales_categories,
    "serviceAreas": _named("service area", "ServiceArea", _AREAS),
    "serviceCharges": _service_charges,
    "tables": _tables,
    "taxRates": _tax_rates,
    "tipWithholding": _nothing,
    "voidReasons": _named("void reason", "VoidReason", (("mistake", "Error de caja"),)),
}
