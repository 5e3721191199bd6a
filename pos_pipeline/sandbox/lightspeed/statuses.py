"""Which status a sale has, and on which date it counts.

At the counter, then here:

    open, card approved      OPEN
    tab on the counter       SAVED
    void, abandoned          VOIDED
    paid, not collected      AWAITING_PICKUP, AWAITING_DISPATCH
    paid and handed over     CLOSED and its kin, ONACCOUNT
    refund under way         SAVED, then CLOSED, or deleted when it is rejected
"""

from pos_pipeline.sandbox.shop.aftermath import is_sold
from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.shop.ledger import sold_at
from pos_pipeline.sandbox.shop.records import CANCELED, CASH, COMPLETED, PLANNED, REJECTED, TICKET, VOIDED, Refund, Sale
from pos_pipeline.sandbox.shop.records import CLOSED as SHOP_CLOSED

OPEN, SAVED, CLOSED, VOID, ON_ACCOUNT = "OPEN", "SAVED", "CLOSED", "VOIDED", "ONACCOUNT"
_MEANINGS = {
    OPEN: ("pending", ()),
    SAVED: ("parked", ()),
    CLOSED: ("closed", ()),
    VOID: ("voided", ()),
    ON_ACCOUNT: ("pending", ("onaccount",)),
    "ONACCOUNT_CLOSED": ("closed", ("onaccount",)),
    "LAYBY_CLOSED": ("closed", ("layby",)),
    "SERVICE_CLOSED": ("closed", ("service",)),
    "AWAITING_PICKUP": ("pending", ("pickup",)),
    "PICKED_UP_CLOSED": ("closed", ("pickup",)),
    "AWAITING_DISPATCH": ("pending", ("delivery",)),
    "DISPATCHED_CLOSED": ("closed", ("delivery",)),
}
_RARE = {3: "ONACCOUNT_CLOSED", 71: "LAYBY_CLOSED", 139: "SERVICE_CLOSED"}
_RARITY = 211
_ON_ACCOUNT_EVERY = 40


def meaning_of(status: str) -> tuple[str, tuple[str, ...]]:
    """The state and attributes that go with a status."""
    return _MEANINGS[status]


def status_of(sale: Sale) -> str:
    """The status of a sale that is not a return."""
    if is_sold(sale):
        if sale.is_pickup:
            return _collected(sale)
        return ON_ACCOUNT if _is_on_account(sale) else _RARE.get(sale.number % _RARITY, CLOSED)
    if _is_void(sale):
        return VOID
    return SAVED if any(tender.state == PLANNED for tender in sale.tenders) else OPEN


def sale_date(sale: Sale) -> Instant:
    """When it was sold; of a void, when it would have been."""
    if _is_void(sale) and not is_sold(sale):
        return sale.tenders[0].at if sale.tenders else sale.opened_at
    return sold_at(sale)


def return_status(refund: Refund) -> str:
    """The status of a return."""
    return CLOSED if refund.state == COMPLETED else SAVED


def is_deleted(refund: Refund) -> bool:
    """Whether the return was thrown away because the money could not be given back."""
    return refund.state == REJECTED


def _collected(sale: Sale) -> str:
    if sale.number % 2:
        return "PICKED_UP_CLOSED" if sale.state == SHOP_CLOSED else "AWAITING_PICKUP"
    return "DISPATCHED_CLOSED" if sale.state == SHOP_CLOSED else "AWAITING_DISPATCH"


def _is_on_account(sale: Sale) -> bool:
    """Some regulars who would pay cash have it put on their account: the goods are gone, nothing is paid."""
    return (
        sale.number % _ON_ACCOUNT_EVERY == 0
        and sale.kind == TICKET
        and not sale.is_offline
        and sale.returned is None
        and len(sale.tenders) == 1
        and sale.tenders[0].kind == CASH
    )


def _is_void(sale: Sale) -> bool:
    return sale.state == VOIDED or any(tender.state == CANCELED for tender in sale.tenders)
