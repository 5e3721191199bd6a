"""When a Lightspeed sale becomes a sale, a refund, a void, or nothing, and what its lines and tenders come to."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from fakes.books import Books
from fakes.lightspeed_objects import Told, adjusted, clock, line, paid, product, retailer_objects, sale

Read = Callable[..., list[tuple[object, ...]]]

BREAD = line("a", "4.50", tax="0.50")
BACK = line("b", "2.00", tax="0.20", quantity="-1")
OFF = line("d", "1.00", tax="0.10", quantity="-1", product="DISCOUNT")
GIFT_CARD = product("GIFT", "Gift Card", sku="vend-internal-gift-card")
NOTHING: list[tuple[object, ...]] = []
PAID_SALE: list[tuple[object, ...]] = [("sale", 5, "cash")]

OUTCOMES: dict[str, tuple[Told, list[tuple[object, ...]]]] = {
    **{
        f"{status} is a sale": (sale("S", [BREAD], status=status), PAID_SALE)
        for status in (
            "CLOSED",
            "ONACCOUNT_CLOSED",
            "LAYBY_CLOSED",
            "PICKED_UP_CLOSED",
            "DISPATCHED_CLOSED",
            "SERVICE_CLOSED",
            "AWAITING_PICKUP",
            "AWAITING_DISPATCH",
            "CURBSIDE_CLOSED",
        )
    },
    **{
        f"{status} is nothing yet, whatever was paid on it": (sale("S", [BREAD], status=status), NOTHING)
        for status in ("SAVED", "OPEN", "LAYBY", "SERVICE", "SOMETHING_NEW")
    },
    **{
        f"{status} that is not paid in full is nothing yet": (
            sale("S", [BREAD], [paid("CARD", "4.99")], status=status),
            NOTHING,
        )
        for status in ("AWAITING_PICKUP", "AWAITING_DISPATCH")
    },
    "a closed state tells an unknown status": (sale("S", [BREAD], status="PAID", state="closed"), PAID_SALE),
    "a pending state with pickup tells it too": (
        sale("S", [BREAD], status="READY", state="pending", attributes=["pickup"]),
        PAID_SALE,
    ),
    "a voided state is a void": (sale("S", [BREAD], status="GONE", state="voided"), [("void", 0, "cash")]),
    "VOIDED is a void, whatever was paid": (sale("S", [BREAD], status="VOIDED"), [("void", 0, "cash")]),
    "a deleted sale is nothing": (sale("S", [BREAD], deleted_at=clock(9)), NOTHING),
    "a deleted void is nothing": (sale("S", [BREAD], status="VOIDED", deleted_at=clock(9)), NOTHING),
    "what is taken on account is a sale": (
        sale("S", [BREAD], [], status="ONACCOUNT"),
        [("sale", 5, "on_account")],
    ),
    "part of it paid at once is a split": (
        sale("S", [BREAD], [paid("CASH", "2.00")], status="ONACCOUNT"),
        [("sale", 5, "split")],
    ),
    "return_for makes a refund": (sale("S", [BACK], return_for="O"), [("refund", Decimal("-2.2"), "cash")]),
    "lines that all came back make one too": (sale("S", [BACK]), [("refund", Decimal("-2.2"), "cash")]),
    "a parked return is nothing yet": (sale("S", [BACK], return_for="O", status="SAVED"), NOTHING),
    "a free sample brought back is a refund of nothing": (
        sale("S", [line("a", "0", quantity="-1", discount="1.00")], []),
        [("refund", 0, "other")],
    ),
    "goods for goods are an exchange": (
        sale("S", [BREAD, BACK]),
        [("refund", Decimal("-2.2"), "cash"), ("sale", 5, "cash")],
    ),
    "a discount on the sale is no return": (sale("S", [BREAD, OFF]), [("sale", Decimal("3.9"), "cash")]),
    "a discount taken back is no sale": (
        sale("S", [BACK, OFF | {"price_total": Decimal("0.5"), "quantity": Decimal(1), "tax_total": Decimal("0.05")}]),
        [("refund", Decimal("-1.65"), "cash")],
    ),
    "a line that was voided before payment is not sold": (
        sale("S", [BREAD], line_items=[BREAD, line("v", "9.00", status="VOIDED")]),
        PAID_SALE,
    ),
    "a sale given away is a sale of nothing": (
        sale("S", [line("a", "0", discount="1.00")], []),
        [("sale", 0, "other")],
    ),
}


@pytest.fixture(scope="module")
def outcomes(shared_books: Books) -> dict[str, list[tuple[object, ...]]]:
    """(type, total, payment method) of what becomes of each sale, each in a shop of its own."""
    shops = {claim: shared_books.open_shop(pos_provider="lightspeed") for claim in OUTCOMES}
    for claim, (told, _) in OUTCOMES.items():
        shared_books.load(shops[claim], *retailer_objects(), told)
    shared_books.run()
    columns = ("transaction_type", "total_amount", "payment_method")
    return {claim: shared_books.rows("marts.fct_transactions", shop, *columns) for claim, shop in shops.items()}


@pytest.mark.parametrize("claim", OUTCOMES)
def test_what_counts(outcomes: dict[str, list[tuple[object, ...]]], claim: str) -> None:
    """What a sale comes to by its status, its lines and its payments."""
    assert outcomes[claim] == OUTCOMES[claim][1]


STORIES: dict[str, list[Told]] = {
    "rounding": [
        sale("S", [line(uid, "4.30435", tax="0.64565") for uid in "abc"]),
    ],
    "sale discount": [
        sale(
            "S",
            [
                line("a", "6.00", tax="0.60", product="TEA"),
                line("b", "3.00", tax="0.12", discount="1.00"),
                line("d", "0.90", tax="0.06", quantity="-1", product="DISCOUNT"),
            ],
        ),
    ],
    "adjustments": [
        sale(
            "S",
            [BREAD],
            adjustments=[
                adjusted("TIP", "1.00"),
                adjusted("SURCHARGE", "0.40", member="type", tax="0.04"),
                adjusted("HANDLING", "0.10"),
                adjusted("DISCOUNT", "-0.50"),
            ],
        ),
    ],
    "surcharged lines": [
        sale(
            "S",
            [BREAD | {"surcharges": [{"value": Decimal("0.30"), "tax_components": [{"total_tax": Decimal("0.03")}]}]}],
            [paid("CARD", "5.33")],
            total_price=Decimal("4.80"),
            total_tax=Decimal("0.53"),
        ),
    ],
    "refund of charges": [
        sale("S", [BACK], return_for="O", adjustments=[adjusted("TIP", "-0.50"), adjusted("SURCHARGE", "-0.30")]),
    ],
    "exchange": [
        sale("S", [BREAD, BACK], [paid("CASH", "3.80")], adjustments=[adjusted("TIP", "1.00")]),
    ],
    "change": [
        sale("S", [BREAD], [paid("CASH", "20.00"), paid("CASH", "-15.00"), paid("CARD", "9", deleted_at=clock(2))]),
    ],
    "split": [
        sale("S", [BREAD], [paid("CARD", "2.00"), paid("CASH", "3.00")], adjustments=[]),
    ],
    "gift card": [
        GIFT_CARD,
        sale("S", [BREAD, line("g", "20.00", product="GIFT")], [paid("CARD", "15.00"), paid("CASH", "10.00")]),
        sale("R", [BREAD], [paid("GC", "5.00", payment_type_id="118", name="Monedero")]),
        sale("N", [line("n", "10.00", gift_card_number="123")], [paid("CARD", "10.00")]),
    ],
    "money as text": [
        sale(
            "S",
            [BREAD],
            [paid("CARD", "5") | {"amount": "5.00"}],
            line_items=[{name: str(value) if isinstance(value, Decimal) else value for name, value in BREAD.items()}],
            total_price="4.50",
            total_tax="0.50",
        ),
    ],
    "amount": [sale("S", [], [paid("CARD", "7.70")], total_price=Decimal(7), total_tax=Decimal("0.70"))],
    "unknown product": [sale("S", [line("x", "1.00", product="LATER"), line("y", "2.00", product=None)])],
    "terminal": [
        sale(
            "S",
            [BREAD],
            [paid("CARD", "5", external_attributes=[{"card_last_four_digits": "4471", "card_brand": "MASTERCARD"}])],
        ),
    ],
}


@pytest.fixture(scope="module")
def read(shared_books: Books) -> Read:
    """`read(story, mart, column, ...)`: rows of a mart after one of the stories."""
    shops = {story: shared_books.open_shop(pos_provider="lightspeed") for story in STORIES}
    for story, told in STORIES.items():
        shared_books.load(shops[story], *retailer_objects(), product("TEA", "Té"), *told)
    shared_books.run()
    return lambda story, mart, *columns: shared_books.rows(f"marts.{mart}", shops[story], *columns)


def test_lines_of_five_decimals_make_the_header(read: Read) -> None:
    """Three lines of 4.30435 and 0.64565 tax under 12.91 and 1.94: the cents that are missing go to the first lines."""
    assert read("rounding", "fct_transactions", "total_amount", "tax_amount") == [(Decimal("14.85"), Decimal("1.94"))]
    lines = read("rounding", "fct_transaction_items", "line_number", "line_total", "tax_amount")
    assert lines == [
        (1, Decimal("4.95"), Decimal("0.65")),
        (2, Decimal("4.95"), Decimal("0.65")),
        (3, Decimal("4.95"), Decimal("0.64")),
    ]


def test_discount_product_is_borne_by_the_goods(read: Read) -> None:
    """0.90 off 9.00 is 10 % of each line, its tax by theirs: 5.40 and 0.55, 2.70 and 0.11; no line sells a discount."""
    totals = read("sale discount", "fct_transactions", "total_amount", "tax_amount", "discount_amount", "subtotal")
    assert totals == [(Decimal("8.76"), Decimal("0.66"), Decimal("1.9"), Decimal(10))]
    lines = read(
        "sale discount", "fct_transaction_items", "product_name", "line_total", "tax_amount", "discount_amount"
    )
    assert lines == [
        ("Barra de pan", Decimal("2.81"), Decimal("0.11"), Decimal("1.3")),
        ("Té", Decimal("5.95"), Decimal("0.55"), Decimal("0.6")),
    ]


def test_adjustments_are_tip_charge_or_discount(read: Read) -> None:
    """4.50 + 0.50 tax, tip 1.00, charges 0.50 with 0.04 tax, 0.50 off: 6.04 in all, and what the lines do not sell."""
    parts = read(
        "adjustments",
        "fct_transactions",
        "total_amount",
        "tax_amount",
        "tip_amount",
        "service_charge_amount",
        "discount_amount",
        "subtotal",
    )
    assert parts == [(Decimal("6.04"), Decimal("0.54"), 1, Decimal("0.5"), Decimal("0.5"), Decimal("4.5"))]
    lines = read("adjustments", "fct_transaction_items", "product_name", "line_type", "line_total", "tax_amount")
    assert lines == [
        ("Barra de pan", "product", Decimal("4.5"), Decimal("0.5")),
        ("Service charge tax", "adjustment", Decimal("0.04"), Decimal("0.04")),
    ]


def test_surcharges_of_lines_count_when_the_total_has_them(read: Read) -> None:
    """0.30 that only the line and the header's 4.80 know, with 0.03 of the 0.53 tax."""
    parts = read("surcharged lines", "fct_transactions", "total_amount", "tax_amount", "service_charge_amount")
    assert parts == [(Decimal("5.33"), Decimal("0.53"), Decimal("0.3"))]
    lines = read("surcharged lines", "fct_transaction_items", "line_type", "line_total")
    assert lines == [("adjustment", Decimal("0.03")), ("product", 5)]


