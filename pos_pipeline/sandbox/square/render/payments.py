"""Tenders as Square payments, and refunds as PaymentRefunds."""

from pos_pipeline.sandbox.shop.aftermath import FEE_PER_MYRIAD
from pos_pipeline.sandbox.shop.clock import HOUR, MILLISECOND, Instant
from pos_pipeline.sandbox.shop.records import (
    APPROVED,
    BARE_PAYMENT,
    CANCELED,
    CASH,
    CHIP,
    COMPLETED,
    FAILED,
    PENDING,
    PHONE,
    REJECTED,
    VOUCHER,
    WALLET,
    Refund,
    Sale,
    Tender,
)
from pos_pipeline.sandbox.square.render.context import Context
from pos_pipeline.sandbox.square.render.tenders import ENTRY_METHODS, card_brand
from pos_pipeline.sandbox.square.wire import Json, rfc3339

_PAYMENT_STATES = {APPROVED: "APPROVED", COMPLETED: "COMPLETED", CANCELED: "CANCELED", FAILED: "FAILED"}
_CARD_STATES = {APPROVED: "AUTHORIZED", COMPLETED: "CAPTURED", CANCELED: "VOIDED", FAILED: "FAILED"}
_REFUND_STATES = {PENDING: "PENDING", COMPLETED: "COMPLETED", REJECTED: "REJECTED"}
_FEE_LATER = 2 * HOUR
_DELAY = 36 * HOUR


def render_payment(context: Context, sale: Sale, index: int) -> Json:
    """The whole payment as ListPayments returns it."""
    tender = sale.tenders[index]
    money = context.money
    identifier = context.payment_id(sale, index)
    total = tender.amount_minor + tender.tip_minor
    payment: Json = {
        "id": identifier,
        "created_at": rfc3339(created_at(sale, tender)),
        "updated_at": rfc3339(tender.changed_at),
        "amount_money": money(tender.amount_minor),
    }
    if tender.tip_minor:
        payment["tip_money"] = money(tender.tip_minor)
    payment["total_money"] = money(total)
    refunds = [refund for refund in sale.refunds if refund.tender_index == index and refund.state != REJECTED]
    if refunds:
        payment["refunded_money"] = money(sum(refund.amount_minor for refund in refunds))
        payment["refund_ids"] = [context.refund_id(sale, refund) for refund in refunds]
    if tender.card is not None:
        payment["approved_money"] = money(total)
    if tender.fee_minor:
        payment["processing_fee"] = _fees(context, tender)
    payment["status"] = _PAYMENT_STATES[tender.state]
    payment |= _source(context, sale, tender)
    payment["location_id"] = context.location_ids[sale.location_key]
    if sale.kind != BARE_PAYMENT:
        payment["order_id"] = context.order_id(sale)
    if sale.customer is not None:
        payment["customer_id"] = context.names.customer(context.key, sale.customer.key)
    if sale.cashier is not None:
        payment["employee_id"] = payment["team_member_id"] = context.names.team_member(context.key, sale.cashier.key)
    if tender.state == COMPLETED:
        payment["receipt_number"] = identifier[:4]
        payment["receipt_url"] = f"https://squareup.com/receipt/preview/{identifier}"
    payment["device_details"] = {
        "device_id": f"device:{sale.location_key}:{sale.device}",
        "device_installation_id": f"inst-{sale.location_key}-{sale.device}",
        "device_name": f"Caja {sale.device}",
    }
    payment["application_details"] = {
        "square_product": "VIRTUAL_TERMINAL" if sale.kind == BARE_PAYMENT else "SQUARE_POS",
        "application_id": "sq0ids-sandbox-pos",
    }
    if sale.is_offline:
        payment["is_offline_payment"] = True
        payment["offline_payment_details"] = {"client_created_at": rfc3339(tender.at)}
    payment["version_token"] = context.names.token("version", f"{identifier}:{tender.revision}")
    return payment


def created_at(sale: Sale, tender: Tender) -> Instant:
    """When the servers made the payment; for an offline one on receipt."""
    return sale.arrived_at if sale.is_offline else tender.at


