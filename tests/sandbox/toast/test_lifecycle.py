"""What single tickets look like: moments that pass quickly, goods that come back, rows that must not count."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.clock import MINUTE
from pos_pipeline.sandbox.shop.merchants import CAFES
from pos_pipeline.sandbox.shop.records import APPROVED, CHIP, OPEN, Sale, Tender
from pos_pipeline.sandbox.toast.render.orders import View, render_order
from tests.sandbox.toast.client import partner, restaurants
from tests.sandbox.toast.conftest import ANCHOR

Order = dict[str, Any]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Three weeks in which nearly everything happens."""
    options = CloudOptions(rate_limits=False)
    with running_sandbox(
        anchor=ANCHOR, days=21, sales_per_day=80, merchants=(CAFES,), cloud_options=options
    ) as running:
        yield running


@pytest.fixture(scope="module")
def orders(sandbox: Sandbox) -> list[Order]:
    """All orders of all cafés."""
    start, end = ANCHOR - timedelta(days=26), ANCHOR + timedelta(seconds=1)
    [merchant] = sandbox.merchants("toast")
    with partner(sandbox.base_url("toast")) as toast:
        toast.add_integration(merchant["id"], code="c")
        return [order for guid in restaurants(merchant) for order in toast.orders(guid, start, end)]


def check_of(order: Order) -> Order:
    """The one check."""
    [check] = order["checks"]
    found: Order = check
    return found


def counted(check: Order) -> list[Order]:
    """Selections that are in the totals."""
    return [selection for selection in check["selections"] if not selection["voided"]]


def living(orders: list[Order]) -> list[Order]:
    """Checks of orders neither voided nor deleted."""
    return [check_of(order) for order in orders if not order["voided"] and not order["deleted"]]


def test_checks_add_up(orders: list[Order]) -> None:
    """Prices and charges make the amount, taxes the tax, payments that count the total."""
    for check in living(orders):
        charges = sum(charge["chargeAmount"] for charge in check["appliedServiceCharges"])
        paid = [p["amount"] for p in check["payments"] if p["paymentStatus"] in ("CAPTURED", "AUTHORIZED")]

        assert check["amount"] == sum(selection["price"] for selection in counted(check)) + charges
        assert check["taxAmount"] == sum(selection["tax"] for selection in counted(check))
        assert check["totalAmount"] == check["amount"] + check["taxAmount"]
        assert sum(paid) == (0 if check["paymentStatus"] == "OPEN" else check["totalAmount"])


def test_a_checks_discount_is_inside_its_prices(orders: list[Order]) -> None:
    """It is named on the check, and no selection names it again."""
    discounted = [
        check
        for check in living(orders)
        if check["appliedDiscounts"] and not any(row for s in check["selections"] for row in s["appliedDiscounts"])
    ]

    assert discounted
    for check in discounted:
        off = sum(selection["preDiscountPrice"] - selection["price"] for selection in counted(check))
        assert off == sum(row["discountAmount"] for row in check["appliedDiscounts"])


def test_an_items_discount_is_named_on_it(orders: list[Order]) -> None:
    """What was taken off is what the row says, unless the row was withdrawn."""
    rows = [
        (selection, row)
        for check in living(orders)
        if not check["appliedDiscounts"]
        for selection in counted(check)
        for row in selection["appliedDiscounts"]
    ]
    withdrawn = [(selection, row) for selection, row in rows if row["processingState"] == "VOID"]
    applied = [(selection, row) for selection, row in rows if row["processingState"] is None]

    assert withdrawn
    assert applied
    assert all(row["discountAmount"] == Decimal("0.50") for _, row in withdrawn)
    for selection, row in applied:
        assert selection["preDiscountPrice"] - selection["price"] == row["discountAmount"]


def test_modifiers_are_inside_their_parents_price(orders: list[Order]) -> None:
    """A parent of one piece costs its own unit price and its modifiers', give or take a cent of rounding."""
    parents = [
        selection
        for check in living(orders)
        for selection in counted(check)
        if selection["modifiers"] and selection["quantity"] == 1
    ]

    assert any(modifier["price"] > 0 for parent in parents for modifier in parent["modifiers"])
    for parent in parents:
        together = parent["receiptLinePrice"] + sum(modifier["price"] for modifier in parent["modifiers"])
        assert abs(parent["preDiscountPrice"] - together) <= Decimal("0.01")
        assert {modifier["tax"] for modifier in parent["modifiers"]} == {0}


def test_mistakes_stay_with_their_price(orders: list[Order]) -> None:
    """A voided selection on a living check."""
    mistakes = [s for check in living(orders) for s in check["selections"] if s["voided"]]

    assert mistakes
    for selection in mistakes:
        assert selection["preDiscountPrice"] > 0
        assert selection["voidReason"]["entityType"] == "VoidReason"


def test_voided_orders_have_nothing_left_to_pay(orders: list[Order]) -> None:
    """Totals are zero, selections keep their prices, all three levels say so with one date."""
    voided = [order for order in orders if order["voided"]]

    assert voided
    for order in voided:
        check = check_of(order)
        assert (check["amount"], check["taxAmount"], check["totalAmount"]) == (0, 0, 0)
        assert check["paymentStatus"] == "VOIDED"
        assert {order["voidDate"], check["voidDate"]} == {s["voidDate"] for s in check["selections"]}
        assert all(selection["price"] > 0 for selection in check["selections"])
        assert {payment["paymentStatus"] for payment in check["payments"]} <= {"VOIDED"}


