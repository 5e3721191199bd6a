"""From what a sync reports to what the UI shows: materializations, and one failure that names accounts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import dagster as dg

from assets.keys import stream_key
from pos_pipeline.accounts.connections import Connection
from pos_pipeline.errors import Permanent, RateLimited
from pos_pipeline.extract import SyncOutcome
from pos_pipeline.provider import Provider
from pos_pipeline.services import Services
from pos_pipeline.settings import load_settings
from pos_pipeline.warehouse.database import Database
from pos_pipeline.warehouse.migrate import raw_schema

ANNOUNCED = "pos/announced"
"""Mark of a failure whose `pos.error` events were written by the sync itself."""

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True)
class Synced:
    """One connection and what became of it."""

    connection: Connection
    outcome: SyncOutcome

    @property
    def has_failed(self) -> bool:
        """Some or all of its streams could not be read. A busy connection has not failed."""
        return self.outcome.error is not None and self.outcome.status != "busy"


def materializations(
    services: Services, provider: Provider, synced: Sequence[Synced], started_at: datetime
) -> Iterator[dg.AssetMaterialization]:
    """One per tenant and stream that every connection of the tenant has read whole since `started_at`."""
    database = services.database
    read = _streams_read(database, [one.connection.id for one in synced], started_at)
    totals = _row_estimates(database, provider)
    links = {one.connection.id: dashboard(provider, one.connection) for one in synced}
    for tenant, members in _by_tenant(synced).items():
        for stream in provider.streams:
            if not all((one.connection.id, stream.name) in read for one in members):
                continue
            yield dg.AssetMaterialization(
                stream_key(provider.name, stream.name),
                partition=tenant,
                metadata={
                    **({"dagster/row_count": totals[stream.name]} if stream.name in totals else {}),
                    "rows_loaded": sum(one.outcome.rows.get(stream.name, 0) for one in members),
                    **figures(members),
                    "till": dg.MetadataValue.url(links[members[0].connection.id]),
                },
            )


def figures(members: Sequence[Synced]) -> dict[str, dg.MetadataValue]:
    """What a sync of some connections cost and brought, for the UI."""
    outcomes = [one.outcome for one in members]
    return {
        "requests_made": dg.MetadataValue.int(sum(outcome.requests_made for outcome in outcomes)),
        "records_set_aside": dg.MetadataValue.int(sum(outcome.rejected for outcome in outcomes)),
        "new_products": dg.MetadataValue.int(sum(outcome.new_products for outcome in outcomes)),
        "duration_seconds": dg.MetadataValue.float(round(max(o.duration_seconds for o in outcomes), 3)),
        "load_id": dg.MetadataValue.text(
            ", ".join(sorted({o.load_id for o in outcomes if o.load_id})) or "nothing new"
        ),
    }


def dashboard(provider: Provider, connection: Connection) -> str:
    """The tenant's own sales at the POS, for the link in the UI."""
    return provider.dashboard_url(load_settings(provider.settings_type), connection.merchant_id)


def raise_failures(context: dg.OpExecutionContext, synced: Sequence[Synced], retries: int) -> None:
    """Fail the step for the accounts that failed; what succeeded is logged by then and stays.

    Raises:
        dagster.RetryRequested: waiting may help all of them, and fewer than `retries` retries were made.
        dagster.Failure: somebody has to act first, or the retries are used up. Names every account.
    """
    failed = [one for one in synced if one.has_failed]
    if not failed:
        return
    errors = [one.outcome.error for one in failed]
    if context.retry_number < retries and not any(isinstance(error, Permanent) for error in errors):
        waits = [error.retry_after_seconds or 0.0 for error in errors if isinstance(error, RateLimited)]
        pause = min(max([FIRST_PAUSE_SECONDS * 2**context.retry_number, *waits]), LONGEST_PAUSE_SECONDS)
        raise dg.RetryRequested(max_retries=retries, seconds_to_wait=pause) from errors[0]
    raise failure(failed)


def failure(failed: Sequence[Synced]) -> dg.Failure:
    """A failure that says whose accounts failed, why, and what to do."""
    who = ", ".join(f"{one.connection.tenant_slug} ({one.outcome.error.code})" for one in failed if one.outcome.error)
    rows = [
        dg.TableRecord(
            {
                "tenant": one.connection.tenant_slug,
                "merchant": one.connection.merchant_id,
                "error": one.outcome.error.code,
                "message": str(one.outcome.error),
                "what_to_do": one.outcome.error.action_required,
            }
        )
        for one in failed
        if one.outcome.error
    ]
    return dg.Failure(
        f"{failed[0].connection.provider}: {len(failed)} of the accounts' connections failed: {who}.",
        metadata={"failed_accounts": dg.MetadataValue.table(rows), ANNOUNCED: True},
        allow_retries=False,
    )


def _by_tenant(synced: Iterable[Synced]) -> Mapping[str, list[Synced]]:
    tenants: dict[str, list[Synced]] = {}
    for one in synced:
        tenants.setdefault(one.connection.tenant_slug, []).append(one)
    return tenants


def _streams_read(database: Database, connection_ids: list[UUID], started_at: datetime) -> set[tuple[UUID, str]]:
    """Streams whose watermark was written since `started_at`, moved or not."""
    rows = database.fetch(
        "select connection_id, stream from etl.watermarks where connection_id = any(%s) and read_at >= %s",
        (connection_ids, started_at),
    )
    return {(connection_id, stream) for connection_id, stream in rows}


def _row_estimates(database: Database, provider: Provider) -> dict[str, int]:
    """Rows of each raw table as the planner estimates them; counting would read the tables."""
    rows = database.fetch(
        "select relname, reltuples::bigint from pg_class where relnamespace = to_regnamespace(%s) and reltuples >= 0",
        (raw_schema(provider.name),),
    )
    return dict(rows)  # type: ignore[arg-type]
