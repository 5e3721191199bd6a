"""`query`: asks the exported marts, without the warehouse."""

# ruff: noqa: PLC0415 - `--help` does without the core

import csv
import sys
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pos_pipeline.commands._output import INSPECT, Json, note, show, table
from pos_pipeline.commands._warehouse import find_tenant, opened
from pos_pipeline.errors import InvalidRequest

if TYPE_CHECKING:
    from uuid import UUID

    from pos_pipeline.exports import Answer

ROWS_SHOWN = 200


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("query", rich_help_panel=INSPECT)(query)


def query(
    question: Annotated[str, typer.Argument(metavar="SQL", help="One select; every exported mart is a table.")],
    *,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only: its slug or id.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values, all rows.")] = False,
    as_json: Json = False,
) -> None:
    """Ask the exported marts with DuckDB; `pos-pipeline export` writes them.

    Tables: fct_transactions, fct_transaction_items, fct_transaction_tenders, fct_daily_product_sales,
    fct_daily_volumes, fct_hourly_volumes, dim_products, fct_product_prices; each with tenant_id, the facts with month.
    """
    from pos_pipeline.exports import ask
    from pos_pipeline.settings import Settings, load_settings

    if as_csv and as_json:
        raise InvalidRequest("query: --csv and --json are two forms of one answer; give one of them.")
    folder = load_settings(Settings).exports_dir
    with ask(folder, question, _tenant_id(tenant)) as answer:
        if as_csv:
            _write_csv(answer)
        elif as_json:
            show(as_json, [dict(zip(answer.columns, row, strict=True)) for row in answer.rows()])
        else:
            _show_table(answer)


def _tenant_id(tenant: str | None) -> "UUID | None":
    """An id is taken as it is, so that no warehouse is needed for it."""
    from uuid import UUID

    if tenant is None:
        return None
    try:
        return UUID(tenant)
    except ValueError:
        with opened() as services:
            return find_tenant(services.database, tenant).id


def _write_csv(answer: "Answer") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.rows())


def _show_table(answer: "Answer") -> None:
    rows: list[tuple[Any, ...]] = list(islice(answer.rows(), ROWS_SHOWN + 1))
    show(False, None, table("", answer.columns, rows[:ROWS_SHOWN]))  # noqa: FBT003 - people asked
    if len(rows) > ROWS_SHOWN:
        note(f"The first {ROWS_SHOWN} rows; --csv and --json give all of them.")
