"""When an order, its payments and its refunds become a sale, a refund, a void, or nothing."""

from decimal import Decimal

import pytest
from fakes.books import Books, Row
from fakes.square_objects import line, order, payment, refund, returns

CARD = {"kind": "CARD", "card_details": {"entry_method": "EMV"}}
BREAD = line("a", 500)
DRAWER = {"id": "T", "type": "NO_SALE", "amount_money": {"amount": 0, "currency": "EUR"}}
OLD_TENDER = {"id": "T", "type": "CASH", "amount_money": {"amount": 500, "currency": "EUR"}}
NOTHING: list[tuple[str, Decimal | int, str]] = []

CASES = {
    "two cards are still paid by card": (
        [order("O", [BREAD]), payment("P1", "O", 300, **CARD), payment("P2", "O", 200, **CARD)],
        [("sale", 5, "card")],
    ),
    "an old tender without a payment says how it was paid": (
        [order("O", [BREAD], tenders=[OLD_TENDER])],
        [("sale", 5, "cash")],
    ),
    "an unpaid order is nothing": ([order("O", [BREAD], state="OPEN", due=500)], NOTHING),
    "a draft is nothing": ([order("O", [BREAD], state="DRAFT")], NOTHING),
    "an empty order is nothing": ([order("O")], NOTHING),
    "opening the drawer is nothing": ([order("O", tenders=[DRAWER])], NOTHING),
    "a pure return order is nothing by itself": ([order("O", **returns([BREAD]))], NOTHING),
    "a failed payment is nothing": ([payment("P", "O", 500, status="FAILED")], NOTHING),
    "a pending payment is nothing yet": ([payment("P", "O", 500, status="PENDING")], NOTHING),
    "an approved payment is nothing yet": ([payment("P", "O", 500, status="APPROVED")], NOTHING),
    "a pending refund is nothing yet": ([refund("R", 500, status="PENDING")], NOTHING),
    "a failed refund is nothing": ([refund("R", 500, status="FAILED")], NOTHING),
    "a rejected refund is nothing": ([refund("R", 500, status="REJECTED")], NOTHING),
    "an open order counts once it is fully paid": (
        [order("O", [BREAD], state="OPEN"), payment("P", "O", 500)],
        [("sale", 5, "cash")],
    ),
    "a deposit on an open order does not count": (
        [order("O", [BREAD], state="OPEN", due=300), payment("P", "O", 200)],
        NOTHING,
    ),
    "a canceled order is a void": ([order("O", [BREAD], state="CANCELED")], [("void", 0, "other")]),
    "a canceled payment is a void": (
        [payment("P", "O", 500, status="CANCELED", **CARD)],
        [("void", 0, "card")],
    ),
    "a void disappears when the order is paid otherwise": (
        [payment("P1", "O", 500, status="CANCELED", **CARD), payment("P2", "O", 500, at=2), order("O", [BREAD])],
        [("sale", 5, "cash")],
    ),
    "money taken for a canceled order is still money": (
        [order("O", [BREAD], state="CANCELED"), payment("P", "O", 500)],
        [("sale", 5, "cash")],
    ),
    "a sale that was given away is a sale of nothing": (
        [order("O", [line("a", 0, price=500, discount=500)])],
        [("sale", 0, "other")],
    ),
    "yen have no minor unit": ([payment("P", None, 1234, currency="JPY")], [("sale", 1234, "cash")]),
    "dinars have a thousand": ([payment("P", None, 1234, currency="KWD")], [("sale", Decimal("1.234"), "cash")]),
    "cash is cash": ([payment("P", None, 500, kind="CASH")], [("sale", 5, "cash")]),
    "a card put in is card": ([payment("P", None, 500, **CARD)], [("sale", 5, "card")]),
    "a card held up is contactless": (
        [payment("P", None, 500, kind="CARD", card_details={"entry_method": "CONTACTLESS"})],
        [("sale", 5, "contactless")],
    ),
    "a phone held up is mobile": (
        [
            payment(
                "P", None, 500, kind="CARD", card_details={"entry_method": "CONTACTLESS", "wallet_type": "APPLE_PAY"}
            )
        ],
        [("sale", 5, "mobile")],
    ),
    "a wallet is mobile": ([payment("P", None, 500, kind="WALLET")], [("sale", 5, "mobile")]),
    "Square's gift card is gift_card": (
        [payment("P", None, 500, kind="CARD", card_details={"card": {"card_brand": "SQUARE_GIFT_CARD"}})],
        [("sale", 5, "gift_card")],
    ),
    "another gift card is gift_card": (
        [payment("P", None, 500, kind="EXTERNAL", external_details={"type": "OTHER_GIFT_CARD"})],
        [("sale", 5, "gift_card")],
    ),
    "a food voucher is other": (
        [payment("P", None, 500, kind="EXTERNAL", external_details={"type": "FOOD_VOUCHER"})],
        [("sale", 5, "other")],
    ),
    "a way of paying Square has not invented yet is other": (
        [payment("P", None, 500, kind="TELEPATHY")],
        [("sale", 5, "other")],
    ),
}


