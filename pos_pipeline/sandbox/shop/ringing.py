"""Sales on request: what `ring` adds to the world, besides what was pending anyway."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from pos_pipeline.sandbox.shop import aftermath
from pos_pipeline.sandbox.shop.aftermath import FollowUp, plan_refund
from pos_pipeline.sandbox.shop.clock import DAY, MILLISECOND, SECOND, Instant
from pos_pipeline.sandbox.shop.merchant import Merchant
from pos_pipeline.sandbox.shop.merchants import LocationSpec
from pos_pipeline.sandbox.shop.records import Sale
from pos_pipeline.sandbox.shop.till import PLAIN, VOID

SECONDS_PER_SALE = 20
"""A ring of n sales spreads over n times this when nothing else bounds it."""
_MARGIN = 4 * SECOND
"""The last sale is complete this long before the end."""
_EXTRAS_FROM = 10
_SALES_PER_EXTRA = 20
_RECENT = 500
_ATTEMPTS = 30
_RUNG_STEP = 10**6
_RUNG_FROM = 9 * 10**17
"""Numbers of rung sales begin here, out of reach of the calendar's."""


class Rung(NamedTuple):
    """A sale with follow-ups to be expected."""

    merchant: Merchant
    sale: Sale
    life: list[FollowUp]


def ring_up(
    merchants: Sequence[Merchant], sales: int, *, start: Instant, until: Instant, serial: int, rnd: Random
) -> Iterator[Rung]:
    """`sales` plain sales completed between `start` and `until`.

    Ten or more bring company: voids, refunds of earlier sales and late edits, one of each per
    twenty sales and at least one. `serial` tells one ring's numbers from the next one's.
    """
    doors = [
        (merchant, location)
        for merchant in merchants
        for location in merchant.spec.locations
        if merchant.is_active(location, until)
    ]
    span = max(0, min(until - start, (sales + 1) * SECONDS_PER_SALE * SECOND) - _MARGIN)
    first = until - _MARGIN - span
    number = _RUNG_FROM + serial * _RUNG_STEP
    extras = max(1, sales // _SALES_PER_EXTRA) if sales >= _EXTRAS_FROM else 0
    for position in range(sales + extras):
        at = (first + span * (position + 1) // (sales + extras + 1)) // MILLISECOND * MILLISECOND
        merchant, location = doors[int(rnd.random() * len(doors))]
        ending = PLAIN if position < sales else VOID
        sale, life = merchant.till.serve(location, at, number + position, rnd, ending)
        sale.is_rung = True
        if ending == VOID:
            life = [change._replace(at=min(change.at, until)) for change in life]
        yield Rung(merchant, sale, life)
    # a live world may have been asked a moment ago: what it told then must not change in its past
    at = max(until - 2 * SECOND, start + 1)
    for _ in range(extras):
        if found := _earlier_sale(doors, at, rnd):
            yield Rung(*found, [FollowUp(at, aftermath.REFUND, rnd.random())])
        if found := _earlier_sale(doors, at, rnd):
            people, spec = found[0].people, found[0].spec
            customer = people.customer(int(rnd.random() * people.customer_count(at - DAY)))
            edit = aftermath.TIP if spec.tip_share else aftermath.CUSTOMER
            yield Rung(*found, [FollowUp(at, edit, rnd.random(), customer)])


def ring_of(sale: Sale) -> int:
    """Which ring, by its serial, brought a sale that was rung up."""
    return (sale.number - _RUNG_FROM) // _RUNG_STEP


def _earlier_sale(
    doors: Sequence[tuple[Merchant, LocationSpec]], at: Instant, rnd: Random
) -> tuple[Merchant, Sale] | None:
    """A recent sale that can still be refunded or edited; None when luck finds none."""
    for _ in range(_ATTEMPTS):
        merchant, location = doors[int(rnd.random() * len(doors))]
        earlier = merchant.sales_at[location.key]
        if earlier:
            sale = earlier[-1 - int(rnd.random() * min(_RECENT, len(earlier)))]
            if plan_refund(sale, at, 0.9) is not None:
                return merchant, sale
    return None
