"""What is to be synced now, and what became of what was asked for.

    pos.accounts (next_sync_at) ──┐
                                  ├──▶ claim_due ──▶ runs ──▶ settle_live
    pos.sync_requests (live) ─────┘
    pos.sync_requests (window) ──────▶ claim_windows ──▶ runs ──▶ settle_window

An account in error is due as long as its connection is active: one stream that lacks a scope must not stop
the sales of a shop. A refused grant takes the connection out, and with it everything.

A claim is a lease, not a removal: an account is due again and a request is free again when the run
that was to serve it never came back. Two schedulers never claim the same row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from pos_pipeline.errors import Retryable
from pos_pipeline.provider import Window
from pos_pipeline.warehouse.database import Database

LEASE = timedelta(minutes=2)
"""How long a claimed account waits for its run before it is due again; while the run is queued it is skipped."""

WINDOW_LEASE = timedelta(minutes=30)
BUSY_PAUSE = timedelta(seconds=5)

# A request waits as `pending` or, between two attempts, as `running` without a start.
_IS_FREE: LiteralString = """
    r.not_before <= now()
    and (r.status = 'pending' or (r.status = 'running' and coalesce(r.started_at, '-infinity') < now() - %(lease)s))
"""

_CLAIM_DUE: LiteralString = f"""
with due as (
    select a.id, a.connection_id, a.next_sync_at as due_at
    from pos.accounts as a
    inner join pos.connections as c on a.connection_id = c.id
    inner join pos.tenants as t on a.tenant_id = t.id
    where
        a.sync_enabled and a.status <> 'disconnected' and c.status = 'active' and a.next_sync_at <= now()
        and a.pos_provider || ':' || t.slug <> all(%(in_flight)s)
    order by a.next_sync_at
    limit %(limit)s
    for update of a skip locked
),
leased as (
    update pos.accounts as a set next_sync_at = now() + %(lease)s from due where a.id = due.id
),
asked as (
    select r.id, r.connection_id, r.requested_at as due_at, r.attempts + 1 as attempt
    from pos.sync_requests as r
    inner join pos.connections as c on r.connection_id = c.id
    inner join pos.tenants as t on r.tenant_id = t.id
    where
        r.kind = 'live' and {_IS_FREE}
        and c.pos_provider || ':' || t.slug <> all(%(in_flight)s)
    order by r.requested_at
    limit %(limit)s
    for update of r skip locked
),
taken as (
    update pos.sync_requests as r
    set status = 'running', started_at = now(), attempts = r.attempts + 1
    from asked where r.id = asked.id
),
wanted as (
    select connection_id, due_at, 0 as attempt from due
    union all
    select connection_id, due_at, attempt from asked
)
select
    c.pos_provider,
    t.slug,
    array_agg(distinct c.id),
    min(w.due_at),
    max(w.attempt)
from wanted as w
inner join pos.connections as c on w.connection_id = c.id
inner join pos.tenants as t on c.tenant_id = t.id
group by c.pos_provider, t.slug
order by max(w.attempt) > 0 desc, min(w.due_at)
"""

_CLAIM_WINDOWS: LiteralString = f"""
with asked as (
    select r.id
    from pos.sync_requests as r
    where r.kind = 'window' and {_IS_FREE}
    order by r.requested_at
    limit %(limit)s
    for update of r skip locked
)
update pos.sync_requests as r
set status = 'running', started_at = now(), attempts = r.attempts + 1
from asked, pos.connections as c
where r.id = asked.id and c.id = r.connection_id
returning r.id, c.pos_provider, r.reason
"""


_SETTLE_WEBHOOKS: LiteralString = """
update pos.webhooks as w
set
    processing_status = case
        when not %(failed)s then 'processed'
        when exists (
            select from pos.sync_requests as r
            where r.connection_id = w.connection_id and r.kind = 'live' and r.status in ('pending', 'running')
        ) then 'pending'
        else 'failed'
    end,
    processed_at = case when %(failed)s then w.processed_at else clock_timestamp() end,
    retry_count = w.retry_count + case when %(failed)s then 1 else 0 end,
    error_message = %(message)s
