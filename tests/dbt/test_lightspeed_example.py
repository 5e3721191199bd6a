"""A morning in a bakery in Madrid that sells with Lightspeed, figure by figure."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from fakes.books import Books, Row
from fakes.lightspeed_objects import Told, category, customer, outlet, payment_type, product, register, retailer, user

Mart = Callable[..., list[Row]]

ID = "06e94c60-7a5e-11ee-f9d1-000000000"
CENTRO, TILL, LUCIA, WALKIN, CASH, CARD = (f"{ID}{n}" for n in ("001", "002", "003", "004", "031", "032"))
BARRA, CROISSANT, CORTADO, ENSAIMADA = (f"{ID}{n}" for n in ("021", "022", "023", "024"))
CARD_SALE, CASH_SALE, RETURN, VOID = (f"{ID}{n}" for n in ("a00", "b00", "c00", "d00"))


def example(name: str) -> Told:
    """The sale in `examples/lightspeed/sale_<name>.json`."""
    path = Path(__file__).parent / "examples" / "lightspeed" / f"sale_{name}.json"
    return Told("sales", json.loads(path.read_text(), parse_float=Decimal))


@pytest.fixture(scope="module")
def morning(shared_books: Books) -> Mart:
    """`morning(mart, column=value, ...)`: rows of a mart after two sales, a return and a void."""
    shop = shared_books.open_shop(CENTRO, pos_provider="lightspeed")
    bakery: Row = {"product_category": {"id": "BAKERY", "name": "Bollería"}}
    shared_books.model(
        shop,
        retailer(),
        outlet(CENTRO),
        register(TILL, "Caja 1"),
        user(LUCIA, "Lucía"),
        customer(WALKIN, "", code="WALKIN"),
        payment_type(CASH, "Efectivo", 1),
        payment_type(CARD, "Tarjeta", 5),
        category("BAKERY", "Panadería", "Bollería"),
        product(BARRA, "Barra de pan"),
        product(CROISSANT, "Croissant", **bakery),
        product(CORTADO, "Cortado"),
        product(ENSAIMADA, "Ensaimada", **bakery),
        *(example(name) for name in ("card", "cash", "return", "voided")),
    )
    return lambda mart, **where: [
        row for row in shared_books.rows(f"marts.{mart}", shop) if where.items() <= row.items()
    ]


def test_sale_is_its_header_and_the_discount_is_already_off(morning: Mart) -> None:
    """10.40 net and 0.74 tax; 0.60 was taken off before, so the subtotal is 11.00."""
    (sale,) = morning("fct_transactions", pos_transaction_id=CARD_SALE)

    assert (sale["transaction_type"], sale["currency"], sale["is_itemised"]) == ("sale", "EUR", True)
    assert (sale["total_amount"], sale["tax_amount"]) == (Decimal("11.14"), Decimal("0.74"))
    assert (sale["discount_amount"], sale["subtotal"]) == (Decimal("0.6"), Decimal(11))
    assert (sale["tip_amount"], sale["service_charge_amount"]) == (0, 0)
    assert sale["business_date"] == date(2026, 7, 4)
    assert sale["local_transaction_at"].isoformat() == "2026-07-04T08:42:10"


def test_sale_says_how_it_was_paid_and_where(morning: Mart) -> None:
    """The merchant's "Tarjeta" is a card; till and cashier have names, and the walk-in is no customer."""
    (sale,) = morning("fct_transactions", pos_transaction_id=CARD_SALE)

    assert (sale["payment_method"], sale["tendered_amount"], sale["tender_count"]) == ("card", Decimal("11.14"), 1)
    assert (sale["device_name"], sale["cashier_name"], sale["receipt_number"]) == ("Caja 1", "Lucía", "PS-1041")
    assert (sale["customer_id"], sale["customer_name"]) == (None, None)
    assert sale["location_name"] == "Calle Mayor"


def test_lines_have_shelf_prices_and_names_of_the_catalog(morning: Mart) -> None:
    """A croissant is 2.20 on the shelf, 1.98 after 10 % off: three make 5.94."""
    barra, croissants = sorted(
        morning("fct_transaction_items", pos_transaction_id=CARD_SALE), key=lambda row: row["line_number"]
    )

    assert (barra["product_name"], barra["quantity"], barra["unit_price"]) == ("Barra de pan", 2, Decimal("2.6"))
    assert (barra["tax_amount"], barra["line_total"]) == (Decimal("0.2"), Decimal("5.2"))
    assert (croissants["product_name"], croissants["unit_price"]) == ("Croissant", Decimal("2.2"))
    assert (croissants["discount_amount"], croissants["line_total"]) == (Decimal("0.6"), Decimal("5.94"))


