"""`status`: how every linked shop is doing, in words, and what somebody has to do."""

# ruff: noqa: PLC0415 - `--help` does without the core

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from pos_pipeline.commands._output import WORK, Json, ago, show, table
from pos_pipeline.commands._warehouse import find_tenant, opened

if TYPE_CHECKING:
    from pos_pipeline.warehouse.database import Database

OVERDUE_AFTER = timedelta(minutes=5)
"""A check this late means that nothing is running that would make it."""

LAST_SALES = """
select pos_account_id, max(transaction_at)
from marts.fct_transactions
where transaction_type = 'sale' and transaction_at > now() - interval '90 days'
group by pos_account_id
"""
WATERMARKS = """
select t.slug, c.pos_provider, c.merchant_id, w.connection_id, w.stream, w.position_at, w.position_no, w.read_at
from etl.watermarks as w
inner join pos.connections as c on w.connection_id = c.id
inner join pos.tenants as t on c.tenant_id = t.id
where c.tenant_id = %(tenant_id)s or %(tenant_id)s::uuid is null
order by t.slug, c.pos_provider, c.merchant_id, w.stream
"""
WATERMARK_FIELDS = (
    "tenant",
    "pos_provider",
    "merchant_id",
    "connection_id",
    "stream",
    "position_at",
    "position_no",
    "read_at",
)
REQUESTS = """
select
    count(*) filter (where status = 'pending'),
    count(*) filter (where status = 'running'),
    count(*) filter (where status = 'failed' and finished_at > now() - interval '1 day')
from pos.sync_requests
where tenant_id = %(tenant_id)s or %(tenant_id)s::uuid is null
"""


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("status", rich_help_panel=WORK)(status)


def status(
    tenant: Annotated[str | None, typer.Argument(help="Of this tenant only.")] = None,
    *,
    watermarks: Annotated[bool, typer.Option("--watermarks", help="Also how far each stream has been read.")] = False,
    as_json: Json = False,
) -> None:
    """Show how every linked shop is doing, what waits, and what to do."""
    from pos_pipeline.events.outbox import depth

    with opened() as services:
        database = services.database
        tenant_id = find_tenant(database, tenant).id if tenant else None
        accounts = account_states(database, tenant_id)
        marks = database.fetch(WATERMARKS, {"tenant_id": tenant_id})
        [(pending, running, failed)] = database.fetch(REQUESTS, {"tenant_id": tenant_id})
        waiting = depth(database)
        [(loads,)] = database.fetch("select count(*) from etl.loads where batch_id is null")
        broker = services.settings.rabbitmq_url is not None
    data = {
        "accounts": accounts,
        "watermarks": [dict(zip(WATERMARK_FIELDS, mark, strict=True)) for mark in marks],
        "requests": {"pending": pending, "running": running, "failed_today": failed},
        "loads_not_modelled": loads,
        "outbox": asdict(waiting) | {"broker_configured": broker},
    }
    people: list[Any] = [_account_table(accounts) if accounts else "No shops linked yet."]
    if watermarks:
        people.append(_watermark_table(data["watermarks"]))
    unsent = "" if broker else " (RABBITMQ_URL is not set, they wait)"
    people.append(
        f"Requests: {pending} waiting, {running} running, {failed} failed today. "
        f"Loads not in the marts yet: {loads}. Events to send: {waiting.ready}{unsent}, held: {waiting.held}."
    )
    people += [f"{a['tenant']} / {a['location_name']}: {a['error_message']}" for a in accounts if a["error_message"]]
    show(as_json, data, *people)


def account_states(database: "Database", tenant_id: UUID | None = None) -> list[dict[str, Any]]:
    """Accounts with `last_sale_at` and `state`, the latter a sentence."""
    from pos_pipeline.commands.accounts import account_rows

    has_marts = database.fetch("select to_regclass('marts.fct_transactions') is not null")[0][0]
    last_sales: dict[UUID, datetime] = dict(database.fetch(LAST_SALES)) if has_marts else {}
    now = datetime.now(UTC)
    accounts = account_rows(database, tenant_id=tenant_id)
    for account in accounts:
        account["last_sale_at"] = last_sales.get(account["account_id"])
        account["state"] = in_words(account, now)
    return accounts


def in_words(account: dict[str, Any], now: datetime) -> str:
    """An account's state in a line, times of day in the zone of who reads it."""
    sale = f"last sale {ago(account['last_sale_at'], now)}" if account["last_sale_at"] else "no sale yet"
    if account["status"] == "disconnected":
        return f"disconnected · {sale}"
    if account["status"] == "error":
        return f"needs attention · {sale} · {account['error_count']} failures in a row"
    if not account["sync_enabled"]:
        return f"switched off · {sale}"
    due: datetime = account["next_sync_at"]
    check = f"next check {due.astimezone():%H:%M}"
    if due <= now:
        late = now - due > OVERDUE_AFTER
        check = f"check overdue since {due.astimezone():%H:%M}, is anything running?" if late else "check due now"
    trouble = f" · {account['error_count']} failures in a row" if account["error_count"] else ""
    return f"active · {sale} · {check}{trouble}"


def _account_table(accounts: list[dict[str, Any]]) -> Any:
    return table(
        "Shops",
        ("tenant", "POS", "shop", "state", "last sync"),
        [
            (a["tenant"], a["pos_provider"], a["location_name"], a["state"], ago(a["last_successful_sync_at"]))
            for a in accounts
        ],
    )


def _watermark_table(marks: list[dict[str, Any]]) -> Any:
    return table(
        "Read up to",
        ("tenant", "POS", "merchant", "stream", "position", "read"),
        [
            (
                m["tenant"],
                m["pos_provider"],
                m["merchant_id"],
                m["stream"],
                m["position_at"] or m["position_no"],
                ago(m["read_at"]),
            )
            for m in marks
        ],
    )
