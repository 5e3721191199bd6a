"""What happens to a sale after the bell: fees, corrections, refunds, voids.

A `FollowUp` is decided when the sale is made and applied when the world's clock reaches it, so
a history and the same span lived through step by step end in the same state.
"""

from typing import NamedTuple

from pos_pipeline.sandbox.shop.amounts import divide_half_even, included_tax
from pos_pipeline.sandbox.shop.assortment import REASONS
from pos_pipeline.sandbox.shop.clock import DAY, HOUR, MILLISECOND, SECOND, Instant
from pos_pipeline.sandbox.shop.records import (
    APPROVED,
    BARE_PAYMENT,
    CANCELED,
    CASH,
    CLOSED,
    COMPLETED,
    DRAWER,
    OPEN,
    PENDING,
    REJECTED,
    VOIDED,
    VOUCHER,
    Customer,
    Refund,
    Return,
    ReturnedLine,
    Sale,
)

ARRIVE, FEE, FEE_ADJUSTMENT, TIP, CUSTOMER, REFUND, SETTLE, PAY_TAB, COLLECT, VOID, EXCHANGE = range(11)

FEE_PER_MYRIAD = 165
"""What a card payment costs the shop, in ten-thousandths."""
MAX_REFUNDS = 8
"""Refund numbers are the sale's number times this, plus their position."""


class FollowUp(NamedTuple):
    """One change to a sale at a moment. `chance` in [0, 1) decides what the code leaves open."""

    at: Instant
    code: int
    chance: float = 0.0
    customer: Customer | None = None


def touch(sale: Sale, at: Instant) -> None:
    """Note that the ticket itself changed at `at`."""
    sale.changed_at = max(sale.changed_at + MILLISECOND, at)
    sale.revision += 1


def touch_tender(sale: Sale, index: int, at: Instant) -> None:
    """Note that one payment changed at `at`."""
    tender = sale.tenders[index]
    tender.changed_at = max(tender.changed_at + MILLISECOND, at)
    tender.revision += 1


def is_sold(sale: Sale) -> bool:
    """Whether this is a sale that happened: closed, or paid in full and not yet handed over."""
    return sale.kind != DRAWER and (sale.state == CLOSED or (sale.state == OPEN and sale.is_paid))


def apply_to(sale: Sale, follow_up: FollowUp) -> FollowUp | None:
    """Change the sale in place; the result is a further follow-up, such as a refund's settling."""
    at, code, chance, customer = follow_up
    if code == FEE:
        _charge_fees(sale, at)
    elif code == FEE_ADJUSTMENT:
        _adjust_fee(sale, at)
    elif code == TIP:
        _correct_tip(sale, at, chance)
    elif code == CUSTOMER:
        _attach(sale, at, customer)
    elif code == REFUND:
        return _refund(sale, at, chance)
    elif code == SETTLE:
        _settle(sale, at, chance)
    elif code == PAY_TAB:
        _pay_tab(sale, at)
    elif code == COLLECT:
        _collect(sale, at)
    elif code == VOID:
        _void(sale, at, chance)
    return None


