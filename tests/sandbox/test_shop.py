"""The shop behind the clouds: repeatable, advancing, and full of the situations that matter."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_pipeline.sandbox.shop import aftermath, records
from pos_pipeline.sandbox.shop.amounts import apportion, divide_half_even, included_tax
from pos_pipeline.sandbox.shop.clock import DAY, HOUR, MINUTE, SECOND, date_of, hour_starts, instant_of, local_day
from pos_pipeline.sandbox.shop.ledger import day_totals, net_of
from pos_pipeline.sandbox.shop.merchants import CADENA, CAFES, KISSATEN, PANADERIA
from pos_pipeline.sandbox.shop.world import Action, World, WorldOptions

ANCHOR = instant_of(datetime(2026, 10, 26, 15, 30, tzinfo=UTC))


def make_world(*actions: Action, **options: object) -> World:
    """Two weeks of the cafés unless told otherwise."""
    wanted: dict[str, object] = {"anchor": ANCHOR, "days": 14, "merchants": (CAFES,)} | options
    return World(WorldOptions(**wanted), actions)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def busy() -> World:
    """Enough sales for every rare thing to have happened."""
    return make_world(days=60, sales_per_day=40, merchants=(CAFES, CADENA))


@given(st.integers(0, 10**6), st.lists(st.integers(1, 10**5), min_size=1, max_size=12))
def test_apportioned_shares_sum_to_the_amount(amount: int, weights: list[int]) -> None:
    """No cent is lost or made when a discount is spread over lines."""
    assert sum(apportion(amount, weights)) == amount


@pytest.mark.parametrize(
    ("total", "percent", "tax"), [(285, 4, 11), (330, 10, 30), (220, 10, 20), (121, 21, 21), (500, 0, 0)]
)
def test_tax_is_inside_the_price(total: int, percent: int, tax: int) -> None:
    """Inclusive tax of the worked examples."""
    assert included_tax(total, percent) == tax


def test_halves_go_to_the_even_neighbour() -> None:
    """Bankers' rounding, as Square documents it."""
    assert [divide_half_even(n, 2) for n in (1, 3, 5, -1)] == [0, 2, 2, 0]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_days_of_clock_changes_have_their_length(day: str, hours: int) -> None:
    """A Madrid day lasts 23, 25 or 24 hours."""
    number = (datetime.fromisoformat(day).date() - date_of(0)).days
    starts = hour_starts("Europe/Madrid", number)

    assert starts[24] - starts[0] == hours * HOUR
    assert local_day("Europe/Madrid", starts[24] - 1) == number
    assert local_day("Europe/Madrid", starts[24]) == number + 1


def test_business_day_may_close_after_midnight() -> None:
    """A sale at one in the morning belongs to the evening before when the shop closes at two."""
    at = instant_of(datetime(2026, 6, 1, 23, 0, tzinfo=UTC))

    assert local_day("Europe/Madrid", at, 2 * HOUR) == local_day("Europe/Madrid", at) - 1


@pytest.mark.parametrize(("at", "day"), [("2026-03-29T02:30:00", "2026-03-29"), ("2026-10-25T02:30:00", "2026-10-24")])
def test_closing_hour_is_on_the_shops_clock_when_clocks_change(at: str, day: str) -> None:
    """Half past four in spring is after a closing hour of four, half past three in autumn before it."""
    instant = instant_of(datetime.fromisoformat(at).replace(tzinfo=UTC))

    assert str(date_of(local_day("Europe/Madrid", instant, 4 * HOUR))) == day


def test_same_seed_makes_the_same_world() -> None:
    """Two worlds from the same options have lived the same sales; another seed has not."""
    first, second, other = make_world(), make_world(), make_world(seed=2)

    assert first.merchants["cafes"].sales == second.merchants["cafes"].sales
    assert first.merchants["cafes"].sales != other.merchants["cafes"].sales


def test_time_in_steps_is_time_at_once() -> None:
    """Advancing 30 hours by steps ends where advancing 30 hours at once ends."""
    steps = make_world(*(Action(until=ANCHOR + hours * HOUR) for hours in (1, 7, 26, 30)))
    leap = make_world(Action(until=ANCHOR + 30 * HOUR))

    assert steps.merchants["cafes"].sales == leap.merchants["cafes"].sales


def test_a_merchant_does_not_depend_on_its_neighbours() -> None:
    """Adding a merchant leaves the others' sales as they were."""
    alone, together = make_world(), make_world(merchants=(PANADERIA, CAFES))

    assert alone.merchants["cafes"].sales == together.merchants["cafes"].sales


def test_history_ends_at_the_anchor() -> None:
    """Nothing has happened after now, and what is due later is still to come."""
    world = make_world()

    assert all(sale.changed_at <= ANCHOR for sale in world.merchants["cafes"].sales)
    assert world.take(Action(until=ANCHOR + DAY))


def test_changes_after_an_action_are_later_than_before_it() -> None:
    """Every new or changed sale carries a change time past the world's old now: a watermark never misses it."""
    world = make_world()
    for changed in (world.take(Action(until=world.now + HOUR)), world.take(Action(until=world.now + HOUR, sales=12))):
        newest = [
            max([s.changed_at, *(t.changed_at for t in s.tenders), *(r.changed_at for r in s.refunds)]) for s in changed
        ]

        assert all(ANCHOR < at <= world.now for at in newest)


