"""What a group came from: the objects it is made of, their raw versions, and how these got here."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from psycopg import sql

from pos_pipeline.lineage.reading import Row, Snapshot, model, relation
from pos_pipeline.lineage.redaction import without_people
from pos_pipeline.warehouse.migrate import raw_schema

WEBHOOKS_SHOWN = 20

_OBJECTS = """
select stream, array_agg(object_id order by object_id) as ids
from {model}
where tenant_id = %(tenant_id)s and transaction_group = any(%(groups)s)
group by stream
order by stream
"""
_VERSIONS = """
select
    %(stream)s as stream,
    r.id as object_id,
    r.version_at,
    r.version_no,
    r.fetched_at,
    %(table)s as raw_table,
    r._dlt_load_id as load_id,
    r.connection_id,
    octet_length(r.payload::text) as size_bytes,
    {payload} as payload
from {table} as r
where r.tenant_id = %(tenant_id)s and r.id = any(%(ids)s)
order by r.version_at, r.version_no, r._dlt_load_id
"""
_LOADS = """
select
    wanted.load_id,
    l.load_id is not null as is_in_ledger,
    l.committed_at,
    l.run_id,
    l.row_count,
    l.batch_id,
    b.status as batch_status,
    case when b.status = 'done' then b.finished_at end as modelled_at
from unnest(%(load_ids)s::text[]) as wanted (load_id)
left join etl.loads as l on l.pos_provider = %(provider)s and wanted.load_id = l.load_id
left join etl.batches as b on l.batch_id = b.batch_id
order by l.committed_at, wanted.load_id
"""
_SYNCS = """
select
    s.id as sync_id,
    s.load_id,
    s.kind,
    s.window_start,
    s.window_end,
    s.status,
    s.sync_started_at,
    s.sync_completed_at,
    s.run_id,
    a.id as pos_account_id,
    a.location_name
from pos.sync_logs as s
inner join pos.accounts as a on s.pos_account_id = a.id
where
    a.tenant_id = %(tenant_id)s and a.connection_id = any(%(connection_ids)s) and s.load_id = any(%(load_ids)s)
    and (a.location_id = any(%(location_ids)s) or %(location_ids)s::text[] = '{}')
order by s.sync_started_at
"""
# Events name objects where the POS says them; else those that came while this was read.
_WEBHOOKS = """
select * from (
    select
        w.id as webhook_id,
        w.event_type,
        w.webhook_event_id,
        w.received_at,
        w.processing_status,
        exists (select from unnest(%(ids)s::text[]) as o (id) where strpos(w.event_data::text, o.id) > 0) as names_it
    from pos.webhooks as w
    where
        w.tenant_id = %(tenant_id)s and w.connection_id = any(%(connection_ids)s)
        and w.received_at between %(since)s::timestamptz - interval '1 hour' and %(until)s::timestamptz
) as near
order by names_it desc, received_at desc
limit %(limit)s
"""


def objects_of(view: Snapshot, provider: str, tenant_id: UUID, groups: Sequence[str]) -> dict[str, list[str]]:
    """Ids of the objects these groups are made of, by stream.

    A POS whose models do not say so is taken at its word: a group has the id of its object.
    """
    name = model(provider, "transaction_objects")
    if not view.has(name):
        return {stream: list(groups) for stream in view.streams(provider)}
    statement = sql.SQL(_OBJECTS).format(model=relation(name))
    return {row["stream"]: row["ids"] for row in view.rows(statement, tenant_id=tenant_id, groups=list(groups))}


def versions_of(
    view: Snapshot, provider: str, tenant_id: UUID, objects: dict[str, list[str]], *, payload: bool = False
) -> list[Row]:
    """Every raw row of these objects, oldest first; with `payload`, what the POS sent without people."""
    found: list[Row] = []
    for stream, ids in objects.items():
        table = f"{raw_schema(provider)}.{stream}"
        statement = sql.SQL(_VERSIONS).format(
            table=relation(table), payload=sql.SQL("r.payload" if payload else "null::jsonb")
        )
        found += view.rows(statement, stream=stream, table=table, tenant_id=tenant_id, ids=ids)
    for row in found:
        shown = row.pop("payload")
        if payload:
            row["payload"] = without_people(shown)
    return sorted(found, key=lambda row: (row["version_at"], row["version_no"] or 0, row["load_id"]))


def loads_of(view: Snapshot, provider: str, versions: Collection[Row]) -> list[Row]:
    """The loads that brought these versions, in the order of the ledger, with how many they brought."""
    load_ids = [row["load_id"] for row in versions]
    loads = view.rows(_LOADS, provider=provider, load_ids=sorted(set(load_ids)))
    return [load | {"versions": load_ids.count(load["load_id"])} for load in loads]


def arrivals_of(
    view: Snapshot, tenant_id: UUID, versions: Sequence[Row], loads: Sequence[Row], location_ids: Collection[str]
) -> dict[str, list[Row]]:
    """`syncs` that brought these versions, and `webhooks` that may have been what made them due."""
    parameters: dict[str, Any] = {
        "tenant_id": tenant_id,
        "connection_ids": list({row["connection_id"] for row in versions}),
        "load_ids": [load["load_id"] for load in loads],
        "location_ids": sorted(location_ids),
    }
    committed = [load["committed_at"] for load in loads if load["committed_at"]]
    near = {
        "ids": sorted({row["object_id"] for row in versions}),
        "since": min((row["version_at"] for row in versions), default=None),
        "until": max(committed, default=None),
        "limit": WEBHOOKS_SHOWN,
    }
    return {"syncs": view.rows(_SYNCS, **parameters), "webhooks": view.rows(_WEBHOOKS, **parameters, **near)}