@pytest.fixture(scope="module")
def kept(shared_books: Books) -> dict[str, list[Row]]:
    """(type, total, payment method) of every transaction the books keep of a case, each in a shop of its own."""
    shops = {claim: shared_books.open_shop() for claim in CASES}
    for claim, (told, _) in CASES.items():
        shared_books.load(shops[claim], *told)
    shared_books.run()
    columns = ("transaction_type", "total_amount", "payment_method")
    return {claim: shared_books.rows("marts.fct_transactions", shop, *columns) for claim, shop in shops.items()}


@pytest.mark.parametrize("claim", CASES)
def test_what_counts(kept: dict[str, list[Row]], claim: str) -> None:
    """What a group of objects comes to once everything has arrived."""
    assert kept[claim] == CASES[claim][1]


def test_card_brands_are_the_contracts_words(shared_books: Books) -> None:
    """Square's words, whatever their case, in the words every POS shares; one that has none is other."""
    words = {
        "VISA": "visa",
        "MasterCard": "mastercard",
        "AMERICAN_EXPRESS": "amex",
        "DISCOVER_DINERS": "diners",
        "CHINA_UNIONPAY": "unionpay",
        "OTHER_BRAND": "other",
        "FELICA": "other",
        "UNKNOWN": None,
    }
    shop = shared_books.open_shop()
    cards = {word: {"entry_method": "EMV", "card": {"card_brand": word}} for word in words}
    shared_books.model(shop, *(payment(word, None, 500, kind="CARD", card_details=cards[word]) for word in words))

    said = shared_books.rows("marts.fct_transaction_tenders", shop, "pos_tender_id", "card_brand")
    assert dict(said) == words


def test_payment_whose_order_has_not_arrived_is_an_unitemised_sale(shared_books: Books) -> None:
    """Its money counts at once, as one line "Custom amount"."""
    shop = shared_books.open_shop()
    shared_books.model(shop, payment("P", "O", 500, tip=50))

    sale = shared_books.one("marts.fct_transactions", shop)
    item = shared_books.one("marts.fct_transaction_items", shop)
    assert (sale["pos_transaction_id"], sale["total_amount"], sale["is_itemised"]) == ("O", Decimal("5.5"), False)
    assert (item["product_name"], item["line_total"], item["line_type"]) == ("Custom amount", 5, "custom_amount")


def test_late_order_upgrades_the_sale_in_place(shared_books: Books) -> None:
    """The same row, now with lines and tax."""
    shop = shared_books.open_shop()
    shared_books.model(shop, payment("P", "O", 500))
    before = shared_books.one("marts.fct_transactions", shop)
    shared_books.model(shop, order("O", [line("a", 500, tax=45)]))

    after = shared_books.one("marts.fct_transactions", shop)
    assert after["id"] == before["id"]
    assert (after["is_itemised"], after["tax_amount"]) == (True, Decimal("0.45"))
    assert shared_books.one("marts.fct_transaction_items", shop)["product_name"] == "Barra de pan"


def test_payment_that_learns_its_order_later_is_not_counted_twice(shared_books: Books) -> None:
    """A sale keyed by the payment gives way to the sale keyed by the order."""
    shop = shared_books.open_shop()
    shared_books.model(shop, payment("P", None, 500))
    shared_books.model(shop, payment("P", "O", 500, changed=5), order("O", [line("a", 500)]))

    assert shared_books.one("marts.fct_transactions", shop)["pos_transaction_id"] == "O"
    assert shared_books.one("marts.fct_daily_volumes", shop)["total_amount"] == 5


def test_canceled_order_is_a_void_of_its_total(shared_books: Books) -> None:
    """Nothing was kept; 5.00 was voided."""
    shop = shared_books.open_shop()
    shared_books.model(shop, order("O", [line("a", 500)], state="CANCELED"))

    void = shared_books.one("marts.fct_transactions", shop)
    assert (void["transaction_type"], void["total_amount"], void["voided_amount"]) == ("void", 0, 5)


def test_refund_nets_against_the_sale_on_its_own_day(shared_books: Books) -> None:
    """Sold on Friday, given back on Saturday: each day keeps its own."""
    shop = shared_books.open_shop()
    shared_books.model(
        shop,
        order("O", [line("a", 500)]),
        payment("P", "O", 500),
        refund("R", 500, payment_id="P", at=24 * 60),
    )

    days = shared_books.rows("marts.fct_daily_volumes", shop, "sales_amount", "refund_amount", "total_amount")
    assert days == [(0, 5, -5), (5, 0, 5)]


