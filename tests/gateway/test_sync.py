"""`/sync`."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.orchestration.due import claim_due, claim_windows
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import make_account, make_connection

Ask = Callable[..., TestClient]


@pytest.fixture
def account(database: Database, bakery: Tenant) -> str:
    """A shop that is not due by itself."""
    account_id = make_account(database, bakery, make_connection(database, bakery))
    database.fetch("update pos.accounts set next_sync_at = now() + interval '1 day' returning id")
    return str(account_id)


def test_a_sync_that_is_asked_for_is_due(ask: Ask, database: Database, account: str) -> None:
    """The scheduler gets it, once, however often it is asked for."""
    client = ask(Tenant(*database.fetch("select id, slug, name from pos.tenants")[0]), "write")
    first, again = client.post(f"sync/{account}"), client.post(f"sync/{account}")

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    [due] = claim_due(database, [])
    assert due.is_asked
    status = client.get(f"sync/{account}/status").json()
    assert [(one["id"], one["status"]) for one in status["requests"]] == [(first.json()["request_ids"][0], "running")]


def test_history_is_asked_for_month_by_month(ask: Ask, database: Database, bakery: Tenant, account: str) -> None:
    """Both days included, cut at months, progress readable."""
    client = ask(bakery, "write")
    asked = client.post(f"sync/{account}/historical", json={"from": "2026-01-15", "to": "2026-03-02"}).json()

    assert len(asked["request_ids"]) == 3
    assert asked["window_start"].startswith("2026-01-15T00:00:00")
    assert asked["window_end"].startswith("2026-03-03T00:00:00")
    assert len(claim_windows(database)) == 3
    database.fetch("update pos.sync_requests set status = 'done' where window_start = '2026-01-15Z' returning id")
    assert client.get(f"sync/{account}/status").json()["history"] == {"parts": 3, "done": 1, "failed": 0}


@pytest.mark.parametrize(
    "past",
    [
        {},
        {"days": 0},
        {"days": 99999},
        {"days": 5, "from": "2026-01-01"},
        {"to": "2026-01-01"},
        {"from": "2026-02-01", "to": "2026-01-01"},
        {"from": "3000-01-01"},
        {"from": "0001-01-01"},
        {"from": "9999-12-31", "to": "9999-12-31"},
        {"days": "many"},
        {"days": 5, "password": "x"},
    ],
)
def test_a_past_that_is_none(ask: Ask, database: Database, bakery: Tenant, account: str, past: object) -> None:
    """A refusal, and nothing asked for."""
    answer = ask(bakery).post(f"sync/{account}/historical", json=past)

    assert answer.status_code in {400, 422}
    assert database.fetch("select id from pos.sync_requests") == []


def test_an_account_that_is_off_is_not_synced(ask: Ask, database: Database, bakery: Tenant, account: str) -> None:
    """The refusal says what to do first."""
    ask(bakery).put(f"accounts/{account}", json={"sync_enabled": False})
    off = ask(bakery).post(f"sync/{account}")
    database.fetch("update pos.accounts set status = 'disconnected' returning id")
    gone = ask(bakery).post(f"sync/{account}")

    assert (off.status_code, gone.status_code) == (400, 400)
    assert "sync_enabled" in off.json()["detail"]
    assert "link the till again" in gone.json()["detail"]


def test_past_syncs(ask: Ask, database: Database, bakery: Tenant, rival: Tenant, account: str) -> None:
    """Newest first, page by page; another tenant's shop has none."""
    for minutes in range(5):
        database.fetch(
            "insert into pos.sync_logs (tenant_id, pos_account_id, sync_started_at, status, transactions_fetched)"
            " values (%s, %s, now() - make_interval(mins => %s), 'success', %s) returning id",
            (bakery.id, account, minutes, minutes),
        )
    client = ask(bakery, "read")
    first = client.get(f"sync/{account}/history", params={"limit": 3}).json()
    rest = client.get(f"sync/{account}/history", params={"limit": 3, "cursor": first["next_cursor"]}).json()

    assert [log["transactions_fetched"] for log in first["items"] + rest["items"]] == [0, 1, 2, 3, 4]
    assert rest["next_cursor"] is None
    assert ask(rival).get(f"sync/{account}/history").status_code == 404
