"""An order's own copy of its payments; key names differ from the payments' in several places."""

from pos_pipeline.sandbox.shop.records import (
    CANCELED,
    CASH,
    CHIP,
    CONTACTLESS,
    GIFT_CARD,
    PHONE,
    VOUCHER,
    WALLET,
    Card,
    Sale,
)
from pos_pipeline.sandbox.square.render.context import Context
from pos_pipeline.sandbox.square.wire import Json, whole_seconds

TENDER_TYPES = {
    CASH: "CASH",
    CHIP: "CARD",
    CONTACTLESS: "CARD",
    PHONE: "CARD",
    GIFT_CARD: "SQUARE_GIFT_CARD",
    WALLET: "WALLET",
    VOUCHER: "OTHER",
}
ENTRY_METHODS = {CHIP: "EMV", CONTACTLESS: "CONTACTLESS", PHONE: "CONTACTLESS", GIFT_CARD: "SWIPED"}


def render_tender(context: Context, sale: Sale, index: int) -> Json:
    """One tender of an order. `amount_money` includes the tip, unlike the payment's."""
    tender = sale.tenders[index]
    money = context.money
    rendered: Json = {
        "id": context.payment_id(sale, index),
        "location_id": context.location_ids[sale.location_key],
        "transaction_id": context.order_id(sale),
        "created_at": whole_seconds(tender.at),
        "amount_money": money(tender.amount_minor + tender.tip_minor),
    }
    if tender.tip_minor:
        rendered["tip_money"] = money(tender.tip_minor)
    if sale.customer is not None:
        rendered["customer_id"] = context.names.customer(context.key, sale.customer.key)
    rendered["type"] = TENDER_TYPES[tender.kind]
    rendered["payment_id"] = rendered["id"]
    if tender.kind == CASH:
        rendered["cash_details"] = {
            "buyer_tendered_money": money(tender.given_minor),
            "change_back_money": money(tender.given_minor - tender.amount_minor),
        }
    elif tender.card is not None:
        rendered["card_details"] = {
            "status": "VOIDED" if tender.state == CANCELED else "CAPTURED",
            "card": {
                "card_brand": card_brand(tender.kind, tender.card),
                "last_4": tender.card.last_four,
                "fingerprint": f"sq-1-{tender.card.key}",
            },
            "entry_method": ENTRY_METHODS[tender.kind],
        }
    return rendered


def card_brand(kind: str, card: Card) -> str:
    """The brand; Square's own gift cards are cards of their own brand."""
    return "SQUARE_GIFT_CARD" if kind == GIFT_CARD else card.brand
