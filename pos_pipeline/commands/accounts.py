"""`accounts`: linked tills. One grant (connection) covers all shops of a merchant; an account is one shop."""

# ruff: noqa: PLC0415 - `--help` does without the core

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from pos_pipeline.commands._link import link_by_consent
from pos_pipeline.commands._output import SET_UP, Json, ago, show, table
from pos_pipeline.commands._secret import read_credentials
from pos_pipeline.commands._warehouse import find_account, find_tenant, opened
from pos_pipeline.errors import InvalidRequest

if TYPE_CHECKING:
    from pos_pipeline.warehouse.database import Database

DEFAULT_CALLBACK_PORT = 8765

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
    "webhook_status",
    "webhook_message",
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
    a.error_message,
    {webhook_status} as webhook_status,
    c.webhook_message
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
    from pos_pipeline.accounts.hooks import WEBHOOK_STATUS

    parameters = {"tenant_id": tenant_id, "connection_id": connection_id, "account_id": account_id}
    rows = database.fetch(SELECT.format(webhook_status=WEBHOOK_STATUS), parameters)
    return [dict(zip(FIELDS, row, strict=True)) for row in rows]


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
    nothing = "No shops linked yet. Link a till: pos-pipeline accounts link PROVIDER --tenant SLUG"
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
    provider: Annotated[str, typer.Argument(help="The POS, by its name: square, toast, lightspeed ….")],
    *,
    tenant: Annotated[str, typer.Option(help="Whose till it is.")],
    credentials: Annotated[
        str | None,
        typer.Option(
            "--credentials",
            "--token",
            metavar="-",
            help="Read what the merchant's own pages at the POS show (a personal access token, say) from standard "
            "input, a line each, instead of asking consent.",
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Loopback port of the redirect URI; 0 takes any.")
    ] = DEFAULT_CALLBACK_PORT,
    as_json: Json = False,
) -> None:
    """Link a till: ask the merchant's consent, or read credentials.

    Without `--credentials` an address is printed. Where the POS sends the browser back, this command waits on
    `http://127.0.0.1:PORT/callback`, a redirect URI that has to be registered with the POS; where it does not
    (Toast), a code is printed that the merchant enters there, and this command waits until the POS knows it.
    With POS_PUBLIC_URL set, the gateway there is subscribed to the merchant's events, where the POS has an API for it.
    """
    from pos_pipeline.accounts.door import provider_named
    from pos_pipeline.accounts.hooks import listen
    from pos_pipeline.accounts.linking import link_with_credentials
    from pos_pipeline.gateway.settings import GatewaySettings
    from pos_pipeline.settings import load_settings

    if credentials not in {None, "-"}:
        raise InvalidRequest(
            "--credentials takes only '-': a secret on the command line is seen by every process and kept by the "
            "shell. Pipe it in (… --credentials - < file) or type it at the prompt."
        )
    with opened() as services:
        pos = provider_named(services, provider)
        tenant_id = find_tenant(services.database, tenant).id
        connections = (
            link_by_consent(services, pos, tenant_id, port)
            if credentials is None
            else link_with_credentials(services, provider, tenant_id, read_credentials(pos))
        )
        if public_url := load_settings(GatewaySettings).public_url:
            for one in connections:
                listen(services, one, public_url)
        accounts = [row for one in connections for row in account_rows(services.database, connection_id=one.id)]
    merchants = [one.merchant_id for one in connections]
    shops = f"{len(accounts)} shop{'' if len(accounts) == 1 else 's'}"
    show(
        as_json,
        {"connection_ids": [one.id for one in connections], "merchant_ids": merchants, "accounts": accounts},
        account_table(accounts),
        f"Linked {pos.title} ({', '.join(merchants)}) with {shops}. Next: pos-pipeline backfill {tenant} --days 90",
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
