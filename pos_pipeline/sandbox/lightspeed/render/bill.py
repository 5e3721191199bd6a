"""A sale, or the return of one, as X-Series understands it: rows before tax, payments, status and times.

Both shapes of a sale, the API's and the webhooks', are written from a `Bill`. Amounts are minor units
without tax and signed: what comes back is negative.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pos_pipeline.sandbox.lightspeed.render.context import DISCOUNT, GENERIC, Context
from pos_pipeline.sandbox.lightspeed.render.tenders import Paid, shows_card, type_of
from pos_pipeline.sandbox.lightspeed.statuses import (
    CLOSED,
    ON_ACCOUNT,
    OPEN,
    SAVED,
    VOID,
    is_deleted,
    return_status,
    sale_date,
    status_of,
)
from pos_pipeline.sandbox.shop.amounts import included_tax
from pos_pipeline.sandbox.shop.clock import SECOND, Instant
from pos_pipeline.sandbox.shop.ledger import discount_of
from pos_pipeline.sandbox.shop.records import (
    APPROVED,
    BARE_PAYMENT,
    CANCELED,
    CASH,
    COMPLETED,
    Cashier,
    Customer,
    Line,
    Modifier,
    Refund,
    ReturnedLine,
    Sale,
)


class Row(NamedTuple):
    """One line. Of a discount on the whole sale `taxes` has the tax of every rate."""

    key: str
    product: str
    percent: int
    quantity_milli: int
    net_minor: int
    tax_minor: int
    discount_minor: int
    is_return: bool = False
    is_price_set: bool = False
    note: str | None = None
    taxes: tuple[tuple[int, int], ...] = ()

    @property
    def tax_parts(self) -> tuple[tuple[int, int], ...]:
        """Percents with their taxes."""
        return self.taxes or ((self.percent, self.tax_minor),)


class Bill(NamedTuple):
    """Everything either shape needs."""

    number: int
    status: str
    location_key: str
    device: int
    cashier: Cashier | None
    customer: Customer | None
    rows: Sequence[Row]
    payments: Sequence[Paid]
    tip_minor: int
    service_minor: int
    created_at: Instant
    sale_date: Instant
    return_for: Sale | None = None
    deleted_at: Instant | None = None
    note: str = ""

    @property
    def net_minor(self) -> int:
        """What the header calls `total_price`: rows and adjustments before tax."""
        return sum(row.net_minor for row in self.rows) + self.tip_minor + self.service_minor

    @property
    def tax_minor(self) -> int:
        """The tax of all rows."""
        return sum(row.tax_minor for row in self.rows)

    @property
    def taxes(self) -> dict[int, int]:
        """The tax by percent, untaxed left out."""
        sums: dict[int, int] = {}
        for row in self.rows:
            for percent, tax_minor in row.tax_parts:
                if percent:
                    sums[percent] = sums.get(percent, 0) + tax_minor
        return sums


def bill_of_sale(context: Context, sale: Sale) -> Bill:
    """The sale itself; in an exchange with the goods handed in as rows that come back."""
    status = status_of(sale)
    rows = list(_rows(sale, as_product=_has_discount_product(sale)))
    if status == SAVED:
        rows.append(_forgotten(rows[0]))
    if sale.returned is not None:
        rows.extend(_returned(sale.returned.source, sale.returned.lines))
    return Bill(
        number=sale.number,
        status=status,
        location_key=sale.location_key,
        device=sale.device,
        cashier=sale.cashier,
        customer=sale.customer,
        rows=rows,
        payments=[] if status == ON_ACCOUNT else list(_payments(context, sale, status)),
        tip_minor=sale.tip_minor,
        service_minor=sale.service_minor,
        created_at=sale.arrived_at,
        sale_date=sale_date(sale),
        note="Para recoger" if sale.is_pickup else "",
    )


def bill_of_return(context: Context, sale: Sale, refund: Refund) -> Bill:
    """The sale that a refund is. Without lines an amount was typed in, which carries no tax."""
    if refund.lines:
        rows = list(_returned(sale, refund.lines))
    else:
        rows = [Row("amount", GENERIC, 0, -1000, -refund.amount_minor, 0, 0, is_return=True, is_price_set=True)]
    tender = sale.tenders[refund.tender_index]
    status = return_status(refund)
    kind = type_of(tender, context.visa_retired_at)
    payments = [Paid("back", kind, -refund.amount_minor, refund.at - SECOND)] if status == CLOSED else []
    return Bill(
        number=refund.number,
        status=status,
        location_key=sale.location_key,
        device=sale.device,
        cashier=refund.cashier,
        customer=None,
        rows=rows,
        payments=payments,
        tip_minor=-refund.tip_minor,
        service_minor=0,
        created_at=refund.at,
        sale_date=refund.at,
        return_for=sale,
        deleted_at=refund.changed_at if is_deleted(refund) else None,
        note=refund.reason,
    )


def _has_discount_product(sale: Sale) -> bool:
    """Whether the ticket's discount is a row of its own; every other one is, but for exchanges, and never of nothing.

    The others lower the prices of the rows.
    """
    return (
        sale.discount is not None
        and sale.returned is None
        and sale.number % 2 == 0
        and sum(_order_part(sale, line) for line in sale.lines) > 0
    )


def _order_part(sale: Sale, line: Line) -> int:
    """What the ticket's discount took off the line before tax: all of its discount but its own."""
    own = line.own_discount_minor - included_tax(line.own_discount_minor, line.tax_percent)
    return discount_of(sale, line, without_tax=True) - own


