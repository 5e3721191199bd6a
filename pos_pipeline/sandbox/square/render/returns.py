"""Goods that come back: return orders, the returns of an exchange, and an order's own view of refunds.

All amounts are positive; the sign lives in the meaning. Only `net_amounts` of a return are negative.
"""

from collections.abc import Sequence

from pos_pipeline.sandbox.shop.clock import DAY, MILLISECOND
from pos_pipeline.sandbox.shop.records import COMPLETED, PENDING, Refund, ReturnedLine, Sale
from pos_pipeline.sandbox.square.render.context import Context
from pos_pipeline.sandbox.square.wire import Json, quantity, rfc3339, whole_seconds


def render_return_order(context: Context, sale: Sale, refund: Refund) -> Json:
    """The order Square makes for a refund."""
    money = context.money
    returned = render_return(context, sale, refund.lines, tip_minor=refund.tip_minor, custom_minor=refund.amount_minor)
    tax = sum(line.tax_minor for line in refund.lines)
    discount = sum(line.discount_minor for line in refund.lines)
    return {
        "id": context.refund_order_id(refund),
        "location_id": context.location_ids[sale.location_key],
        "returns": [returned],
        "return_amounts": returned["return_amounts"],
        "net_amounts": amounts(context, -refund.amount_minor, -tax, -discount, -refund.tip_minor, 0),
        "refunds": [old_refund(context, sale, refund)],
        "source": {"name": "Point of Sale"},
        "state": "COMPLETED",
        "version": refund.revision + 2,
        "created_at": rfc3339(refund.at - 170 * MILLISECOND),
        "updated_at": rfc3339(refund.changed_at),
        "closed_at": rfc3339(refund.at + 260 * MILLISECOND),
        "total_money": money(0),
        "total_tax_money": money(0),
        "total_discount_money": money(0),
        "total_tip_money": money(0),
        "total_service_charge_money": money(0),
    }


def render_return(
    context: Context, source: Sale, lines: Sequence[ReturnedLine], *, tip_minor: int, custom_minor: int = 0
) -> Json:
    """One entry of `returns[]`. Without lines it is a single custom amount of `custom_minor`."""
    money = context.money
    rendered: Json = {"uid": "ret-1", "source_order_id": context.order_id(source)}
    if lines:
        rendered["return_line_items"] = [_line(context, source, line) for line in lines]
        if taxes := _taxes(context, source, lines):
            rendered["return_taxes"] = taxes
    else:
        rendered["return_line_items"] = [
            {
                "uid": "rli-1",
                "quantity": "1",
                "item_type": "CUSTOM_AMOUNT",
                "base_price_money": money(custom_minor),
                "variation_total_price_money": money(custom_minor),
                "gross_return_money": money(custom_minor),
                "total_discount_money": money(0),
                "total_tax_money": money(0),
                "total_money": money(custom_minor),
            }
        ]
    if tip_minor:
        paid = next(i for i, tender in enumerate(source.tenders) if tender.state == COMPLETED)
        rendered["return_tips"] = [
            {"uid": "rtip-1", "applied_money": money(tip_minor), "source_tender_id": context.payment_id(source, paid)}
        ]
    total = (sum(line.total_minor for line in lines) if lines else custom_minor) + tip_minor
    rendered["return_amounts"] = amounts(
        context,
        total,
        sum(line.tax_minor for line in lines),
        sum(line.discount_minor for line in lines),
        tip_minor,
        0,
    )
    return rendered


def amounts(  # noqa: PLR0917 - the five amounts always come in this order
    context: Context, total: int, tax: int, discount: int, tip: int, service: int
) -> Json:
    """Square's OrderMoneyAmounts."""
    return {
        "total_money": context.money(total),
        "tax_money": context.money(tax),
        "discount_money": context.money(discount),
        "tip_money": context.money(tip),
        "service_charge_money": context.money(service),
    }


def old_refund(context: Context, sale: Sale, refund: Refund) -> Json:
    """A refund in the words of the old API, which says APPROVED where the new one says COMPLETED."""
    status = {COMPLETED: "APPROVED", PENDING: "PENDING"}.get(refund.state, "REJECTED")
    return {
        "id": context.refund_id(sale, refund),
        "location_id": context.location_ids[sale.location_key],
        "transaction_id": context.refund_order_id(refund),
        "tender_id": context.payment_id(sale, refund.tender_index),
        "created_at": whole_seconds(refund.at),
        "reason": refund.reason,
        "amount_money": context.money(refund.amount_minor),
        "status": status,
    }


def _line(context: Context, source: Sale, returned: ReturnedLine) -> Json:
    money = context.money
    line = source.lines[returned.line_index]
    number = returned.line_index + 1
    pieces = returned.quantity_milli // 1000
    gross = returned.total_minor + returned.discount_minor
    extras = sum(modifier.price_minor for modifier in line.modifiers) * pieces
    rendered: Json = {"uid": f"rli-{number}", "source_line_item_uid": f"li-{number}"}
    if line.product is not None and line.variation is not None:
        rendered["catalog_object_id"] = context.catalog_id("variation", line.variation.key)
        rendered["catalog_version"] = context.version_at(line.product, line.variation, source.paid_at // DAY)
        rendered["name"] = line.product.name
        rendered["variation_name"] = line.variation.name
        rendered["item_type"] = "ITEM"
    else:
        rendered["item_type"] = "CUSTOM_AMOUNT"
    rendered["quantity"] = quantity(returned.quantity_milli)
    if line.modifiers:
        rendered["return_modifiers"] = [
            {
                "uid": f"rmod-{number}-{position}",
                "source_modifier_uid": f"mod-{number}-{position}",
                "catalog_object_id": context.catalog_id("modifier", modifier.key),
                "name": modifier.name,
                "quantity": "1",
                "base_price_money": money(modifier.price_minor),
                "total_price_money": money(modifier.price_minor * pieces),
            }
            for position, modifier in enumerate(line.modifiers)
        ]
    if line.tax_percent:
        rendered["applied_taxes"] = [
            {
                "uid": f"rat-{number}",
                "tax_uid": f"rtax-{line.tax_percent}",
                "applied_money": money(returned.tax_minor),
            }
        ]
    rendered["base_price_money"] = money(line.unit_minor)
    rendered["variation_total_price_money"] = money(gross - extras)
    rendered["gross_return_money"] = money(gross)
    rendered["total_discount_money"] = money(returned.discount_minor)
    rendered["total_tax_money"] = money(returned.tax_minor)
    rendered["total_money"] = money(returned.total_minor)
    return rendered


def _taxes(context: Context, source: Sale, lines: Sequence[ReturnedLine]) -> list[Json]:
    by_percent: dict[int, int] = {}
    for returned in lines:
        percent = source.lines[returned.line_index].tax_percent
        if percent:
            by_percent[percent] = by_percent.get(percent, 0) + returned.tax_minor
    return [
        {
            "uid": f"rtax-{percent}",
            "source_tax_uid": f"tax-{percent}",
            "catalog_object_id": context.catalog_id("tax", str(percent)),
            "name": f"IVA {percent}%",
            "type": "INCLUSIVE",
            "percentage": str(percent),
            "scope": "LINE_ITEM",
            "applied_money": context.money(applied),
        }
        for percent, applied in by_percent.items()
    ]
