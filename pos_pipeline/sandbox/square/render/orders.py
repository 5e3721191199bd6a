"""Sales as Square orders: lines, taxes, discounts, tenders, and the goods of an exchange."""

from pos_pipeline.sandbox.shop.clock import DAY
from pos_pipeline.sandbox.shop.records import (
    CANCELED,
    CLOSED,
    COMPLETED,
    DRAWER,
    OPEN,
    VOIDED,
    Discount,
    Line,
    Sale,
)
from pos_pipeline.sandbox.square.render.context import Context
from pos_pipeline.sandbox.square.render.returns import amounts, old_refund, render_return
from pos_pipeline.sandbox.square.render.tenders import render_tender
from pos_pipeline.sandbox.square.wire import Json, quantity, rfc3339

STATES = {OPEN: "OPEN", CLOSED: "COMPLETED", VOIDED: "CANCELED"}
WEIGHT_UNIT = {"measurement_unit": {"weight_unit": "METRIC_KILOGRAM", "type": "TYPE_WEIGHT"}, "precision": 3}
_UNVERSIONED = 9
"""One order in so many carries no version, like those not made through the API."""


def render_order(context: Context, sale: Sale) -> Json:
    """The whole order as SearchOrders returns it."""
    order: Json = {"id": context.order_id(sale), "location_id": context.location_ids[sale.location_key]}
    if sale.customer is not None:
        order["customer_id"] = context.names.customer(context.key, sale.customer.key)
    order |= _goods(context, sale)
    returned = (0, 0, 0)
    if sale.returned is not None:
        lines = sale.returned.lines
        rendered = render_return(context, sale.returned.source, lines, tip_minor=0)
        order |= {"returns": [rendered], "return_amounts": rendered["return_amounts"]}
        returned = (
            sale.returned.total_minor,
            sum(line.tax_minor for line in lines),
            sum(line.discount_minor for line in lines),
        )
    tenders = _tenders(context, sale)
    if tenders:
        order["tenders"] = tenders
    if sale.refunds:
        order["refunds"] = [old_refund(context, sale, refund) for refund in sale.refunds]
    order |= {"source": {"name": "Point of Sale"}, "state": STATES[sale.state]}
    if sale.number % _UNVERSIONED:
        order["version"] = sale.revision + 2
    order["created_at"] = rfc3339(created_at(sale))
    order["updated_at"] = rfc3339(sale.changed_at)
    if sale.closed_at is not None:
        order["closed_at"] = rfc3339(sale.closed_at)
    return order | _totals(context, sale, returned)


def created_at(sale: Sale) -> int:
    """When the servers made the order: for an offline sale on receipt, not at the till."""
    return sale.arrived_at if sale.is_offline else sale.opened_at


def _goods(context: Context, sale: Sale) -> Json:
    goods: Json = {}
    if sale.lines:
        goods["line_items"] = [_line(context, sale, index, line) for index, line in enumerate(sale.lines)]
        goods["taxes"] = _taxes(context, sale)
        if any(line.discount_minor for line in sale.lines):
            goods["discounts"] = _discounts(context, sale)
    if sale.service_minor:
        goods["service_charges"] = [_service_charge(context, sale)]
    if sale.is_pickup:
        state = "COMPLETED" if sale.state == CLOSED else "PREPARED"
        goods["fulfillments"] = [{"uid": "ful-1", "type": "PICKUP", "state": state}]
    return goods


def _tenders(context: Context, sale: Sale) -> list[Json]:
    if sale.kind == DRAWER:
        return [_drawer_tender(context, sale)]
    return [
        render_tender(context, sale, index)
        for index, tender in enumerate(sale.tenders)
        if tender.state in (COMPLETED, CANCELED)
    ]


def _totals(context: Context, sale: Sale, returned: tuple[int, int, int]) -> Json:
    """The order's totals. `net_amounts` are what was sold less the total, tax and discount `returned`."""
    money = context.money
    tip, service = sale.tip_minor, sale.service_minor
    total = sale.goods_minor + service + tip
    tax = sum(line.tax_minor for line in sale.lines)
    discount = sum(line.discount_minor for line in sale.lines)
    return {
        "total_money": money(total),
        "total_tax_money": money(tax),
        "total_discount_money": money(discount),
        "total_tip_money": money(tip),
        "total_service_charge_money": money(service),
        "net_amounts": amounts(context, total - returned[0], tax - returned[1], discount - returned[2], tip, service),
        "net_amount_due_money": money(0 if sale.is_paid else total),
    }


