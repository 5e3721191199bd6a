"""How a customer pays: cash, card, phone, voucher, or two of them."""

from typing import NamedTuple

from pos_pipeline.sandbox.shop.basket import Chance
from pos_pipeline.sandbox.shop.clock import MILLISECOND, Instant
from pos_pipeline.sandbox.shop.merchants import MerchantSpec
from pos_pipeline.sandbox.shop.records import (
    CARD_KINDS,
    CASH,
    CHIP,
    CONTACTLESS,
    GIFT_CARD,
    PHONE,
    VOUCHER,
    WALLET,
    Card,
    Sale,
    Tender,
)

TENDERS_PER_SALE = 4
"""Tender numbers are the sale's number times this, plus their position."""
_SPLIT_SHARE = 0.025
_CASH_STEPS = (100, 500, 1000, 2000, 5000)
_TAP = 90 * MILLISECOND
_SMALLEST_SPLIT = 400


class Purse(NamedTuple):
    """How a merchant's customers pay, and the cards they carry."""

    spec: MerchantSpec
    cards: tuple[Card, ...]


def make_tender(purse: Purse, sale: Sale, amount_minor: int, at: Instant, kind: str, chance: Chance) -> Tender:  # noqa: PLR0917
    """A completed payment of `amount_minor`, with a tip where the merchant gets them."""
    tender = Tender(
        number=sale.number * TENDERS_PER_SALE + len(sale.tenders),
        kind=kind,
        amount_minor=amount_minor,
        at=at,
        changed_at=at + _TAP,
    )
    if kind == CASH:
        step = _CASH_STEPS[int(chance() * len(_CASH_STEPS))]
        tender.given_minor = -(-amount_minor // step) * step
    elif kind in CARD_KINDS:
        tender.card = purse.cards[int(chance() * len(purse.cards))]
        tender.settled_at = at + 3 * _TAP
        tender.changed_at = at + 4 * _TAP
        if purse.spec.tip_share and chance() < purse.spec.tip_share:
            tender.tip_minor = max(10, amount_minor * (5 + int(chance() * 11)) // 1000 * 10)
    return tender


def pay(purse: Purse, sale: Sale, at: Instant, chance: Chance, *, can_split: bool) -> None:
    """Append the payments that cover the sale's goods and service."""
    due = sale.goods_minor + sale.service_minor
    if can_split and due >= _SMALLEST_SPLIT and chance() < _SPLIT_SHARE:
        first = due * (30 + int(chance() * 40)) // 100
        earlier = at - (4000 + int(chance() * 9000)) * MILLISECOND
        sale.tenders.append(make_tender(purse, sale, first, earlier, choose_kind(purse.spec, chance), chance))
        due -= first
    sale.tenders.append(make_tender(purse, sale, due, at, choose_kind(purse.spec, chance), chance))


def choose_kind(spec: MerchantSpec, chance: Chance) -> str:
    """The kind of a tender by the merchant's habits."""
    draw = chance()
    if draw < spec.cash_share:
        return CASH
    card = (draw - spec.cash_share) / (1 - spec.cash_share)
    if card < 0.012:  # noqa: PLR2004
        return VOUCHER
    if card < 0.02:  # noqa: PLR2004
        return GIFT_CARD
    if card < 0.024:  # noqa: PLR2004
        return WALLET
    if chance() < spec.contactless_share:
        return PHONE if card < 0.25 else CONTACTLESS  # noqa: PLR2004
    return CHIP
