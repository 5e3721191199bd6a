"""What came back of a ticket: refunds as the payments and the selections of its order show them."""

from typing import NamedTuple

from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.shop.ledger import sold_at
from pos_pipeline.sandbox.shop.records import COMPLETED, ReturnedLine, Sale


class Giveback(NamedTuple):
    """Money given back on one payment; Toast has one such object per payment."""

    key: str
    at: Instant
    tender_index: int
    amount_minor: int
    """Without the tip."""
    tip_minor: int
    lines: tuple[ReturnedLine, ...]


def givebacks(sale: Sale, handed_in: Sale | None) -> list[Giveback]:
    """Completed refunds of the sale. Toast knows neither pending nor rejected ones.

    It knows no exchange either: goods handed in against the later sale `handed_in` are a refund of
    their value at that sale's time, and the change given on them is part of it.
    """
    found = [
        Giveback(
            f"{refund.number}",
            refund.at,
            refund.tender_index,
            refund.amount_minor - refund.tip_minor,
            refund.tip_minor,
            refund.lines,
        )
        for refund in sale.refunds
        if refund.state == COMPLETED and refund.exchange_number is None
    ]
    if handed_in is not None and handed_in.returned is not None:
        goods = handed_in.returned
        paid = [(tender.amount_minor, -index) for index, tender in enumerate(sale.tenders) if tender.state == COMPLETED]
        # of a split payment the largest part takes it, and may have to give more than it got
        index = -max(paid)[1]
        found.append(Giveback(f"x{handed_in.number}", sold_at(handed_in), index, goods.total_minor, 0, goods.lines))
    return found
