"""`quarantine`: records that could not be loaded, kept with the reason."""

from typing import Annotated

import typer

from pos_pipeline.commands._output import INSPECT, Json, ago, show, table
from pos_pipeline.commands._warehouse import find_tenant, opened
from pos_pipeline.errors import NotFound

FIELDS = (
    "id",
    "tenant",
    "pos_provider",
    "stream",
    "object_id",
    "reason",
    "quarantined_at",
    "released_at",
    "size_bytes",
)
SELECT = """
select
    q.id,
    t.slug,
    q.pos_provider,
    q.stream,
    q.object_id,
    q.reason,
    q.quarantined_at,
    q.released_at,
    octet_length(q.payload)
from pos.quarantine as q
inner join pos.tenants as t on q.tenant_id = t.id
"""

app = typer.Typer(help="Records that could not be loaded, kept with the reason.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add this group to the program."""
    program.add_typer(app, name="quarantine", rich_help_panel=INSPECT)


@app.command("list")
def list_(
    tenant: Annotated[str | None, typer.Argument(help="Of this tenant only.")] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Newest so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Show what is in quarantine."""
    with opened() as services:
        tenant_id = find_tenant(services.database, tenant).id if tenant else None
        rows = services.database.fetch(
            f"""{SELECT}
            where q.released_at is null and (q.tenant_id = %(tenant_id)s or %(tenant_id)s::uuid is null)
            order by q.id desc
            limit %(limit)s""",
            {"tenant_id": tenant_id, "limit": limit},
        )
    records = [dict(zip(FIELDS, row, strict=True)) for row in rows]
    people = table(
        "Quarantine",
        ("id", "tenant", "POS", "stream", "object", "since", "reason"),
        [
            (
                r["id"],
                r["tenant"],
                r["pos_provider"],
                r["stream"],
                r["object_id"],
                ago(r["quarantined_at"]),
                r["reason"],
            )
            for r in records
        ],
        right=("id",),
    )
    show(as_json, records, people if records else "The quarantine is empty.")


@app.command("show")
def show_(number: Annotated[int, typer.Argument(metavar="ID", help="From `list`.")], *, as_json: Json = False) -> None:
    """Show one record and its payload as the POS sent it. It may hold a customer's data."""
    with opened() as services:
        rows = services.database.fetch(f"{SELECT} where q.id = %s", (number,))
        if not rows:
            error = NotFound(f"quarantine: there is no record {number}.")
            error.action_required = "Check the number; `pos-pipeline quarantine list` shows what there is."
            raise error
        [(payload,)] = services.database.fetch("select payload from pos.quarantine where id = %s", (number,))
    record = dict(zip(FIELDS, rows[0], strict=True))
    text = bytes(payload).decode("utf-8", errors="backslashreplace")
    show(as_json, record | {"payload": text}, table("", ("record", str(number)), list(record.items())[1:]))
    if not as_json:
        typer.echo(text)