def _line(context: Context, sale: Sale, index: int, line: Line) -> Json:
    money = context.money
    extras = sum(modifier.price_minor for modifier in line.modifiers) * (line.quantity_milli // 1000)
    rendered: Json = {"uid": f"li-{index + 1}"}
    if line.product is not None and line.variation is not None:
        day = sale.paid_at // DAY
        version = context.version_at(line.product, line.variation, day)
        rendered["catalog_object_id"] = context.catalog_id("variation", line.variation.key)
        rendered["catalog_version"] = version
        rendered["quantity"] = quantity(line.quantity_milli)
        rendered["name"] = line.product.name
        rendered["variation_name"] = line.variation.name
        rendered["item_type"] = "ITEM"
        if line.product.by_weight:
            rendered["quantity_unit"] = WEIGHT_UNIT
    else:
        rendered["quantity"] = "1"
        rendered["item_type"] = "CUSTOM_AMOUNT"
    if line.note is not None:
        rendered["note"] = line.note
    if line.modifiers:
        rendered["modifiers"] = [
            {
                "uid": f"mod-{index + 1}-{position}",
                "catalog_object_id": context.catalog_id("modifier", modifier.key),
                "name": modifier.name,
                "quantity": "1",
                "base_price_money": money(modifier.price_minor),
                "total_price_money": money(modifier.price_minor * (line.quantity_milli // 1000)),
            }
            for position, modifier in enumerate(line.modifiers)
        ]
    rendered["base_price_money"] = money(line.unit_minor)
    rendered["variation_total_price_money"] = money(line.gross_minor - extras)
    rendered["gross_sales_money"] = money(line.gross_minor)
    rendered["total_discount_money"] = money(line.discount_minor)
    rendered["total_tax_money"] = money(line.tax_minor)
    rendered["total_service_charge_money"] = money(0)
    rendered["total_money"] = money(line.total_minor)
    if line.tax_percent:
        rendered["applied_taxes"] = [
            {"uid": f"at-{index + 1}", "tax_uid": f"tax-{line.tax_percent}", "applied_money": money(line.tax_minor)}
        ]
    applied = []
    if line.own_discount_minor:
        applied.append(
            {
                "uid": f"ad-{index + 1}",
                "discount_uid": f"dsc-{index + 1}",
                "applied_money": money(line.own_discount_minor),
            }
        )
    if line.order_discount_minor:
        applied.append(
            {
                "uid": f"ado-{index + 1}",
                "discount_uid": "dsc-order",
                "applied_money": money(line.order_discount_minor),
            }
        )
    if applied:
        rendered["applied_discounts"] = applied
    return rendered


def _taxes(context: Context, sale: Sale) -> list[Json]:
    by_percent: dict[int, int] = {}
    for line in sale.lines:
        if line.tax_percent:
            by_percent[line.tax_percent] = by_percent.get(line.tax_percent, 0) + line.tax_minor
    return [
        {
            "uid": f"tax-{percent}",
            "catalog_object_id": context.catalog_id("tax", str(percent)),
            "name": f"IVA {percent}%",
            "type": "INCLUSIVE",
            "percentage": str(percent),
            "scope": "LINE_ITEM",
            "applied_money": context.money(applied),
        }
        for percent, applied in by_percent.items()
    ]


def _discounts(context: Context, sale: Sale) -> list[Json]:
    rendered = [
        discount(context, line.discount, f"dsc-{index + 1}", line.own_discount_minor, "LINE_ITEM")
        for index, line in enumerate(sale.lines)
        if line.discount is not None
    ]
    if sale.discount is not None:
        applied = sum(line.order_discount_minor for line in sale.lines)
        rendered.append(discount(context, sale.discount, "dsc-order", applied, "ORDER"))
    return rendered


def discount(context: Context, named: Discount, uid: str, applied_minor: int, scope: str) -> Json:
    """One discount of an order."""
    rendered: Json = {"uid": uid, "catalog_object_id": context.catalog_id("discount", named.key), "name": named.name}
    if named.percent is not None:
        rendered |= {"type": "FIXED_PERCENTAGE", "percentage": str(named.percent)}
    else:
        rendered |= {"type": "FIXED_AMOUNT", "amount_money": context.money(named.amount_minor or 0)}
    return rendered | {"applied_money": context.money(applied_minor), "scope": scope}


def _service_charge(context: Context, sale: Sale) -> Json:
    return {
        "uid": "svc-1",
        "name": "Suplemento de terraza",
        "percentage": "10",
        "applied_money": context.money(sale.service_minor),
        "total_money": context.money(sale.service_minor),
        "total_tax_money": context.money(0),
        "calculation_phase": "SUBTOTAL_PHASE",
        "taxable": False,
        "type": "CUSTOM",
        "treatment_type": "LINE_ITEM_TREATMENT",
        "scope": "ORDER",
    }


def _drawer_tender(context: Context, sale: Sale) -> Json:
    return {
        "id": context.names.payment(context.key, sale.number * 4),
        "location_id": context.location_ids[sale.location_key],
        "transaction_id": context.order_id(sale),
        "created_at": rfc3339(sale.paid_at),
        "amount_money": context.money(0),
        "type": "NO_SALE",
    }
