"""Payments by their three business dates, and singly."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CAFES
from tests.sandbox.toast.client import Toast, parsed
from tests.sandbox.toast.conftest import ANCHOR

PATH = "/orders/v2/payments"
TYPES = {"CASH", "CREDIT", "GIFTCARD", "OTHER"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Ten days of the cafés."""
    options = CloudOptions(rate_limits=False)
    with running_sandbox(
        anchor=ANCHOR, days=10, sales_per_day=60, merchants=(CAFES,), cloud_options=options
    ) as running:
        yield running


@pytest.fixture
def guid(merchants: dict[str, dict[str, Any]]) -> str:
    """The café at the port."""
    return str(merchants["cafes"]["locations"][0]["id"])


@pytest.fixture
def paid(toast: Toast, guid: str) -> list[dict[str, Any]]:
    """Every payment, as the orders carry it."""
    orders = toast.orders(guid, ANCHOR - timedelta(days=14), ANCHOR + timedelta(seconds=1))
    return [payment for order in orders for check in order["checks"] for payment in check["payments"]]


def test_payments_are_found_by_each_of_their_dates(toast: Toast, guid: str, paid: list[dict[str, Any]]) -> None:
    """When paid, when refunded, when voided: exactly those the orders show."""
    wanted: dict[tuple[str, int], set[str]] = defaultdict(set)
    for payment in paid:
        wanted["paidBusinessDate", payment["paidBusinessDate"]].add(payment["guid"])
        for part, name in (("refund", "refundBusinessDate"), ("voidInfo", "voidBusinessDate")):
            if payment[part]:
                wanted[name, payment[part][name]].add(payment["guid"])

    assert {name for name, _ in wanted} == {"paidBusinessDate", "refundBusinessDate", "voidBusinessDate"}
    for (name, date), guids in wanted.items():
        assert set(parsed(toast.get(PATH, guid, **{name: str(date)}))) == guids
    assert parsed(toast.get(PATH, guid, refundBusinessDate="20200101")) == []


def test_one_payment_is_the_one_its_order_carries(toast: Toast, guid: str, paid: list[dict[str, Any]]) -> None:
    """To the last field; unknown is 404."""
    refunded = next(payment for payment in paid if payment["refund"])

    assert parsed(toast.get(f"{PATH}/{refunded['guid']}", guid)) == refunded
    assert toast.get(f"{PATH}/00000000-0000-4000-8000-000000000000", guid).status_code == 404


def test_a_refund_made_later_is_found_by_its_day(sandbox: Sandbox, toast: Toast, guid: str) -> None:
    """The index follows what happens after it was first asked."""
    toast.get(PATH, guid, paidBusinessDate="20261026")
    sandbox.advance(hours=36)
    orders = toast.orders(guid, ANCHOR, ANCHOR + timedelta(days=3))
    recent = [
        payment["guid"]
        for order in orders
        for payment in order["checks"][0]["payments"]
        if payment["refund"] and payment["refund"]["refundBusinessDate"] in (20261026, 20261027)
    ]
    found = [one for date in ("20261026", "20261027") for one in parsed(toast.get(PATH, guid, refundBusinessDate=date))]

    assert recent
    assert set(recent) <= set(found)


@pytest.mark.parametrize(
    "query",
    [{}, {"paidBusinessDate": "20261020", "voidBusinessDate": "20261020"}, {"paidBusinessDate": "2026-10-20"}],
)
def test_exactly_one_date_is_asked_for(toast: Toast, guid: str, query: dict[str, str]) -> None:
    """400 otherwise."""
    assert toast.get(PATH, guid, **query).status_code == 400


def test_tenders_speak_toasts_words(paid: list[dict[str, Any]]) -> None:
    """Types, brands and ways to enter a card; change is what cash was tendered beyond its amount."""
    credit = [payment for payment in paid if payment["type"] == "CREDIT"]
    others = [payment for payment in paid if payment["type"] == "OTHER"]

    assert {payment["type"] for payment in paid} == TYPES
    assert {"VISA", "MASTERCARD", "AMEX", "DINERS"} <= {payment["cardType"] for payment in credit}
    assert {payment["cardEntryMode"] for payment in credit} == {
        "EMV_CHIP_SIGN",
        "CONTACTLESS",
        "APPLE_PAY_CNP",
        "GOOGLE_PAY_CNP",
    }
    assert all(payment["otherPayment"]["entityType"] == "AlternatePaymentType" for payment in others)
    assert all(len(payment["last4Digits"]) == 4 for payment in credit)
    for payment in paid:
        if payment["type"] == "CASH" and payment["paymentStatus"] == "CAPTURED":
            assert payment["amountTendered"] >= payment["amount"]


def test_what_was_not_paid_says_so(paid: list[dict[str, Any]]) -> None:
    """Voided payments say when and why; declined ones brought nothing."""
    voided = [payment for payment in paid if payment["paymentStatus"] == "VOIDED"]
    lost = {payment["paymentStatus"] for payment in paid} - {"AUTHORIZED", "CAPTURED"}

    assert voided
    assert all(payment["voidInfo"]["voidReason"]["entityType"] == "VoidReason" for payment in voided)
    assert lost <= {"VOIDED", "CANCELLED", "DENIED", "ERROR_NETWORK", "PROCESSING"}
    assert all(payment["voidInfo"] is None for payment in paid if payment["paymentStatus"] != "VOIDED")
