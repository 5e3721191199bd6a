"""Transactions for the sales service: what is new or changed goes out once per content, and is answered for.

    marts ──note──▶ pos.sales_deliveries (waiting) ──compare hash──▶ pos.outbox ──▶ `pos.transactions`
                        ▲                                                                  │
                        └─────────── acknowledge (this content only) ◀── sales ◀───────────┘

`note` finds what was made since its own mark in `etl.model_progress`. A transaction that was made again with equal
content costs a comparison and no message. Sales' answers are also the brake: a tenant has at most `UNANSWERED_LIMIT`
transactions under way, so that a first import goes as fast as sales takes it, and a platform without a sales
service keeps one such portion. Nothing is noted before a broker is configured.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from pos_pipeline.events.outbox import enqueue
from pos_pipeline.events.schema import Transactions, redact
from pos_pipeline.events.transactions import ENTRIES
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.database import Connection, Database

UNANSWERED_LIMIT = 5_000
"""Transactions of a tenant that were sent and not answered for; more wait until answers come."""
PAGE = 1_000
"""Transactions compared in one database transaction."""
RUN_LIMIT = 20_000
"""Transactions compared by one call; the marts' next run must not wait long for it."""
MESSAGE_TRANSACTIONS = 100
MESSAGE_BYTES = 256 * 1024

DELIVERY_LOCK = 7_301_003
MARK = "sales_deliveries"

# Only what whole batches have left: a transform under way, or one that failed, has written some models and not others.
_IS_SETTLED: LiteralString = "not exists (select from etl.batches where status <> 'done')"

_HAS_MARTS = "select to_regclass('marts.fct_transactions') is not null"

_MARKS: LiteralString = f"""
select
    coalesce((select batch_id from etl.model_progress where model = %s), 0),
    coalesce((select max(batch_id) from etl.batches), 0)
where {_IS_SETTLED}
"""
_NOTE_MADE = """
insert into pos.sales_deliveries as d (tenant_id, transaction_id, business_date)
select tenant_id, id, business_date
from marts.fct_transactions
where _batch_id > %(seen)s and _batch_id <= %(batch)s
on conflict (tenant_id, transaction_id) do update
set is_waiting = true, business_date = excluded.business_date
where not d.is_waiting or d.business_date <> excluded.business_date
"""
# A transaction that vanished (a payment that turned out to be part of an order) leaves its business day touched.
_NOTE_VANISHED = """
update pos.sales_deliveries as d
set is_waiting = true
from etl.touched_days as days
where
    days.batch_id > %(seen)s
    and d.tenant_id = days.tenant_id and d.business_date = days.business_date and not d.is_waiting
    and not exists (select from marts.fct_transactions as t where t.tenant_id = d.tenant_id and t.id = d.transaction_id)
"""
_REMEMBER = """
insert into etl.model_progress (model, batch_id) values (%s, %s)
on conflict (model) do update set batch_id = excluded.batch_id, updated_at = clock_timestamp()
"""

_WITH_ROOM: LiteralString = """
with recursive tenants as (
    (select tenant_id from pos.sales_deliveries where is_waiting order by tenant_id limit 1)
    union all
    select (
        select d.tenant_id from pos.sales_deliveries as d
        where d.is_waiting and d.tenant_id > tenants.tenant_id order by d.tenant_id limit 1
    )
    from tenants where tenants.tenant_id is not null
),
with_room as (
    select tenant_id, %(limit)s - sent.unanswered as room
    from tenants
    cross join lateral (
        select count(*) as unanswered from (
            select from pos.sales_deliveries as d
            where d.tenant_id = tenants.tenant_id and d.content_hash is not null and d.acknowledged_at is null
            limit %(limit)s
        ) as under_way
    ) as sent
    where tenant_id is not null and sent.unanswered < %(limit)s
)
"""
_PAGE: LiteralString = f"""
{_WITH_ROOM},
waiting as materialized (
    select d.tenant_id, d.transaction_id, d.content_hash
    from with_room
    cross join lateral (
        select * from pos.sales_deliveries as one
        where one.tenant_id = with_room.tenant_id and one.is_waiting
        order by one.business_date desc
        limit with_room.room
    ) as d
    where {_IS_SETTLED}
    limit %(page)s
),
{ENTRIES}
select tenant_id, transaction_id, delivered_hash, sha256(convert_to(entry::text, 'UTF8')), entry
from entries
order by tenant_id, entry ->> 'transaction_date' desc
"""
_HAS_ROOM: LiteralString = f"{_WITH_ROOM} select exists (select from with_room) and {_IS_SETTLED}"

