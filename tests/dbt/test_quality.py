"""What fct_data_quality says, and that the data tests notice what must not be."""

from dataclasses import replace
from decimal import Decimal

from fakes.books import Books, Shop
from fakes.square_objects import line, order, payment, refund

from pos_pipeline.transform import run_tests


def findings(books: Books, shop: Shop) -> dict[str, tuple[int, str]]:
    """Count and sentence of every rule that has something to say about a shop."""
    rows = books.rows("marts.fct_data_quality", shop, "rule", "affected_count", "message")
    return {rule: (affected, message) for rule, affected, message in rows}


def test_good_books_have_no_findings_but_what_is_unmapped(shared_books: Books) -> None:
    """A paid sale of an unlisted product: nothing is wrong with the money."""
    shop = shared_books.open_shop()
    shared_books.model(shop, order("O", [line("a", 500)]), payment("P", "O", 500))

    assert set(findings(shared_books, shop)) == {"unmapped_revenue", "product_not_in_catalog"}
    assert "100.0 %" in findings(shared_books, shop)["unmapped_revenue"][1]


def test_unknown_currency_is_left_out_and_said(shared_books: Books) -> None:
    """Order and payment in XTS are in no fact; the sentence says where to add it."""
    shop = shared_books.open_shop()
    shared_books.model(
        shop,
        order("O", [line("a", 500)], currency="XTS"),
        payment("P", "O", 500, currency="XTS"),
        payment("P2", None, 700),
    )

    assert shared_books.one("marts.fct_transactions", shop)["total_amount"] == 7
    affected, message = findings(shared_books, shop)["unknown_currency"]
    assert affected == 2
    assert "XTS" in message
    assert "seeds/currencies.csv" in message


def test_transaction_of_an_unlinked_location_counts_and_is_said(shared_books: Books) -> None:
    """Its money is in the marts without an account, on a UTC day; linking the location puts both right."""
    shop = shared_books.open_shop()
    late = 15 * 60 + 30
    shared_books.model(shop, payment("P", None, 500, at=late, location="PLAYA"))
    before = shared_books.one("marts.fct_transactions", shop)
    said = findings(shared_books, shop)
    with shared_books.database.transaction() as connection:
        connection.execute(
            "insert into pos.accounts (tenant_id, connection_id, pos_provider, account_name, location_id,"
            " location_name, timezone, currency)"
            " values (%s, %s, 'square', 'Playa', 'PLAYA', 'Playa', 'Europe/Madrid', 'EUR')",
            (shop.tenant_id, shop.connection_id),
        )
    shared_books.run()
    after = shared_books.one("marts.fct_transactions", shop)

    assert (before["pos_account_id"], str(before["business_date"])) == (None, "2026-09-18")
    assert said["transaction_without_account"][0] == 1
    assert (after["location_name"], str(after["business_date"])) == ("Playa", "2026-09-19")
    assert "transaction_without_account" not in findings(shared_books, shop)


def test_unpaid_and_wrongly_paid_sales_are_said(shared_books: Books) -> None:
    """A completed order without payment, and one paid with a euro too little."""
    shop = shared_books.open_shop()
    shared_books.model(shop, order("O1", [line("a", 500)]), order("O2", [line("a", 500)]), payment("P2", "O2", 400))

    assert findings(shared_books, shop)["sale_without_payment"][0] == 1
    assert findings(shared_books, shop)["tenders_do_not_add_up"][0] == 1


def test_lines_that_do_not_add_up_are_said(shared_books: Books) -> None:
    """Square's order says 5.00, its only line 4.00."""
    shop = shared_books.open_shop()
    told = order("O", [line("a", 400)])
    wrong = replace(told, payload=told.payload | {"total_money": {"amount": 500, "currency": "EUR"}})
    shared_books.model(shop, wrong, payment("P", "O", 500))

    assert shared_books.one("marts.fct_transactions", shop)["total_amount"] == 5
    assert findings(shared_books, shop)["lines_do_not_add_up"][0] == 1


