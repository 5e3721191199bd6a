"""A morning in a bakery in Madrid, figure by figure."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from fakes.books import Books, Row
from fakes.square_objects import Told

Mart = Callable[..., list[Row]]

SALE = "oMad7Card0001ZxCvBnMaSdFgHjKlZY"
CASH = "oMad7Cash0001ZxCvBnMaSdFgHjKlZY"
VOID = "oMad7Void0001ZxCvBnMaSdFgHjKlZY"
REFUND = "pMad7Card0001QwErTyUiOpAsDfGhZY_R0001madridExampleRefundSuffix0001"


@pytest.fixture(scope="module")
def morning(shared_books: Books, example: Callable[[str, str], Told]) -> Mart:
    """`morning(mart, column=value, ...)`: rows of a mart after a morning of two sales, a refund and a void."""
    shop = shared_books.open_shop("LMADCENTRO001")
    shared_books.model(
        shop,
        example("orders", "order_card"),
        example("payments", "payment_card"),
        example("orders", "order_cash"),
        example("payments", "payment_cash"),
        example("refunds", "refund"),
        example("orders", "order_return"),
        example("payments", "payment_card_after_refund"),
        example("payments", "payment_canceled"),
    )
    return lambda mart, **where: [
        row for row in shared_books.rows(f"marts.{mart}", shop) if where.items() <= row.items()
    ]


def test_card_sale_keeps_tip_discount_and_inclusive_tax_apart(morning: Mart) -> None:
    """600 gross, 50 off, 50 IVA inside, 60 tip: subtotal is net of tax and the parts make 6.10."""
    (sale,) = morning("fct_transactions", pos_transaction_id=SALE)

    assert sale["transaction_type"] == "sale"
    assert sale["subtotal"] == Decimal("5.5")
    assert sale["tax_amount"] == Decimal("0.5")
    assert sale["discount_amount"] == Decimal("0.5")
    assert sale["tip_amount"] == Decimal("0.6")
    assert sale["total_amount"] == Decimal("6.1")
    assert sale["currency"] == "EUR"
    assert sale["business_date"] == date(2026, 9, 18)
    assert sale["transaction_at"].isoformat() == "2026-09-18T07:14:04.551000+00:00"
    assert sale["local_transaction_at"].isoformat() == "2026-09-18T09:14:04.551000"


def test_card_sale_says_how_it_was_paid_and_where(morning: Mart) -> None:
    """Payment method, card, till, receipt and cashier come from the payment, the shop's name from the account."""
    (sale,) = morning("fct_transactions", pos_transaction_id=SALE)

    assert (sale["payment_method"], sale["card_brand"], sale["card_last_four"]) == ("contactless", "mastercard", "4471")
    assert (sale["device_name"], sale["receipt_number"]) == ("Caja 1", "pMad")
    assert (sale["cashier_id"], sale["location_name"]) == ("TMmadLucia000001", "Calle Mayor")


def test_card_sale_lines_carry_modifiers_and_their_share_of_the_discount(morning: Mart) -> None:
    """Croissants 3.30 and coffee 2.20 make the 6.10 without the tip."""
    croissants, coffee = sorted(
        morning("fct_transaction_items", pos_transaction_id=SALE), key=lambda row: row["line_number"]
    )

    assert (croissants["product_name"], croissants["quantity"], croissants["unit_price"]) == (
        "Croissant de mantequilla",
        2,
        Decimal("1.8"),
    )
    assert (croissants["discount_amount"], croissants["line_total"]) == (Decimal("0.3"), Decimal("3.3"))
    assert (coffee["discount_amount"], coffee["line_total"]) == (Decimal("0.2"), Decimal("2.2"))
    assert coffee["modifiers"] == [{"name": "Leche de avena", "quantity": 1, "amount": 0.4}]


def test_cash_sale_counts_what_was_kept_not_what_was_handed_over(morning: Mart) -> None:
    """5.00 given, 2.15 change: 2.85, of which 0.11 is IVA."""
    (sale,) = morning("fct_transactions", pos_transaction_id=CASH)
    (tender,) = morning("fct_transaction_tenders", pos_transaction_id=CASH)

    assert (sale["total_amount"], sale["tax_amount"]) == (Decimal("2.85"), Decimal("0.11"))
    assert (sale["subtotal"], sale["payment_method"]) == (Decimal("2.74"), "cash")
    assert tender["amount"] == Decimal("2.85")


def test_partial_refund_is_a_row_of_its_own_beside_the_untouched_sale(morning: Mart) -> None:
    """The coffee comes back: 6.10 stays, -2.20 joins it with the coffee as its line."""
    (sale,) = morning("fct_transactions", pos_transaction_id=SALE)
    (refund,) = morning("fct_transactions", transaction_type="refund")
    (line,) = morning("fct_transaction_items", pos_transaction_id=REFUND)

    assert sale["total_amount"] == Decimal("6.1")
    assert refund["original_id"] == sale["id"]
    assert (refund["total_amount"], refund["subtotal"]) == (Decimal("-2.2"), Decimal("-2.2"))
    assert (refund["tax_amount"], refund["discount_amount"]) == (Decimal("-0.2"), Decimal("-0.2"))
    assert (line["product_name"], line["quantity"], line["line_total"]) == ("Café con leche", -1, Decimal("-2.2"))


def test_canceled_payment_is_a_void_of_its_face_value(morning: Mart) -> None:
    """4.10 never captured: total 0, voided 4.10, no line and no tender."""
    (void,) = morning("fct_transactions", pos_transaction_id=VOID)

    assert (void["transaction_type"], void["total_amount"], void["voided_amount"]) == ("void", 0, Decimal("4.1"))
    assert void["payment_method"] == "card"
    assert morning("fct_transaction_items", pos_transaction_id=VOID) == []
    assert morning("fct_transaction_tenders", pos_transaction_id=VOID) == []


def test_the_morning_adds_up_by_day(morning: Mart) -> None:
    """Two sales, a refund and a void."""
    (day,) = morning("fct_daily_volumes")

    assert (day["sale_count"], day["refund_count"], day["void_count"]) == (2, 1, 1)
    assert (day["sales_amount"], day["refund_amount"]) == (Decimal("8.95"), Decimal("2.2"))
    assert (day["total_amount"], day["voided_amount"]) == (Decimal("6.75"), Decimal("4.1"))


def test_the_morning_adds_up_by_hour(morning: Mart) -> None:
    """09 on the shop's clock is 07 UTC; the void is an hour later."""
    hours = [
        (row["hour_starts_at"].hour, row["local_hour"], row["total_amount"]) for row in morning("fct_hourly_volumes")
    ]

    assert sorted(hours) == [(7, 9, Decimal("6.75")), (8, 10, 0)]


def test_the_morning_adds_up_by_product(morning: Mart) -> None:
    """One coffee sold and given back, two croissants, three loaves."""
    products = {
        row["product_name"]: (row["quantity_sold"], row["quantity_refunded"], row["net_amount"])
        for row in morning("fct_daily_product_sales")
    }

    assert products == {
        "Barra de pan": (3, 0, Decimal("2.85")),
        "Café con leche": (1, 1, 0),
        "Croissant de mantequilla": (2, 0, Decimal("3.3")),
    }