def _rows(sale: Sale, *, as_product: bool) -> Iterator[Row]:
    if sale.kind == BARE_PAYMENT:
        yield Row("amount", GENERIC, 0, 1000, sale.goods_minor, 0, 0, is_price_set=True)
        return
    off: dict[int, list[int]] = {}
    for position, line in enumerate(sale.lines):
        net = line.total_minor - line.tax_minor
        tax = line.tax_minor
        discount = discount_of(sale, line, without_tax=True) if line.discount_minor else 0
        if as_product:
            part = _order_part(sale, line)
            net, tax, discount = net + part, tax + line.order_discount_minor - part, discount - part
            sums = off.setdefault(line.tax_percent, [0, 0])
            sums[0] += part
            sums[1] += line.order_discount_minor - part
        yield Row(
            str(position),
            GENERIC if line.variation is None else line.variation.key,
            line.tax_percent,
            line.quantity_milli,
            net,
            tax,
            discount,
            is_price_set=bool(discount or line.modifiers or line.product is None),
            note=_note(line.modifiers, line.note),
        )
    if as_product:
        taxes = tuple((percent, -tax) for percent, (_, tax) in off.items())
        net, tax = -sum(part for part, _ in off.values()), sum(tax for _, tax in taxes)
        name = None if sale.discount is None else sale.discount.name
        yield Row("discount", DISCOUNT, taxes[0][0], -1000, net, tax, 0, is_price_set=True, note=name, taxes=taxes)


def _note(modifiers: Iterable[Modifier], note: str | None) -> str | None:
    """What was chosen with a product has no place of its own but the note."""
    return "; ".join([*(modifier.name for modifier in modifiers), *([note] if note else [])]) or None


def _returned(source: Sale, lines: Iterable[ReturnedLine]) -> Iterator[Row]:
    for line in lines:
        sold = source.lines[line.line_index]
        yield Row(
            f"back:{line.line_index}",
            GENERIC if sold.variation is None else sold.variation.key,
            sold.tax_percent,
            -line.quantity_milli,
            line.tax_minor - line.total_minor,
            -line.tax_minor,
            -discount_of(source, line, without_tax=True),
            is_return=True,
            is_price_set=True,
        )


def _forgotten(row: Row) -> Row:
    """The row that is on a tab while it is parked, and taken off before it is paid."""
    return row._replace(key="forgotten")


def _payments(context: Context, sale: Sale, status: str) -> Iterator[Paid]:
    """What was paid; a sale that is open or void keeps the card payment that was approved for it."""
    shown = (COMPLETED, APPROVED, CANCELED) if status in (OPEN, VOID) else (COMPLETED,)
    for tender in sale.tenders:
        if tender.state not in shown:
            continue
        kind = type_of(tender, context.visa_retired_at)
        amount = tender.amount_minor + tender.tip_minor
        change = tender.given_minor - tender.amount_minor if tender.kind == CASH and tender.number % 3 == 0 else 0
        card = tender.card if shows_card(tender) else None
        yield Paid(str(tender.number), kind, amount + max(0, change), tender.at, card)
        if change > 0:
            yield Paid(f"{tender.number}:change", kind, -change, tender.at)
    if sale.returned is not None:
        source = sale.returned.source
        for refund in source.refunds:
            if refund.exchange_number == sale.number:
                kind = type_of(source.tenders[refund.tender_index], context.visa_retired_at)
                yield Paid("back", kind, -refund.amount_minor, refund.at)
