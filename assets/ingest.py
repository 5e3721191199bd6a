"""Raw streams of every provider, partitioned by tenant: one factory, no provider's name.

A run of one tenant reads what changed at each of its connections. A run of many tenants (a backfill)
reads them in one load. Each tenant and stream is marked by itself, so one merchant's revoked grant
never hides that the others were read.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import dagster as dg

from assets.keys import OWNERS, stream_key
from assets.outcomes import Synced, materializations, raise_failures
from assets.partitions import TENANTS
from pos_pipeline.accounts.connections import Connection, connections_of, load_connection
from pos_pipeline.accounts.tenants import tenant_by_slug
from pos_pipeline.extract import sync_live
from pos_pipeline.orchestration.due import release, settle_live
from pos_pipeline.provider import Provider, Stream
from pos_pipeline.services import Services
from pos_pipeline.warehouse.migrate import raw_schema

TRIGGER_TAG = "pos/trigger"
"""`due` when the clock asked for a run; then connections that wait for a person are left alone."""

TENANTS_PER_RUN = 50


def build_ingest(provider: Provider) -> dg.AssetsDefinition:
    """The streams of one provider as one step that can read any of them."""

    @dg.multi_asset(
        name=f"{provider.name}_streams",
        specs=[_spec(provider, stream) for stream in provider.streams],
        partitions_def=TENANTS,
        backfill_policy=dg.BackfillPolicy.multi_run(TENANTS_PER_RUN),
        can_subset=True,
        pool=f"{provider.name}_api",
    )
    def streams(
        context: dg.AssetExecutionContext, services: dg.ResourceParam[Services]
    ) -> Iterator[dg.MaterializeResult]:
        chosen = {stream.name for stream in provider.streams} & _names(provider, context.selected_asset_keys)
        sync_connections(
            context.op_execution_context,
            services,
            provider,
            _connections(context, services, provider),
            streams=chosen if len(chosen) < len(provider.streams) else None,
            retries=services.settings.max_sync_retries,
        )
        yield from ()  # an output would mark every tenant of the run; those that were read are marked by now

    return streams


def sync_connections(
    context: dg.OpExecutionContext,
    services: Services,
    provider: Provider,
    connections: Sequence[Connection],
    *,
    streams: set[str] | None = None,
    retries: int = 0,
) -> None:
    """Read what changed, mark what was read, answer requests, and fail for the accounts that failed.

    A connection another process is syncing is no failure: that process sees what this one would have.

    Raises:
        dagster.RetryRequested, dagster.Failure: see `raise_failures`.
    """
    started_at = datetime.now(UTC)
    outcomes = sync_live(services, [one.id for one in connections], streams=streams, run_id=context.run.run_id)
    synced = [Synced(connection, outcome) for connection, outcome in zip(connections, outcomes, strict=True)]
    for one in synced:
        if one.outcome.status == "busy":
            context.log.info(str(one.outcome.error))
            release(services.database, one.connection.id)
        else:
            error = one.outcome.error
            settle_live(services.database, one.connection.id, started_at, error, services.settings.max_sync_retries)
    for materialization in materializations(services, provider, synced, started_at):
        context.log_event(materialization)
    raise_failures(context, synced, retries)


def load_connections(services: Services, connection_ids: Sequence[str]) -> list[Connection]:
    """Connections by id, for runs whose configuration names them."""
    return [load_connection(services.database, UUID(one)) for one in connection_ids]


def _connections(context: dg.AssetExecutionContext, services: Services, provider: Provider) -> list[Connection]:
    """Connections of the run's tenants.

    Raises:
        dagster.Failure: a tenant has none at this provider.
    """
    is_due = context.run.tags.get(TRIGGER_TAG) == "due"
    found = []
    for slug in context.partition_keys:
        tenant = tenant_by_slug(services.database, slug)
        linked = connections_of(services.database, tenant.id, provider.name, active_only=is_due)
        usable = [connection for connection in linked if connection.status != "disconnected"]
        if not usable and not is_due:
            raise dg.Failure(
                f"{provider.name}: tenant {slug} has no linked till. "
                f"Link one with `pos-pipeline accounts link {provider.name}`, then run this again.",
                allow_retries=False,
            )
        found.extend(usable)
    return found


def _names(provider: Provider, keys: set[dg.AssetKey]) -> set[str]:
    return {stream.name for stream in provider.streams if stream_key(provider.name, stream.name) in keys}


def _spec(provider: Provider, stream: Stream) -> dg.AssetSpec:
    table = f"{raw_schema(provider.name)}.{stream.name}"
    return dg.AssetSpec(
        stream_key(provider.name, stream.name),
        description=(
            f"{stream.description}\n\nRaw and append-only in `{table}`: every version the POS ever showed, byte for "
            f"byte. Read {_how(stream)}. Needs the scope {stream.scope}."
        ),
        group_name=provider.name,
        kinds={"dlt", provider.name, "postgres"},
        owners=OWNERS,
        tags={"pos/provider": provider.name, "pos/reading": stream.reading.value},
        metadata={
            "dagster/table_name": table,
            "scope": stream.scope,
            "overlap": str(stream.overlap),
            "refresh_after": str(stream.refresh_after),
        },
        skippable=True,
    )


def _how(stream: Stream) -> str:
    return {
        "windowed": "by time of change, each time with an overlap against late edits",
        "feed": "whole once, then what changed",
        "snapshot": "whole each time and kept when it changed",
    }[stream.reading.value]
