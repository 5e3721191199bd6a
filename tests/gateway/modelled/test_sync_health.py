"""`/analytics/sync-health`."""

from collections.abc import Callable
from uuid import UUID

from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import make_account, make_connection

Ask = Callable[..., TestClient]


def log(
    database: Database, account_id: UUID, hours_ago: float, status: str = "success", **words: str | float | None
) -> None:
    """One sync of a shop."""
    parameters = {"kind": "live", "seconds": 1, "error_type": None, "account_id": account_id, "status": status}
    database.fetch(
        "insert into pos.sync_logs"
        " (tenant_id, pos_account_id, kind, sync_started_at, sync_duration_seconds, status, error_type)"
        " select tenant_id, id, %(kind)s, now() - %(hours_ago)s * interval '1 hour', %(seconds)s, %(status)s,"
        " %(error_type)s from pos.accounts where id = %(account_id)s returning 1",
        parameters | {"hours_ago": hours_ago} | words,
    )


def test_speed_within_a_day_and_a_week(ask: Ask, database: Database, bakery: Tenant) -> None:
    """Percentiles of live syncs that have ended; what is older, running or an import does not count for speed."""
    account_id = make_account(database, bakery, make_connection(database, bakery))
    for seconds in range(1, 102):
        log(database, account_id, 1, seconds=seconds)
    log(database, account_id, 1, kind="window", seconds=5000)
    log(database, account_id, 1, "in_progress", seconds=None)
    for _ in range(101):
        log(database, account_id, 30, seconds=501)
    log(database, account_id, 200, seconds=9000)

    [shop] = ask(bakery, "read").get("analytics/sync-health").json()["items"]

    assert shop["last_24_hours"] == {
        "finished": 102,
        "p50_seconds": 51.0,
        "p95_seconds": 96.0,
        "p99_seconds": 100.0,
        "pos_availability": "1.0000",
    }
    assert (shop["last_7_days"]["finished"], shop["last_7_days"]["p95_seconds"]) == (203, 501.0)
    assert (shop["sync_count_24h"], shop["success_rate_24h"]) == (103, "1.0000")
    assert (shop["webhook_status"], shop["webhook_message"]) == ("none", None)


def test_the_pos_answers_for_itself(ask: Ask, database: Database, bakery: Tenant) -> None:
    """A POS that refuses has answered; one that is down has not; failures of ours say nothing about it."""
    account_id = make_account(database, bakery, make_connection(database, bakery))
    for error_type in (None, None, "authentication_failed", "rate_limited", "provider_unavailable"):
        log(database, account_id, 1, "failed" if error_type else "success", error_type=error_type)
    for error_type in ("interrupted", "warehouse_unavailable", "busy", "misconfigured", "token_unreadable"):
        log(database, account_id, 1, "failed", error_type=error_type)
    log(database, account_id, 100, "partial", error_type="provider_unavailable")

    [shop] = ask(bakery).get("analytics/sync-health").json()["items"]

    assert shop["last_24_hours"]["pos_availability"] == "0.8000"
    assert shop["last_7_days"]["pos_availability"] == "0.6667"


def test_a_shop_that_was_never_synced(ask: Ask, database: Database, bakery: Tenant) -> None:
    """Nothing is known, which is not 0 seconds and not unavailable."""
    make_account(database, bakery, make_connection(database, bakery))

    answer = ask(bakery).get("analytics/sync-health").json()

    nothing = {"finished": 0, "p50_seconds": None, "p95_seconds": None, "p99_seconds": None, "pos_availability": None}
    assert answer["marts_ready"] is True
    assert answer["items"][0]["last_24_hours"] == answer["items"][0]["last_7_days"] == nothing


def test_shops_page_by_page(ask: Ask, database: Database, bakery: Tenant, rival: Tenant) -> None:
    """Every own shop once, by name, with its own syncs."""
    connection_id = make_connection(database, bakery)
    for name in ("C", "A", "E", "B", "D"):
        account_id = make_account(database, bakery, connection_id, name)
        for _ in range(ord(name)):
            log(database, account_id, 1)
    make_account(database, rival, make_connection(database, rival))

    client, seen, query = ask(bakery), [], {"limit": "2"}
    while True:
        page = client.get("analytics/sync-health", params=query).json()
        seen += [(shop["location_name"], shop["last_24_hours"]["finished"]) for shop in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == [("A", 65), ("B", 66), ("C", 67), ("D", 68), ("E", 69)]


def test_a_silent_pos_says_so(ask: Ask, database: Database, bakery: Tenant) -> None:
    """In the words the account has for it."""
    make_account(database, bakery, make_connection(database, bakery))
    database.fetch(
        "update pos.connections set webhook_silent_since = now(), webhook_message = 'Square has told nothing.'"
        " returning id"
    )

    [shop] = ask(bakery, "read").get("analytics/sync-health").json()["items"]

    assert (shop["webhook_status"], shop["webhook_message"]) == ("silent", "Square has told nothing.")
