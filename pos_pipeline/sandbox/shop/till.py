"""A till: turns a customer at the counter into a `Sale` and what will happen to it later.

Speed matters here, a benchmark wants 100,000 of them: one random number per decision, plain
integers, no objects that are not kept.
"""

from random import Random

from pos_pipeline.sandbox.shop import aftermath
from pos_pipeline.sandbox.shop.aftermath import FollowUp
from pos_pipeline.sandbox.shop.basket import Chance, fill_basket, typed_amount
from pos_pipeline.sandbox.shop.catalog import Catalog
from pos_pipeline.sandbox.shop.clock import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Instant
from pos_pipeline.sandbox.shop.merchants import LocationSpec, MerchantSpec
from pos_pipeline.sandbox.shop.payment import Purse, make_tender, pay
from pos_pipeline.sandbox.shop.people import People
from pos_pipeline.sandbox.shop.records import (
    AMOUNT_ONLY,
    APPROVED,
    BARE_PAYMENT,
    CANCELED,
    CARD_KINDS,
    CASH,
    CHIP,
    CLOSED,
    DRAWER,
    FAILED,
    PLANNED,
    TICKET,
    Card,
    Sale,
)

PLAIN = "plain"
VOID = "void"
VOID_BEFORE_PAYMENT = "void before payment"
ABANDONED = "abandoned"
TAB = "tab"
PICKUP = "pickup"
EXCHANGE = "exchange"
DECLINED_FIRST = "declined first"
# the special endings of a ticket, as running shares of all customers
_ENDINGS = (
    (0.002, DRAWER),
    (0.004, BARE_PAYMENT),
    (0.014, AMOUNT_ONLY),
    (0.022, VOID),
    (0.026, VOID_BEFORE_PAYMENT),
    (0.028, ABANDONED),
    (0.032, TAB),
    (0.038, PICKUP),
    (0.041, EXCHANGE),
    (0.044, DECLINED_FIRST),
)
_SPECIAL_SHARE = _ENDINGS[-1][0]
_OFFLINE_SHARE = 0.008
_REFUND_SHARE = 0.015
_LATE_TIP_SHARE = 0.04
_LATE_CUSTOMER_SHARE = 0.02
_LATE_FEE_SHARE = 0.02
_FEE_ADJUSTMENT_SHARE = 0.003
_SECOND_DEVICE_SHARE = 0.3
_NO_CASHIER_SHARE = 0.03
_SERVICE_PERCENT = 10


