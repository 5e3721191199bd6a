"""`accounts`: linked tills. One grant (connection) covers all shops of a merchant; an account is one shop."""

# ruff: noqa: PLC0415 - `--help` does without the core

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from pos_pipeline.commands._output import SET_UP, Json, ago, note, show, table
from pos_pipeline.commands._secret import read_token
from pos_pipeline.commands._warehouse import find_account, find_tenant, opened
from pos_pipeline.errors import InvalidRequest

if TYPE_CHECKING:
    from pos_pipeline.accounts.connections import Connection
    from pos_pipeline.services import Services
    from pos_pipeline.warehouse.database import Database

DEFAULT_CALLBACK_PORT = 8765
CONSENT_SECONDS = 600
"""How long a link may take; the OAuth state is valid as long."""

FIELDS = (
    "account_id",
    "tenant",
    "pos_provider",
    "merchant_id",
    "connection_id",
    "location_id",
    "location_name",
    "timezone",
    "currency",
    "status",
    "sync_enabled",
    "sync_frequency_minutes",
    "last_successful_sync_at",
    "next_sync_at",
    "error_count",
    "error_message",
)
SELECT = """
select
    a.id,
    t.slug,
    a.pos_provider,
    c.merchant_id,
    a.connection_id,
    a.location_id,
    a.location_name,
    a.timezone,
    a.currency,
    a.status,
    a.sync_enabled,
    a.sync_frequency_minutes,
    a.last_successful_sync_at,
    a.next_sync_at,
    a.error_count,
    a.error_message
from pos.accounts as a
inner join pos.connections as c on a.connection_id = c.id
inner join pos.tenants as t on a.tenant_id = t.id
where
    (a.tenant_id = %(tenant_id)s or %(tenant_id)s::uuid is null)
    and (a.connection_id = %(connection_id)s or %(connection_id)s::uuid is null)
    and (a.id = %(account_id)s or %(account_id)s::uuid is null)
order by t.slug, a.pos_provider, a.location_name, a.id
"""

AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id, or its first 4 digits or more.")]