def test_refund_without_its_return_order_is_one_line(shared_books: Books) -> None:
    """The money goes at once; lines follow when the return order arrives."""
    shop = shared_books.open_shop()
    shared_books.model(shop, refund("R", 220, order_id="RET"))
    before = shared_books.one("marts.fct_transaction_items", shop)
    shared_books.model(shop, order("RET", [], **returns([line("r", 220, tax=20)])))

    after = shared_books.one("marts.fct_transaction_items", shop)
    assert (before["product_name"], before["line_total"]) == ("Custom amount", Decimal("-2.2"))
    assert (after["product_name"], after["line_total"], after["tax_amount"]) == (
        "Barra de pan",
        Decimal("-2.2"),
        Decimal("-0.2"),
    )


def test_refunds_of_a_split_tender_share_their_return_order(shared_books: Books) -> None:
    """15.00 back as 10.00 and 5.00: the lines are cut between them and nothing is counted twice."""
    shop = shared_books.open_shop()
    shared_books.model(
        shop,
        order("RET", [], **returns([line("a", 700, tax=70, quantity="7"), line("b", 700, tax=64)], tip=100)),
        refund("R1", 1000, order_id="RET"),
        refund("R2", 500, order_id="RET"),
    )

    refunds = shared_books.rows("marts.fct_transactions", shop, "pos_transaction_id", "total_amount", "tip_amount")
    assert refunds == [("R1", -10, Decimal("-0.67")), ("R2", -5, Decimal("-0.33"))]
    items = shared_books.rows("marts.fct_transaction_items", shop)
    assert sum(row["line_total"] for row in items if row["pos_transaction_id"] == "R1") == Decimal("-9.33")
    assert sum(row["line_total"] for row in items) == -14
    assert sum(row["tax_amount"] for row in items) == Decimal("-1.34")
    assert sum(row["quantity"] for row in items if row["pos_line_id"] == "a") == -7


def test_exchange_is_a_sale_and_a_refund_and_its_payout_is_not_counted_again(shared_books: Books) -> None:
    """Sold 3.00, took back 5.00, paid out 2.00: 3.00 - 5.00, not 3.00 - 5.00 - 2.00."""
    shop = shared_books.open_shop()
    shared_books.model(
        shop,
        order("X", [line("new", 300)], **returns([line("old", 500, tax=45)], source="O")),
        refund("R", 200, order_id="X", payment_id="P"),
    )

    rows = shared_books.rows("marts.fct_transactions", shop, "pos_transaction_id", "transaction_type", "total_amount")
    assert rows == [("X", "sale", 3), ("X:return", "refund", -5)]
    assert shared_books.one("marts.fct_transaction_tenders", shop)["amount"] == -2
    assert shared_books.one("marts.fct_daily_volumes", shop)["tender_mismatch_count"] == 0


def test_lines_tip_service_charge_and_rounding_make_the_total(shared_books: Books) -> None:
    """What belongs to no line has a line of its own, of type adjustment."""
    shop = shared_books.open_shop()
    charges = [
        {
            "uid": "terrace",
            "applied_money": {"amount": 100, "currency": "EUR"},
            "total_money": {"amount": 110, "currency": "EUR"},
        }
    ]
    told = order("O", [line("a", 998, tax=90)], tip=50, service=100, rounding=2, extra_tax=10, service_charges=charges)
    shared_books.model(shop, told, payment("P", "O", 1110, tip=50))

    sale = shared_books.one("marts.fct_transactions", shop)
    lines = shared_books.rows("marts.fct_transaction_items", shop, "product_name", "line_total", "line_type")
    assert (sale["total_amount"], sale["service_charge_amount"], sale["tax_amount"]) == (Decimal("11.6"), 1, 1)
    assert lines == [
        ("Barra de pan", Decimal("9.98"), "product"),
        ("Rounding", Decimal("0.02"), "adjustment"),
        ("Service charge tax", Decimal("0.1"), "adjustment"),
    ]


def test_amount_without_a_product_is_kept_as_custom_amount(shared_books: Books) -> None:
    """A line with neither name nor catalog object."""
    shop = shared_books.open_shop()
    shared_books.model(shop, order("O", [line("a", 500, name=None, product=None)]), payment("P", "O", 500))

    item = shared_books.one("marts.fct_transaction_items", shop)
    assert (item["product_name"], item["pos_product_id"], item["line_type"]) == ("Custom amount", None, "custom_amount")


def test_offline_sale_happened_when_the_till_says(shared_books: Books) -> None:
    """Uploaded two days later, it belongs to the day it was made."""
    shop = shared_books.open_shop()
    offline = {"client_created_at": "2026-09-16T10:00:00Z"}
    shared_books.model(shop, order("O", [line("a", 500)]), payment("P", "O", 500, offline_payment_details=offline))

    assert str(shared_books.one("marts.fct_transactions", shop)["business_date"]) == "2026-09-16"