class Till:
    """The tills of one merchant."""

    def __init__(self, spec: MerchantSpec, catalog: Catalog, people: People, cards: tuple[Card, ...]) -> None:
        self._spec = spec
        self._catalog = catalog
        self._people = people
        self._purse = Purse(spec, cards)

    def serve(
        self, location: LocationSpec, at: Instant, number: int, rnd: Random, ending: str | None = None
    ) -> tuple[Sale, list[FollowUp]]:
        """The sale of the customer who pays at `at`, and its follow-ups, the arrival first.

        Without an `ending` chance decides; an explicit `PLAIN` is a sale that is paid and known at once.
        """
        chance = rnd.random
        by_chance = ending is None
        fate = chance()
        if ending is None:
            ending = PLAIN if fate >= _SPECIAL_SHARE else next(name for limit, name in _ENDINGS if fate < limit)
        sale = self._open(location, at, number, ending, chance)
        if ending == DRAWER:
            sale.state, sale.closed_at = CLOSED, at
            return sale, [FollowUp(at, aftermath.ARRIVE)]
        if chance() < self._spec.customer_share:
            known = self._people.customer_count(at - DAY)
            sale.customer = self._people.customer(int(chance() * known))
        if ending == BARE_PAYMENT:
            amount = 300 + int(chance() * 4000)
            sale.tenders.append(make_tender(self._purse, sale, amount, at, CHIP, chance))
            sale.state, sale.closed_at = CLOSED, at
        elif ending == AMOUNT_ONLY:
            sale.lines = (typed_amount(chance),)
        else:
            menu = self._catalog.menu(at // DAY, location.price_percent)
            sale.lines, sale.discount = fill_basket(menu, self._catalog.discounts, chance)
        if ending == PLAIN:
            return sale, self._sell(sale, at, chance, may_be_offline=by_chance)
        return sale, self._special(sale, at, ending, chance)

    def _open(self, location: LocationSpec, at: Instant, number: int, ending: str, chance: Chance) -> Sale:
        cashiers = self._people.cashiers[location.key]
        who = chance()
        return Sale(
            number=number,
            kind=ending if ending in (DRAWER, BARE_PAYMENT, AMOUNT_ONLY) else TICKET,
            merchant_key=self._spec.key,
            location_key=location.key,
            opened_at=at - (15_000 + int(chance() * 100_000)) * MILLISECOND,
            paid_at=at,
            arrived_at=at,
            changed_at=at,
            cashier=None if who < _NO_CASHIER_SHARE else cashiers[int(who * len(cashiers))],
            device=1 + (chance() < _SECOND_DEVICE_SHARE),
        )

    def _sell(self, sale: Sale, at: Instant, chance: Chance, *, may_be_offline: bool) -> list[FollowUp]:
        """Pay and close at once; then most cards are charged within the minute, a few sales have a later life."""
        if self._spec.service_share and chance() < self._spec.service_share:
            sale.service_minor = sale.goods_minor * _SERVICE_PERCENT // 100
        pay(self._purse, sale, at, chance, can_split=True)
        self._close(sale, at, chance)
        if may_be_offline and chance() < _OFFLINE_SHARE:
            self._upload_later(sale, at + (HOUR + int(chance() * 71 * HOUR)) // MILLISECOND * MILLISECOND)
        return self._life_of(sale, chance)

    def _close(self, sale: Sale, at: Instant, chance: Chance) -> None:
        sale.state = CLOSED
        sale.closed_at = at + (400 + int(chance() * 1300)) * MILLISECOND
        wait = int(chance() * 1000)
        # one in four lands on a whole second, as real clouds do
        sale.changed_at = (
            (sale.closed_at // SECOND + 1) * SECOND if wait % 4 == 0 else sale.closed_at + wait * MILLISECOND
        )
        sale.arrived_at = sale.changed_at

    def _upload_later(self, sale: Sale, at: Instant) -> None:
        """The till was offline: the servers hear of the sale at `at`, up to 72 hours late."""
        sale.is_offline, sale.arrived_at, sale.changed_at = True, at, at + SECOND
        sale.closed_at = at + 300 * MILLISECOND
        for tender in sale.tenders:
            tender.changed_at = at + 500 * MILLISECOND
            tender.settled_at = tender.settled_at and at + 400 * MILLISECOND

    def _life_of(self, sale: Sale, chance: Chance) -> list[FollowUp]:
        start = sale.changed_at
        life = [FollowUp(start, aftermath.ARRIVE)]
        is_card = sale.tenders[-1].kind in CARD_KINDS
        if any(tender.kind != CASH for tender in sale.tenders):
            draw = chance()
            wait = (
                HOUR + int(draw * 50 * 20 * HOUR)
                if draw < _LATE_FEE_SHARE
                else 2 * SECOND + int(draw * 20_000) * MILLISECOND
            )
            life.append(FollowUp(start + wait, aftermath.FEE))
            if chance() < _FEE_ADJUSTMENT_SHARE:
                life.append(FollowUp(start + wait + 5 * DAY, aftermath.FEE_ADJUSTMENT))
        draw = chance()
        if self._spec.tip_share and is_card and draw < _LATE_TIP_SHARE:
            life.append(FollowUp(start + HOUR + int(draw * 25 * 20 * HOUR), aftermath.TIP, chance()))
        elif sale.customer is None and draw > 1 - _LATE_CUSTOMER_SHARE:
            known = self._people.customer_count(start - DAY)
            customer = self._people.customer(int(chance() * known))
            life.append(FollowUp(start + 20 * SECOND + int(chance() ** 3 * 72 * HOUR), aftermath.CUSTOMER, 0, customer))
        if (draw := chance()) < _REFUND_SHARE:
            # most come back within the hour, some after weeks
            wait = 5 * MINUTE + int((draw / _REFUND_SHARE) ** 4 * 60 * DAY)
            life.append(FollowUp((start + wait) // MILLISECOND * MILLISECOND, aftermath.REFUND, chance()))
        return life

    def _special(self, sale: Sale, at: Instant, ending: str, chance: Chance) -> list[FollowUp]:
        sale.changed_at = sale.arrived_at = at + SECOND
        arrive = FollowUp(at + SECOND, aftermath.ARRIVE)
        soon = at + (20 + int(chance() * 40)) * SECOND + 337 * MILLISECOND
        if ending == BARE_PAYMENT:
            return [arrive, FollowUp(soon, aftermath.FEE)]
        if ending == VOID_BEFORE_PAYMENT:
            return [arrive, FollowUp(soon, aftermath.VOID, 1.0)]
        if ending in (VOID, ABANDONED, DECLINED_FIRST):
            due = sale.goods_minor
            first = make_tender(self._purse, sale, due, at - 30 * SECOND, CHIP, chance)
            first.tip_minor, first.state = 0, APPROVED
            sale.tenders.append(first)
            if ending != DECLINED_FIRST:
                # the chance tells the void whether to cancel the ticket or to leave it open
                return [arrive, FollowUp(soon, aftermath.VOID, 0.9 if ending == VOID else 0.1)]
            first.state = FAILED if chance() < 0.5 else CANCELED  # noqa: PLR2004
            first.settled_at = at - 28 * SECOND
            first.changed_at = first.settled_at
        if ending == TAB:
            sale.tenders.clear()
            pay(self._purse, sale, at, chance, can_split=False)
            for tender in sale.tenders:
                tender.state, tender.tip_minor = PLANNED, 0
            return _tab_life(arrive, chance)
        pay(self._purse, sale, at, chance, can_split=False)
        if ending == PICKUP:
            sale.is_pickup = True
            return [
                arrive,
                FollowUp(soon, aftermath.FEE),
                FollowUp(at + int((1 + 30 * chance()) * HOUR), aftermath.COLLECT),
            ]
        self._close(sale, at, chance)
        life = self._life_of(sale, chance)
        if ending == EXCHANGE:
            life[0] = FollowUp(sale.changed_at, aftermath.EXCHANGE, chance())
        return life


def _tab_life(arrive: FollowUp, chance: Chance) -> list[FollowUp]:
    """A ticket left on the counter: one in three is never paid, the others an hour or two later."""
    if chance() * 3 < 1:
        return [arrive]
    paid_at = arrive.at + HOUR + int(chance() * 2 * HOUR) // MILLISECOND * MILLISECOND
    return [arrive, FollowUp(paid_at, aftermath.PAY_TAB), FollowUp(paid_at + 15 * SECOND, aftermath.FEE)]
