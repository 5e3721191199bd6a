"""`/analytics/dashboard`."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import add_to_catalog, know_product, make_account, make_connection
from tests.gateway.sold import close_day, sell

Ask = Callable[..., TestClient]

MONDAY, TUESDAY = date(2026, 6, 1), date(2026, 6, 2)


def far_from_midnight(database: Database, account_id: UUID) -> date:
    """Give the shop a closing hour half a day away, so that its day does not end during a test; the day it is in."""
    shift = datetime.now(UTC) - timedelta(hours=12)
    database.fetch(
        "update pos.accounts set timezone = 'UTC', day_closes_at = %s where id = %s returning id",
        (shift.time(), account_id),
    )
    return shift.date()


def sums(taken: str, refunded: str, counts: tuple[int, int, int]) -> dict[str, object]:
    """What a span says."""
    names = ("sale_count", "refund_count", "void_count")
    return {
        "transaction_count": sum(counts),
        **dict(zip(names, counts, strict=True)),
        "revenue": taken,
        "refund_amount": refunded,
    }


def test_what_came_in_lately(ask: Ask, database: Database, bakery: Tenant, rival: Tenant) -> None:
    """Each span holds its days and no other; currencies stay apart, and so do tenants."""
    account_id = make_account(database, bakery, make_connection(database, bakery))
    today = far_from_midnight(database, account_id)
    days = {ago: today - timedelta(days=ago) for ago in (0, 6, 7, 29, 30)}
    close_day(database, account_id, days[0], "10.00", sales=2, voids=1)
    close_day(database, account_id, days[6], "20.05", given_back="0.05", sales=3, refunds=1)
    close_day(database, account_id, days[7], "300.00", sales=5)
    close_day(database, account_id, days[29], "0.0001", sales=7)
    close_day(database, account_id, days[30], "7000.00", sales=11)
    close_day(database, account_id, today + timedelta(days=1), "8000.00", sales=13)
    close_day(database, account_id, days[29], "900", currency="JPY")
    foreign = make_account(database, rival, make_connection(database, rival))
    close_day(database, foreign, days[0], "50000.00")

    answer = ask(bakery, "read").get("analytics/dashboard").json()

    assert answer["marts_ready"] is True
    assert answer["recent"] == [
        {
            "currency": "EUR",
            "today": sums("10.0000", "0.0000", (2, 0, 1)),
            "last_7_days": sums("30.0000", "0.0500", (5, 1, 1)),
            "last_30_days": sums("330.0001", "0.0500", (17, 1, 1)),
        },
        {
            "currency": "JPY",
            "today": sums("0.0000", "0.0000", (0, 0, 0)),
            "last_7_days": sums("0.0000", "0.0000", (0, 0, 0)),
            "last_30_days": sums("900.0000", "0.0000", (1, 0, 0)),
        },
    ]


def test_days_for_a_chart(ask: Ask, database: Database, bakery: Tenant) -> None:
    """All shops of a day together, by currency; both days that were asked for are in it."""
    connection_id = make_connection(database, bakery)
    first, second = (make_account(database, bakery, connection_id, location) for location in ("L1", "L2"))
    close_day(database, first, MONDAY, "10.00", sales=1)
    close_day(database, second, MONDAY, "5.50", sales=2, given_back="0.50", refunds=1)
    close_day(database, first, MONDAY, "100", currency="JPY")
    close_day(database, first, TUESDAY, "1.00")
    close_day(database, first, TUESDAY + timedelta(days=1), "2.00")
    close_day(database, first, MONDAY - timedelta(days=1), "4.00")

    answer = ask(bakery).get("analytics/dashboard", params={"from": str(MONDAY), "to": str(TUESDAY)}).json()

    assert (answer["first_day"], answer["last_day"]) == ("2026-06-01", "2026-06-02")
    assert [
        (day["business_date"], day["currency"], day["revenue"], day["transaction_count"]) for day in answer["daily"]
    ] == [
        ("2026-06-01", "EUR", "15.0000", 4),
        ("2026-06-01", "JPY", "100.0000", 1),
        ("2026-06-02", "EUR", "1.0000", 1),
    ]


def test_how_much_is_unmapped(ask: Ask, database: Database, bakery: Tenant) -> None:
    """Of what was sold in the period; rounding and gift cards are not sales, amounts without a product are."""
    connection_id = make_connection(database, bakery)
    account_id = make_account(database, bakery, connection_id)
    know_product(database, connection_id, "MAPPED")
    for product, day, amount, line_type in [
        ("MAPPED", MONDAY, "75.00", "product"),
        ("OPEN", MONDAY, "20.00", "product"),
        ("OPEN", TUESDAY, "1.00", "product"),
        (None, MONDAY, "4.00", "custom_amount"),
        (None, MONDAY, "1000.00", "adjustment"),
        ("OPEN", TUESDAY + timedelta(days=1), "5000.00", "product"),
    ]:
        sell(database, account_id, product, day, amount, line_type=line_type)
    sell(database, account_id, "FREE", MONDAY, "0", currency="USD")
    wanted = {
        "pos_account_id": str(account_id),
        "pos_product_id": "MAPPED",
        "bakery_product_id": str(add_to_catalog(database, bakery, "Croissant")),
    }
    assert ask(bakery).post("mappings", json=wanted).status_code == 201

    answer = ask(bakery).get("analytics/dashboard", params={"from": str(MONDAY), "to": str(TUESDAY)}).json()

    assert answer["unmapped"] == [
        {
            "currency": "EUR",
            "sold_amount": "100.0000",
            "unmapped_amount": "25.0000",
            "unmapped_share": "0.2500",
            "unmapped_products": 2,
        },
        {
            "currency": "USD",
            "sold_amount": "0.0000",
            "unmapped_amount": "0.0000",
            "unmapped_share": None,
            "unmapped_products": 1,
        },
    ]


def test_shops_in_trouble_come_first(ask: Ask, database: Database, bakery: Tenant, rival: Tenant) -> None:
    """Counted by status; a shop that waits for a person before one that failed once, before those that are fine."""
    connection_id = make_connection(database, bakery)
    for location, status, errors, minutes in [
        ("fine", "active", 0, 1),
        ("slow", "active", 0, 90),
        ("failing", "active", 1, 2),
        ("stuck", "error", 1, 3),
        ("gone", "disconnected", 0, 5),
    ]:
        account_id = make_account(database, bakery, connection_id, location)
        database.fetch(
            "update pos.accounts set status = %s, error_count = %s, error_message = case when %s > 0 then 'No.' end,"
            " last_successful_sync_at = now() - make_interval(mins => %s) where id = %s returning id",
            (status, errors, errors, minutes, account_id),
        )
    make_account(database, rival, make_connection(database, rival))

    answer = ask(bakery).get("analytics/dashboard").json()

    assert answer["accounts"] == {"active": 3, "disconnected": 1, "error": 1}
    assert answer["open_errors"] == 2
    assert [shop["location_name"] for shop in answer["shops"]] == ["stuck", "failing", "slow", "gone", "fine"]
    assert [shop["error_message"] for shop in answer["shops"]] == ["No.", "No.", None, None, None]
