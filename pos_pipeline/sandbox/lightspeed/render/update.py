"""A `Bill` as `sale.update` tells it: the shape of the API's first generation, in a form.

Strings with five decimals, unrounded totals, three ways to write a date, no outlet, no return link, no
adjustments: whoever lands both shapes in one place is found out.
"""

from decimal import Decimal
from urllib.parse import urlencode

import msgspec

from pos_pipeline.sandbox.lightspeed.item import Item
from pos_pipeline.sandbox.lightspeed.render.bill import Bill, Row
from pos_pipeline.sandbox.lightspeed.render.context import Context
from pos_pipeline.sandbox.lightspeed.render.people import WALKIN
from pos_pipeline.sandbox.lightspeed.render.sales import times, units_of
from pos_pipeline.sandbox.lightspeed.render.tenders import Paid
from pos_pipeline.sandbox.lightspeed.wire import Json, number, quantity, stamp, text
from pos_pipeline.sandbox.shop.clock import Instant

EVENT = "sale.update"
_NOTHING = "0.00000"


_encode = msgspec.json.Encoder(decimal_format="number", order="sorted").encode


def update_body(context: Context, bill: Bill, item: Item) -> bytes:
    """The raw body of one delivery, to be signed as it is."""
    form = {
        "payload": _encode(render_update(context, bill, item)).decode(),
        "domain_prefix": context.prefix,
        "environment": "prod",
        "retailer_id": context.retailer_id,
        "type": EVENT,
    }
    return urlencode(form).encode()


def render_update(context: Context, bill: Bill, item: Item) -> Json:
    """The payload itself."""
    return {
        "created_at": _spaced(bill.created_at),
        "customer": _customer(context, bill, item.changed_at),
        "customer_id": context.customer_id(bill.customer),
        "deleted_at": None if bill.deleted_at is None else _spaced(bill.deleted_at),
        "id": item.id,
        "invoice_number": f"{context.prefixes[bill.location_key]}{item.serial}",
        "note": bill.note,
        "register_id": context.register_id(bill.location_key, bill.device),
        "register_sale_payments": [_payment(context, paid, item.id) for paid in bill.payments],
        "register_sale_products": [_product(context, row, item.id) for row in bill.rows],
        "sale_date": _zulu(bill.sale_date),
        "short_code": context.names.short_code(item.id),
        "source": "USER",
        "source_id": None,
        "status": bill.status,
        "taxes": [_tax(context, percent, minor) for percent, minor in bill.taxes.items()],
        "totals": _totals(context, bill),
        "updated_at": stamp(item.changed_at),
        "user": _user(context, bill),
        "user_id": context.user_id(bill.cashier),
        "version": item.version,
    }


def _zulu(instant: Instant) -> str:
    return stamp(instant, zone="Z")


def _spaced(instant: Instant) -> str:
    return stamp(instant, joiner=" ", zone="")


def _customer(context: Context, bill: Bill, changed_at: Instant) -> Json:
    known = bill.customer
    return {
        "balance": _NOTHING,
        "company_name": None,
        "contact_first_name": "" if known is None else known.given_name,
        "contact_last_name": "" if known is None else known.family_name,
        "created_at": _spaced(context.founded_at if known is None else known.created_at),
        "customer_code": WALKIN if known is None else f"{known.given_name}-{known.key}",
        "customer_group_id": context.id("customer_group", "all"),
        "deleted_at": None,
        "do_not_email": False,
        "email": None if known is None else known.email,
        "enable_loyalty": False,
        "first_name": "" if known is None else known.given_name,
        "id": context.customer_id(known),
        "last_name": "" if known is None else known.family_name,
        "loyalty_balance": _NOTHING,
        "mobile": None,
        "phone": None if known is None else known.phone,
        "points": 0,
        "updated_at": _spaced(changed_at),
        "year_to_date": _NOTHING,
    }


def _user(context: Context, bill: Bill) -> Json:
    cashier, spec = bill.cashier, context.merchant.spec
    since = _spaced(context.founded_at if cashier is None else cashier.since)
    username = "owner" if cashier is None else cashier.key.replace(":", "-")
    return {
        "created_at": since,
        "display_name": spec.owner or spec.name if cashier is None else f"{cashier.given_name} {cashier.family_name}",
        "email": f"{username}@{context.prefix}.example",
        "id": context.user_id(cashier),
        "name": username,
        "target_daily": None,
        "target_monthly": None,
        "target_weekly": None,
        "updated_at": since,
    }


def _payment(context: Context, paid: Paid, sale_id: str) -> Json:
    kind = paid.kind
    type_id = context.payment_type_id(kind)
    return {
        "amount": number(context.fifths(paid.amount_minor)),
        "id": context.passing_id("payment", f"{sale_id}:{paid.key}"),
        "payment_date": _zulu(paid.at),
        "payment_type": {"has_native_support": False, "id": str(kind.type_id), "name": kind.standard},
        "payment_type_id": kind.type_id,
        "retailer_payment_type": {
            "config": None,
            "id": type_id,
            "name": kind.name,
            "payment_type_id": str(kind.type_id),
        },
        "retailer_payment_type_id": type_id,
    }


def _product(context: Context, row: Row, sale_id: str) -> Json:
    price, tax, discount = units_of(context, row)
    return {
        "discount": text(discount),
        "id": context.passing_id("line", f"{sale_id}:{row.key}"),
        "loyalty_value": _NOTHING,
        "price": text(price),
        "price_set": row.is_price_set,
        "price_total": text(times(price, row.quantity_milli)),
        "product_id": context.product(row.product),
        "quantity": quantity(row.quantity_milli),
        "tax": text(tax),
        "tax_id": context.tax_id(row.percent),
        "tax_total": text(times(tax, row.quantity_milli)),
    }


def _tax(context: Context, percent: int, minor: int) -> Json:
    """Its id is the rate's with the bytes in another order, as seen in live bodies."""
    low, middle, high, *rest = context.rate_id(percent).split("-")
    return {
        "id": "-".join([f"{high}{middle}", low[:4], low[4:], *rest]),
        "name": f"IVA {percent}%",
        "rate": str(Decimal(percent).scaleb(-2).quantize(Decimal("1.00000"))),
        "tax": number(context.fifths(minor)),
    }


def _totals(context: Context, bill: Bill) -> Json:
    """Sums of the rounded rows, not rounded to cents."""
    price = context.fifths(bill.tip_minor + bill.service_minor)
    tax = 0
    for row in bill.rows:
        units = units_of(context, row)
        price += times(units.price, row.quantity_milli)
        tax += times(units.tax, row.quantity_milli)
    paid = context.fifths(sum(paid.amount_minor for paid in bill.payments))
    due = context.fifths(bill.net_minor + bill.tax_minor) - paid
    return {
        "total_loyalty": _NOTHING,
        "total_payment": text(paid),
        "total_price": text(price),
        "total_tax": text(tax),
        "total_to_pay": text(due),
    }