def render_refund(context: Context, sale: Sale, refund: Refund) -> Json:
    """The whole PaymentRefund as ListPaymentRefunds returns it."""
    tender = sale.tenders[refund.tender_index]
    money = context.money
    is_card = tender.card is not None
    rendered: Json = {
        "id": context.refund_id(sale, refund),
        "status": _REFUND_STATES[refund.state],
        "location_id": context.location_ids[sale.location_key],
        "unlinked": False,
        "destination_type": "CARD" if is_card else "CASH" if tender.kind == CASH else "EXTERNAL",
        "amount_money": money(refund.amount_minor),
    }
    if tender.kind == CASH:
        given = {"seller_supplied_money": money(refund.amount_minor), "change_back_money": money(0)}
        rendered["destination_details"] = {"cash_details": given}
    if is_card and refund.state == COMPLETED:
        rendered["processing_fee"] = [
            {
                "effective_at": rfc3339(refund.at + _FEE_LATER),
                "type": "INITIAL",
                "amount_money": money(-(refund.amount_minor * FEE_PER_MYRIAD // 10_000)),
            }
        ]
    rendered["payment_id"] = context.payment_id(sale, refund.tender_index)
    rendered["order_id"] = context.refund_order_id(refund)
    rendered["reason"] = refund.reason
    rendered["created_at"] = rfc3339(refund.at)
    rendered["updated_at"] = rfc3339(refund.changed_at)
    if refund.cashier is not None:
        rendered["team_member_id"] = context.names.team_member(context.key, refund.cashier.key)
    return rendered


def _fees(context: Context, tender: Tender) -> list[Json]:
    fees: list[Json] = [
        {
            "effective_at": rfc3339(tender.fee_at + _FEE_LATER),
            "type": "INITIAL",
            "amount_money": context.money(tender.fee_minor),
        }
    ]
    if tender.fee_adjustment_minor:
        fees.append(
            {
                "effective_at": rfc3339(tender.fee_adjusted_at + _FEE_LATER),
                "type": "ADJUSTMENT",
                "amount_money": context.money(tender.fee_adjustment_minor),
            }
        )
    return fees


def _source(context: Context, sale: Sale, tender: Tender) -> Json:
    """The source type and the one detail object that goes with it."""
    if tender.kind == CASH:
        return {
            "source_type": "CASH",
            "cash_details": {
                "buyer_supplied_money": context.money(tender.given_minor),
                "change_back_money": context.money(tender.given_minor - tender.amount_minor),
            },
        }
    if tender.kind == VOUCHER:
        return {"source_type": "EXTERNAL", "external_details": {"type": "FOOD_VOUCHER", "source": "Pluxee"}}
    if tender.kind == WALLET:
        return {"source_type": "WALLET", "wallet_details": {"status": "CAPTURED", "brand": "ALIPAY"}}
    return {
        "delay_duration": "PT36H",
        "delay_action": "CANCEL",
        "delayed_until": rfc3339(created_at(sale, tender) + _DELAY),
        "source_type": "CARD",
        "card_details": _card_details(context, sale, tender),
    }


def _card_details(context: Context, sale: Sale, tender: Tender) -> Json:
    card = tender.card
    if card is None:
        return {}
    authorized = created_at(sale, tender) + 175 * MILLISECOND
    timeline = {"authorized_at": rfc3339(authorized)}
    if tender.state == COMPLETED:
        timeline["captured_at"] = rfc3339(tender.settled_at)
    elif tender.state == CANCELED:
        timeline["voided_at"] = rfc3339(tender.settled_at)
    details: Json = {
        "status": _CARD_STATES[tender.state],
        "entry_method": ENTRY_METHODS[tender.kind],
        "cvv_status": "CVV_NOT_CHECKED",
        "verification_method": "PIN" if tender.kind == CHIP else "ON_DEVICE" if tender.kind == PHONE else "NONE",
        "statement_description": f"SQ *{context.merchant.spec.name.upper()}"[:20],
        "card": {
            "card_brand": card_brand(tender.kind, card),
            "last_4": card.last_four,
            "exp_month": card.expires_month,
            "exp_year": card.expires_year,
            "fingerprint": f"sq-1-{card.key}",
            "card_type": "DEBIT" if card.is_debit else "CREDIT",
            "prepaid_type": "NOT_PREPAID",
            "bin": card.bin,
        },
        "card_payment_timeline": timeline,
    }
    if tender.kind == PHONE:
        details["wallet_type"] = "APPLE_PAY"
    if tender.state == FAILED:
        details["errors"] = [{"category": "PAYMENT_METHOD_ERROR", "code": "INSUFFICIENT_FUNDS", "detail": "Declined"}]
    return details
