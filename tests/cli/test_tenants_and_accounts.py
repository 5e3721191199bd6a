"""Tenants and linked shops on the command line."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from pos_pipeline.warehouse.database import Database

Run = Callable[..., Result]
RunJson = Callable[..., Any]
Bakery = dict[str, uuid.UUID]


def test_a_tenant_is_created_and_listed(run_json: RunJson) -> None:
    """The list shows what was created, with nothing linked yet."""
    created = run_json("tenants", "create", "crumb", "--name", "Crumb & Co")

    [tenant] = run_json("tenants", "list")
    assert tenant == {
        "tenant_id": created["tenant_id"],
        "slug": "crumb",
        "name": "Crumb & Co",
        "created_at": tenant["created_at"],
        "connections": 0,
        "accounts": 0,
        "active_accounts": 0,
        "last_successful_sync_at": None,
    }


def test_a_taken_slug_is_wrong_usage(run: Run) -> None:
    """The second tenant of a name is refused with exit code 2."""
    run("tenants", "create", "crumb")
    again = run("tenants", "create", "crumb")

    assert again.exit_code == 2
    assert again.stderr.startswith("error: tenant: slug 'crumb' is taken; choose another.\n")


@pytest.mark.usefixtures("bakery")
def test_an_unknown_tenant_suggests_the_ones_that_sound_alike(run: Run) -> None:
    """A typing error costs one look, not a search."""
    result = run("tenants", "show", "crums")

    assert result.exit_code == 1
    assert result.stderr == (
        "error: tenant: there is no 'crums'.\nwhat to do: Did you mean crumb? `pos-pipeline tenants list` shows all.\n"
    )


def test_the_first_tenant_is_asked_for(run: Run) -> None:
    """With no tenant at all the next step is to create one."""
    assert "what to do: Create it: pos-pipeline tenants create" in run("tenants", "show", "crumb").stderr


@pytest.mark.usefixtures("bakery")
def test_a_tenant_is_shown_with_its_shops(run_json: RunJson) -> None:
    """One document holds the tenant and all its accounts."""
    shown = run_json("tenants", "show", "crumb")

    assert (shown["slug"], shown["connections"], shown["accounts"][0]["location_name"]) == ("crumb", 1, "Market Hall")


@pytest.mark.usefixtures("bakery")
def test_accounts_carry_no_secret(run_json: RunJson, database: Database) -> None:
    """Neither sealed tokens nor signature keys are shown."""
    with database.transaction() as connection:
        connection.execute("update pos.connections set access_token = 'sealed-s3cr3t'")

    shown = run_json("accounts", "list", "crumb")

    assert "s3cr3t" not in str(shown)
    assert not {"access_token", "refresh_token", "webhook_signature_key"} & shown[0].keys()


def test_the_first_digits_name_an_account(run_json: RunJson, bakery: Bakery) -> None:
    """Eight digits do what the whole id does."""
    shown = run_json("accounts", "show", str(bakery["Old Town"])[:8])

    assert shown["account_id"] == str(bakery["Old Town"])


@pytest.mark.usefixtures("bakery")
def test_an_account_nobody_has(run: Run) -> None:
    """Unknown is a failure, too short to tell is wrong usage."""
    unknown = run("accounts", "show", str(uuid.UUID(int=0)))
    vague = run("accounts", "show", "ab")

    assert (unknown.exit_code, vague.exit_code) == (1, 2)
    assert "`pos-pipeline accounts list` shows what there is" in unknown.stderr


def test_a_shop_is_switched_off_and_on(run_json: RunJson, bakery: Bakery) -> None:
    """One shop is switched; the other shop of the same grant stays as it is."""
    shop = str(bakery["Old Town"])

    run_json("accounts", "disable", shop)
    assert {a["location_name"]: a["sync_enabled"] for a in run_json("accounts", "list")} == {
        "Market Hall": True,
        "Old Town": False,
    }
    assert run_json("accounts", "enable", shop) == {"account_id": shop, "sync_enabled": True}


@pytest.mark.usefixtures("bakery")
def test_a_name_with_brackets_is_shown_as_it_is(run: Run, database: Database) -> None:
    """What a merchant calls a shop is never taken for markup."""
    with database.transaction() as connection:
        connection.execute("update pos.accounts set location_name = '[red]Hall[/red]' where location_id = 'L0'")

    assert "[red]Hall[/red]" in run("accounts", "list").stdout


@pytest.mark.usefixtures("bakery")
def test_a_token_is_never_an_argument(run: Run) -> None:
    """A token on the command line is refused, with the reason and without repeating it."""
    result = run("accounts", "link", "square", "--tenant", "crumb", "--token", "EAAA-s3cr3t")

    assert result.exit_code == 2
    assert "a secret on the command line is seen by every process" in result.stderr
    assert "s3cr3t" not in result.output


@pytest.mark.usefixtures("bakery")
def test_an_empty_pipe_is_no_token(run: Run) -> None:
    """Nothing on standard input is told before anything is sent."""
    result = run("accounts", "link", "square", "--tenant", "crumb", "--token", "-", stdin="\n")

    assert result.exit_code == 2
    assert "no access_token came on standard input" in result.stderr


def test_disconnecting_asks_first(run: Run, bakery: Bakery) -> None:
    """The question names every shop the grant covers; no answer changes nothing."""
    result = run("accounts", "disconnect", str(bakery["Old Town"]), stdin="n\n")

    assert result.exit_code == 1
    assert "covers Market Hall, Old Town?" in result.stderr
