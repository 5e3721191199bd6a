"""`/analytics/unmapped-revenue`."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import add_to_catalog, know_product, make_account, make_connection
from tests.gateway.sold import sell

Ask = Callable[..., TestClient]

MONDAY, TUESDAY, WEDNESDAY = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)
DAYS = {"from": str(MONDAY), "to": str(TUESDAY)}


@pytest.fixture
def connection_id(database: Database, bakery: Tenant) -> UUID:
    """The bakery's grant."""
    return make_connection(database, bakery)


def test_day_by_day(ask: Ask, database: Database, bakery: Tenant, rival: Tenant, connection_id: UUID) -> None:
    """Newest day first, most money first; the share is of all the shop sold that day, what is mapped included."""
    account_id = make_account(database, bakery, connection_id)
    know_product(database, connection_id, "MAPPED")
    for product, day, amount in [
        ("MAPPED", MONDAY, "70.00"),
        ("A", MONDAY, "10.00"),
        ("B", MONDAY, "20.00"),
        ("A", TUESDAY, "5.00"),
        ("A", WEDNESDAY, "1.00"),
    ]:
        sell(database, account_id, product, day, amount)
    sell(database, account_id, None, MONDAY, "500.00", line_type="deferred")
    sell(database, make_account(database, rival, make_connection(database, rival)), "A", MONDAY, "900.00")
    wanted = {
        "pos_account_id": str(account_id),
        "pos_product_id": "MAPPED",
        "bakery_product_id": str(add_to_catalog(database, bakery, "Croissant")),
    }
    assert ask(bakery).post("mappings", json=wanted).status_code == 201

    answer = ask(bakery, "read").get("analytics/unmapped-revenue", params=DAYS).json()

    assert answer["marts_ready"] is True
    assert [
        (row["business_date"], row["pos_product_id"], row["unmapped_revenue"], row["revenue_share"])
        for row in answer["items"]
    ] == [
        ("2026-06-02", "A", "5.0000", "1.0000"),
        ("2026-06-01", "B", "20.0000", "0.2000"),
        ("2026-06-01", "A", "10.0000", "0.1000"),
    ]


def test_shops_and_currencies_have_shares_of_their_own(
    ask: Ask, database: Database, bakery: Tenant, connection_id: UUID
) -> None:
    """The same product in two shops, or in two currencies, is two rows; one shop can be asked for alone."""
    first, second = (make_account(database, bakery, connection_id, location) for location in ("L1", "L2"))
    for account_id, product, amount, currency in [
        (first, "A", "10.00", "EUR"),
        (first, "A", "300", "JPY"),
        (first, "B", "100", "JPY"),
        (second, "A", "40.00", "EUR"),
        (second, "B", "0.00", "USD"),
    ]:
        sell(database, account_id, product, MONDAY, amount, currency=currency)
    client = ask(bakery)
    rows = client.get("analytics/unmapped-revenue", params=DAYS).json()["items"]
    alone = client.get("analytics/unmapped-revenue", params=DAYS | {"pos_account_id": str(second)}).json()["items"]

    assert [(row["currency"], row["unmapped_revenue"], row["revenue_share"]) for row in rows] == [
        ("EUR", "40.0000", "1.0000"),
        ("EUR", "10.0000", "1.0000"),
        ("JPY", "300.0000", "0.7500"),
        ("JPY", "100.0000", "0.2500"),
        ("USD", "0.0000", None),
    ]
    assert alone == [row for row in rows if row["pos_account_id"] == str(second)]


def test_page_by_page(ask: Ask, database: Database, bakery: Tenant, connection_id: UUID) -> None:
    """Each row once and in the order of the whole list, ties, refunds and currencies included."""
    account_id = make_account(database, bakery, connection_id)
    for day in (MONDAY, TUESDAY):
        for product, amount in [("A", "1.00"), ("B", "1.00"), ("C", "-2.00"), ("D", "3.00")]:
            sell(database, account_id, product, day, amount)
            sell(database, account_id, product, day, amount, currency="USD")
    client, seen, query = ask(bakery), [], DAYS | {"limit": "3"}
    while True:
        page = client.get("analytics/unmapped-revenue", params=query).json()
        seen += [(row["business_date"], row["currency"], row["pos_product_id"]) for row in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == [
        (day, currency, product)
        for day in ("2026-06-02", "2026-06-01")
        for currency in ("EUR", "USD")
        for product in ("D", "A", "B", "C")
    ]
