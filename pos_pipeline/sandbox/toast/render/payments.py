"""Tenders as OrderPayments, with what was refunded or voided of them."""

from collections.abc import Sequence
from typing import NamedTuple

from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.shop.records import (
    CANCELED,
    CASH,
    CHIP,
    COMPLETED,
    CONTACTLESS,
    FAILED,
    GIFT_CARD,
    PHONE,
    VOUCHER,
    WALLET,
    Cashier,
    Sale,
    Tender,
)
from pos_pipeline.sandbox.toast.closeout import CREDIT_KINDS
from pos_pipeline.sandbox.toast.render.context import Context
from pos_pipeline.sandbox.toast.render.returned import Giveback
from pos_pipeline.sandbox.toast.wire import Json, stamp

TYPES = {CASH: "CASH", CHIP: "CREDIT", CONTACTLESS: "CREDIT", PHONE: "CREDIT", GIFT_CARD: "GIFTCARD"}
"""Vouchers and wallets are OTHER, and name themselves by an alternate payment type."""
ALTERNATES = {VOUCHER: "Pluxee", WALLET: "Alipay"}
BRANDS = {"AMERICAN_EXPRESS": "AMEX", "DISCOVER_DINERS": "DINERS"}
"""Where Toast's word differs. One the list does not have passes as it is: enumerations grow without notice."""
_ENTRY_MODES = {CHIP: ("EMV_CHIP_SIGN",), CONTACTLESS: ("CONTACTLESS",), PHONE: ("APPLE_PAY_CNP", "GOOGLE_PAY_CNP")}
_FAILURES = ("DENIED", "ERROR_NETWORK")


class Paid(NamedTuple):
    """What a payment needs to know about the check it pays."""

    order_guid: str
    check_guid: str
    captured_at: Instant | None
    voided_at: Instant | None
    back: Sequence[Giveback]


def tenders_of(sale: Sale) -> list[tuple[int, Tender]]:
    """The payments the check shows. Toast has no exchange: against it the whole new check is paid, by card or cash."""
    if sale.returned is None:
        return sale.visible_tenders
    due = sale.goods_minor + sale.service_minor
    first = sale.tenders[0] if sale.tenders else Tender(sale.number * 4, CASH, due, sale.paid_at, sale.changed_at)
    whole = Tender(
        first.number,
        first.kind,
        due,
        first.at,
        first.changed_at,
        tip_minor=first.tip_minor,
        state=first.state,
        card=first.card,
        given_minor=max(first.given_minor, due) if first.kind == CASH else 0,
        fee_minor=first.fee_minor,
        fee_at=first.fee_at,
    )
    return [(0, whole)]


def render_payment(context: Context, sale: Sale, paid: Paid, index: int, tender: Tender) -> Json:
    """The whole payment, as an order carries it and as the payments endpoint answers."""
    money, card = context.money, tender.card
    is_credit = tender.kind in CREDIT_KINDS
    is_captured = paid.captured_at is not None
    giveback = next((one for one in paid.back if one.tender_index == index), None)
    is_voided = tender.state == CANCELED and paid.voided_at is not None
    return {
        "guid": context.payment_guid(tender.number),
        "entityType": "OrderPayment",
        "externalId": None,
        "orderGuid": paid.order_guid,
        "checkGuid": paid.check_guid,
        "type": TYPES.get(tender.kind, "OTHER"),
        "amount": money(tender.amount_minor),
        "tipAmount": money(tender.tip_minor),
        "amountTendered": money(tender.given_minor) if tender.kind == CASH else money(0),
        "paidDate": stamp(tender.at),
        "paidBusinessDate": context.business_date(tender.at),
        "cardType": BRANDS.get(card.brand, card.brand) if card and is_credit else None,
        "first6Digits": card.bin if card and is_credit else None,
        "last4Digits": card.last_four if card else None,
        "cardEntryMode": _ENTRY_MODES[tender.kind][tender.number // 4 % len(_ENTRY_MODES[tender.kind])]
        if is_credit
        else None,
        "originalProcessingFee": money(tender.fee_minor) if is_credit and is_captured and tender.fee_minor else None,
        "paymentStatus": _status(tender, is_captured=is_captured, is_voided=is_voided),
        "refundStatus": _refund_status(tender, giveback),
        "refund": None if giveback is None else _refund(context, giveback),
        "voidInfo": _void_info(context, sale.cashier, paid.voided_at) if is_voided and paid.voided_at else None,
        "server": user_ref(context, sale.cashier),
        "cashDrawer": context.ref("drawer", "CashDrawer", str(sale.device)) if tender.kind == CASH else None,
        "otherPayment": context.ref("alternate payment", "AlternatePaymentType", ALTERNATES[tender.kind])
        if tender.kind in ALTERNATES
        else None,
        "houseAccount": None,
        "mcaRepaymentAmount": None,
        "cardPaymentId": context.names.guid("card payment", str(tender.number)) if is_credit else None,
        "tenderTransactionGuid": None,
        "networkTransactionIdentifier": None,
        "createdDevice": {"id": f"{sale.location_key}-{sale.device}"},
        "lastModifiedDevice": {"id": f"{sale.location_key}-{sale.device}"},
    }


def user_ref(context: Context, cashier: Cashier | None) -> Json | None:
    """Reference to whoever served; nobody did at a kiosk or online."""
    return None if cashier is None else context.ref("user", "RestaurantUser", cashier.key)


def _status(tender: Tender, *, is_captured: bool, is_voided: bool) -> str:
    if tender.state == COMPLETED:
        return "CAPTURED" if is_captured or tender.kind not in CREDIT_KINDS else "AUTHORIZED"
    if tender.state == FAILED:
        return _FAILURES[tender.number // 4 % len(_FAILURES)]
    if tender.state == CANCELED:
        return "VOIDED" if is_voided else "CANCELLED"
    return "PROCESSING"


def _refund_status(tender: Tender, giveback: Giveback | None) -> str:
    if giveback is None:
        return "NONE"
    return "FULL" if giveback.amount_minor >= tender.amount_minor else "PARTIAL"


def _refund(context: Context, giveback: Giveback) -> Json:
    transaction = context.names.guid("refund", f"{context.key}:{giveback.key}")
    return {
        "refundAmount": context.money(giveback.amount_minor),
        "tipRefundAmount": context.money(giveback.tip_minor),
        "refundDate": stamp(giveback.at),
        "refundBusinessDate": context.business_date(giveback.at),
        "refundTransaction": {"guid": transaction, "entityType": "RefundTransaction"},
    }


def _void_info(context: Context, cashier: Cashier | None, at: Instant) -> Json:
    return {
        "voidUser": user_ref(context, cashier),
        "voidApprover": None,
        "voidDate": stamp(at),
        "voidBusinessDate": context.business_date(at),
        "voidReason": context.ref("void reason", "VoidReason", "mistake"),
    }
