"""What a retailer's sales mean for a day's figures: the rules of the warehouse, written a second time."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Object = dict[str, Any]
ZERO = Decimal(0)
CENT = Decimal("0.01")
_PARTS = ("tax", "tip", "discount", "service")


class Transaction(NamedTuple):
    """One sale, refund or void; refunds are negative."""

    kind: str
    outlet_id: str
    at: datetime
    total: Decimal = ZERO
    tax: Decimal = ZERO
    tip: Decimal = ZERO
    discount: Decimal = ZERO
    service: Decimal = ZERO
    subtotal: Decimal = ZERO


def transactions(sale: Object, discount_product_id: str) -> Iterator[Transaction]:
    """What one sale counts as."""
    place, at = sale["outlet_id"], datetime.fromisoformat(sale["sale_date"])
    if sale.get("deleted_at") is not None:
        return
    if sale["status"] == "VOIDED":
        yield Transaction("void", place, at)
        return
    if not is_sold(sale):
        return
    adjusted = {kind: adjustments(sale, kind) for kind in ("TIP", "SURCHARGE")}
    off = [line for line in sale["line_items"] if line["product_id"] == discount_product_id]
    goods = [line for line in sale["line_items"] if line["product_id"] != discount_product_id]
    back = [line for line in goods if line["quantity"] < 0]
    if not back or len(back) == len(goods):
        figures = figures_of(goods, off)
        kind = "refund" if back or sale.get("return_for") else "sale"
        total = sale["total_price"] + sale["total_tax"]
        assert total == figures["net"] + figures["tax"] + sum(adjusted.values())
        assert sale["total_tax"] == figures["tax"]
        yield build(kind, place, at, figures, adjusted["TIP"], adjusted["SURCHARGE"])
        return
    sold = figures_of([line for line in goods if line["quantity"] > 0], off)
    returned = figures_of(back, [])
    assert sale["total_price"] == sold["net"] + returned["net"] + sum(adjusted.values())
    yield build("sale", place, at, sold, adjusted["TIP"], adjusted["SURCHARGE"])
    yield build("refund", place, at, returned, ZERO, ZERO)


def is_sold(sale: Object) -> bool:
    """Closed in some way, on account, or paid and waiting."""
    if sale["state"] == "closed" or sale["status"] == "ONACCOUNT":
        return True
    paid = sum(payment["amount"] for payment in sale["payments"])
    waits = sale["status"] in ("AWAITING_PICKUP", "AWAITING_DISPATCH")
    return waits and paid >= sale["total_price"] + sale["total_tax"]


def adjustments(sale: Object, kind: str) -> Decimal:
    """The sum of one kind of adjustment, whose type has either of two names."""
    values = [a["value"] for a in sale["adjustments"] if (a.get("type") or a.get("adjustment_type")) == kind]
    return Decimal(sum(values))


def figures_of(goods: Iterable[Object], off: Iterable[Object]) -> dict[str, Decimal]:
    """Sums of the lines, rounded to cents line by line; the rounding of five decimals is all that may be lost."""
    sums = dict.fromkeys(("net", "tax", "discount", "subtotal"), ZERO)
    for line in goods:
        net, tax, discount = (cents(line[name]) for name in ("price_total", "tax_total", "discount_total"))
        for name, value in zip(sums, (net, tax, discount, net + discount), strict=True):
            sums[name] += value
    for line in off:
        net, tax = cents(line["price_total"]), cents(line["tax_total"])
        for name, value in zip(sums, (net, tax, -net, ZERO), strict=True):
            sums[name] += value
    return sums


def cents(value: Decimal | int) -> Decimal:
    """The value in whole cents, which it differs from by less than half a tenth of one."""
    rounded = Decimal(value).quantize(CENT)
    assert abs(rounded - value) < Decimal("0.0005")
    return rounded


def build(  # noqa: PLR0917 - what, where, when and how much
    kind: str, place: str, at: datetime, figures: dict[str, Decimal], tip: Decimal, service: Decimal
) -> Transaction:
    """The transaction of the figures, whose parts add up to its total."""
    total = figures["net"] + figures["tax"] + tip + service
    assert figures["subtotal"] + figures["tax"] - figures["discount"] + service + tip == total
    tax, discount, subtotal = figures["tax"], figures["discount"], figures["subtotal"]
    return Transaction(kind, place, at, total, tax, tip, discount, service, subtotal)


def ledger(sales: Iterable[Object], outlets: Iterable[Object], discount_product_id: str) -> list[Object]:
    """The days of all outlets as the sandbox's truth writes them, by outlet and day."""
    zones = {outlet["id"]: ZoneInfo(outlet["time_zone"]) for outlet in outlets}
    days: dict[tuple[str, str], list[Transaction]] = {}
    for sale in sales:
        for one in transactions(sale, discount_product_id):
            day = one.at.astimezone(zones[one.outlet_id]).date().isoformat()
            days.setdefault((one.outlet_id, day), []).append(one)
    return [
        {
            "location_id": outlet_id,
            "business_date": day,
            "sales_count": sum(one.kind == "sale" for one in found),
            "refunds_count": sum(one.kind == "refund" for one in found),
            "voids_count": sum(one.kind == "void" for one in found),
            "gross": sum((one.total for one in found if one.kind == "sale"), ZERO),
            "refunded": -sum((one.total for one in found if one.kind == "refund"), ZERO),
            "net": sum((one.total for one in found), ZERO),
            **{
                name: sum((getattr(one, name) for one in found), ZERO) for name in ("tax", "tip", "discount", "service")
            },
        }
        for (outlet_id, day), found in sorted(days.items())
    ]


def told(truth: Iterable[Object]) -> list[Object]:
    """The sandbox's truth with its amounts as decimals, in the same order."""
    money = ("gross", "refunded", "net", *_PARTS)
    rows = [{name: Decimal(value) if name in money else value for name, value in day.items()} for day in truth]
    for row in rows:
        del row["merchant_id"], row["currency"]
    return sorted(rows, key=lambda row: (row["location_id"], row["business_date"]))
