"""`explain`: where a transaction, or a row of a daily mart, comes from."""

# ruff: noqa: PLC0415 - `--help` does without the core

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pos_pipeline.commands._output import INSPECT, Json, amount, show, table
from pos_pipeline.commands._warehouse import find_account, find_tenant, opened
from pos_pipeline.errors import InvalidRequest

if TYPE_CHECKING:
    from pos_pipeline.lineage.cells import CellLineage
    from pos_pipeline.lineage.transactions import TransactionLineage

DAY = ["%Y-%m-%d"]
ROWS_SHOWN = 40


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("explain", rich_help_panel=INSPECT)(explain)


def explain(
    what: Annotated[
        str,
        typer.Argument(help="Id of a transaction, ours or the POS's, or fct_daily_volumes or fct_daily_product_sales."),
    ],
    *,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only.")] = None,
    shop: Annotated[str | None, typer.Option(help="Of a mart: the account's id, or how it begins.")] = None,
    date: Annotated[datetime | None, typer.Option(formats=DAY, help="Of a mart: the business day.")] = None,
    product: Annotated[
        str | None, typer.Option(help="Of fct_daily_product_sales: the POS's id, or the name, of one product.")
    ] = None,
    payload: Annotated[
        bool, typer.Option("--payload", help="Of a transaction: what the POS sent too, without people.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show where a transaction or a daily figure comes from: raw versions, loads, runs, webhooks, mappings."""
    from pos_pipeline.lineage import CELLS, explain_cell, explain_transaction

    is_cell = what in CELLS
    if is_cell and (shop is None or date is None):
        raise InvalidRequest(f"explain: a row of {what} is found by --shop and --date; give both.")
    if is_cell and (payload or tenant):
        raise InvalidRequest(f"explain: --payload and --tenant are of transactions; {what} takes --shop and --date.")
    if not is_cell and (shop or date or product):
        raise InvalidRequest(f"explain: --shop, --date and --product are of {' and '.join(CELLS)}, not of {what!r}.")
    with opened() as services:
        database = services.database
        if shop is not None and date is not None:
            account_id, _ = find_account(database, shop)
            cell = explain_cell(database, what, account_id, date.date(), product=product)
            show(as_json, asdict(cell), *_cell_parts(cell))
            return
        tenant_id = find_tenant(database, tenant).id if tenant else None
        found = explain_transaction(database, what, tenant_id=tenant_id, payload=payload)
    show(as_json, asdict(found), *_transaction_parts(found))
    if payload and not as_json:
        import msgspec

        for version in found.versions:
            typer.echo(f"{version['raw_table']} {version['object_id']} of {version['version_at']}:")
            typer.echo(msgspec.json.format(msgspec.json.encode(version["payload"]), indent=2).decode())


def _transaction_parts(found: "TransactionLineage") -> list[Any]:
    head = f"{found.tenant} · {found.pos_provider} · group {found.transaction_group}\n{found.verdict}"
    return [
        head,
        *_table(
            "In the marts",
            found.transactions,
            ("id", "pos_transaction_id", "transaction_type", "business_date", "total_amount", "currency"),
        ),
        *_table(
            "Lines",
            found.items,
            ("product_name", "variation_name", "quantity", "line_total", "bakery_product_name", "mapping_type"),
        ),
        *_table(
            "What the POS sent",
            found.versions,
            ("raw_table", "object_id", "version_at", "version_no", "load_id", "size_bytes"),
        ),
        *_loads(found.loads),
        *_table(
            "Syncs",
            found.syncs,
            ("sync_id", "location_name", "kind", "status", "sync_started_at", "sync_completed_at", "run_id"),
        ),
        *_table(
            "Webhooks near",
            found.webhooks,
            ("webhook_id", "event_type", "received_at", "processing_status", "names_it"),
        ),
        *_table("In quarantine", found.quarantined, ("id", "stream", "object_id", "reason", "released_at")),
    ]


def _cell_parts(cell: "CellLineage") -> list[Any]:
    says = "is exactly" if cell.adds_up else "IS NOT"
    head = (
        f"{cell.tenant} · {cell.location_name} · {cell.business_date} · {cell.mart}\n"
        f"Transactions: {len(cell.transactions)}. Their sum {says} what the mart says."
    )
    columns = ("currency", "sale_count", "refund_count", "sales_amount", "refund_amount")
    named = ("product_name", "variation_name", *columns, "net_amount")
    return [
        head,
        *_table("The mart", cell.rows, named if "net_amount" in cell.rows[0] else (*columns, "total_amount")),
        *_table(
            "Transactions",
            cell.transactions,
            ("id", "pos_transaction_id", "transaction_type", "transaction_at", "amount", "currency"),
        ),
        *_loads(cell.loads),
        *_table(
            "Mappings",
            cell.mappings,
            ("pos_product_id", "bakery_product_name", "mapping_type", "mapped_by", "valid_from", "valid_to"),
        ),
    ]


def _loads(loads: list[dict[str, Any]]) -> list[Any]:
    return _table(
        "Loads", loads, ("load_id", "versions", "is_in_ledger", "committed_at", "batch_id", "modelled_at", "run_id")
    )


def _table(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[Any]:
    """A table of some columns; nothing when there are no rows."""
    if not rows:
        return []
    shown = [[_cell(column, row[column]) for column in columns] for row in rows[:ROWS_SHOWN]]
    parts: list[Any] = [table(title, [column.replace("_", " ") for column in columns], shown)]
    if len(rows) > ROWS_SHOWN:
        parts.append(f"… and {len(rows) - ROWS_SHOWN} more; --json has all.")
    return parts


def _cell(column: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S%z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return amount(value) if value is not None and column.endswith(("amount", "_total")) else value
