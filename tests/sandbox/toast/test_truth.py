"""What the cloud shows, counted by the warehouse's rules, is what the shops' ledger says."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CADENA, CAFES, KISSATEN, PANADERIA, MerchantSpec
from tests.sandbox.toast.client import NEVER, Toast, partner, restaurants
from tests.sandbox.toast.conftest import ANCHOR

DAYS = 14
SPRING = datetime(2026, 3, 30, 2, 10, tzinfo=UTC)
"""Shortly after the closeout of the day Europe's clocks went forward."""
LOST = {"VOIDED", "DENIED", "CANCELLED", "VOIDED_AT_RISK", "PROCESSING_VOID"}
Walk = Callable[[Sandbox], None]


class Row(NamedTuple):
    """One transaction in major units; of a refund what came back, positive."""

    kind: str
    date: int
    total: Decimal
    tax: Decimal
    tip: Decimal
    discount: Decimal
    service: Decimal


def nothing(kind: str, date: int) -> Row:
    """A transaction that moved no money."""
    return Row(kind, date, *([Decimal(0)] * 5))


def rows_of(order: Mapping[str, Any]) -> Iterator[Row]:
    """The rules of the warehouse, written a second time."""
    assert order["deletedDate"] in (None, NEVER) or order["deleted"]
    if order["deleted"] or order["excessFood"] or order["createdInTestMode"] or order["approvalStatus"] != "APPROVED":
        return
    for check in order["checks"]:
        if check["deleted"]:
            continue
        if order["voided"] or check["voided"]:
            yield nothing("void", check["voidBusinessDate"])
        elif check["paymentStatus"] in ("PAID", "CLOSED"):
            yield sale_of(order["businessDate"], check)
            yield from refunds_of(check)


def sale_of(date: int, check: Mapping[str, Any]) -> Row:
    """A check that was paid."""
    tip = sum((payment["tipAmount"] for payment in countable(check)), Decimal(0))
    charges = check["appliedServiceCharges"]
    tip += sum((charge["chargeAmount"] for charge in charges if charge["gratuity"]), Decimal(0))
    service = sum((charge["chargeAmount"] for charge in charges if not charge["gratuity"]), Decimal(0))
    sold = [selection for selection in check["selections"] if not selection["voided"]]
    discount = sum((one["preDiscountPrice"] - one["price"] for one in sold), Decimal(0))
    return Row("sale", date, check["totalAmount"] + tip, check["taxAmount"], tip, discount, service)


def countable(check: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Payments that brought money."""
    return [
        payment
        for payment in check["payments"]
        if payment["paymentStatus"] not in LOST and not payment["paymentStatus"].startswith("ERROR")
    ]


def refunds_of(check: Mapping[str, Any]) -> Iterator[Row]:
    """What was given back on the check's payments."""
    for payment in check["payments"]:
        refund = payment["refund"]
        if refund is None:
            continue
        transaction = refund["refundTransaction"]["guid"]
        back = [
            selection
            for selection in check["selections"]
            if (selection["refundDetails"] or {}).get("refundTransaction", {}).get("guid") == transaction
        ]
        discount = Decimal(0)
        for selection in back:
            off = selection["preDiscountPrice"] - selection["price"]
            if off:
                share = selection["refundDetails"]["refundAmount"] / selection["price"]
                discount += (off * share).quantize(Decimal("0.01"))
        yield Row(
            "refund",
            refund["refundBusinessDate"],
            refund["refundAmount"] + refund["tipRefundAmount"],
            sum((one["refundDetails"]["taxRefundAmount"] for one in back), Decimal(0)),
            refund["tipRefundAmount"],
            discount,
            Decimal(0),
        )


def by_day(rows: Iterable[Row]) -> dict[str, dict[str, Decimal]]:
    """Rows added up by business date, in the shape of the truth."""
    days: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        digits = str(row.date)
        sums = days.setdefault(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}", defaultdict(Decimal))
        sign = -1 if row.kind == "refund" else 1
        sums[f"{row.kind}s_count"] += 1
        sums["refunded" if row.kind == "refund" else "gross"] += row.total
        sums["net"] += sign * row.total
        for name in ("tax", "tip", "discount", "service"):
            sums[name] += sign * getattr(row, name)
    return days


def assert_true(sandbox: Sandbox, toast: Toast, merchant: Mapping[str, Any]) -> None:
    """Every restaurant's rows equal the ledger, to the cent."""
    end = datetime.fromtimestamp(sandbox.world.now / 1_000_000, UTC) + timedelta(seconds=1)
    truth: dict[str, dict[str, Any]] = defaultdict(dict)
    for day in sandbox.truth(merchant["id"], "toast"):
        truth[day["location_id"]][day["business_date"]] = day
    for guid in restaurants(merchant):
        orders = toast.orders(guid, end - timedelta(days=2 * DAYS), end)
        counted = by_day(row for order in orders for row in rows_of(order))
        assert counted.keys() == truth[guid].keys()
        for date, day in truth[guid].items():
            for name in ("sales_count", "refunds_count", "voids_count"):
                assert counted[date][name] == day[name], (date, name)
            for name in ("gross", "refunded", "net", "tax", "tip", "discount", "service"):
                assert counted[date][name] == Decimal(day[name]), (date, name)


@pytest.mark.parametrize("anchor", [ANCHOR, SPRING])
@pytest.mark.parametrize("spec", [PANADERIA, CAFES, CADENA, KISSATEN], ids=lambda spec: spec.key)
def test_rendered_orders_add_up_to_the_ledger(spec: MerchantSpec, anchor: datetime) -> None:
    """Sales, refunds, voids, taxes, tips and discounts agree per restaurant and business day, at any moment."""
    options = CloudOptions(rate_limits=False)
    sales_per_day = 40 / len(spec.locations)
    with (
        running_sandbox(
            anchor=anchor, days=DAYS, sales_per_day=sales_per_day, merchants=(spec,), cloud_options=options
        ) as sandbox,
        partner(sandbox.base_url("toast")) as toast,
    ):
        [merchant] = sandbox.merchants("toast")
        toast.add_integration(merchant["id"], code="c")
        assert_true(sandbox, toast, merchant)
        for hours, sales in ((0.3, 0), (11, 0), (0, 40), (24, 0)):
            sandbox.advance(sales=sales) if sales else sandbox.advance(hours=hours)
            assert_true(sandbox, toast, merchant)