def test_moved_checks_leave_a_deleted_order(orders: list[Order]) -> None:
    """It has a total and must not be counted."""
    deleted = [order for order in orders if order["deleted"]]

    assert deleted
    for order in deleted:
        assert check_of(order)["deleted"]
        assert order["deletedDate"] > order["openedDate"]
        assert check_of(order)["totalAmount"] > 0


def test_refunds_leave_the_sale_as_it_was(orders: list[Order]) -> None:
    """Money by payment with its tax, goods by selection without; amounts alone have no goods."""
    back = [
        (check, payment) for check in living(orders) for payment in check["payments"] if payment["refund"] is not None
    ]
    of_goods = of_amounts = 0
    for check, payment in back:
        details = [s["refundDetails"] for s in check["selections"] if s["refundDetails"]]
        of_goods += bool(details)
        of_amounts += not details
        assert payment["refundStatus"] in ("PARTIAL", "FULL")
        assert payment["paymentStatus"] in ("CAPTURED", "AUTHORIZED")
        assert check["totalAmount"] == check["amount"] + check["taxAmount"]
        if details:
            goods = sum(one["refundAmount"] + one["taxRefundAmount"] for one in details)
            assert goods == payment["refund"]["refundAmount"]
    assert of_goods
    assert of_amounts


def test_goods_exchanged_come_back_on_the_order_they_came_from(sandbox: Sandbox, orders: list[Order]) -> None:
    """Dated by the exchange; the new check is paid in full."""
    cloud: Any = sandbox.clouds["toast"]
    sales = [sale for sale in sandbox.world.merchants["cafes"].sales if sale.returned is not None]
    by_guid = {order["guid"]: order for order in orders}

    assert sales
    for sale in sales:
        context = cloud.context_of(cloud.location_id("cafes", sale.location_key))
        fresh, source = (by_guid[context.order_guid(one)] for one in (sale, sale.returned.source))
        refunds = [payment["refund"] for payment in check_of(source)["payments"] if payment["refund"]]
        check = check_of(fresh)
        assert [one["refundAmount"] for one in refunds] == [Decimal(sale.returned.total_minor) / 100]
        assert sum(payment["amount"] for payment in check["payments"]) == check["totalAmount"]
        assert check["totalAmount"] == Decimal(sale.goods_minor) / 100


def test_amounts_without_a_product_are_open_items(orders: list[Order]) -> None:
    """Their name is the selection's own."""
    typed = [s for check in living(orders) for s in counted(check) if s["item"] is None]

    assert typed
    assert {(s["selectionType"], s["displayName"], s["salesCategory"]) for s in typed} == {
        ("OPEN_ITEM", "Importe libre", None)
    }


def test_the_terrace_supplement_is_no_gratuity(orders: list[Order]) -> None:
    """A charge without tax, in the check's amount."""
    charges = [charge for check in living(orders) for charge in check["appliedServiceCharges"]]

    assert charges
    assert {(charge["gratuity"], charge["taxable"], charge["serviceChargeCategory"]) for charge in charges} == {
        (False, False, "SERVICE_CHARGE")
    }


def test_some_checks_have_two_payments(orders: list[Order]) -> None:
    """Each belongs to the one check of its order."""
    split = [check for check in living(orders) if len(check["payments"]) == 2 and len(check["selections"]) > 1]

    assert split
    for check in split:
        assert {payment["checkGuid"] for payment in check["payments"]} == {check["guid"]}


def test_orders_to_be_collected_open_when_they_are_promised(orders: list[Order]) -> None:
    """Online, without a server, on the promised day."""
    pickups = [order for order in orders if order["source"] == "Online" and not order["deleted"]]

    assert pickups
    for order in pickups:
        assert order["promisedDate"] == order["openedDate"]
        assert order["server"] is None


def test_a_card_the_terminal_still_works_on_leaves_the_check_open(sandbox: Sandbox) -> None:
    """It counts for nothing yet."""
    cloud: Any = sandbox.clouds["toast"]
    context = cloud.context_of(cloud.location_id("cafes", "puerto"))
    known = next(sale for sale in context.merchant.sales if sale.lines and sale.location_key == "puerto")
    at = known.paid_at
    sale = Sale(
        number=1,
        kind=known.kind,
        merchant_key="cafes",
        location_key="puerto",
        opened_at=at - MINUTE,
        paid_at=at,
        arrived_at=at,
        changed_at=at,
        state=OPEN,
        lines=known.lines,
        tenders=[Tender(4, CHIP, sum(line.total_minor for line in known.lines), at, at, state=APPROVED)],
    )
    check: Any = check_of(render_order(context, View(sale, at)))

    assert (check["paymentStatus"], check["payments"][0]["paymentStatus"]) == ("OPEN", "PROCESSING")
    assert check["closedDate"] is None
    assert check["totalAmount"] == Decimal(sale.goods_minor) / 100
