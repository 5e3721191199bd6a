"""What Lightspeed's sales name by id: products, payment types, people and tills, and what happens when they change."""

from decimal import Decimal

import pytest
from fakes.books import Books, Shop
from fakes.lightspeed_objects import (
    category,
    clock,
    customer,
    line,
    outlet,
    paid,
    payment_type,
    product,
    register,
    retailer,
    retailer_objects,
    sale,
    user,
)

BREAD = line("a", "1.00", tax="0.10")


@pytest.fixture
def shop(shared_books: Books) -> Shop:
    """A bakery before its first sale."""
    opened = shared_books.open_shop(pos_provider="lightspeed")
    shared_books.load(opened, *retailer_objects())
    return opened


def test_names_that_change_reach_sales_of_the_past(shared_books: Books, shop: Shop) -> None:
    """None of them came with the sale, and the sale does not come again."""
    shared_books.model(shop, sale("S", [BREAD], [paid("APP", "1.10")], customer_id="CU"), customer("CU", "Ana"))
    before = shared_books.one("marts.fct_transactions", shop)
    shared_books.model(
        shop,
        customer("CU", "Ana María", changed=9),
        user("USER", "Lucía G.", changed=9),
        register("REGISTER", "Barra", changed=9),
        payment_type("APP", "Bizum", 7, changed=9),
        product("BARRA", "Barra grande", changed=9),
    )

    names = ("customer_name", "cashier_name", "device_name", "payment_method")
    after = shared_books.one("marts.fct_transactions", shop)
    assert [before[name] for name in names] == ["Ana", "Lucía", "Caja 1", "other"]
    assert [after[name] for name in names] == ["Ana María", "Lucía G.", "Barra", "mobile"]
    assert shared_books.one("marts.fct_transaction_items", shop)["product_name"] == "Barra grande"
    assert shared_books.one("marts.fct_daily_product_sales", shop)["product_name"] == "Barra grande"


def test_new_price_makes_no_sale_again(shared_books: Books, shop: Shop) -> None:
    """The price has its periods; rows of past sales stay as they were written."""
    shared_books.model(shop, sale("S", [BREAD]))
    before = shared_books.one("marts.fct_transactions", shop)
    shared_books.model(shop, product("BARRA", "Barra de pan", changed=9, price_including_tax=Decimal("1.20")))

    assert shared_books.one("marts.fct_transactions", shop)["_batch_id"] == before["_batch_id"]
    prices = shared_books.rows("marts.fct_product_prices", shop, "pos_product_id", "unit_price", "change_number")
    assert [price for product_id, price, _ in prices if product_id == "BARRA"] == [Decimal("1.1"), Decimal("1.2")]


def test_sale_before_its_retailer_is_in_the_currency_of_the_linked_shop(shared_books: Books) -> None:
    """What is below zero and no return is the discount; the retailer, when it comes, puts the rest right."""
    shop = shared_books.open_shop(pos_provider="lightspeed")
    off = line("d", "0.10", tax="0.01", quantity="-1", product="DISCOUNT")
    shared_books.model(shop, sale("S", [BREAD, off]))
    before = shared_books.one("marts.fct_transactions", shop)
    shared_books.model(shop, retailer(currency="USD"))
    after = shared_books.one("marts.fct_transactions", shop)

    assert (before["currency"], before["total_amount"], before["discount_amount"]) == (
        "EUR",
        Decimal("0.99"),
        Decimal("0.1"),
    )
    assert (after["currency"], after["total_amount"], after["discount_amount"]) == (
        "USD",
        Decimal("0.99"),
        Decimal("0.1"),
    )


def test_sale_without_any_currency_is_said_and_counted_later(shared_books: Books) -> None:
    """Of an outlet that is not linked, before its retailer: in no fact until that comes, and said to be missing."""
    shop = shared_books.open_shop(pos_provider="lightspeed")
    parked = sale("P", [BREAD], status="SAVED", outlet="PLAYA")
    shared_books.model(shop, sale("S", [BREAD], outlet="PLAYA"), parked)
    said = dict(shared_books.rows("marts.fct_data_quality", shop, "rule", "affected_count"))
    early = shared_books.rows("marts.fct_transactions", shop)
    shared_books.model(shop, retailer())

    assert (early, said["object_not_counted"]) == ([], 1)
    assert shared_books.one("marts.fct_transactions", shop)["total_amount"] == Decimal("1.1")
    assert "object_not_counted" not in dict(shared_books.rows("marts.fct_data_quality", shop, "rule", "message"))


def test_outlet_tells_the_currency_when_the_retailer_does_not(shared_books: Books) -> None:
    """Its own currency is the next best."""
    shop = shared_books.open_shop(pos_provider="lightspeed")
    shared_books.model(shop, sale("S", [BREAD]), outlet(currency="GBP"), retailer(currency=""))

    assert shared_books.one("marts.fct_transactions", shop)["currency"] == "GBP"


def test_unknown_currency_is_left_out_and_said(shared_books: Books) -> None:
    """Sale and void are in no fact; the sentence says where to add the code."""
    shop = shared_books.open_shop(pos_provider="lightspeed")
    shared_books.model(shop, sale("S", [BREAD]), sale("V", [BREAD], status="VOIDED"), retailer(currency="XTS"))

    said = {rule: (count, text) for rule, count, text in _findings(shared_books, shop)}
    assert shared_books.rows("marts.fct_transactions", shop) == []
    assert said["unknown_currency"][0] == 2
    assert "XTS" in said["unknown_currency"][1]


