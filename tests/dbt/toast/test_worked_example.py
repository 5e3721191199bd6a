"""A Saturday in a bakery cafe in New York, figure by figure."""

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from fakes.books import Books, Row, Shop
from fakes.toast_objects import Told, employee

Mart = Callable[..., list[Row]]

EXAMPLES = Path(__file__).parent.parent / "examples" / "toast"
GUID = "{}-5a1d-4e0b-9c3f-0c1a2b3d4e5f"
CARD, CASH, VOID, REFUNDED = (GUID.format(f"0000001{number}") for number in (1, 2, 3, 4))
REFUND = GUID.format("00000024") + ":refund"
SATURDAY, SUNDAY = date(2026, 3, 14), date(2026, 3, 15)


def example(name: str) -> Told:
    """The order in `examples/toast/<name>.json`, its amounts as exact as they are written."""
    payload = json.loads((EXAMPLES / f"{name}.json").read_text(), parse_float=Decimal)
    return Told("orders", payload, payload["guid"], datetime.fromisoformat(payload["modifiedDate"]))


@pytest.fixture(scope="module")
def saturday(shared_books: Books, open_restaurant: Callable[[], Shop]) -> Mart:
    """`saturday(mart, column=value, ...)`: rows of a mart after three sales, a void and next day's refund."""
    shop = open_restaurant()
    shared_books.model(
        shop,
        *(example(name) for name in ("order_card", "order_cash", "order_voided", "order_refunded")),
        employee(GUID.format("00000051"), "Rosalind", "Park", chosen="Roz"),
    )
    return lambda mart, **where: [
        row for row in shared_books.rows(f"marts.{mart}", shop) if where.items() <= row.items()
    ]


def test_card_sale_keeps_tip_discount_and_tax_apart(saturday: Mart) -> None:
    """15.00 of goods, 0.90 off, 0.99 tax and 3.00 tip; closed the next morning, it belongs to Saturday."""
    (sale,) = saturday("fct_transactions", pos_transaction_id=CARD)

    assert (sale["transaction_type"], sale["currency"]) == ("sale", "USD")
    assert (sale["subtotal"], sale["discount_amount"]) == (15, Decimal("0.9"))
    assert (sale["tax_amount"], sale["tip_amount"], sale["total_amount"]) == (Decimal("0.99"), 3, Decimal("18.09"))
    assert sale["business_date"] == SATURDAY
    assert sale["transaction_at"].isoformat() == "2026-03-14T12:43:20.118000+00:00"
    assert sale["local_transaction_at"].isoformat() == "2026-03-14T08:43:20.118000"


def test_card_sale_says_how_and_by_whom_it_was_taken(saturday: Mart) -> None:
    """The cashier goes by the chosen name; the order is the group of its check."""
    (sale,) = saturday("fct_transactions", pos_transaction_id=CARD)
    (tender,) = saturday("fct_transaction_tenders", pos_transaction_id=CARD)

    assert (sale["payment_method"], sale["card_brand"], sale["card_last_four"]) == ("contactless", "visa", "4242")
    assert (sale["cashier_name"], sale["receipt_number"]) == ("Roz Park", "41")
    assert (sale["customer_name"], sale["customer_email"]) == ("Mina Okafor", "mina@example.com")
    assert sale["transaction_group"] == GUID.format("00000001")
    assert (tender["amount"], tender["tip_amount"]) == (Decimal("18.09"), 3)


def test_modifier_is_inside_the_price_of_its_selection(saturday: Mart) -> None:
    """The latte is 6.00 with its oat milk, and there are two lines, not three."""
    croissant, latte = sorted(
        saturday("fct_transaction_items", pos_transaction_id=CARD), key=lambda row: row["line_number"]
    )

    assert (croissant["quantity"], croissant["unit_price"]) == (2, Decimal("4.5"))
    assert (croissant["discount_amount"], croissant["line_total"]) == (Decimal("0.9"), Decimal("8.67"))
    assert (latte["product_name"], latte["tax_amount"]) == ("Latte 12oz", Decimal("0.42"))
    assert latte["line_total"] == Decimal("6.42")
    assert latte["modifiers"] == [{"name": "Oat Milk", "quantity": 1, "amount": 0.75}]


