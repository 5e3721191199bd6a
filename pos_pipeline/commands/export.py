"""`export`: the marts become Parquet files, now."""

# ruff: noqa: PLC0415 - `--help` does without the core

from dataclasses import asdict
from typing import Annotated

import typer

from pos_pipeline.commands._output import WORK, Json, show, table, working
from pos_pipeline.commands._warehouse import opened


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("export", rich_help_panel=WORK)(export)


def export(
    *,
    complete: Annotated[
        bool, typer.Option("--complete", help="Write every file again, not only what changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the months of the marts that changed as Parquet files, for `query`, DuckDB and Polars.

    The ordinary way is the hourly Dagster job `exports`. Here no run is left.
    """
    from pos_pipeline.exports import export_marts

    with opened() as services, working("Exporting …"):
        result = export_marts(services, complete=complete)
    people = table(
        f"Exported to {result.folder}",
        ("mart", "files written", "files removed", "rows", "all again"),
        [
            (one.name, one.files_written, one.files_removed, one.rows, "yes" if one.is_complete else "")
            for one in result.marts
        ],
        right=("files written", "files removed", "rows"),
    )
    data = {
        "folder": str(result.folder),
        "batch_id": result.batch_id,
        "note": result.note,
        "marts": [asdict(one) for one in result.marts],
    }
    show(as_json, data, people if result.marts else "", result.note.capitalize() + ".")