_FORGET_UNTOLD = "delete from pos.sales_deliveries where tenant_id = %s and transaction_id = any(%s)"
_UNCHANGED = "update pos.sales_deliveries set is_waiting = false where tenant_id = %s and transaction_id = any(%s)"
_DELIVERED = """
update pos.sales_deliveries as d
set
    is_waiting = false, content_hash = told.content_hash, event_id = %(event_id)s, queued_at = clock_timestamp(),
    acknowledged_at = null, sales_record_id = null, sync_error = null
from unnest(%(ids)s::uuid[], %(hashes)s::bytea[]) as told (transaction_id, content_hash)
where d.tenant_id = %(tenant_id)s and d.transaction_id = told.transaction_id
"""
_ACKNOWLEDGE = """
update pos.sales_deliveries
set acknowledged_at = clock_timestamp(), sales_record_id = %s, sync_error = %s
where tenant_id = %s and transaction_id = %s and content_hash = %s
"""
_SEND_AGAIN = """
update pos.sales_deliveries
set is_waiting = true, content_hash = null
where tenant_id = %s and content_hash is not null and (acknowledged_at is null or sync_error is not null)
"""

Row = tuple[UUID, UUID, bytes | None, bytes, dict[str, Any]]


def delivers(settings: Settings) -> bool:
    """Whether transactions are delivered at all: wanted, and a broker is configured."""
    return settings.deliver_to_sales and settings.rabbitmq_url is not None


def deliver(services: Services, limit: int = RUN_LIMIT) -> int:
    """Put new and changed transactions into the outbox; how many. What is left waits for answers, or the next call.

    The latest business days go first, so that today's sales do not queue behind an import. Does nothing while a
    transform is under way, or when `delivers` says no.
    """
    if not delivers(services.settings) or not services.database.fetch(_HAS_MARTS)[0][0]:
        return 0
    _note(services.database)
    personal = services.settings.deliver_personal_data
    told = compared = 0
    while compared < limit:
        with services.database.transaction() as transaction:
            _alone(transaction)
            parameters = {"limit": UNANSWERED_LIMIT, "page": min(PAGE, limit - compared), "personal": personal}
            rows: list[Any] = transaction.execute(_PAGE, parameters).fetchall()
            for tenant_id, of_tenant in groupby(rows, key=itemgetter(0)):
                told += _tell(transaction, tenant_id, list(of_tenant))
        if not rows:
            break
        compared += len(rows)
    return told


def may_deliver(database: Database) -> bool:
    """Whether transactions wait that sales has room for."""
    return bool(database.fetch(_HAS_ROOM, {"limit": UNANSWERED_LIMIT})[0][0])


def acknowledge(
    transaction: Connection,
    tenant_id: UUID,
    transaction_id: UUID,
    content_hash: bytes,
    *,
    sales_record_id: UUID | None = None,
    error: str | None = None,
) -> bool:
    """Note sales' answer; False when it speaks of another content than the one delivered last, and changes nothing."""
    reason = redact(error.replace("\0", "")) if error is not None else None  # Postgres has no text with a NUL
    answered = transaction.execute(_ACKNOWLEDGE, (sales_record_id, reason, tenant_id, transaction_id, content_hash))
    return answered.rowcount > 0


def send_again(database: Database, tenant_id: UUID) -> int:
    """Let everything that sales has not recorded be delivered once more; how many transactions."""
    with database.transaction() as transaction:
        _alone(transaction)
        return transaction.execute(_SEND_AGAIN, (tenant_id,)).rowcount


def _note(database: Database) -> None:
    """Mark as waiting what batches since the last time have made or removed."""
    with database.transaction() as transaction:
        _alone(transaction)
        marks = transaction.execute(_MARKS, (MARK,)).fetchone()
        if marks is None or marks[0] >= marks[1]:
            return
        parameters = {"seen": marks[0], "batch": marks[1]}
        transaction.execute(_NOTE_MADE, parameters)
        transaction.execute(_NOTE_VANISHED, parameters)
        transaction.execute(_REMEMBER, (MARK, marks[1]))


def _tell(transaction: Connection, tenant_id: UUID, rows: Sequence[Row]) -> int:
    """Enqueue what differs from what was delivered, and settle the rest; how many transactions differ."""
    untold = [row[1] for row in rows if row[4]["removed"] and row[2] is None]
    changed = [row for row in rows if row[2] != row[3] and not (row[4]["removed"] and row[2] is None)]
    transaction.execute(_FORGET_UNTOLD, (tenant_id, untold))
    transaction.execute(_UNCHANGED, (tenant_id, [row[1] for row in rows if row[2] == row[3]]))
    for batch in _batches(changed):
        entries = [entry | {"content_hash": content_hash.hex()} for _, _, _, content_hash, entry in batch]
        event_id = enqueue(transaction, Transactions(tenant_id=tenant_id, transactions=entries))
        told = {"ids": [row[1] for row in batch], "hashes": [row[3] for row in batch]}
        transaction.execute(_DELIVERED, {"event_id": event_id, "tenant_id": tenant_id, **told})
    return len(changed)


def _batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """`rows` cut to what fits into one message; one transaction larger than that goes alone."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        length = len(msgspec.json.encode(row[4]))
        if batch and (len(batch) == MESSAGE_TRANSACTIONS or size + length > MESSAGE_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch


def _alone(transaction: Connection) -> None:
    """Wait for another delivery's transaction: what was noted meanwhile must not be taken for compared."""
    transaction.execute("select pg_advisory_xact_lock(%s)", (DELIVERY_LOCK,))
