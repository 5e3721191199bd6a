"""Days as a caller names them, and as a shop does."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time

import pytest
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.gateway.periods import business_day

Ask = Callable[..., TestClient]


@pytest.mark.parametrize(
    ("utc", "timezone", "closes", "day"),
    [
        ("2026-06-01T21:59:00", "Europe/Madrid", "00:00", "2026-06-01"),
        ("2026-06-01T22:01:00", "Europe/Madrid", "00:00", "2026-06-02"),
        ("2026-06-02T01:59:00", "Europe/Madrid", "04:00", "2026-06-01"),
        ("2026-06-02T02:00:00", "Europe/Madrid", "04:00", "2026-06-02"),
        ("2026-03-29T01:30:00", "Europe/Madrid", "04:00", "2026-03-28"),
        ("2026-03-29T02:00:00", "Europe/Madrid", "04:00", "2026-03-29"),
        ("2026-06-01T12:30:00", "Pacific/Auckland", "00:00", "2026-06-02"),
        ("2026-06-01T22:01:00", "Middle/Earth", "00:00", "2026-06-01"),
        ("2026-06-01T22:01:00", "", "00:00", "2026-06-01"),
    ],
)
def test_the_day_a_shop_is_in(utc: str, timezone: str, closes: str, day: str) -> None:
    """Its local date, moved by its closing hour on its own clock; UTC's where nobody knows its zone."""
    now = datetime.fromisoformat(utc).replace(tzinfo=UTC)

    assert business_day(now, timezone, time.fromisoformat(closes)) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-02-01", "to": "2026-01-31"},
        {"from": "2025-01-01", "to": "2026-01-02"},
        {"from": "0001-01-01"},
        {"from": "soon"},
        {"to": "2026-02-30"},
    ],
)
@pytest.mark.parametrize("route", ["analytics/dashboard", "analytics/unmapped-revenue"])
def test_days_that_are_none(ask: Ask, bakery: Tenant, route: str, query: dict[str, str]) -> None:
    """Out of order, too many, or no days at all: a refusal."""
    assert ask(bakery).get(route, params=query).status_code in {400, 422}


@pytest.mark.parametrize(
    "query", [{"from": "2026-01-01", "to": "2026-01-01"}, {"to": "0001-01-01"}, {"to": "9999-12-31"}]
)
def test_days_at_the_edge(ask: Ask, bakery: Tenant, query: dict[str, str]) -> None:
    """A single one, the first there is and the last there is."""
    assert ask(bakery).get("analytics/dashboard", params=query).status_code == 200


def test_before_any_sale_is_modelled(ask: Ask, bakery: Tenant) -> None:
    """Empty answers that say so."""
    client = ask(bakery, "read")
    dashboard = client.get("analytics/dashboard").json()

    assert (dashboard["marts_ready"], dashboard["recent"], dashboard["daily"]) == (False, [], [])
    for route in ("analytics/sync-health", "analytics/unmapped-revenue"):
        assert client.get(route).json() == {"items": [], "next_cursor": None, "marts_ready": False}