def _charge_fees(sale: Sale, at: Instant) -> None:
    for index, tender in enumerate(sale.tenders):
        if tender.kind not in (CASH, VOUCHER) and tender.state == COMPLETED and not tender.fee_minor:
            tender.fee_minor = max(1, (tender.amount_minor + tender.tip_minor) * FEE_PER_MYRIAD // 10_000 + 5)
            tender.fee_at = at
            touch_tender(sale, index, at)


def _adjust_fee(sale: Sale, at: Instant) -> None:
    for index, tender in enumerate(sale.tenders):
        if tender.fee_minor:
            tender.fee_adjustment_minor, tender.fee_adjusted_at = -1, at
            touch_tender(sale, index, at)


def _correct_tip(sale: Sale, at: Instant, chance: float) -> None:
    last = len(sale.tenders) - 1
    if last < 0 or not is_sold(sale) or sale.refunds or sale.tenders[last].state != COMPLETED:
        return
    sale.tenders[last].tip_minor += 50 + 10 * int(chance * 15)
    touch_tender(sale, last, at)
    touch(sale, at)


def _attach(sale: Sale, at: Instant, customer: Customer | None) -> None:
    sale.customer = customer
    for index in range(len(sale.tenders)):
        touch_tender(sale, index, at)
    touch(sale, at)


def _pay_tab(sale: Sale, at: Instant) -> None:
    paid_at = at - SECOND
    sale.paid_at, sale.closed_at, sale.state = paid_at, paid_at + 600 * MILLISECOND, CLOSED
    for tender in sale.tenders:
        tender.at, tender.changed_at, tender.state = paid_at, paid_at + 90 * MILLISECOND, COMPLETED
        tender.settled_at = paid_at + 80 * MILLISECOND
    touch(sale, at)


def _collect(sale: Sale, at: Instant) -> None:
    if sale.state == OPEN:
        sale.closed_at, sale.state = at - 200 * MILLISECOND, CLOSED
        touch(sale, at)


def _void(sale: Sale, at: Instant, chance: float) -> None:
    """Cancel the approved payment; one time in three the ticket itself is left open."""
    for index, tender in enumerate(sale.tenders):
        if tender.state == APPROVED:
            tender.state, tender.settled_at = CANCELED, at
            touch_tender(sale, index, at)
    if chance * 3 >= 1 or not sale.tenders:
        sale.state, sale.closed_at = VOIDED, at
    touch(sale, at)


def _refund(sale: Sale, at: Instant, chance: float) -> FollowUp | None:
    refund = plan_refund(sale, at, chance)
    if refund is None:
        return None
    sale.refunds.append(refund)
    touch(sale, at)
    touch_tender(sale, refund.tender_index, at)
    if refund.state == COMPLETED:
        return None
    slow = chance * 1000 % 1
    delay = DAY + int(slow * 100 * HOUR / 5) if slow < 0.05 else 2 * SECOND + int(slow * 9 * SECOND)  # noqa: PLR2004
    return FollowUp(at + delay, SETTLE, slow)


def _settle(sale: Sale, at: Instant, chance: float) -> None:
    for refund in sale.refunds:
        if refund.state == PENDING:
            refund.state = REJECTED if chance > 0.97 else COMPLETED  # noqa: PLR2004 - three in a hundred bounce
            refund.changed_at = max(refund.changed_at + MILLISECOND, at)
            refund.revision += 1
            touch_tender(sale, refund.tender_index, at)
            touch(sale, at)


def plan_refund(sale: Sale, at: Instant, chance: float) -> Refund | None:
    """A refund of this sale made a second before `at`, or None when there is nothing to give back on it.

    Half of them return everything, three in ten one line or a piece of it, the rest an amount.
    Split payments and terrace supplements come back as amounts, as a cashier would do it.
    """
    paid = [index for index, tender in enumerate(sale.tenders) if tender.state == COMPLETED]
    if not paid or not is_sold(sale) or sale.kind == BARE_PAYMENT or sale.refunds or sale.returned or sale.is_exchanged:
        return None
    index = paid[0]
    tender = sale.tenders[index]
    simple = len(paid) == 1 and not sale.service_minor
    lines: tuple[ReturnedLine, ...] = ()
    tip_minor = 0
    fine = chance * 97 % 1
    if chance < 0.5 and simple:  # noqa: PLR2004
        lines = tuple(whole_line(sale, position) for position in range(len(sale.lines)))
        tip_minor = tender.tip_minor
    elif chance < 0.8 and simple:  # noqa: PLR2004
        lines = (one_line(sale, fine),)
    amount = (
        sum(line.total_minor for line in lines) + tip_minor
        if lines
        else tender.amount_minor * (20 + int(60 * fine)) // 100
    )
    if amount <= 0:
        return None
    is_cash = tender.kind == CASH
    return Refund(
        number=sale.number * MAX_REFUNDS + len(sale.refunds),
        at=at - SECOND,
        changed_at=at - 40 * MILLISECOND,
        tender_index=index,
        amount_minor=amount,
        reason=REASONS[int(fine * len(REASONS))],
        cashier=sale.cashier,
        lines=lines,
        tip_minor=tip_minor,
        state=COMPLETED if is_cash else PENDING,
    )


def whole_line(sale: Sale, position: int) -> ReturnedLine:
    """Everything of one line comes back."""
    line = sale.lines[position]
    return ReturnedLine(position, line.quantity_milli, line.discount_minor, line.tax_minor, line.total_minor)


def one_line(sale: Sale, chance: float) -> ReturnedLine:
    """One line comes back; of several pieces sometimes just one."""
    position = int(chance * len(sale.lines))
    line = sale.lines[position]
    if line.quantity_milli <= 1000 or line.quantity_milli % 1000 or chance * 7 % 1 < 0.5:  # noqa: PLR2004
        return whole_line(sale, position)
    total = divide_half_even(line.total_minor * 1000, line.quantity_milli)
    discount = divide_half_even(line.discount_minor * 1000, line.quantity_milli)
    return ReturnedLine(position, 1000, discount, included_tax(total, line.tax_percent), total)


def exchange(sale: Sale, source: Sale, at: Instant, chance: float) -> None:
    """Hand in one line of `source` against the new `sale`.

    The customer pays the difference; if the goods handed in are worth more, the difference is
    refunded on the source's payment, and that refund points at this sale.
    """
    returned = Return(source, (one_line(source, chance),))
    value = returned.total_minor
    tender = sale.tenders[0]
    if value <= 0 or sale.service_minor or len(sale.tenders) != 1 or sale.tip_minor:
        return
    due = sale.goods_minor - value
    paid = next(index for index, paid in enumerate(source.tenders) if paid.state == COMPLETED)
    if due < 0 and -due > source.tenders[paid].amount_minor:
        return
    sale.returned = returned
    if due > 0:
        tender.amount_minor = due
        tender.given_minor = max(tender.given_minor, due) if tender.kind == CASH else 0
    else:
        sale.tenders = []
    if due < 0:
        source.refunds.append(
            Refund(
                number=source.number * MAX_REFUNDS + len(source.refunds),
                at=at - SECOND,
                changed_at=at - 40 * MILLISECOND,
                tender_index=paid,
                amount_minor=-due,
                reason="Cambio",
                cashier=sale.cashier,
                state=COMPLETED,
                exchange_number=sale.number,
            )
        )
        touch_tender(source, paid, at)
    source.is_exchanged = True
    touch(source, at)
