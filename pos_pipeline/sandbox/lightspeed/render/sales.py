"""A `Bill` as the API writes it: `GET /api/2.0/sales` and search."""

from typing import NamedTuple

from pos_pipeline.sandbox.lightspeed.item import Item
from pos_pipeline.sandbox.lightspeed.render.bill import Bill, Row
from pos_pipeline.sandbox.lightspeed.render.context import Context
from pos_pipeline.sandbox.lightspeed.render.tenders import Paid
from pos_pipeline.sandbox.lightspeed.statuses import SAVED, meaning_of
from pos_pipeline.sandbox.lightspeed.wire import Json, divide, number, quantity, stamp

_COST_PERCENT = 35
_ONE = 1000
"""One piece or kilo."""
_NULLS_EVERY = 3
"""One sale in so many spells out its null members; the others omit them."""


def render_sale(context: Context, bill: Bill, item: Item) -> Json:
    """The sale as `data` holds it."""
    state, attributes = meaning_of(bill.status)
    invoice = f"{context.prefixes[bill.location_key]}{item.serial}"
    outlet_id = context.outlet_ids[bill.location_key]
    register_id = context.register_id(bill.location_key, bill.device)
    rendered: Json = {
        "id": item.id,
        "outlet_id": outlet_id,
        "register_id": register_id,
        "user_id": context.user_id(bill.cashier),
        "customer_id": context.customer_id(bill.customer),
        "invoice_number": invoice,
        "invoice_sequence": item.serial,
        "receipt_number": invoice,
        "receipt_sequence": item.serial,
        "source": "USER",
        "status": bill.status,
        "state": state,
        "attributes": attributes,
        "note": bill.note,
        "short_code": context.names.short_code(item.id),
        "total_price": number(context.fifths(bill.net_minor)),
        "total_tax": number(context.fifths(bill.tax_minor)),
        "total_loyalty": 0,
        "created_at": stamp(bill.created_at),
        "updated_at": stamp(item.changed_at),
        "sale_date": stamp(bill.sale_date),
        "line_items": [
            _line(context, row, item.id, sequence, "SAVED" if bill.status == SAVED else "CONFIRMED")
            for sequence, row in enumerate(bill.rows)
        ],
        "payments": render_payments(context, bill, item.id),
        "adjustments": _adjustments(context, bill),
        "taxes": [
            {"id": context.rate_id(percent), "amount": number(context.fifths(tax))}
            for percent, tax in bill.taxes.items()
        ],
        "version": item.version,
    }
    spells_nulls = item.serial % _NULLS_EVERY == 0
    if spells_nulls:
        rendered["source_id"] = None
    if bill.return_for is not None:
        rendered["return_for"] = context.sale_id(bill.return_for)
    elif spells_nulls:
        rendered["return_for"] = None
    if bill.deleted_at is not None:
        rendered["deleted_at"] = stamp(bill.deleted_at)
    elif spells_nulls:
        rendered["deleted_at"] = None
    return rendered


def render_payments(context: Context, bill: Bill, sale_id: str) -> list[Json]:
    """The payments of a sale."""
    outlet_id = context.outlet_ids[bill.location_key]
    register_id = context.register_id(bill.location_key, bill.device)
    return [_payment(context, paid, sale_id, outlet_id, register_id) for paid in bill.payments]


class Units(NamedTuple):
    """What one piece or kilo of a row comes to, in hundred-thousandths; positive also of what comes back."""

    price: int
    tax: int
    discount: int


def units_of(context: Context, row: Row) -> Units:
    """The rounded units of a row."""
    net, tax, discount = (
        context.fifths(row.net_minor),
        context.fifths(row.tax_minor),
        context.fifths(row.discount_minor),
    )
    pieces = row.quantity_milli
    if pieces == _ONE:
        return Units(net, tax, discount)
    if pieces < 0:
        net, tax, discount, pieces = -net, -tax, -discount, -pieces
    return Units(*(divide(amount * _ONE, pieces) if amount else 0 for amount in (net, tax, discount)))


def times(unit: int, quantity_milli: int) -> int:
    """What the row's total becomes from its rounded unit."""
    return unit if quantity_milli == _ONE else divide(unit * quantity_milli, _ONE)


def _line(context: Context, row: Row, sale_id: str, sequence: int, status: str) -> Json:
    price, tax, discount = units_of(context, row)
    cost = price * _COST_PERCENT // 100
    rendered: Json = {
        "id": context.passing_id("line", f"{sale_id}:{row.key}"),
        "product_id": context.product(row.product),
        "tax_id": context.tax_id(row.percent),
        "quantity": quantity(row.quantity_milli),
        "loyalty_value": 0,
        "unit_loyalty_value": 0,
        "total_loyalty_value": 0,
        "price_set": row.is_price_set,
        "sequence": sequence,
        "status": status,
        "is_return": row.is_return,
        "tax_components": _components(context, row, tax),
        "promotions": [],
    }
    for name, unit in (("price", price), ("discount", discount), ("cost", cost), ("tax", tax)):
        total = number(times(unit, row.quantity_milli))
        rendered[name] = rendered[f"unit_{name}"] = number(unit)
        rendered[f"{name}_total"] = rendered[f"total_{name}"] = total
    if row.note is not None:
        rendered["note"] = row.note
    return rendered


def _components(context: Context, row: Row, unit_tax: int) -> list[Json]:
    """The tax by rate. It has no sign on what is returned, as in the official example."""
    if row.taxes:
        return [
            {"rate_id": context.rate_id(percent), "total_tax": number(context.fifths(abs(minor)))}
            for percent, minor in row.taxes
        ]
    return [{"rate_id": context.rate_id(row.percent), "total_tax": number(times(unit_tax, abs(row.quantity_milli)))}]


def _payment(context: Context, paid: Paid, sale_id: str, outlet_id: str, register_id: str) -> Json:
    external = []
    if paid.card is not None:
        external.append(
            {
                "source": "INTEGRATED_TERMINAL",
                "card_last_four_digits": paid.card.last_four,
                "card_brand": paid.card.brand,
                "transaction_id": context.passing_id("transaction", f"{sale_id}:{paid.key}"),
            }
        )
    return {
        "id": context.passing_id("payment", f"{sale_id}:{paid.key}"),
        "register_id": register_id,
        "outlet_id": outlet_id,
        "retailer_payment_type_id": context.payment_type_id(paid.kind),
        "payment_type_id": str(paid.kind.type_id),
        "name": paid.kind.name,
        "amount": number(context.fifths(paid.amount_minor)),
        "payment_date": stamp(paid.at),
        "external_attributes": external,
    }


def _adjustments(context: Context, bill: Bill) -> list[Json]:
    """Tips and the terrace supplement, which bear no tax. The type goes by either of two names."""
    rendered: list[Json] = []
    for kind, name, minor in (("TIP", "Propina", bill.tip_minor), ("SURCHARGE", "Terraza", bill.service_minor)):
        if minor:
            key = "type" if bill.number % 2 else "adjustment_type"
            rendered.append({key: kind, "name": name, "value": number(context.fifths(minor)), "tax_components": []})
    return rendered
