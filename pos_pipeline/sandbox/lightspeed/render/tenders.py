"""Tenders as the retailer's payment types, whose names the merchant has edited.

The type numbers are global but not unique per retailer. Primary sources name 1, 3, 106 and 118; the rest are ours.
"""

from typing import NamedTuple

from pos_pipeline.sandbox.shop.clock import DAY, Instant
from pos_pipeline.sandbox.shop.records import (
    CARD_KINDS,
    CASH,
    CONTACTLESS,
    GIFT_CARD,
    PHONE,
    VOUCHER,
    WALLET,
    Card,
    Tender,
)

RETIRED_AFTER: Instant = 10 * DAY
"""How long after the shop opened the type "Visa BBVA" was deleted; sales from before go on pointing at it."""


class PaymentType(NamedTuple):
    """One of the retailer's ways to be paid; `standard` is the platform's own name of the kind."""

    key: str
    name: str
    type_id: int
    standard: str


PAYMENT_TYPES = {
    kind.key: kind
    for kind in (
        PaymentType("cash", "Efectivo", 1, "Cash"),
        PaymentType("card", "Tarjeta", 5, "Credit Card"),
        PaymentType("visa", "Visa BBVA", 5, "Credit Card"),
        PaymentType("contactless", "Contactless", 3, "Integrated Card"),
        PaymentType("bizum", "Bizum", 4, "Other"),
        PaymentType("voucher", "Vale", 4, "Other"),
        PaymentType("gift_card", "Tarjeta regalo", 118, "Gift Card"),
        PaymentType("loyalty", "Fidelización", 106, "Loyalty"),
    )
}
VISA = PAYMENT_TYPES["visa"]
_BY_KIND = {
    CASH: PAYMENT_TYPES["cash"],
    CONTACTLESS: PAYMENT_TYPES["contactless"],
    PHONE: PAYMENT_TYPES["contactless"],
    GIFT_CARD: PAYMENT_TYPES["gift_card"],
    VOUCHER: PAYMENT_TYPES["voucher"],
    WALLET: PAYMENT_TYPES["bizum"],
}


class Paid(NamedTuple):
    """One row of a sale's payments; negative when money goes out."""

    key: str
    kind: PaymentType
    amount_minor: int
    at: Instant
    card: Card | None = None


def type_of(tender: Tender, visa_retired_at: Instant) -> PaymentType:
    """The payment type a cashier chose for the tender."""
    kind = _BY_KIND.get(tender.kind)
    if kind is not None:
        return kind
    is_visa = tender.card is not None and tender.card.brand == "VISA" and tender.at < visa_retired_at
    return VISA if is_visa else PAYMENT_TYPES["card"]


def shows_card(tender: Tender) -> bool:
    """Whether the terminal told the till about the card; most do not."""
    return tender.kind in CARD_KINDS and tender.number % 5 == 0
