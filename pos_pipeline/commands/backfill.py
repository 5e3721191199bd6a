"""`backfill`: import the past of a tenant's tills."""

# ruff: noqa: PLC0415 - `--help` does without the core

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pos_pipeline.commands._output import WORK, Json, note, show, table, working
from pos_pipeline.commands._warehouse import find_tenant, opened
from pos_pipeline.errors import NotFound

if TYPE_CHECKING:
    from pos_pipeline.commands._history import HistoryPart, Pace
    from pos_pipeline.warehouse.database import Database

LOOK_SECONDS = 0.5
DAY = ["%Y-%m-%d"]


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("backfill", rich_help_panel=WORK)(backfill)


def backfill(
    tenant: Annotated[str, typer.Argument(help="Whose history.")],
    *,
    first: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day, UTC.")] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=DAY, help="Last day, included; today if omitted.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="The last so many days; HISTORICAL_IMPORT_DAYS if omitted.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be read, and read nothing.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what an earlier import has read already.")] = False,
    marts: Annotated[bool, typer.Option("--marts/--no-marts", help="Model what came and send events.")] = True,
    as_json: Json = False,
) -> None:
    """Import a tenant's past: everything that changed at its tills inside a window.

    Parts that were read before are skipped, so an interrupted import goes on where it stopped.
    The import is a Dagster run in this process; the UI shows its months afterwards.
    """
    from pos_pipeline.accounts.connections import connections_of
    from pos_pipeline.commands._history import claim_parts, pace_of, parts_of, window_of
    from pos_pipeline.commands._runs import describe, exit_code_of, results_of, results_table, runner, troubles

    with opened() as services:
        database = services.database
        window = window_of(first, last, days, services.settings.historical_import_days)
        tenant_id = find_tenant(database, tenant).id
        linked = connections_of(database, tenant_id, active_only=False)
        connections = [connection for connection in linked if connection.status != "disconnected"]
        if not connections:
            error = NotFound(f"backfill: {tenant} has no linked till.")
            error.action_required = f"Link one: pos-pipeline accounts link PROVIDER --tenant {tenant}"
            raise error
        parts = parts_of(services, connections, window)
        if dry_run:
            _show_plan(parts, pace_of(database, tenant_id), as_json=as_json, again=again)
            return
        wanted = [part for part in parts if part.unread or again]
        if not wanted:
            show(as_json, {"results": [], "runs": [], "succeeded": True}, "Everything in this window has been read.")
            return
        with runner(services) as jobs:
            requests = claim_parts(database, wanted, again=again)
            with _progress(database, requests):
                jobs.run("sync_windows", ops={"serve_windows": {"request_ids": [str(one) for one in requests]}})
            read = jobs.runs[0]
            if marts:
                with working("Modelling …"):
                    jobs.model_and_publish()
        results = results_of(database, [read.run_id])
    for line in troubles(jobs.runs, results):
        note(line)
    code = exit_code_of(jobs.runs, results)
    show(
        as_json,
        {"results": results, "runs": describe(jobs.runs), "succeeded": code == 0},
        results_table(results),
    )
    if code:
        raise typer.Exit(code)


def _show_plan(parts: "Sequence[HistoryPart]", pace: "Pace", *, as_json: bool, again: bool) -> None:
    days = sum(part.days for part in parts if part.unread or again)
    estimate = {
        "transactions": round(pace.transactions * days) if pace.transactions is not None else None,
        "seconds": round(pace.seconds * days, 1) if pace.seconds is not None else None,
    }
    rows: list[dict[str, Any]] = [
        {
            "pos_provider": part.connection.provider,
            "merchant_id": part.connection.merchant_id,
            "shops": len(part.connection.location_ids),
            "window_start": part.window.start,
            "window_end": part.window.end,
            "parts_to_read": part.unread,
        }
        for part in parts
    ]
    people = table(
        "Would read",
        ("POS", "merchant", "shops", "from (UTC)", "to (UTC)", "parts to read"),
        [
            (
                row["pos_provider"],
                row["merchant_id"],
                row["shops"],
                f"{row['window_start']:%Y-%m-%d %H:%M}",
                f"{row['window_end']:%Y-%m-%d %H:%M}",
                row["parts_to_read"] or "none, read before",
            )
            for row in rows
        ],
        right=("shops", "parts to read"),
    )
    words = "No estimate: nothing of this tenant has been imported yet."
    if estimate["transactions"] is not None:
        words = f"About {estimate['transactions']:,} transactions in {estimate['seconds']} s, going by earlier imports."
    show(as_json, {"windows": rows, "estimate": estimate}, people, words)


@contextmanager
def _progress(database: "Database", requests: Sequence[UUID]) -> Iterator[None]:
    """A bar over the requests; they are settled one by one while the run works."""
    over = Event()
    columns = (TextColumn("Importing"), BarColumn(), MofNCompleteColumn(), TextColumn("months"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(requests))

        def look() -> None:
            while not over.wait(LOOK_SECONDS):
                [(settled,)] = database.fetch(
                    "select count(*) from pos.sync_requests where id = any(%s) and status in ('done', 'failed')",
                    (list(requests),),
                )
                bar.update(task, completed=settled)

        watcher = Thread(target=look, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            bar.update(task, completed=len(requests))