app = typer.Typer(help="Linked tills: one account is one shop.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add this group to the program."""
    program.add_typer(app, name="accounts", rich_help_panel=SET_UP)


def account_rows(
    database: "Database",
    *,
    tenant_id: UUID | None = None,
    connection_id: UUID | None = None,
    account_id: UUID | None = None,
) -> list[dict[str, Any]]:
    """Accounts (of a tenant, of a connection, one) without any secret."""
    parameters = {"tenant_id": tenant_id, "connection_id": connection_id, "account_id": account_id}
    return [dict(zip(FIELDS, row, strict=True)) for row in database.fetch(SELECT, parameters)]


def account_table(accounts: list[dict[str, Any]]) -> Table:
    """Accounts for people."""
    return table(
        "Accounts",
        ("account", "tenant", "POS", "shop", "state", "every", "last sync"),
        [
            (
                a["account_id"],
                a["tenant"],
                a["pos_provider"],
                a["location_name"],
                a["status"] if a["sync_enabled"] else "switched off",
                f"{a['sync_frequency_minutes']} min",
                ago(a["last_successful_sync_at"]),
            )
            for a in accounts
        ],
        right=("every",),
    )


@app.command("list")
def list_(
    tenant: Annotated[str | None, typer.Argument(help="Of this tenant only.")] = None, *, as_json: Json = False
) -> None:
    """Show linked shops."""
    with opened() as services:
        tenant_id = find_tenant(services.database, tenant).id if tenant else None
        accounts = account_rows(services.database, tenant_id=tenant_id)
    nothing = "No shops linked yet. Link a till: pos-pipeline accounts link square --tenant SLUG"
    show(as_json, accounts, account_table(accounts) if accounts else nothing)


@app.command("show")
def show_(account: AccountId, *, as_json: Json = False) -> None:
    """Show one shop: its settings, state and last error."""
    with opened() as services:
        account_id, _ = find_account(services.database, account)
        [row] = account_rows(services.database, account_id=account_id)
    show(as_json, row, table("", ("account", str(account_id)), list(row.items())[1:]))


@app.command()
def link(
    provider: Annotated[str, typer.Argument(help="The POS: square.")],
    *,
    tenant: Annotated[str, typer.Option(help="Whose till it is.")],
    token: Annotated[
        str | None,
        typer.Option(metavar="-", help="Read a personal access token from standard input instead of asking consent."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Loopback port of the redirect URI; 0 takes any.")
    ] = DEFAULT_CALLBACK_PORT,
    as_json: Json = False,
) -> None:
    """Link a till: ask the merchant's consent in a browser, or read a token.

    Without `--token` the authorize URL is printed and this command waits on
    `http://127.0.0.1:PORT/callback` for the answer. That redirect URI has to be registered with the POS.
    """
    from pos_pipeline.accounts.door import provider_named

    if token not in {None, "-"}:
        raise InvalidRequest(
            "--token takes only '-': a token on the command line is seen by every process and kept by the "
            "shell. Pipe it in (… --token - < file) or type it at the prompt."
        )
    with opened() as services:
        provider_named(services, provider)
        tenant_id = find_tenant(services.database, tenant).id
        connection = (
            _link_with_consent(services, provider, tenant_id, port)
            if token is None
            else _link_with_token(services, provider, tenant_id)
        )
        accounts = account_rows(services.database, connection_id=connection.id)
    shops = f"{len(accounts)} shop{'' if len(accounts) == 1 else 's'}"
    show(
        as_json,
        {"connection_id": connection.id, "merchant_id": connection.merchant_id, "accounts": accounts},
        account_table(accounts),
        f"Linked merchant {connection.merchant_id} with {shops}. Next: pos-pipeline backfill {tenant} --days 90",
    )


@app.command()
def disconnect(
    account: AccountId,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Withdraw the grant behind an account, for all shops it covers. Their sales stay."""
    from pos_pipeline.accounts.linking import disconnect as end_grant

    with opened() as services:
        _, connection_id = find_account(services.database, account)
        covered = account_rows(services.database, connection_id=connection_id)
        names = ", ".join(row["location_name"] for row in covered)
        if not yes:
            typer.confirm(f"Withdraw the grant that covers {names}?", abort=True, err=True)
        end_grant(services, connection_id)
    show(
        as_json,
        {"connection_id": connection_id, "disconnected": [row["account_id"] for row in covered]},
        f"Disconnected {names}. Link again with: pos-pipeline accounts link",
    )


@app.command()
def enable(account: AccountId, *, as_json: Json = False) -> None:
    """Sync a shop again; the next sync is due at once."""
    _switch(account, enabled=True, as_json=as_json)


@app.command()
def disable(account: AccountId, *, as_json: Json = False) -> None:
    """Stop syncing one shop. Its sales and its link stay."""
    _switch(account, enabled=False, as_json=as_json)


def _switch(account: str, *, enabled: bool, as_json: bool) -> None:
    with opened() as services:
        account_id, _ = find_account(services.database, account)
        [(name,)] = services.database.fetch(
            """
            update pos.accounts
            set sync_enabled = %(enabled)s, updated_at = now(),
                next_sync_at = case when %(enabled)s then now() else next_sync_at end
            where id = %(id)s
            returning location_name
            """,
            {"enabled": enabled, "id": account_id},
        )
    state = "is synced again" if enabled else "is no longer synced"
    show(as_json, {"account_id": account_id, "sync_enabled": enabled}, f"{name} {state}.")


def _link_with_token(services: "Services", provider: str, tenant_id: UUID) -> "Connection":
    from pos_pipeline.accounts.linking import link_with_token

    return link_with_token(services, provider, tenant_id, read_token(provider))


def _link_with_consent(services: "Services", provider: str, tenant_id: UUID, port: int) -> "Connection":
    from pos_pipeline.accounts.linking import authorize, complete
    from pos_pipeline.commands._callback import Callback

    with Callback(port) as callback:
        url = authorize(services, provider, tenant_id, callback.redirect_uri)
        note(f"Open this address in the merchant's browser and agree:\n\n{url}\n\nWaiting on {callback.redirect_uri} …")
        state, code = callback.wait(url, CONSENT_SECONDS)
        return complete(services, provider, state, code)
