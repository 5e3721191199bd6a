"""Imported history, a cell per month and tenant: native backfills, visible and repeatable.

A run covers up to three neighbouring months of a tenant as one window. Parts that were committed
before are not read again, so a backfill that was interrupted goes on where it stopped.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import dagster as dg

from assets.keys import OWNERS, history_key
from assets.outcomes import Synced, dashboard, figures, raise_failures
from assets.partitions import HISTORY, windows_by_tenant
from pos_pipeline.accounts.connections import Connection, connections_of
from pos_pipeline.accounts.tenants import tenant_by_slug
from pos_pipeline.extract import sync_window
from pos_pipeline.orchestration.due import BUSY_PAUSE
from pos_pipeline.orchestration.instance import history_pool
from pos_pipeline.provider import Provider, Reading, Window
from pos_pipeline.services import Services

MONTHS_PER_RUN = 3
"""Keeps a run well below half an hour, the time after which RabbitMQ takes a message back."""

CONNECTIONS_AT_ONCE = 4
"""Each has a rate of its own: a chain that is linked shop by shop need not wait for one after the other."""
BUSY_RETRIES = 20
"""Another run is reading the same window: this one waits for it, because the cell must not lie."""


def build_history(provider: Provider) -> dg.AssetsDefinition:
    """The history of one provider."""
    windowed = ", ".join(stream.name for stream in provider.streams if stream.reading is Reading.WINDOWED)

    @dg.asset(
        key=history_key(provider.name),
        description=(
            f"Months of {provider.title} history that were read whole, by tenant: {windowed}. The rows are in the "
            "streams' own raw tables. Start a backfill here to import the past or to read a month again."
        ),
        partitions_def=HISTORY,
        backfill_policy=dg.BackfillPolicy.multi_run(MONTHS_PER_RUN),
        group_name=provider.name,
        kinds={"dlt", provider.name, "postgres"},
        owners=OWNERS,
        tags={"pos/provider": provider.name},
        metadata={"streams": windowed},
        pool=history_pool(provider.name),
    )
    def history(context: dg.AssetExecutionContext, services: dg.ResourceParam[Services]) -> dg.MaterializeResult:
        synced = _import(context, services, provider)
        raise_failures(context.op_execution_context, synced, services.settings.max_sync_retries)
        if any(one.outcome.status == "busy" for one in synced):
            raise dg.RetryRequested(max_retries=BUSY_RETRIES, seconds_to_wait=BUSY_PAUSE.total_seconds())
        rows = [one.outcome.rows for one in synced]
        return dg.MaterializeResult(
            metadata={
                "rows_loaded": sum(sum(some.values()) for some in rows),
                **(figures(synced) if synced else {"note": "the tenant has no till here, or the month has not begun"}),
                **({"till": dg.MetadataValue.url(dashboard(provider, synced[0].connection))} if synced else {}),
            }
        )

    return history


def _import(context: dg.AssetExecutionContext, services: Services, provider: Provider) -> list[Synced]:
    """Every window of the run at every connection of its tenants, the rest going on after a failure."""
    run_id = context.run.run_id
    work = [
        (connection, windows)
        for slug, windows in windows_by_tenant(context.partition_keys, datetime.now(UTC)).items()
        for connection in connections_of(
            services.database, tenant_by_slug(services.database, slug).id, provider.name, active_only=False
        )
        if connection.status != "disconnected"
    ]

    def read(connection: Connection, windows: Sequence[Window]) -> list[Synced]:
        return [Synced(connection, sync_window(services, connection.id, one, run_id=run_id)) for one in windows]

    synced = []
    with ThreadPoolExecutor(CONNECTIONS_AT_ONCE, thread_name_prefix="history") as pool:
        for number, some in enumerate(pool.map(lambda one: read(*one), work), start=1):
            synced += some
            context.log.info(
                "%s of %s: %s: %s, %s rows, %s requests",
                number,
                len(work),
                some[0].connection.tenant_slug if some else "nothing to read",
                ", ".join(sorted({one.outcome.status for one in some})),
                sum(sum(one.outcome.rows.values()) for one in some),
                sum(one.outcome.requests_made for one in some),
            )
    return synced
