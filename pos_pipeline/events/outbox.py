"""The outbox table: events wait here from the fact's commit until the broker has them.

Only this module reads or writes `pos.outbox`. Rows are ordered by `sequence`, which is taken at
insert and not at commit: within one transaction the order is exact, between two that overlap
it is close. Published rows stay until retention removes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from pos_pipeline.events.schema import Message, redact
from pos_pipeline.warehouse.database import Connection, Database

# A load is in the marts when the batch that claimed it is done; before, its event would send a
# consumer to figures that are not there yet.
_IS_MODELLED = """
    (o.load_id is null or exists (
        select from etl.loads as l
        inner join etl.batches as b on l.batch_id = b.batch_id
        where l.pos_provider = o.pos_provider and l.load_id = o.load_id and b.status = 'done'
    ))
"""

_INSERT = """
insert into pos.outbox (id, tenant_id, routing_key, payload, pos_provider, load_id)
values (%s, %s, %s, %s, %s, %s)
"""

_PUBLISHABLE = f"""
select o.id, o.sequence, o.tenant_id, o.routing_key, o.payload, o.created_at
from pos.outbox as o
where o.published_at is null and o.sequence > %s and {_IS_MODELLED}
order by o.sequence
limit %s
for update of o skip locked
"""

_DEPTH = f"""
select
    count(*) filter (where {_IS_MODELLED}) as ready,
    count(*) filter (where not {_IS_MODELLED}) as held,
    count(*) filter (where o.attempts > 0) as failed,
    min(o.created_at) as oldest_at
from pos.outbox as o
where o.published_at is null
"""

_BACKLOG = """
select
    count(*) as waiting,
    (select created_at from pos.outbox where published_at is null order by sequence limit 1) as oldest_at
from pos.outbox
where published_at is null
"""


@dataclass(frozen=True)
class OutboxRow:
    """One event on its way; `payload` is the body as it is sent."""

    id: UUID
    sequence: int
    tenant_id: UUID
    routing_key: str
    payload: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class Depth:
    """What waits in the outbox."""

    ready: int
    """May be sent now."""
    held: int
    """Waits for dbt to model its load."""
    failed: int
    """Of both, those the broker refused at least once; they are tried again."""
    oldest_at: datetime | None

    @property
    def waiting(self) -> int:
        """All unsent events."""
        return self.ready + self.held


def enqueue(connection: Connection, event: Message, *, provider: str | None = None, load_id: str | None = None) -> UUID:
    """Write `event` in the caller's transaction; its id, which is also the message id.

    With `provider` and `load_id` the event is held until dbt has modelled that load.

    Raises:
        ValueError: only one of the two is given.
    """
    if (provider is None) != (load_id is None):
        raise ValueError("a load is named by its provider and its load_id together")
    event_id = uuid4()
    payload = Jsonb(event.payload(event_id))
    connection.execute(_INSERT, (event_id, event.tenant_id, event.routing_key, payload, provider, load_id))
    return event_id


def publishable(connection: Connection, limit: int, after: int = 0) -> list[OutboxRow]:
    """Unsent rows past sequence `after` whose load is modelled, in order, locked by this transaction.

    Rows another publisher has locked are skipped, so two publishers never send the same row.
    A held row does not hold back the ones behind it.
    """
    return [OutboxRow(*row) for row in connection.execute(_PUBLISHABLE, (after, limit)).fetchall()]


def mark_published(connection: Connection, event_ids: Sequence[UUID]) -> None:
    """The broker has confirmed these."""
    connection.execute(
        "update pos.outbox set published_at = clock_timestamp(), attempts = attempts + 1, last_error = null"
        " where id = any(%s)",
        (list(event_ids),),
    )


def mark_failed(connection: Connection, event_id: UUID, reason: str) -> None:
    """The broker refused this one; it stays and is tried again by the next publish."""
    connection.execute(
        "update pos.outbox set attempts = attempts + 1, last_error = %s where id = %s",
        (redact(reason), event_id),
    )


def depth(database: Database) -> Depth:
    """How many events wait, and since when."""
    return Depth(*database.fetch(_DEPTH)[0])


def backlog(connection: Connection) -> tuple[int, datetime | None]:
    """How many events are unsent, held or not, and since when; quick however many there are."""
    [(waiting, oldest_at)] = connection.execute(_BACKLOG).fetchall()
    return waiting, oldest_at