def test_refund_gives_back_tip_and_charges_too(read: Read) -> None:
    """-2.20 of goods, -0.50 tip, -0.30 charge: every part is negative."""
    parts = read(
        "refund of charges",
        "fct_transactions",
        "transaction_type",
        "total_amount",
        "tip_amount",
        "service_charge_amount",
        "discount_amount",
    )
    assert parts == [("refund", -3, Decimal("-0.5"), Decimal("-0.3"), 0)]


def test_exchange_is_paid_together(read: Read) -> None:
    """5.00 and a tip of 1.00 against 2.20: two transactions, one tender of 3.80 with the sale."""
    halves = read(
        "exchange", "fct_transactions", "pos_transaction_id", "total_amount", "tax_amount", "tip_amount", "tender_count"
    )
    assert halves == [
        ("S", 6, Decimal("0.5"), 1, 1),
        ("S:return", Decimal("-2.2"), Decimal("-0.2"), 0, 0),
    ]
    assert read("exchange", "fct_transaction_tenders", "pos_transaction_id", "amount") == [("S", Decimal("3.8"))]
    assert read("exchange", "fct_daily_volumes", "tender_mismatch_count", "total_amount") == [(0, Decimal("3.8"))]


def test_change_is_taken_off_the_cash(read: Read) -> None:
    """20.00 handed over, 15.00 given back, and a card payment that was deleted: 5.00 in cash."""
    assert read("change", "fct_transaction_tenders", "payment_method", "amount") == [("cash", 5)]
    assert read("change", "fct_transactions", "tender_count", "tendered_amount") == [(1, 5)]