def test_five_decimals_of_a_line_make_the_two_of_the_header(morning: Mart) -> None:
    """2.54546 and 0.25454 are a line of 2.80 with 0.25 tax, as the header has it."""
    (sale,) = morning("fct_transactions", pos_transaction_id=CASH_SALE)
    (line,) = morning("fct_transaction_items", pos_transaction_id=CASH_SALE)

    assert (sale["total_amount"], sale["tax_amount"], sale["subtotal"]) == (
        Decimal("2.8"),
        Decimal("0.25"),
        Decimal("2.55"),
    )
    assert (line["line_total"], line["tax_amount"], line["unit_price"]) == (
        Decimal("2.8"),
        Decimal("0.25"),
        Decimal("1.4"),
    )
    assert sale["payment_method"] == "cash"


def test_return_is_a_refund_of_its_original(morning: Mart) -> None:
    """One croissant comes back: -1.98 with -0.18 tax, though the tax component kept its sign."""
    (sale,) = morning("fct_transactions", pos_transaction_id=CARD_SALE)
    (refund,) = morning("fct_transactions", pos_transaction_id=RETURN)
    (line,) = morning("fct_transaction_items", pos_transaction_id=RETURN)

    assert (refund["transaction_type"], refund["original_id"]) == ("refund", sale["id"])
    assert (refund["total_amount"], refund["tax_amount"]) == (Decimal("-1.98"), Decimal("-0.18"))
    assert (refund["discount_amount"], refund["subtotal"]) == (Decimal("-0.2"), Decimal(-2))
    assert (line["quantity"], line["unit_price"], line["line_total"]) == (-1, Decimal("2.2"), Decimal("-1.98"))
    assert refund["payment_method"] == "card"


def test_void_keeps_nothing_but_its_face_value(morning: Mart) -> None:
    """3.30 were taken and are not: no line and no tender, though the sale still has both."""
    (void,) = morning("fct_transactions", pos_transaction_id=VOID)

    assert (void["transaction_type"], void["total_amount"], void["voided_amount"]) == ("void", 0, Decimal("3.3"))
    assert (void["payment_method"], void["tender_count"]) == ("cash", 0)
    assert morning("fct_transaction_items", pos_transaction_id=VOID) == []
    assert morning("fct_transaction_tenders", pos_transaction_id=VOID) == []


def test_the_morning_adds_up_by_day_and_product(morning: Mart) -> None:
    """11.14 and 2.80 less 1.98."""
    (day,) = morning("fct_daily_volumes")
    products = {
        row["product_name"]: (row["quantity_sold"], row["quantity_refunded"], row["net_amount"])
        for row in morning("fct_daily_product_sales")
    }

    assert (day["sale_count"], day["refund_count"], day["void_count"]) == (2, 1, 1)
    assert (day["sales_amount"], day["refund_amount"]) == (Decimal("13.94"), Decimal("1.98"))
    assert (day["total_amount"], day["voided_amount"]) == (Decimal("11.96"), Decimal("3.3"))
    assert products == {
        "Barra de pan": (2, 0, Decimal("5.2")),
        "Cortado": (2, 0, Decimal("2.8")),
        "Croissant": (3, 1, Decimal("3.96")),
    }


def test_catalog_has_categories_and_shelf_prices(morning: Mart) -> None:
    """A category comes with those above it, the price as the shop shows it."""
    (croissant,) = morning("dim_products", pos_product_id=CROISSANT)
    (price,) = morning("fct_product_prices", pos_product_id=CROISSANT)

    assert (croissant["category"], croissant["product_sku"]) == ("Panadería / Bollería", f"SKU-{CROISSANT}")
    assert (croissant["unit_price"], croissant["currency"], croissant["is_deleted"]) == (Decimal("1.1"), "EUR", False)
    assert (price["unit_price"], price["location_id"], price["valid_to"]) == (Decimal("1.1"), "", None)