def test_cash_sale_counts_what_was_kept_not_what_was_handed_over(saturday: Mart) -> None:
    """10.00 given, 3.04 change: 6.96."""
    (sale,) = saturday("fct_transactions", pos_transaction_id=CASH)
    (tender,) = saturday("fct_transaction_tenders", pos_transaction_id=CASH)

    assert (sale["total_amount"], sale["subtotal"], sale["payment_method"]) == (Decimal("6.96"), Decimal("6.5"), "cash")
    assert tender["amount"] == Decimal("6.96")


def test_voided_order_has_only_a_face_value(saturday: Mart) -> None:
    """4.50 and 0.32 tax, let go: total 0, no line and no tender."""
    (void,) = saturday("fct_transactions", pos_transaction_id=VOID)

    assert (void["transaction_type"], void["total_amount"], void["voided_amount"]) == ("void", 0, Decimal("4.82"))
    assert (void["payment_method"], void["card_brand"]) == ("card", "mastercard")
    assert void["transaction_at"].isoformat() == "2026-03-14T14:26:02.640000+00:00"
    assert saturday("fct_transaction_items", pos_transaction_id=VOID) == []
    assert saturday("fct_transaction_tenders", pos_transaction_id=VOID) == []


def test_refund_is_a_row_of_its_own_on_its_own_day(saturday: Mart) -> None:
    """The cold brew comes back on Sunday; Saturday's 16.71 with tip stays as it is."""
    (sale,) = saturday("fct_transactions", pos_transaction_id=REFUNDED)
    (refund,) = saturday("fct_transactions", transaction_type="refund")
    (line,) = saturday("fct_transaction_items", pos_transaction_id=REFUND)
    (tender,) = saturday("fct_transaction_tenders", pos_transaction_id=REFUND)

    assert (sale["total_amount"], sale["business_date"]) == (Decimal("16.71"), SATURDAY)
    assert (refund["pos_transaction_id"], refund["original_id"]) == (REFUND, sale["id"])
    assert (refund["total_amount"], refund["tax_amount"]) == (Decimal("-5.08"), Decimal("-0.33"))
    assert (refund["subtotal"], refund["tip_amount"], refund["business_date"]) == (Decimal("-4.75"), 0, SUNDAY)
    assert (line["product_name"], line["quantity"], line["line_total"]) == ("Cold Brew", -1, Decimal("-5.08"))
    assert (tender["amount"], tender["card_brand"]) == (Decimal("-5.08"), "amex")


def test_the_days_add_up(saturday: Mart) -> None:
    """35.25 gross, 0.90 off, 2.41 tax, 5.00 tips and 4.82 voided on Saturday; 5.08 back on Sunday."""
    first, second = sorted(saturday("fct_daily_volumes"), key=lambda row: row["business_date"])

    assert (first["business_date"], second["business_date"]) == (SATURDAY, SUNDAY)
    assert (first["sale_count"], first["refund_count"], first["void_count"]) == (3, 0, 1)
    assert first["sales_amount"] == Decimal("35.25") - Decimal("0.9") + Decimal("2.41") + 5
    assert (first["tax_amount"], first["discount_amount"]) == (Decimal("2.41"), Decimal("0.9"))
    assert (first["tip_amount"], first["voided_amount"]) == (5, Decimal("4.82"))
    assert (second["sale_count"], second["refund_count"], second["refund_amount"]) == (0, 1, Decimal("5.08"))
    assert (second["tax_amount"], second["total_amount"]) == (Decimal("-0.33"), Decimal("-5.08"))


def test_nothing_is_wrong_with_the_money(saturday: Mart) -> None:
    """Lines and tenders make the totals; only what is not on a menu or mapped is said."""
    assert {row["rule"] for row in saturday("fct_data_quality")} == {"product_not_in_catalog", "unmapped_revenue"}
