"""Reading simulated tills from the command line, as Dagster runs."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from pos_pipeline.sandbox import Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import small_merchants
from pos_pipeline.warehouse.database import Database

Run = Callable[..., Result]
RunJson = Callable[..., Any]


@pytest.fixture
def tills(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Simulated clouds with one small merchant that has sold for three days."""
    with running_sandbox(days=3, sales_per_day=5, merchants=small_merchants(1)) as sandbox:
        monkeypatch.setenv("SQUARE_BASE_URL", sandbox.base_url("square"))
        yield sandbox


@pytest.fixture
def linked(run: Run, run_json: RunJson, tills: Sandbox) -> dict[str, Any]:
    """Tenant `crumb` with that merchant, linked by its token."""
    run_json("tenants", "create", "crumb")
    [merchant] = tills.merchants("square")
    result = run(
        "accounts", "link", "square", "--tenant", "crumb", "--token", "-", "--json", stdin=merchant["access_token"]
    )
    assert result.exit_code == 0, result.stderr
    assert merchant["access_token"] not in result.output
    return {"merchant": merchant, "account_id": run_json("accounts", "list")[0]["account_id"]}


def raw_orders(database: Database) -> int:
    [(count,)] = database.fetch("select count(distinct id) from raw_square.orders")
    return int(count)


def test_a_backfill_imports_once_and_a_sync_what_is_new(
    run_json: RunJson, database: Database, tills: Sandbox, linked: dict[str, Any]
) -> None:
    """Plan, import, repeat, sell, sync: every step reads what it should and no more."""
    plan = run_json("backfill", "crumb", "--days", "5", "--dry-run")
    assert all(part["parts_to_read"] == 3 for part in plan["windows"])
    assert plan["estimate"] == {"transactions": None, "seconds": None}
    assert raw_orders(database) == 0

    imported = run_json("backfill", "crumb", "--days", "5", "--no-marts")
    assert imported["succeeded"] is True
    assert imported["results"][0]["status"] == "success"
    assert [one["job"] for one in imported["runs"]] == ["sync_windows"]
    before = raw_orders(database)
    assert before >= 10

    assert run_json("backfill", "crumb", "--days", "5", "--dry-run")["estimate"]["transactions"] is not None

    tills.advance(sales=3, merchant_id=linked["merchant"]["id"])
    synced = run_json("sync", "crumb", "--no-marts")
    assert (synced["succeeded"], synced["runs"][0]["job"]) == (True, "square_sync")
    assert synced["results"][0]["account_id"] == linked["account_id"]
    assert raw_orders(database) == before + 3

    one_stream = run_json("sync", "--account", linked["account_id"][:8], "--stream", "orders", "--no-marts")
    assert one_stream["results"][0]["requests_made"] == 1


def test_a_revoked_grant_is_told_with_what_to_do(
    run: Run, run_json: RunJson, tills: Sandbox, linked: dict[str, Any]
) -> None:
    """Exit code 1, the reason on standard error, and the account is in error afterwards."""
    tills.revoke(linked["merchant"]["id"])

    result = run("sync", "crumb", "--no-marts")

    assert result.exit_code == 1
    assert "square" in result.stderr
    assert "Traceback" not in result.output
    assert run_json("accounts", "list")[0]["status"] == "error"


@pytest.mark.parametrize("words", [("sync",), ("sync", "crumb", "--all"), ("sync", "crumb", "--account", "12345678")])
def test_a_sync_needs_one_subject(run: Run, words: tuple[str, ...]) -> None:
    """None or two of tenant, account and all is wrong usage."""
    result = run(*words)

    assert result.exit_code == 2
    assert result.stderr.startswith("error: sync: name a tenant, or --account ID, or --all; one of them.\n")


@pytest.mark.parametrize("words", [("sync", "crumb"), ("backfill", "crumb"), ("reconcile", "crumb")])
def test_a_tenant_without_a_till(run: Run, run_json: RunJson, words: tuple[str, ...]) -> None:
    """What is missing is a link, and the command that makes one is named."""
    run_json("tenants", "create", "crumb")

    result = run(*words)

    assert result.exit_code == 1
    assert f"error: {words[0]}: crumb has no linked till.\n" in result.stderr
    assert "what to do: Link one: pos-pipeline accounts link PROVIDER --tenant" in result.stderr


@pytest.mark.usefixtures("bakery")
def test_a_backfill_that_ends_before_it_starts(run: Run) -> None:
    """Wrong usage, told before anything is read."""
    result = run("backfill", "crumb", "--from", "2026-03-01", "--to", "2026-02-01")

    assert result.exit_code == 2
    assert result.stderr.startswith("error: window: it ends (2026-02-01) before it starts (2026-03-01).\n")


def test_an_unknown_stream_names_those_there_are(run: Run, linked: dict[str, Any]) -> None:
    """The provider's own names, so that the next try is right."""
    assert linked
    result = run("sync", "crumb", "--stream", "order", "--no-marts")

    assert result.exit_code == 2
    assert "error: square: no stream ['order']; it has ['catalog'," in result.stderr


def test_keys_rotate_without_losing_a_till(run_json: RunJson, linked: dict[str, Any], tmp_path: Path) -> None:
    """Tokens are sealed again with a new key, and the till still answers."""
    rotated = run_json("keys", "rotate")

    assert rotated == {"resealed": 1, "keys_from": "the key file in POS_HOME"}
    assert run_json("sync", "--account", linked["account_id"], "--stream", "orders", "--no-marts")["succeeded"] is True
    assert len((tmp_path / "home" / "token.keys").read_text().split()) == 2


def test_disconnecting_withdraws_the_grant(run: Run, run_json: RunJson, linked: dict[str, Any]) -> None:
    """Afterwards the shop is disconnected and syncing it says to link it again."""
    gone = run_json("accounts", "disconnect", linked["account_id"], "--yes")

    assert gone["disconnected"] == [linked["account_id"]]
    assert uuid.UUID(gone["connection_id"])
    assert run_json("accounts", "show", linked["account_id"])["status"] == "disconnected"
    assert run("sync", "crumb").exit_code == 1
