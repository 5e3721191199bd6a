"""What a backfill would read: which windows of which connections, and about how long that takes."""

# ruff: noqa: PLC0415 - `--help` does without the core

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from pos_pipeline.errors import InvalidRequest

if TYPE_CHECKING:
    from pos_pipeline.accounts.connections import Connection
    from pos_pipeline.provider import Window
    from pos_pipeline.services import Services
    from pos_pipeline.warehouse.database import Database

# What earlier imports of this tenant brought, and how fast; a connection's shops share one sync.
PACE = """
with syncs as (
    select
        a.connection_id,
        l.sync_started_at,
        sum(l.transactions_fetched) as transactions,
        max(l.sync_duration_seconds) as seconds,
        max(l.window_end - l.window_start) as span
    from pos.sync_logs as l
    inner join pos.accounts as a on l.pos_account_id = a.id
    where l.tenant_id = %s and l.kind = 'window' and l.status in ('success', 'partial')
    group by a.connection_id, l.sync_started_at
)
select
    sum(transactions)::float / nullif(extract(epoch from sum(span))::float / 86400, 0),
    sum(seconds)::float / nullif(extract(epoch from sum(span))::float / 86400, 0)
from syncs
"""
CLAIM = """
insert into pos.sync_requests
    (tenant_id, connection_id, kind, reason, window_start, window_end, status, started_at, attempts)
values (%s, %s, 'window', %s, %s, %s, 'running', now(), 1)
returning id
"""


@dataclass(frozen=True)
class HistoryPart:
    """A month, or the piece of one, of one connection."""

    connection: "Connection"
    window: "Window"
    unread: int
    """Sub-windows of its streams that no earlier import has committed."""

    @property
    def days(self) -> float:
        """Its length."""
        return (self.window.end - self.window.start) / timedelta(days=1)


@dataclass(frozen=True)
class Pace:
    """How earlier imports of the tenant went, per day of one connection's history; None without any."""

    transactions: float | None
    seconds: float | None


def window_of(first: datetime | None, last: datetime | None, days: int | None, default_days: int) -> "Window":
    """The UTC window of the options: `--from --to` with both days included, or the last `--days`.

    It never reaches past now.

    Raises:
        InvalidRequest: it ends before it starts, begins in the future, or both ways are given.
    """
    from pos_pipeline.provider import Window

    now = datetime.now(UTC)
    if days is not None and (first or last):
        raise InvalidRequest("window: give --days, or --from and --to, not both.")
    if first is None and last is not None:
        raise InvalidRequest("window: --to needs --from.")
    if first is None:
        return Window(_midnight(now.date() - timedelta(days=days or default_days)), now)
    start, end = _midnight(first.date()), _midnight((last or now).date() + timedelta(days=1))
    if last and end <= start:
        raise InvalidRequest(f"window: it ends ({last:%Y-%m-%d}) before it starts ({first:%Y-%m-%d}).")
    if start >= now:
        raise InvalidRequest(f"window: it starts ({first:%Y-%m-%d}) in the future.")
    return Window(start, min(end, now))


def parts_of(services: "Services", connections: Sequence["Connection"], window: "Window") -> list[HistoryPart]:
    """The window by connection and month, each with what is left to read of it."""
    from pos_pipeline.extract.plan import plan_windows
    from pos_pipeline.orchestration.requests import months_of

    return [
        HistoryPart(
            connection,
            month,
            len(
                plan_windows(
                    services.database, services.providers[connection.provider], connection, month, None, resume=True
                )
            ),
        )
        for connection in connections
        for month in months_of(window)
    ]


def pace_of(database: "Database", tenant_id: UUID) -> Pace:
    """What the tenant's earlier imports tell about the next one."""
    return Pace(*database.fetch(PACE, (tenant_id,))[0])


def claim_parts(database: "Database", parts: Sequence[HistoryPart], *, again: bool) -> list[UUID]:
    """Requests for `parts`, already claimed for the run that follows; if it dies, another takes them later.

    With `again` sub-windows that were read before are read once more.
    """
    reason = "manual" if again else "backfill"
    with database.transaction() as connection:
        return [
            connection.execute(
                CLAIM, (p.connection.tenant_id, p.connection.id, reason, p.window.start, p.window.end)
            ).fetchall()[0][0]
            for p in parts
        ]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