def test_yen_have_no_decimals(shared_books: Books) -> None:
    """Lines of 5 decimals make whole yen."""
    shop = shared_books.open_shop(pos_provider="lightspeed")
    lines = [line(uid, "92.59259", tax="7.40741") for uid in "ab"]
    shared_books.model(
        shop, retailer(currency="JPY"), sale("S", lines, total_price=Decimal(185), total_tax=Decimal(15))
    )

    assert shared_books.one("marts.fct_transactions", shop)["total_amount"] == 200
    assert shared_books.rows("marts.fct_transaction_items", shop, "line_total", "tax_amount") == [(100, 7), (100, 8)]


def test_parents_and_the_discount_are_not_for_sale(shared_books: Books, shop: Shop) -> None:
    """What is sold is a variant, by its full name; a deleted or inactive product keeps its place."""
    options = [{"name": "Size", "value": "Large"}, {"name": "Milk", "value": "Oat"}]
    shared_books.model(
        shop,
        product("TEA", "Tea", has_variants=True),
        product("TEA-L", "Tea", variant_parent_id="TEA", variant_name="Tea / Large / Oat", variant_options=options),
        product("OLD", "Old", deleted_at=clock(-60)),
        product("OFF", "Off", is_active=False),
    )

    rows = shared_books.rows(
        "marts.dim_products", shop, "pos_product_id", "product_name", "variation_name", "is_deleted"
    )
    assert rows == [
        ("BARRA", "Barra de pan", None, False),
        ("DISCOUNT", "Discount", None, True),
        ("OFF", "Off", None, True),
        ("OLD", "Old", None, True),
        ("TEA", "Tea", None, True),
        ("TEA-L", "Tea / Large / Oat", "Large / Oat", False),
    ]


def test_category_is_the_path_the_type_or_nothing(shared_books: Books, shop: Shop) -> None:
    """A category that is listed names itself, renamed ones too; an empty type is none."""
    shared_books.model(
        shop,
        product("A", "A", product_category={"id": "C", "name": "Bread"}),
        product("B", "B", type={"id": "T", "name": "Cakes"}),
        product("C", "C"),
        category("C", "Food", "Breads"),
    )

    rows = dict(shared_books.rows("marts.dim_products", shop, "pos_product_id", "category"))
    assert (rows["A"], rows["B"], rows["C"]) == ("Food / Breads", "Cakes", None)


def test_shop_that_shows_prices_without_tax_has_them_so(shared_books: Books) -> None:
    """Catalog and lines alike."""
    shop = shared_books.open_shop(pos_provider="lightspeed")
    shared_books.model(shop, retailer(tax_exclusive=True), product("BARRA", "Barra"), sale("S", [BREAD]))

    assert shared_books.one("marts.dim_products", shop)["unit_price"] == 1
    assert shared_books.one("marts.fct_product_prices", shop)["unit_price"] == 1
    sold = shared_books.one("marts.fct_transaction_items", shop)
    assert (sold["unit_price"], sold["line_total"]) == (1, Decimal("1.1"))


PAYMENT_TYPES = {
    ("Efectivo", "1"): ("cash", None),
    ("Caja B", "1"): ("cash", None),
    ("Espèces", None): ("cash", None),
    ("ESPÈCES", None): ("cash", None),
    ("Cash", None): ("cash", None),
    ("Tarjeta", "5"): ("card", None),
    ("Tarjeta de crédito", None): ("card", None),
    ("Carte bancaire", None): ("card", None),
    ("CB", None): ("card", None),
    ("Datáfono", None): ("card", None),
    ("Visa BBVA", "5"): ("card", "visa"),
    ("MasterCard", None): ("card", "mastercard"),
    ("American Express", None): ("card", "amex"),
    ("EFTPOS", None): ("card", "eftpos"),
    ("Lightspeed Payments", None): ("card", None),
    ("Contactless", "3"): ("contactless", None),
    ("Tarjeta sin contacto", None): ("contactless", None),
    ("Visa sans contact", None): ("contactless", "visa"),
    ("Bizum", "4"): ("mobile", None),
    ("Apple Pay", None): ("mobile", None),
    ("Cash App", None): ("mobile", None),
    ("Tarjeta regalo", None): ("gift_card", None),
    ("Carte cadeau", None): ("gift_card", None),
    ("Monedero", "118"): ("gift_card", None),
    ("Fidelización", "106"): ("other", None),
    ("A cuenta", None): ("on_account", None),
    ("On Account", None): ("on_account", None),
    ("Vale", "4"): ("other", None),
    ("Store Credit", None): ("other", None),
    ("Cheque", None): ("other", None),
    ("Transferencia", None): ("other", None),
    ("", None): ("other", None),
}


def test_payment_types_mean_what_merchants_call_them(shared_books: Books, shop: Shop) -> None:
    """By the platform's number where it is known, else by words of three languages; the rest is other."""
    types = {f"{name}|{number}": (name, number) for name, number in PAYMENT_TYPES}
    listed = [payment_type(key, name, None if number is None else int(number)) for key, (name, number) in types.items()]
    named = [
        sale(f"named {key}", [BREAD], [paid("HIDDEN", "1.10", name=name, payment_type_id=number)])
        for key, (name, number) in types.items()
    ]
    sold = [sale(f"listed {key}", [BREAD], [paid(key, "1.10")]) for key in types]
    shared_books.model(shop, *listed, *named, *sold)

    columns = ("pos_transaction_id", "payment_method", "card_brand")
    rows = {sale_id: said for sale_id, *said in shared_books.rows("marts.fct_transaction_tenders", shop, *columns)}
    expected = {key: list(PAYMENT_TYPES[pair]) for key, pair in types.items()}
    assert {key: rows[f"listed {key}"] for key in types} == expected
    assert {key: rows[f"named {key}"] for key in types} == expected


def _findings(books: Books, shop: Shop) -> list[tuple[str, int, str]]:
    return books.rows("marts.fct_data_quality", shop, "rule", "affected_count", "message")
