"""`tenants`: the customers of the platform."""

# ruff: noqa: PLC0415 - `--help` does without the core

from typing import Annotated

import typer

from pos_pipeline.commands._output import SET_UP, Json, ago, show, table
from pos_pipeline.commands._warehouse import find_tenant, opened

SUMMARY = """
select
    t.id,
    t.slug,
    t.name,
    t.created_at,
    count(distinct a.connection_id) as connections,
    count(a.id) as accounts,
    count(a.id) filter (where a.status = 'active') as active_accounts,
    max(a.last_successful_sync_at) as last_successful_sync_at
from pos.tenants as t
left join pos.accounts as a on t.id = a.tenant_id
where t.id = %(tenant_id)s or %(tenant_id)s::uuid is null
group by t.id
order by t.slug
"""
FIELDS = (
    "tenant_id",
    "slug",
    "name",
    "created_at",
    "connections",
    "accounts",
    "active_accounts",
    "last_successful_sync_at",
)

app = typer.Typer(help="The customers of the platform.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add this group to the program."""
    program.add_typer(app, name="tenants", rich_help_panel=SET_UP)


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """Show all tenants and how many tills they have linked."""
    with opened() as services:
        rows = services.database.fetch(SUMMARY, {"tenant_id": None})
    data = [dict(zip(FIELDS, row, strict=True)) for row in rows]
    people = table(
        "Tenants",
        ("tenant", "name", "accounts", "active", "last sync", "id"),
        [
            (
                t["slug"],
                t["name"],
                t["accounts"],
                t["active_accounts"],
                ago(t["last_successful_sync_at"]),
                t["tenant_id"],
            )
            for t in data
        ],
        right=("accounts", "active"),
    )
    show(as_json, data, people if data else "No tenants yet. Create one: pos-pipeline tenants create SLUG --name NAME")


@app.command()
def create(
    slug: Annotated[str, typer.Argument(help="Short name: lower-case letters, digits, hyphens.")],
    *,
    name: Annotated[str | None, typer.Option(help="What people call the customer; the slug if omitted.")] = None,
    as_json: Json = False,
) -> None:
    """Add a tenant."""
    from pos_pipeline.accounts.tenants import create_tenant

    with opened() as services:
        tenant = create_tenant(services.database, slug, name or slug)
    data = {"tenant_id": tenant.id, "slug": tenant.slug, "name": tenant.name}
    show(
        as_json,
        data,
        f"Created tenant {tenant.slug} ({tenant.id}).",
        f"Next: pos-pipeline accounts link PROVIDER --tenant {tenant.slug}",
    )


@app.command("show")
def show_(slug: Annotated[str, typer.Argument(help="The tenant.")], *, as_json: Json = False) -> None:
    """Show one tenant and its accounts."""
    from pos_pipeline.commands.accounts import account_rows, account_table

    with opened() as services:
        tenant = find_tenant(services.database, slug)
        [row] = services.database.fetch(SUMMARY, {"tenant_id": tenant.id})
        accounts = account_rows(services.database, tenant_id=tenant.id)
    data = dict(zip(FIELDS, row, strict=True))
    people = table("", ("tenant", tenant.slug), [(field, data[field]) for field in FIELDS if field != "slug"])
    show(as_json, data | {"accounts": accounts}, people, account_table(accounts))