where w.connection_id = %(id)s and w.processing_status = 'pending' and w.received_at <= %(started_at)s
returning w.id
"""


@dataclass(frozen=True)
class DueTenant:
    """Connections of one tenant at one POS that are to be synced now."""

    provider: str
    tenant_slug: str
    connection_ids: tuple[UUID, ...]
    due_at: datetime
    """Since when."""
    attempt: int
    """How often a request was claimed, this time included; 0 when only the clock wants it."""

    @property
    def key(self) -> str:
        """The pair that is synced by one run at a time."""
        return f"{self.provider}:{self.tenant_slug}"

    @property
    def is_asked(self) -> bool:
        """Somebody or something asked for it; not merely the clock."""
        return self.attempt > 0

    @property
    def wish(self) -> str:
        """Names this claim, so that one claim never becomes two runs."""
        return f"{self.key}@{self.due_at.isoformat()}#{self.attempt}"


@dataclass(frozen=True)
class ClaimedWindow:
    """A request for a historical window, claimed for one run."""

    request_id: UUID
    provider: str
    reason: str


@dataclass(frozen=True)
class WindowRequest:
    """What a claimed request asks for."""

    id: UUID
    connection_id: UUID
    tenant_slug: str
    window: Window
    reason: str


def claim_due(database: Database, in_flight: Collection[str], limit: int = 5_000) -> list[DueTenant]:
    """Tenants with something due or asked for, asked ones first, and nobody else's until the lease ends.

    `in_flight` are keys (`provider:slug`) a run is queued or running for: what they need stays as it
    is and is claimed after that run, so that a wish that came during a sync is not lost in it.
    """
    rows = database.fetch(_CLAIM_DUE, {"in_flight": list(in_flight), "lease": LEASE, "limit": limit})
    return [DueTenant(provider, slug, tuple(ids), due_at, attempt) for provider, slug, ids, due_at, attempt in rows]


def claim_windows(database: Database, limit: int = 200) -> list[ClaimedWindow]:
    """Requests for windows, oldest first, claimed until the lease ends."""
    return [ClaimedWindow(*row) for row in database.fetch(_CLAIM_WINDOWS, {"lease": WINDOW_LEASE, "limit": limit})]


def window_requests(database: Database, request_ids: Sequence[UUID]) -> list[WindowRequest]:
    """What these requests ask for; those that are over already are left out."""
    rows = database.fetch(
        """
        select r.id, r.connection_id, t.slug, r.window_start, r.window_end, r.reason
        from pos.sync_requests as r
        inner join pos.tenants as t on r.tenant_id = t.id
        where r.id = any(%s) and r.kind = 'window' and r.status in ('pending', 'running')
        order by r.requested_at, r.id
        """,
        (list(request_ids),),
    )
    return [WindowRequest(id_, connection, slug, Window(a, b), reason) for id_, connection, slug, a, b, reason in rows]


def settle_live(
    database: Database, connection_id: UUID, started_at: datetime, error: Exception | None, max_retries: int
) -> None:
    """Close what a live sync that began at `started_at` (UTC) has answered: requests and webhooks from before it.

    After a retryable error they are tried again, later each time, `max_retries` times; webhooks that no request
    stands for any more are dead letters.
    """
    parameters = {"id": connection_id, "started_at": started_at}
    _settle(
        database,
        "r.connection_id = %(id)s and r.kind = 'live' and r.requested_at <= %(started_at)s",
        parameters,
        error,
        max_retries,
    )
    message = str(error) if error else None
    database.fetch(_SETTLE_WEBHOOKS, parameters | {"failed": error is not None, "message": message})


def settle_window(database: Database, request_id: UUID, error: Exception | None, max_retries: int) -> None:
    """Close one request for a window; after a retryable error it is tried again, later each time."""
    _settle(database, "r.id = %(id)s", {"id": request_id}, error, max_retries)


def release(database: Database, connection_id: UUID) -> None:
    """Another process is syncing this connection: look again shortly, whether it has answered."""
    database.fetch(
        """
        update pos.sync_requests set not_before = now() + %s, started_at = null
        where connection_id = %s and kind = 'live' and status = 'running'
        returning id
        """,
        (BUSY_PAUSE, connection_id),
    )


def ask_for_windows(database: Database, window: Window, reason: str) -> int:
    """Ask for `window` of every active connection; the number of requests that were not there yet."""
    rows = database.fetch(
        """
        insert into pos.sync_requests (tenant_id, connection_id, kind, reason, window_start, window_end)
        select c.tenant_id, c.id, 'window', %s, %s, %s
        from pos.connections as c
        where c.status = 'active' and exists (
            select from pos.accounts as a where a.connection_id = c.id and a.sync_enabled
        )
        on conflict (connection_id, kind, coalesce(window_start, '-infinity'), coalesce(window_end, 'infinity'))
        where status = 'pending' do nothing
        returning id
        """,
        (reason, window.start, window.end),
    )
    return len(rows)


def _settle(
    database: Database,
    which: LiteralString,
    parameters: dict[str, object],
    error: Exception | None,
    max_retries: int,
) -> None:
    database.fetch(
        f"""
        update pos.sync_requests as r
        set
            status = case
                when not %(failed)s then 'done'
                when %(again)s and r.attempts <= %(max_retries)s then 'running'
                else 'failed'
            end,
            started_at = case when %(again)s and r.attempts <= %(max_retries)s then null else r.started_at end,
            finished_at = case when %(again)s and r.attempts <= %(max_retries)s then null else now() end,
            not_before = now() + case when %(again)s then interval '15 seconds' * power(2, r.attempts) else '0' end,
            error_message = %(message)s
        where {which} and r.status in ('pending', 'running')
        returning r.id
        """,
        {
            **parameters,
            "failed": error is not None,
            "again": isinstance(error, Retryable),
            "message": str(error) if error else None,
            "max_retries": max_retries,
        },
    )