def test_several_ways_of_paying_are_a_split(read: Read) -> None:
    """Each has its tender."""
    assert read("split", "fct_transactions", "payment_method", "tender_count") == [("split", 2)]
    assert read("split", "fct_transaction_tenders", "payment_method", "amount") == [("card", 2), ("cash", 3)]


def test_gift_cards_are_owed_when_sold_and_money_when_redeemed(read: Read) -> None:
    """25.00 for bread and a gift card is 5.00 of revenue, shared by card and cash; bread paid with one is 5.00 more."""
    rows = read("gift card", "fct_transactions", "pos_transaction_id", "total_amount", "payment_method", "tender_count")
    assert rows == [("N", 0, "card", 1), ("R", 5, "gift_card", 1), ("S", 5, "split", 2)]
    tenders = read("gift card", "fct_transaction_tenders", "pos_transaction_id", "payment_method", "amount")
    assert tenders == [("N", "card", 0), ("R", "gift_card", 5), ("S", "card", 3), ("S", "cash", 2)]
    lines = read("gift card", "fct_transaction_items", "pos_transaction_id", "line_type", "unit_price", "line_total")
    assert lines == [("N", "deferred", 10, 0), ("R", "product", 5, 5), ("S", "deferred", 20, 0), ("S", "product", 5, 5)]
    assert read("gift card", "fct_daily_volumes", "sales_amount", "tender_mismatch_count") == [(10, 0)]


