"""How a shop is doing, in words."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import Result

from pos_pipeline.commands._output import ago
from pos_pipeline.commands.status import in_words
from pos_pipeline.warehouse.database import Database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def account(**changes: Any) -> dict[str, Any]:
    """A shop in good health, with these differences."""
    return {
        "status": "active",
        "sync_enabled": True,
        "error_count": 0,
        "last_sale_at": NOW - timedelta(minutes=4),
        "next_sync_at": NOW + timedelta(minutes=5),
    } | changes


def clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, f"active · last sale 4 min ago · next check {clock(NOW + timedelta(minutes=5))}"),
        ({"last_sale_at": None}, f"active · no sale yet · next check {clock(NOW + timedelta(minutes=5))}"),
        ({"next_sync_at": NOW}, "active · last sale 4 min ago · check due now"),
        (
            {"next_sync_at": NOW - HOUR},
            f"active · last sale 4 min ago · check overdue since {clock(NOW - HOUR)}, is anything running?",
        ),
        ({"sync_enabled": False}, "switched off · last sale 4 min ago"),
        ({"status": "disconnected"}, "disconnected · last sale 4 min ago"),
        (
            {"status": "error", "error_count": 3},
            "needs attention · last sale 4 min ago · 3 failures in a row",
        ),
    ],
)
def test_a_state_is_a_sentence(changes: dict[str, Any], words: str) -> None:
    """What an owner wants to know: is it working, when did it last sell, when is it looked at again."""
    assert in_words(account(**changes), NOW) == words


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=119), "119 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_how_long_ago_in_words(passed: timedelta, words: str) -> None:
    """The largest unit of which at least two have passed."""
    assert ago(NOW - passed, NOW) == words


def test_status_shows_what_waits_and_what_to_do(
    run: Callable[..., Result], run_json: Callable[..., Any], database: Database, bakery: dict[str, uuid.UUID]
) -> None:
    """One document for all: shops, streams, requests, loads and events; the last error is told in words."""
    with database.transaction() as connection:
        connection.execute(
            "update pos.accounts set status = 'error', error_count = 2, error_message = 'square: revoked. Link again.'"
            " where id = %s",
            (bakery["Old Town"],),
        )
        connection.execute(
            "insert into etl.watermarks (connection_id, stream, position_at, read_at) values (%s, 'orders', %s, %s)",
            (bakery["connection"], NOW, NOW),
        )
        connection.execute("insert into etl.loads (pos_provider, load_id, row_count) values ('square', 'L1', 1)")

    data = run_json("status", "crumb")

    assert data.keys() == {"accounts", "watermarks", "requests", "loads_not_modelled", "outbox"}
    assert data["accounts"][1]["state"].startswith("needs attention · no sale yet")
    assert [(m["stream"], m["position_at"]) for m in data["watermarks"]] == [("orders", "2026-03-01T12:00:00Z")]
    assert data["requests"] == {"pending": 0, "running": 0, "failed_today": 0}
    assert data["loads_not_modelled"] == 1
    assert data["outbox"]["broker_configured"] is False
    assert "crumb / Old Town: square: revoked. Link again." in run("status", "--watermarks").stdout


def test_status_reads_the_last_sale_from_the_marts(
    run_json: Callable[..., Any], database: Database, bakery: dict[str, uuid.UUID]
) -> None:
    """Sales count, refunds do not, and a database without marts yet is fine."""
    with database.transaction() as connection:
        connection.execute("create schema if not exists marts")
        connection.execute(
            "create table marts.fct_transactions (pos_account_id uuid, transaction_type text,"
            " transaction_at timestamptz)"
        )
        for kind, hours in (("sale", 5), ("sale", 3), ("refund", 1)):
            connection.execute(
                "insert into marts.fct_transactions values (%s, %s, now() - make_interval(hours => %s))",
                (bakery["Old Town"], kind, hours),
            )

    states = {a["location_name"]: a["state"] for a in run_json("status")["accounts"]}
    assert "last sale 3 h ago" in states["Old Town"]
    assert "no sale yet" in states["Market Hall"]