def test_quarantined_record_is_said_until_it_is_released(shared_books: Books) -> None:
    """The count is of what still waits."""
    shop = shared_books.open_shop()
    with shared_books.database.transaction() as connection:
        for reason in ("one", "two"):
            connection.execute(
                "insert into pos.quarantine (tenant_id, connection_id, pos_provider, stream, reason, payload,"
                " payload_digest, released_at) values (%s, %s, 'square', 'orders', %s, '', %s, %s)",
                (shop.tenant_id, shop.connection_id, reason, reason.encode(), "now" if reason == "two" else None),
            )

    assert findings(shared_books, shop)["quarantined_record"][0] == 1


def test_unknown_time_zone_stops_nobody(shared_books: Books) -> None:
    """A zone Postgres does not know is read as UTC, and said."""
    shop = shared_books.open_shop(timezone="Europe/Nowhere")
    shared_books.model(shop, payment("P", None, 500))

    assert shared_books.one("marts.fct_transactions", shop)["total_amount"] == 5
    assert "Europe/Nowhere" in findings(shared_books, shop)["timezone_differs"][1]


ODD_PAYMENTS = (
    {"created_at": "yesterday"},
    {"created_at": "2026-02-31T10:00:00Z"},
    {"total_money": 5},
    {"total_money": {"amount": "many", "currency": "EUR"}},
    {"total_money": {"amount": 10**30, "currency": "EUR"}},
    {"card_details": "none"},
    {"tip_money": []},
)
ODD_ORDERS = (
    {"line_items": {"not": "a list"}},
    {"line_items": [7, None, {"uid": "x", "quantity": "a few"}]},
    {"returns": "none"},
    {"tenders": [None]},
    {"service_charges": [None]},
    {"closed_at": "2026-13-45"},
)


def test_objects_of_odd_shapes_stop_nobody(shared_books: Books) -> None:
    """What Square does not document: the run succeeds and other sales of the same shops count."""
    sale, ticket = payment("P1", "O", 500), order("O", [line("a", 500)])
    told = [replace(sale, payload=sale.payload | odd) for odd in ODD_PAYMENTS]
    told += [replace(ticket, payload=ticket.payload | odd) for odd in ODD_ORDERS]
    shops = [shared_books.open_shop() for _ in told]
    for shop, each in zip(shops, told, strict=True):
        shared_books.load(shop, each, payment("P2", None, 700))
    shared_books.run()

    for shop in shops:
        assert (Decimal(7),) in shared_books.rows("marts.fct_transactions", shop, "total_amount")


SEEDS = ("currencies", "lightspeed_payment_types")
"""Their keys need no claim in words."""


def test_data_tests_pass_on_good_books_and_describe_their_claims(books: Books, shop: Shop) -> None:
    """Every outcome names its model and says what it holds."""
    books.model(shop, order("O", [line("a", 500)], tip=50), payment("P", "O", 500, tip=50), refund("R", 100, at=5))
    outcomes = run_tests(books.services)

    assert {outcome.status for outcome in outcomes} == {"pass"}
    assert all(outcome.description for outcome in outcomes if outcome.model not in SEEDS)
    assert {"fct_transactions", "fct_transaction_items", "fct_daily_volumes"} <= {outcome.model for outcome in outcomes}


DAMAGE = {
    "parts_make_the_total": "update marts.fct_transactions set tax_amount = 1",
    "sign_follows_type": "update marts.fct_transactions set total_amount = -5, subtotal = -5",
    "values_among": "update marts.fct_transactions set payment_method = 'shells'",
    "tenders_make_the_total": "update marts.fct_transactions set tendered_amount = 4",
    "lines_make_the_total": "delete from marts.fct_transaction_items",
    "belongs_to": "update marts.fct_transaction_items set transaction_id = gen_random_uuid()",
    "sums_match": "update marts.fct_daily_volumes set total_amount = 4",
}


def test_data_tests_notice_damage(books: Books) -> None:
    """What must not be in the marts fails the test that says so; each kind of damage is done to another shop."""
    shops = [books.open_shop() for _ in DAMAGE]
    for shop in shops:
        books.load(shop, order("O", [line("a", 500)]), payment("P", "O", 500))
    books.run()
    with books.database.transaction() as connection:
        for shop, damage in zip(shops, DAMAGE.values(), strict=True):
            connection.execute(f"{damage} where tenant_id = %s", (shop.tenant_id,))
    failed = {outcome.name for outcome in run_tests(books.services) if not outcome.passed}

    assert {claim for claim in DAMAGE if any(name.startswith(claim) for name in failed)} == set(DAMAGE)
