"""Runs over many accounts: one process, one load, one mark per tenant and stream.

When hundreds of accounts are due at once, a run each would cost more than the syncs. These are plain
jobs whose configuration names what to do; what they log fills the same partitions as a run of one tenant.
"""

from datetime import UTC, datetime
from uuid import UUID

import dagster as dg

from assets.ingest import load_connections, sync_connections
from assets.keys import history_key
from assets.outcomes import Synced, failure, figures
from assets.partitions import months_inside
from pos_pipeline.accounts.connections import load_connection
from pos_pipeline.extract import sync_window
from pos_pipeline.orchestration.due import WindowRequest, settle_window, window_requests
from pos_pipeline.services import Services

SWEEP = "sweep"


class Batch(dg.Config):
    """Connections of one provider to sync together."""

    provider: str
    tenants: list[str]
    """Whose connections they are, for the people who look at the run and for the sensor that must not repeat it."""
    connection_ids: list[str]


class Requests(dg.Config):
    """Rows of `pos.sync_requests` to serve."""

    request_ids: list[str]


@dg.op(description="Reads what changed at the named connections of one provider, in one load.")
def sync_many(context: dg.OpExecutionContext, config: Batch, services: dg.ResourceParam[Services]) -> None:
    """No retry inside: a connection that failed is due again by its own account."""
    connections = load_connections(services, config.connection_ids)
    sync_connections(context, services, services.providers[config.provider], connections)


@dg.op(description="Reads historical windows that were asked for: imports, sweeps, corrections.")
def serve_windows(context: dg.OpExecutionContext, config: Requests, services: dg.ResourceParam[Services]) -> None:
    """Serve requests one after another; one that fails does not stop the rest.

    Raises:
        dagster.Failure: names the accounts that failed.
    """
    failed = []
    for request in window_requests(services.database, [UUID(one) for one in config.request_ids]):
        connection = load_connection(services.database, request.connection_id)
        outcome = sync_window(
            services,
            connection.id,
            request.window,
            run_id=context.run.run_id,
            resume=request.reason in {"backfill", "link"},
        )
        settle_window(services.database, request.id, outcome.error, services.settings.max_sync_retries)
        synced = Synced(connection, outcome)
        context.log.info("%s: %s %s: %s", connection.provider, request.tenant_slug, request.window, outcome.status)
        if synced.has_failed:
            failed.append(synced)
        elif outcome.status != "busy":
            _mark_months(context, request, synced)
    if failed:
        raise failure(failed)


def _mark_months(context: dg.OpExecutionContext, request: WindowRequest, synced: Synced) -> None:
    """Mark the whole months of a served window as imported."""
    for month in months_inside(request.window, datetime.now(UTC)):
        context.log_event(
            dg.AssetMaterialization(
                history_key(synced.connection.provider),
                partition=dg.MultiPartitionKey({"month": month, "tenant": request.tenant_slug}),
                metadata={"window": str(request.window), "reason": request.reason, **figures([synced])},
            )
        )
