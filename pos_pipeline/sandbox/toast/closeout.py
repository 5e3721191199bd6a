"""When a restaurant's day ends, and what happens to card payments then.

A card is only authorised at the counter: the check is PAID. It is captured in a batch after the
closeout hour of the next morning, which closes the check and moves its `modifiedDate` once more.
Everything else closes at once.
"""

from pos_pipeline.sandbox.shop.aftermath import is_sold
from pos_pipeline.sandbox.shop.clock import HOUR, MILLISECOND, MINUTE, Instant, hour_starts, local_day
from pos_pipeline.sandbox.shop.ledger import sold_at
from pos_pipeline.sandbox.shop.records import CANCELED, CHIP, COMPLETED, CONTACTLESS, PHONE, VOIDED, Sale

CLOSEOUT_HOUR = 4
"""Local, at every restaurant; Toast's own default."""
CREDIT_KINDS = frozenset({CHIP, CONTACTLESS, PHONE})
_BATCH_MINUTES = 40


def business_day(timezone: str, at: Instant) -> int:
    """The restaurant's business day of an instant, in days since 1970."""
    return local_day(timezone, at, CLOSEOUT_HOUR * HOUR)


def capture_at(timezone: str, sale: Sale) -> Instant | None:
    """When the sale's cards are captured, which may lie ahead; None when there is nothing to capture."""
    paid = [tender.at for tender in sale.tenders if tender.state == COMPLETED and tender.kind in CREDIT_KINDS]
    if not paid:
        return None
    known_at = max(sale.arrived_at, *paid)
    batch = (3 + sale.number % _BATCH_MINUTES) * MINUTE + sale.number % 997 * MILLISECOND
    day = business_day(timezone, known_at)
    closeouts = (hour_starts(timezone, later)[24 + CLOSEOUT_HOUR] + batch for later in (day, day + 1))
    return next(closeout for closeout in closeouts if closeout > known_at)


def modified_at(sale: Sale, changed_at: Instant, captured_at: Instant | None) -> Instant:
    """`modifiedDate`: the ticket's own change at `changed_at`, its capture, or a fee that came after that."""
    if captured_at is None:
        return changed_at
    fees = (tender.fee_at for tender in sale.tenders if tender.kind in CREDIT_KINDS)
    return max(changed_at, captured_at, *fees)


def is_voided(sale: Sale) -> bool:
    """Whether the ticket was given up: voided, or left open after its payment was canceled."""
    return not is_sold(sale) and (sale.state == VOIDED or any(tender.state == CANCELED for tender in sale.tenders))


def business_moment(sale: Sale) -> Instant:
    """The moment whose business day the order has: when it was sold, when its void counts, else when opened."""
    if is_sold(sale):
        return sold_at(sale)
    if is_voided(sale) and sale.tenders:
        return sale.tenders[0].at
    return sale.opened_at
