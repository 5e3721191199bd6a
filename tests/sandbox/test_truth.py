"""What the cloud shows, counted by the warehouse's rules, is what the shops' ledger says."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import httpx
import pytest

from pos_pipeline.sandbox import Sandbox, running_sandbox
from tests.sandbox import reading
from tests.sandbox.conftest import ANCHOR
from tests.sandbox.reading import moment


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A month with short pages, then a day more, and a few sales, refunds and edits on request."""
    with running_sandbox(anchor=ANCHOR, days=30, sales_per_day=12) as running:
        running.advance(hours=24)
        running.advance(sales=60)
        yield running


class Row(NamedTuple):
    """One transaction; minor units, refunds negative."""

    kind: str
    location_id: str
    at: datetime
    total: int
    tax: int = 0
    tip: int = 0
    discount: int = 0
    service: int = 0


def amounts(source: dict[str, Any]) -> dict[str, int]:
    """Square's OrderMoneyAmounts in short."""
    return {
        name: source[f"{key}_money"]["amount"]
        for name, key in (
            ("total", "total"),
            ("tax", "tax"),
            ("tip", "tip"),
            ("discount", "discount"),
            ("service", "service_charge"),
        )
    }


def transactions(
    payments: list[dict[str, Any]], refunds: list[dict[str, Any]], orders: list[dict[str, Any]]
) -> Iterator[Row]:
    """The rules of the warehouse, written a second time."""
    by_order: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for payment in payments:
        if "order_id" in payment:
            by_order[payment["order_id"]].append(payment)
        elif payment["status"] == "COMPLETED":
            tip = payment.get("tip_money", {"amount": 0})["amount"]
            total = payment["total_money"]["amount"]
            yield Row("sale", payment["location_id"], moment(payment["created_at"]), total, tip=tip)
    exchanges = {order["id"] for order in orders if order.get("returns") and order.get("line_items")}
    returns = {order["id"]: order["return_amounts"] for order in orders if order.get("returns")}
    for order in orders:
        yield from of_order(order, by_order[order["id"]])
    for refund in refunds:
        if refund["status"] == "COMPLETED" and refund["order_id"] not in exchanges:
            parts = amounts(returns[refund["order_id"]])
            assert parts.pop("total") == refund["amount_money"]["amount"]
            negative = {name: -value for name, value in parts.items()}
            total = -refund["amount_money"]["amount"]
            yield Row("refund", refund["location_id"], moment(refund["created_at"]), total, **negative)


def of_order(order: dict[str, Any], payments: list[dict[str, Any]]) -> Iterator[Row]:
    """Sale, void and exchanged goods of one order."""
    place = order["location_id"]
    completed = [payment for payment in payments if payment["status"] == "COMPLETED"]
    canceled = [payment for payment in payments if payment["status"] == "CANCELED"]
    offline = [p["offline_payment_details"]["client_created_at"] for p in completed if p.get("is_offline_payment")]
    if not order.get("line_items"):
        return
    if order["state"] == "COMPLETED" or (completed and order["net_amount_due_money"]["amount"] == 0):
        first = min((moment(payment["created_at"]) for payment in completed), default=None)
        at = min(map(moment, offline)) if offline else moment(order["closed_at"]) if "closed_at" in order else first
        assert at is not None
        yield Row(
            "sale",
            place,
            at,
            order["total_money"]["amount"],
            order["total_tax_money"]["amount"],
            order["total_tip_money"]["amount"],
            order["total_discount_money"]["amount"],
            order["total_service_charge_money"]["amount"],
        )
        if order.get("returns"):
            yield Row("refund", place, at, **{name: -value for name, value in amounts(order["return_amounts"]).items()})
    elif order["state"] == "CANCELED" or canceled:
        at = min((moment(payment["created_at"]) for payment in canceled), default=moment(order["created_at"]))
        yield Row("void", place, at, 0)


def by_day(rows: Iterator[Row], zones: dict[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows added up by location and local day, in the shape of the truth."""
    days: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        day = row.at.astimezone(ZoneInfo(zones[row.location_id])).date().isoformat()
        sums = days.setdefault((row.location_id, day), defaultdict(Decimal))
        sums[f"{row.kind}s_count"] += 1
        sums["gross" if row.kind == "sale" else "refunded"] += abs(row.total)
        for name in ("tax", "tip", "discount", "service"):
            sums[name] += getattr(row, name)
        sums["net"] += row.total
    return days


@pytest.mark.parametrize("key", ["panaderia", "cafes", "cadena"])
def test_rendered_objects_add_up_to_the_ledger(
    sandbox: Sandbox, http: httpx.Client, merchants: dict[str, dict[str, Any]], key: str
) -> None:
    """Sales, refunds, voids, taxes, tips and discounts agree to the cent per location and business day."""
    merchant = merchants[key]
    zones = {location["id"]: location["timezone"] for location in merchant["locations"]}
    rows = transactions(
        reading.payments(http, merchant), reading.refunds(http, merchant), reading.orders(http, merchant)
    )
    counted = by_day(rows, zones)

    truth = {(day["location_id"], day["business_date"]): day for day in sandbox.truth(merchant["id"])}
    assert counted.keys() == truth.keys()
    for where, day in truth.items():
        for name in ("sales_count", "refunds_count", "voids_count"):
            assert counted[where][name] == day[name], (where, name)
        for name in ("gross", "refunded", "net", "tax", "tip", "discount", "service"):
            assert counted[where][name] == Decimal(day[name]) * 100, (where, name)


@pytest.mark.parametrize("key", ["panaderia", "cafes", "cadena"])
def test_money_received_less_money_returned_is_the_net(
    sandbox: Sandbox, http: httpx.Client, merchants: dict[str, dict[str, Any]], key: str
) -> None:
    """Completed payments minus completed refunds, whatever they were for, is what the shops kept."""
    merchant = merchants[key]
    received = sum(
        payment["total_money"]["amount"]
        for payment in reading.payments(http, merchant)
        if payment["status"] == "COMPLETED"
    )
    returned = sum(
        refund["amount_money"]["amount"]
        for refund in reading.refunds(http, merchant)
        if refund["status"] == "COMPLETED"
    )

    net = sum(Decimal(day["net"]) for day in sandbox.truth(merchant["id"]))
    assert Decimal(received - returned) / 100 == net


def test_every_order_adds_up(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """Lines, tip and service make the total; taxes and discounts of the lines make the order's."""
    for order in reading.orders(http, merchants["cafes"]):
        lines = order.get("line_items", [])
        goods = sum(line["total_money"]["amount"] for line in lines)
        extras = order["total_tip_money"]["amount"] + order["total_service_charge_money"]["amount"]

        assert order["total_money"]["amount"] == goods + extras
        assert order["total_tax_money"]["amount"] == sum(line["total_tax_money"]["amount"] for line in lines)
        assert order["total_discount_money"]["amount"] == sum(
            d["applied_money"]["amount"] for d in order.get("discounts", ())
        )
        for line in lines:
            gross = line["variation_total_price_money"]["amount"] + sum(
                modifier["total_price_money"]["amount"] for modifier in line.get("modifiers", ())
            )
            assert line["gross_sales_money"]["amount"] == gross
            assert line["total_money"]["amount"] == gross - line["total_discount_money"]["amount"]