def test_ringing_makes_exactly_so_many_sales() -> None:
    """Five rung sales are five sales in the ledger, and nobody else gets in meanwhile."""
    world = make_world()
    before = {sale.number for sale in world.merchants["cafes"].sales}
    world.take(Action(until=ANCHOR + 10 * MINUTE, sales=5))
    new = [sale for sale in world.merchants["cafes"].sales if sale.number not in before and sale.paid_at > ANCHOR]

    assert len(new) == 5
    assert all(aftermath.is_sold(sale) for sale in new)


def test_a_longer_ring_brings_voids_refunds_and_late_edits() -> None:
    """Forty rung sales come with two voids and touch sales that were there before."""
    world = make_world()
    earlier = {sale.number for sale in world.merchants["cafes"].sales}
    voids = sum(day.voids_count for day in day_totals(world.merchants["cafes"]))
    changed = world.take(Action(until=ANCHOR + HOUR, sales=40))

    assert sum(day.voids_count for day in day_totals(world.merchants["cafes"])) == voids + 2
    assert any(sale.number in earlier and sale.refunds for sale in changed)


def test_time_cannot_go_back() -> None:
    """An action that ends before now is refused."""
    world = make_world()

    with pytest.raises(ValueError, match="cannot go back"):
        world.take(Action(until=ANCHOR - SECOND))


def test_every_situation_occurs(busy: World) -> None:
    """A busy history holds each case the pipeline has to get right."""
    sales = [sale for merchant in busy.merchants.values() for sale in merchant.sales]
    refunds = [(sale, refund) for sale in sales for refund in sale.refunds]
    lines = [line for sale in sales for line in sale.lines]
    zone = "Europe/Madrid"
    found = {
        "split tender": any(sum(t.state == records.COMPLETED for t in s.tenders) > 1 for s in sales),
        "weighed": any(line.quantity_milli % 1000 for line in lines),
        "modifiers": any(line.modifiers for line in lines),
        "line discount": any(line.own_discount_minor for line in lines),
        "ticket discount": any(line.order_discount_minor for line in lines),
        "three tax rates": {line.tax_percent for line in lines} >= {4, 10, 21},
        "tip": any(s.tip_minor for s in sales),
        "service": any(s.service_minor for s in sales),
        "offline by a day": any(s.is_offline and s.arrived_at - s.paid_at > DAY for s in sales),
        "unitemised": any(s.kind == records.AMOUNT_ONLY for s in sales),
        "payment without order": any(s.kind == records.BARE_PAYMENT for s in sales),
        "drawer opening": any(s.kind == records.DRAWER for s in sales),
        "void": any(s.state == records.VOIDED and s.tenders for s in sales),
        "void before payment": any(s.state == records.VOIDED and not s.tenders for s in sales),
        "abandoned": any(s.state == records.OPEN and s.tenders and not s.is_paid for s in sales),
        "declined first": any({t.state for t in s.tenders} >= {records.FAILED, records.COMPLETED} for s in sales),
        "exchange": any(s.returned for s in sales),
        "change of an exchange": any(r.exchange_number is not None for _, r in refunds),
        "full refund": any(r.amount_minor == s.total_minor for s, r in refunds),
        "partial refund": any(r.lines and r.amount_minor < s.total_minor for s, r in refunds),
        "amount refund": any(not r.lines for _, r in refunds),
        "refund after weeks": any(r.at - s.paid_at > 14 * DAY for s, r in refunds),
        "rejected refund": any(r.state == records.REJECTED for _, r in refunds),
        "collected on another day": any(
            s.is_pickup and s.closed_at and local_day(zone, s.closed_at) != local_day(zone, s.paid_at) for s in sales
        ),
        "paid, not yet collected": any(s.is_pickup and s.state == records.OPEN for s in sales),
        "fee hours later": any(t.fee_at - s.paid_at > HOUR for s in sales for t in s.tenders if t.fee_minor),
        "tip corrected later": any(s.tip_minor and s.revision > 1 for s in sales),
        "customer": any(s.customer for s in sales),
        "no cashier": any(s.cashier is None for s in sales),
        "night of the clock change": any(
            instant_of(datetime(2026, 10, 24, 22, tzinfo=UTC))
            <= s.paid_at
            < instant_of(datetime(2026, 10, 25, 4, tzinfo=UTC))
            for s in sales
        ),
        **{
            f"tender {kind}": any(t.kind == kind for s in sales for t in s.tenders)
            for kind in (*records.CARD_KINDS, records.CASH, records.WALLET, records.VOUCHER)
        },
    }

    assert [name for name, occurs in found.items() if not occurs] == []


def test_prices_change_and_products_end(busy: World) -> None:
    """Over two months something was repriced and something deleted."""
    merchant = busy.merchants["cadena"]
    first_day, last_day = merchant.opened_at // DAY, busy.now // DAY
    products = merchant.catalog.products(busy.now)
    variations = [variation for product in products for variation in product.variations]

    assert any(
        merchant.catalog.price_minor(v, first_day) != merchant.catalog.price_minor(v, last_day) for v in variations
    )
    assert any(product.deleted_at and product.deleted_at <= busy.now for product in products)


def test_a_closed_shop_sells_no_more(busy: World) -> None:
    """The inactive location has sales, but none after it closed."""
    merchant = busy.merchants["cadena"]
    last = max(sale.paid_at for sale in merchant.sales_at["gijon"])

    assert merchant.opened_at < last < busy.now - 20 * DAY
    assert not merchant.is_active(merchant.locations["gijon"], busy.now)


def test_yen_have_no_decimals() -> None:
    """The ledger of a shop in Tokyo is in whole yen."""
    world = make_world(merchants=(KISSATEN,))
    totals = day_totals(world.merchants["kissaten"])

    assert all("." not in day.net for day in totals)
    assert net_of(totals) > Decimal(10_000)
