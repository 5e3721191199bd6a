"""`sync`: read what changed at the tills, now."""

# ruff: noqa: PLC0415 - `--help` does without the core

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from pos_pipeline.commands._output import WORK, Json, note, show, working
from pos_pipeline.commands._warehouse import find_account, find_tenant, opened
from pos_pipeline.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from pos_pipeline.accounts.connections import Connection
    from pos_pipeline.commands._runs import Runner
    from pos_pipeline.services import Services

TENANTS_PER_RUN = 50


def register(program: typer.Typer) -> None:
    """Add this command to the program."""
    program.command("sync", rich_help_panel=WORK)(sync)


def sync(
    tenant: Annotated[str | None, typer.Argument(help="All tills of this tenant.")] = None,
    *,
    account: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Only the grant that covers this account.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="All tenants.")] = False,
    streams: Annotated[
        list[str] | None,
        typer.Option("--stream", help="Only this stream, such as orders; may be repeated. Leaves no Dagster run."),
    ] = None,
    marts: Annotated[bool, typer.Option("--marts/--no-marts", help="Model what came and send events.")] = True,
    as_json: Json = False,
) -> None:
    """Read what changed at the tills since the last sync, then bring the marts up to date.

    The syncs are Dagster runs in this process; the UI of `pos-pipeline dev` shows them afterwards.
    """
    if [tenant is not None, account is not None, everyone].count(True) != 1:
        raise InvalidRequest("sync: name a tenant, or --account ID, or --all; one of them.")
    from pos_pipeline.commands._runs import (
        describe,
        exit_code_of,
        results_of,
        results_table,
        runner,
        troubles,
    )

    with opened() as services:
        connections = _chosen(services, tenant, account)
        with runner(services) as jobs:
            with working(f"Syncing {len(connections)} tills …"):
                if streams:
                    _read_streams(services, jobs, connections, streams)
                else:
                    _sync(jobs, connections, whole_tenant=tenant)
            synced = list(jobs.runs)
            if marts:
                with working("Modelling …"):
                    jobs.model_and_publish()
        results = results_of(services.database, [run.run_id for run in synced])
    for line in troubles(jobs.runs, results):
        note(line)
    code = exit_code_of(jobs.runs, results)
    data = {"results": results, "runs": describe(jobs.runs), "succeeded": code == 0}
    busy = "Nothing was read: another process is syncing these tills, and sees what this sync would have seen."
    show(as_json, data, results_table(results) if results else busy)
    if code:
        raise typer.Exit(code)


def _chosen(services: "Services", tenant: str | None, account: str | None) -> "Sequence[Connection]":
    from pos_pipeline.accounts.connections import connections_of, load_connection

    if account is not None:
        _, connection_id = find_account(services.database, account)
        return [load_connection(services.database, connection_id)]
    tenant_id = find_tenant(services.database, tenant).id if tenant else None
    # What a person asks for by name is tried even if it is in error: it may have been repaired.
    linked = connections_of(services.database, tenant_id, active_only=tenant is None)
    usable = [connection for connection in linked if connection.status != "disconnected"]
    if not usable:
        error = NotFound(f"sync: {tenant or 'no tenant'} has {'no' if tenant else 'a'} linked till.")
        error.action_required = "Link one: pos-pipeline accounts link PROVIDER --tenant SLUG"
        raise error
    return usable


def _read_streams(
    services: "Services", jobs: "Runner", connections: "Sequence[Connection]", streams: Sequence[str]
) -> None:
    """Some streams of connections, read directly: a run reads all, so that a tenant is marked as a whole."""
    from pos_pipeline.commands._runs import Run
    from pos_pipeline.extract import sync_live

    run_id = f"cli-{uuid4()}"
    outcomes = sync_live(services, [connection.id for connection in connections], streams=streams, run_id=run_id)
    reasons = tuple(str(outcome.error) for outcome in outcomes if outcome.error and outcome.status != "busy")
    jobs.runs.append(Run("streams", run_id, not reasons, reasons))


def _sync(jobs: "Runner", connections: "Sequence[Connection]", *, whole_tenant: str | None) -> None:
    for provider, group in groupby(sorted(connections, key=lambda one: one.provider), key=lambda one: one.provider):
        if whole_tenant is not None:
            jobs.run(f"{provider}_sync", partition_key=whole_tenant)
            continue
        members = list(group)
        slugs = sorted({connection.tenant_slug for connection in members})
        for start in range(0, len(slugs), TENANTS_PER_RUN):
            chosen = slugs[start : start + TENANTS_PER_RUN]
            ids = [str(connection.id) for connection in members if connection.tenant_slug in chosen]
            jobs.run("sync_batch", ops={"sync_many": {"provider": provider, "tenants": chosen, "connection_ids": ids}})
