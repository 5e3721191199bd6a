"""`reconcile`: proves, shop by shop and day by day, that the warehouse has what the POS has."""

# ruff: noqa: PLC0415 - `--help` does without the core

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pos_pipeline.commands._output import WORK, Json, amount, show, table, working
from pos_pipeline.commands._warehouse import find_tenant, opened
from pos_pipeline.errors import NotFound

if TYPE_CHECKING:
    from rich.table import Table

    from pos_pipeline.commands._reconcile import DayLine
    from pos_pipeline.commands._reread import StreamLine

DAY = ["%Y-%m-%d"]
REREAD = timedelta(days=4)
"""How far back a real POS is read again without `--from`: as far as the nightly sweep."""
ROWS_SHOWN = 60


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("reconcile", rich_help_panel=WORK)(reconcile)


def reconcile(
    tenant: Annotated[str | None, typer.Argument(help="Of this tenant only.")] = None,
    *,
    first: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First business day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last business day, included.")] = None,
    by_day: Annotated[bool, typer.Option("--by-day", help="Every day, also where nothing differs.")] = False,
    objects: Annotated[
        bool, typer.Option("--objects", help="Read simulated clouds again too, object by object.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare the warehouse with the POS; fails when anything differs.

    Simulated clouds tell what every shop sold: money and counts are compared by business day. A real
    POS is read again (the last 4 days without --from): every object it shows must have arrived.
    """
    from pos_pipeline.accounts.connections import connections_of
    from pos_pipeline.commands._reconcile import compare_days, is_simulated, require_order
    from pos_pipeline.commands._reread import compare_objects
    from pos_pipeline.provider import Window

    first_day, last_day = first.date() if first else None, last.date() if last else None
    require_order(first_day, last_day)
    days: list[DayLine] = []
    streams: list[StreamLine] = []
    with opened() as services, working("Comparing …"):
        tenant_id = find_tenant(services.database, tenant).id if tenant else None
        linked = connections_of(services.database, tenant_id, active_only=False)
        connections = [connection for connection in linked if connection.status != "disconnected"]
        if not connections:
            error = NotFound(f"reconcile: {tenant or 'no tenant'} has {'no' if tenant else 'a'} linked till.")
            error.action_required = "Link one: pos-pipeline accounts link PROVIDER --tenant SLUG"
            raise error
        now = datetime.now(UTC)
        start = first.replace(tzinfo=UTC) if first else now - REREAD
        end = last.replace(tzinfo=UTC) + timedelta(days=1) if last else now
        for connection in connections:
            if is_simulated(services, connection) and not objects:
                days += compare_days(services, connection, first_day, last_day)
            else:
                streams += compare_objects(services, connection, Window(start, end))
    lines: Sequence[DayLine | StreamLine] = [*days, *streams]
    differing = sum(not line.agrees for line in lines)
    agrees = differing == 0
    people: list[Any] = []
    if days:
        people += [account_table(days), day_table(_shown(days, by_day=by_day))]
    if streams:
        people.append(stream_table(streams))
    compared = f"{len(days)} shop-days" if days else f"{sum(line.objects for line in streams)} objects"
    verdict = (
        f"Everything agrees: {compared}." if agrees else f"{differing} of {len(days) or len(streams)} lines differ."
    )
    data = {
        "agrees": agrees,
        "days": [asdict(line) | {"difference": line.difference, "agrees": line.agrees} for line in days],
        "streams": [asdict(line) | {"agrees": line.agrees} for line in streams],
    }
    show(as_json, data, *people, verdict)
    if not agrees:
        raise typer.Exit(1)


def account_table(lines: "Sequence[DayLine]") -> "Table":
    """A line per shop: its days together."""
    rows = []
    for (tenant, shop, currency), group in groupby(
        lines, key=lambda one: (one.tenant, one.location_name, one.currency)
    ):
        members = list(group)
        pos = sum((line.pos.net for line in members), Decimal(0))
        marts = sum((line.marts.net for line in members), Decimal(0))
        counts = sum(line.pos.sales for line in members), sum(line.pos.refunds for line in members)
        wrong = sum(not line.agrees for line in members)
        rows.append(
            (tenant, shop, len(members), *counts, amount(pos), amount(marts), currency, amount(marts - pos), wrong)
        )
    columns = (
        "tenant",
        "shop",
        "days",
        "sales",
        "refunds",
        "POS",
        "marts",
        "currency",
        "difference",
        "days that differ",
    )
    return table(
        "By shop", columns, rows, right=[name for name in columns if name not in {"tenant", "shop", "currency"}]
    )


def day_table(lines: "Sequence[DayLine]") -> "Table | str":
    """A line per shop and day."""
    if not lines:
        return ""
    rows = [
        (
            line.tenant,
            line.location_name,
            line.business_date,
            f"{line.pos.sales} / {line.marts.sales}",
            f"{line.pos.refunds} / {line.marts.refunds}",
            f"{line.pos.voids} / {line.marts.voids}",
            amount(line.pos.net),
            amount(line.marts.net),
            line.currency,
            amount(line.difference),
        )
        for line in lines
    ]
    columns = ("tenant", "shop", "day", "sales", "refunds", "voids", "POS", "marts", "currency", "difference")
    return table(
        "By day (POS / marts)", columns, rows, right=("sales", "refunds", "voids", "POS", "marts", "difference")
    )


def stream_table(lines: "Sequence[StreamLine]") -> "Table":
    """A line per connection and stream that was read again."""
    rows = [
        (line.tenant, line.pos_provider, line.stream, line.window, line.objects, line.missing, ", ".join(line.examples))
        for line in lines
    ]
    columns = ("tenant", "POS", "stream", "changed in (UTC)", "objects", "missing", "for example")
    return table("Read again", columns, rows, right=("objects", "missing"))


def _shown(lines: "Sequence[DayLine]", *, by_day: bool) -> "Sequence[DayLine]":
    """All days if they fit or are asked for, else the ones that differ."""
    return lines if by_day or len(lines) <= ROWS_SHOWN else [line for line in lines if not line.agrees]
