"""`webhooks`: what the POS told us, and what could not be acted upon."""

# ruff: noqa: PLC0415 - `--help` does without the core

from typing import Annotated

import typer

from pos_pipeline.commands._output import WORK, Json, ago, show, table
from pos_pipeline.commands._warehouse import find_tenant, opened

FIELDS = (
    "id",
    "tenant",
    "pos_provider",
    "event_type",
    "received_at",
    "processing_status",
    "retry_count",
    "error_message",
)
LIST = """
select
    w.id, t.slug, w.pos_provider, w.event_type, w.received_at, w.processing_status, w.retry_count, w.error_message
from pos.webhooks as w
inner join pos.tenants as t on w.tenant_id = t.id
where
    (w.processing_status = %(status)s or %(status)s::text is null)
    and (w.tenant_id = %(tenant_id)s or %(tenant_id)s::uuid is null)
order by w.received_at desc
limit %(limit)s
"""

app = typer.Typer(help="What the POS told us.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add this group to the program."""
    program.add_typer(app, name="webhooks", rich_help_panel=WORK)


@app.command("list")
def list_(
    *,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Dead letters only.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """Show deliveries, the latest first."""
    with opened() as services:
        tenant_id = find_tenant(services.database, tenant).id if tenant else None
        rows = services.database.fetch(
            LIST, {"status": "failed" if failed else None, "tenant_id": tenant_id, "limit": limit}
        )
    found = [dict(zip(FIELDS, row, strict=True)) for row in rows]
    people = table(
        "Webhooks",
        ("id", "tenant", "POS", "event", "received", "state", "reason"),
        [
            (
                row["id"],
                row["tenant"],
                row["pos_provider"],
                row["event_type"],
                ago(row["received_at"]),
                row["processing_status"],
                row["error_message"] or "",
            )
            for row in found
        ],
    )
    show(as_json, found, people if found else "No webhooks.")


@app.command()
def replay(
    ids: Annotated[list[int] | None, typer.Argument(help="Of these ids; all dead letters if omitted.")] = None,
    *,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only.")] = None,
    as_json: Json = False,
) -> None:
    """Take dead letters up again: their merchants are synced anew."""
    from pos_pipeline.orchestration.inbox import replay as take_up

    with opened() as services:
        tenant_id = find_tenant(services.database, tenant).id if tenant else None
        count = take_up(services.database, tenant_id=tenant_id, ids=ids or None)
    show(as_json, {"replayed": count}, f"{count} taken up again; the next syncs of their merchants answer them.")
