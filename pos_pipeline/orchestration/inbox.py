"""Deliveries of POS: stored with their sync asked for in one transaction, so that an acknowledged one is never lost.

    store ──▶ pos.webhooks (pending) + pos.sync_requests ──▶ a live sync ──▶ processed
                                                        └─▶ every try failed ──▶ failed, until `replay`

What belongs to no connection is stored nowhere.
"""

import enum
from collections.abc import Sequence
from typing import LiteralString

import msgspec
import structlog

from pos_pipeline.accounts.connections import mark_failed
from pos_pipeline.errors import Unauthorised
from pos_pipeline.warehouse.database import Database
from pos_pipeline.webhooks import WebhookEvent

# What comes again makes a waiting request younger: a sync that began before it is no answer.
# A merchant may be linked by several tenants; each has its own row.
STORE: LiteralString = """
with told as (
    select
        c.id as connection_id,
        c.tenant_id,
        e.*,
        e.is_departure
        and not (e.spares <> '' and c.attributes ? e.spares)
        and coalesce(c.token_renewed_at < e.happened_at, true) as has_left
    from jsonb_to_recordset(%(events)s::jsonb) as e (
        ordinal integer,
        event_id text,
        event_type text,
        merchant_id text,
        streams text[],
        facts jsonb,
        is_departure boolean,
        happened_at timestamptz,
        spares text
    )
    inner join pos.connections as c
        on c.pos_provider = %(provider)s and e.merchant_id = c.merchant_id and c.status <> 'disconnected'
),
kept as (
    insert into pos.webhooks
        (tenant_id, connection_id, pos_provider, webhook_event_id, event_type, event_data, streams,
         processing_status, processed_at)
    select distinct on (connection_id, event_id)
        tenant_id,
        connection_id,
        %(provider)s,
        event_id,
        event_type,
        facts,
        streams,
        case when streams = '{}' then 'processed' else 'pending' end,
        case when streams = '{}' then clock_timestamp() end
    from told
    order by connection_id, event_id, ordinal
    on conflict (pos_provider, connection_id, webhook_event_id) do nothing
    returning connection_id, tenant_id, streams, webhook_event_id
),
asked as (
    insert into pos.sync_requests (tenant_id, connection_id, kind, reason)
    select distinct tenant_id, connection_id, 'live', 'webhook' from kept where streams <> '{}'
    on conflict (connection_id, kind, coalesce(window_start, '-infinity'), coalesce(window_end, 'infinity'))
    where status = 'pending' do update set requested_at = excluded.requested_at
)
select
    told.ordinal,
    bool_or(kept.webhook_event_id is not null),
    array_agg(distinct told.connection_id) filter (where told.has_left and kept.webhook_event_id is not null)
from told
left join kept on told.connection_id = kept.connection_id and told.event_id = kept.webhook_event_id
group by told.ordinal
"""
REPLAY = """
with again as (
    update pos.webhooks as w
    set processing_status = 'pending', retry_count = 0, error_message = null
    where
        processing_status = 'failed'
        and (w.tenant_id = %(tenant_id)s or %(tenant_id)s::uuid is null)
        and (w.id = any(%(ids)s) or %(ids)s::bigint[] is null)
    returning w.tenant_id, w.connection_id
),
asked as (
    insert into pos.sync_requests (tenant_id, connection_id, kind, reason)
    select distinct tenant_id, connection_id, 'live', 'webhook' from again
    on conflict (connection_id, kind, coalesce(window_start, '-infinity'), coalesce(window_end, 'infinity'))
    where status = 'pending' do update set requested_at = excluded.requested_at
)
select count(*) from again
"""

log = structlog.get_logger(__name__)


class Fate(enum.Enum):
    """What became of a delivery."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"
    """Nobody has linked this merchant."""


def store(database: Database, provider: str, events: Sequence[WebhookEvent]) -> list[Fate]:
    """Store events of one provider and ask for the syncs they make due; on return all of it is committed.

    A merchant's departure puts its connections in `error`, but for those linked anew since it happened.

    Raises:
        WarehouseUnavailable: nothing was stored.
    """
    told = [
        {
            "ordinal": ordinal,
            "event_id": event.event_id,
            "event_type": event.event_type,
            "merchant_id": event.merchant_id,
            "streams": list(event.streams),
            "facts": dict(event.facts),
            "is_departure": event.is_departure,
            "happened_at": event.happened_at,
            "spares": event.spares,
        }
        for ordinal, event in enumerate(events)
    ]
    fates = [Fate.UNKNOWN] * len(events)
    with database.transaction() as transaction:
        rows = transaction.execute(
            STORE, {"provider": provider, "events": msgspec.json.encode(told).decode()}
        ).fetchall()
        for ordinal, is_new, departed in rows:
            fates[ordinal] = Fate.STORED if is_new else Fate.DUPLICATE
            for connection_id in departed or ():
                merchant = events[ordinal].merchant_id
                withdrawn = Unauthorised(f"{provider}: merchant {merchant} has withdrawn our authorization.")
                mark_failed(transaction, connection_id, withdrawn)
                log.info("merchant has left", connection_id=str(connection_id), provider=provider)
    return fates


def replay(database: Database, *, tenant_id: object = None, ids: Sequence[int] | None = None) -> int:
    """Take dead letters up again: all, a tenant's, or those named; how many there were."""
    parameters = {"tenant_id": tenant_id, "ids": list(ids) if ids is not None else None}
    return int(database.fetch(REPLAY, parameters)[0][0])
