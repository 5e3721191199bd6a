"""What Lightspeed does not document stops nobody, and what does not add up is said."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from fakes.books import Books
from fakes.lightspeed_objects import Told, customer, line, paid, product, retailer, retailer_objects, sale

from pos_pipeline.transform import run_tests

BREAD = line("a", "1.00", tax="0.10")
HUGE = 10**30

ODD_SALES: tuple[dict[str, Any], ...] = (
    {"sale_date": "yesterday", "created_at": "2026-02-31T10:00:00Z"},
    {"sale_date": None, "created_at": None},
    {"total_price": "many"},
    {"total_price": HUGE, "total_tax": -HUGE},
    {"total_price": {"amount": 5}, "total_tax": []},
    {"total_price": None, "total_tax": None},
    {"line_items": {"not": "a list"}},
    {"line_items": None},
    {"line_items": [7, None, "x", [], {"quantity": "a few"}, {"price_total": HUGE}]},
    {"line_items": [BREAD | {"quantity": 10**11, "price": 10**11, "price_total": None, "tax": Decimal("1e-11")}]},
    {"line_items": [BREAD | {"price": Decimal("1e-30"), "tax": 10**11, "discount": 10**11}]},
    {"line_items": [BREAD | {"product_id": None, "surcharges": [None, 5, {"value": "x", "tax_components": 7}]}]},
    {
        "line_items": [
            line("a", "1000000.00"),
            line("b", "-999999.99999"),
            line("d", "99999999999", quantity="-1", product="DISCOUNT"),
        ]
    },
    {"payments": "none"},
    {"payments": [None, 7, {"amount": "much"}, {"amount": HUGE}, {"amount": 1, "external_attributes": "?"}]},
    {"payments": [{"amount": 1, "payment_date": "noon", "external_attributes": [{"card_last_four_digits": "12345"}]}]},
    {"adjustments": [None, 7, {"adjustment_type": 5, "value": "x"}, {"value": HUGE, "tax_components": [None, 7]}]},
    {"adjustments": {"type": "TIP"}, "ecom_custom_charges": [1]},
    {"attributes": "closed", "state": 5, "status": None},
    {"status": {"is": "CLOSED"}},
    {"customer_id": 7, "user_id": {}, "register_id": [], "return_for": 9},
)
ODD_OTHERS = (
    Told("retailer", retailer(changed=1).payload | {"discount_product_id": {}, "tax_exclusive": "maybe"}),
    Told("products", product("BARRA", "x", changed=1).payload | {"name": None, "variant_options": "x", "type": 7}),
    Told("products", product("BARRA", "x", changed=1).payload | {"price_including_tax": "dear", "has_variants": "?"}),
    Told("products", product("BARRA", "x", changed=1).payload | {"product_category": [], "variant_options": [None, 5]}),
    Told("payment_types", {"id": "CASH", "name": None, "type_id": [1], "updated_at": "2026-09-18T07:00:00+00:00"}),
    Told("customers", customer("WALKIN", "x", changed=1).payload | {"customer_code": 5, "email": {}}),
    Told("product_categories", {"id": "C", "category_path": {"a": 1}, "updated_at": "2026-09-18T07:00:00+00:00"}),
    Told("product_categories", {"id": "C", "category_path": [1, None, []], "updated_at": "2026-09-18T07:00:00+00:00"}),
)


def test_objects_of_odd_shapes_stop_nobody(shared_books: Books) -> None:
    """The run succeeds, and another sale of the same shop counts."""
    ticket = sale("ODD", [BREAD])
    told = [replace(ticket, payload=ticket.payload | odd) for odd in ODD_SALES]
    shops = [shared_books.open_shop(pos_provider="lightspeed") for _ in [*told, *ODD_OTHERS]]
    for shop, each in zip(shops, [*told, *ODD_OTHERS], strict=True):
        shared_books.load(shop, *retailer_objects(), each, sale("GOOD", [line("g", "7.00")], customer_id="CU"))
    shared_books.run()

    for shop in shops:
        assert (Decimal(7),) in shared_books.rows("marts.fct_transactions", shop, "total_amount")


def test_header_that_its_lines_do_not_explain_is_said(shared_books: Books) -> None:
    """5.00 over a line of 1.10 is more than rounding: the line keeps its amount, and the difference is seen."""
    shop = shared_books.open_shop(pos_provider="lightspeed")
    told = sale("S", [BREAD], [paid("CASH", "5.00")], total_price=Decimal("4.90"))
    shared_books.model(shop, *retailer_objects(), told)

    assert shared_books.one("marts.fct_transactions", shop)["total_amount"] == 5
    assert shared_books.one("marts.fct_transaction_items", shop)["line_total"] == Decimal("1.1")
    said = dict(shared_books.rows("marts.fct_data_quality", shop, "rule", "affected_count"))
    assert said["lines_do_not_add_up"] == 1


def test_wrongly_paid_sale_is_said(shared_books: Books) -> None:
    """A cent too little, and no payment at all."""
    shop = shared_books.open_shop(pos_provider="lightspeed")
    shared_books.model(shop, *retailer_objects(), sale("S", [BREAD], [paid("CASH", "1.09")]), sale("T", [BREAD], []))

    said = dict(shared_books.rows("marts.fct_data_quality", shop, "rule", "affected_count"))
    assert (said["tenders_do_not_add_up"], said["sale_without_payment"]) == (1, 1)


def test_data_tests_pass_on_good_books(books: Books) -> None:
    """A sale with a tip, an exchange, a return and a gift card: nothing contradicts what the marts claim."""
    shop = books.open_shop(pos_provider="lightspeed")
    back = line("b", "2.00", tax="0.20", quantity="-1")
    books.model(
        shop,
        *retailer_objects(),
        sale("S", [line(uid, "4.30435", tax="0.64565") for uid in "abc"]),
        sale("X", [line("n", "5.00"), back]),
        sale("R", [back], return_for="S"),
        sale("G", [line("g", "20.00", gift_card_number="1")]),
        sale("A", [BREAD], [], status="ONACCOUNT"),
    )

    assert {outcome.name: outcome.status for outcome in run_tests(books.services) if not outcome.passed} == {}