def test_money_written_as_text_is_money(read: Read) -> None:
    """Strings here and there are read like numbers."""
    assert read("money as text", "fct_transactions", "total_amount", "tendered_amount") == [(5, 5)]
    assert read("money as text", "fct_transaction_items", "line_total", "unit_price") == [(5, 5)]


def test_sale_without_lines_is_a_custom_amount(read: Read) -> None:
    """7.00 and 0.70 tax that no line explains."""
    assert read("amount", "fct_transactions", "total_amount", "is_itemised") == [(Decimal("7.7"), False)]
    lines = read("amount", "fct_transaction_items", "product_name", "line_type", "line_total", "tax_amount")
    assert lines == [("Custom amount", "custom_amount", Decimal("7.7"), Decimal("0.7"))]


def test_lines_the_catalog_does_not_know_are_kept(read: Read) -> None:
    """A product that has not arrived, and an amount without one."""
    lines = read("unknown product", "fct_transaction_items", "product_name", "line_type", "line_total")
    assert lines == [("Custom amount", "custom_amount", 2), ("Unknown product", "product", 1)]


def test_terminal_tells_the_card(read: Read) -> None:
    """Last digits and brand come from the attributes the terminal left."""
    card = read("terminal", "fct_transactions", "payment_method", "card_brand", "card_last_four")
    assert card == [("card", "mastercard", "4471")]
