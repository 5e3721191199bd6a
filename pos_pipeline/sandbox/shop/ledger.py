"""The ledger of truth: what a shop owner would find when counting the day's drawer and slips.

Computed from the sales themselves, never from what a cloud renders. One entry per sale, refund
or void, on the business day it happened in the shop's own zone:

- a sale counts its whole total, tip and terrace supplement included, when the ticket was closed;
  if the till was offline, when the customer paid; if the goods still wait for collection, when paid;
- a refund counts only once completed, on its own day; goods handed in against a new sale count
  as a refund of their value on that sale's day;
- a void counts for nothing but its number.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from pos_pipeline.sandbox.shop.aftermath import is_sold
from pos_pipeline.sandbox.shop.amounts import as_decimal, included_tax
from pos_pipeline.sandbox.shop.clock import Instant, date_of, local_day
from pos_pipeline.sandbox.shop.merchant import Merchant
from pos_pipeline.sandbox.shop.records import (
    BARE_PAYMENT,
    CANCELED,
    CLOSED,
    COMPLETED,
    DRAWER,
    VOIDED,
    Line,
    Refund,
    ReturnedLine,
    Sale,
)

SALE = "sale"
REFUND = "refund"
VOID = "void"


class Entry(NamedTuple):
    """One line of the ledger; a refund's amounts are negative, a void's zero."""

    kind: str
    at: Instant
    total_minor: int
    tax_minor: int
    tip_minor: int
    discount_minor: int
    service_minor: int


class DayTotals(Struct):
    """One location's business day. Amounts are decimal strings; taxes, tips, discounts and service net of refunds."""

    location_key: str
    business_date: str
    sales_count: int = 0
    refunds_count: int = 0
    voids_count: int = 0
    gross: str = "0"
    refunded: str = "0"
    net: str = "0"
    tax: str = "0"
    tip: str = "0"
    discount: str = "0"
    service: str = "0"
    currency: str = "EUR"


def entries(sale: Sale, *, discounts_without_tax: bool = False) -> Iterator[Entry]:
    """Everything one ticket puts into the ledger."""
    if sale.kind == DRAWER:
        return

    def discount(lines: Iterable[Line | ReturnedLine]) -> int:
        return sum(discount_of(sale, line, without_tax=discounts_without_tax) for line in lines)

    at = sold_at(sale)
    if is_sold(sale):
        yield Entry(
            SALE,
            at,
            sale.total_minor,
            sum(line.tax_minor for line in sale.lines),
            sale.tip_minor,
            discount(sale.lines),
            sale.service_minor,
        )
    elif sale.state == VOIDED or any(tender.state == CANCELED for tender in sale.tenders):
        yield Entry(VOID, sale.tenders[0].at if sale.tenders else sale.opened_at, 0, 0, 0, 0, 0)
    if sale.returned:
        goods = sale.returned
        source = [discount_of(goods.source, line, without_tax=discounts_without_tax) for line in goods.lines]
        yield _returned(Refund(0, at, at, 0, goods.total_minor, "", None, goods.lines), sum(source))
    for refund in sale.refunds:
        if refund.state == COMPLETED and refund.exchange_number is None:
            yield _returned(refund, discount(refund.lines))


def sold_at(sale: Sale) -> Instant:
    """When the sale happened, as a shop owner would say."""
    if sale.is_offline or sale.kind == BARE_PAYMENT:
        return min(tender.at for tender in sale.tenders)
    if sale.closed_at is not None and sale.state == CLOSED:
        return sale.closed_at
    return min((tender.at for tender in sale.tenders if tender.state == COMPLETED), default=sale.opened_at)


def day_totals(
    merchant: Merchant, day_closes_at: Instant = 0, *, discounts_without_tax: bool = False
) -> list[DayTotals]:
    """The merchant's ledger by location and business day, in that order.

    `day_closes_at` is how long after midnight the shops' day ends, in microseconds. Prices on the shelf
    contain the tax, and so do their discounts; `discounts_without_tax` counts those of a till that takes
    them off the price before tax, line by line.
    """
    sums: dict[tuple[str, int], list[int]] = {}
    zones = {location.key: location.timezone for location in merchant.spec.locations}
    for sale in merchant.sales:
        for entry in entries(sale, discounts_without_tax=discounts_without_tax):
            day = local_day(zones[sale.location_key], entry.at, day_closes_at)
            _add(sums.setdefault((sale.location_key, day), [0] * 9), entry)
    order = {location.key: position for position, location in enumerate(merchant.spec.locations)}
    currency = merchant.spec.currency
    return [
        _totals(location_key, day, sums[location_key, day], currency)
        for location_key, day in sorted(sums, key=lambda key: (order[key[0]], key[1]))
    ]


def net_of(totals: Iterable[DayTotals]) -> Decimal:
    """Everything the shops kept."""
    return sum((Decimal(day.net) for day in totals), Decimal(0))


def discount_of(sale: Sale, line: Line | ReturnedLine, *, without_tax: bool) -> int:
    """What was taken off a line of the sale, or off the part of it that came back."""
    if not without_tax:
        return line.discount_minor
    sold = sale.lines[line.line_index] if isinstance(line, ReturnedLine) else line
    return line.discount_minor - included_tax(line.discount_minor, sold.tax_percent)


def _returned(refund: Refund, discount_minor: int) -> Entry:
    return Entry(
        REFUND,
        refund.at,
        -refund.amount_minor,
        -sum(line.tax_minor for line in refund.lines),
        -refund.tip_minor,
        -discount_minor,
        0,
    )


def _add(sums: list[int], entry: Entry) -> None:
    sums[(SALE, REFUND, VOID).index(entry.kind)] += 1
    if entry.kind == SALE:
        sums[3] += entry.total_minor
    else:
        sums[4] -= entry.total_minor
    sums[5] += entry.tax_minor
    sums[6] += entry.tip_minor
    sums[7] += entry.discount_minor
    sums[8] += entry.service_minor


def _totals(location_key: str, day: int, sums: list[int], currency: str) -> DayTotals:
    def money(minor: int) -> str:
        return str(as_decimal(minor, currency))

    return DayTotals(
        location_key=location_key,
        business_date=date_of(day).isoformat(),
        sales_count=sums[0],
        refunds_count=sums[1],
        voids_count=sums[2],
        gross=money(sums[3]),
        refunded=money(sums[4]),
        net=money(sums[3] - sums[4]),
        tax=money(sums[5]),
        tip=money(sums[6]),
        discount=money(sums[7]),
        service=money(sums[8]),
        currency=currency,
    )
