"""Whatever an order shows has exactly the documented fields, and the documented words."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CAFES
from tests.sandbox.toast.client import partner, restaurants
from tests.sandbox.toast.conftest import ANCHOR

ORDER = """guid entityType externalId displayNumber openedDate createdDate modifiedDate promisedDate
    estimatedFulfillmentDate requiredPrepTime paidDate closedDate deletedDate deleted voided voidDate voidBusinessDate
    businessDate duration diningOption revenueCenter serviceArea restaurantService table server source numberOfGuests
    approvalStatus pricingFeatures createdDevice lastModifiedDevice createdInTestMode excessFood channelGuid
    curbsidePickupInfo deliveryInfo marketplaceFacilitatorTaxInfo appliedPackagingInfo checks"""
CHECK = """guid entityType externalId displayNumber tabName openedDate createdDate paidDate closedDate modifiedDate
    deletedDate deleted voided voidDate voidBusinessDate openedBy customer taxExempt appliedLoyaltyInfo appliedDiscounts
    appliedServiceCharges selections payments amount taxAmount totalAmount paymentStatus duration createdDevice
    lastModifiedDevice"""
SELECTION = """guid entityType externalId item itemGroup optionGroup preModifier displayName quantity seatNumber
    unitOfMeasure selectionType salesCategory plu premodifierPlu receiptLinePrice preDiscountPrice price tax
    taxInclusion appliedTaxes appliedDiscounts deferred voided voidDate voidBusinessDate voidReason refundDetails
    modifiers fulfillmentStatus fulfillment diningOption optionGroupPricingMode createdDate modifiedDate splitOrigin"""
PAYMENT = """guid entityType externalId orderGuid checkGuid type amount tipAmount amountTendered paidDate
    paidBusinessDate cardType first6Digits last4Digits cardEntryMode originalProcessingFee paymentStatus refundStatus
    refund voidInfo server cashDrawer otherPayment houseAccount mcaRepaymentAmount cardPaymentId tenderTransactionGuid
    networkTransactionIdentifier createdDevice lastModifiedDevice"""
DISCOUNT = """guid entityType externalId name discountAmount nonTaxDiscountAmount discount triggers approver
    processingState appliedDiscountReason loyaltyDetails comboItems appliedPromoCode discountType discountPercent"""
CHARGE = """guid entityType externalId serviceCharge name chargeAmount chargeType delivery takeout dineIn gratuity
    taxable appliedTaxes serviceChargeCalculation serviceChargeCategory refundDetails paymentGuid"""
TAX = """guid entityType taxRate name displayName rate taxAmount type facilitatorCollectAndRemitTax jurisdiction
    jurisdictionType"""
PARTS = {
    "checks": CHECK,
    "selections": SELECTION,
    "modifiers": SELECTION,
    "payments": PAYMENT,
    "appliedDiscounts": DISCOUNT,
    "appliedServiceCharges": CHARGE,
    "appliedTaxes": TAX,
    "refund": "refundAmount tipRefundAmount refundDate refundBusinessDate refundTransaction",
    "refundDetails": "refundAmount taxRefundAmount refundTransaction",
    "voidInfo": "voidUser voidApprover voidDate voidBusinessDate voidReason",
    "customer": "guid entityType firstName lastName phone phoneCountryCode email",
}
OPTIONAL = {"createdDate", "modifiedDate", "customer"}
"""Modifiers carry no times; moved checks no customer."""
WORDS = {
    "source": {"In Store", "Online"},
    "paymentStatus": {"OPEN", "PAID", "CLOSED", "VOIDED", "PROCESSING", "AUTHORIZED", "CAPTURED", "CANCELLED",
                      "DENIED", "ERROR_NETWORK"},
    "refundStatus": {"NONE", "PARTIAL", "FULL"},
    "selectionType": {"NONE", "OPEN_ITEM"},
    "unitOfMeasure": {"NONE", "KG"},
    "discountType": {"PERCENT", "FIXED"},
    "processingState": {None, "VOID"},
    "deletedDate": {None, "1970-01-01T00:00:00.000+0000"},
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A fortnight in which nearly everything happens."""
    options = CloudOptions(rate_limits=False)
    with running_sandbox(
        anchor=ANCHOR, days=14, sales_per_day=60, merchants=(CAFES,), cloud_options=options
    ) as running:
        yield running


@pytest.fixture(scope="module")
def orders(sandbox: Sandbox) -> list[dict[str, Any]]:
    """All orders of all cafés."""
    start, end = ANCHOR - timedelta(days=20), ANCHOR + timedelta(seconds=1)
    [merchant] = sandbox.merchants("toast")
    with partner(sandbox.base_url("toast")) as toast:
        toast.add_integration(merchant["id"], code="c")
        return [order for guid in restaurants(merchant) for order in toast.orders(guid, start, end)]


def differences(value: Mapping[str, Any], name: str, fields: str) -> Iterator[str]:
    """Fields too many or missing, here and below."""
    for key in value.keys() ^ set(fields.split()):
        if key in value or key not in OPTIONAL:
            yield f"{name}.{key}"
    for key, part in value.items():
        if key in PARTS:
            for one in part if isinstance(part, list) else [part] if part else []:
                yield from differences(one, key, PARTS[key])


def words(value: Any) -> Iterator[tuple[str, Any]]:
    """Every value of the fields that hold words."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key in WORDS:
                yield key, part
            yield from words(part)
    elif isinstance(value, list):
        for part in value:
            yield from words(part)


def test_orders_have_the_documented_fields(orders: list[dict[str, Any]]) -> None:
    """No more and no fewer, down to the taxes."""
    assert {found for order in orders for found in differences(order, "order", ORDER)} == set()


def test_words_are_toasts(orders: list[dict[str, Any]]) -> None:
    """Of deleted orders the time of deletion is a real one."""
    used = {(key, word) for order in orders if not order["deleted"] for key, word in words(order)}

    assert {key for key, _ in used} == WORDS.keys()
    assert [(key, word) for key, word in used if word not in WORDS[key]] == []


def test_business_dates_are_numbers_and_times_have_milliseconds(orders: list[dict[str, Any]]) -> None:
    """An offset without colon."""
    for order in orders:
        assert isinstance(order["businessDate"], int)
        assert order["openedDate"][-9] == "."
        assert order["openedDate"].endswith("+0000")


def test_the_walk_finds_what_is_wrong() -> None:
    """The check itself can fail."""
    wrong = dict.fromkeys(ORDER.split()) | {"checks": [dict.fromkeys(CHECK.split()) | {"netAmount": 1}], "total": 2}
    del wrong["table"]

    assert set(differences(wrong, "order", ORDER)) == {"order.total", "order.table", "checks.netAmount"}
