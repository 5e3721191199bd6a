"""Asking for syncs. What is asked for waits in `pos.sync_requests`; `due` hands it to runs.

Asking twice for the same thing that still waits is asking once, as late as the second time: a live sync that
began before somebody asked does not answer them.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.provider import Window
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Connection as Transaction

Reason = Literal["webhook", "manual", "backfill", "message", "link"]

ASK_LIVE = """
insert into pos.sync_requests (tenant_id, connection_id, kind, reason) values (%s, %s, 'live', %s)
on conflict (connection_id, kind, coalesce(window_start, '-infinity'), coalesce(window_end, 'infinity'))
where status = 'pending' do update set requested_at = excluded.requested_at
returning id
"""
ASK_WINDOW = """
insert into pos.sync_requests (tenant_id, connection_id, kind, reason, window_start, window_end)
values (%s, %s, 'window', %s, %s, %s)
on conflict (connection_id, kind, coalesce(window_start, '-infinity'), coalesce(window_end, 'infinity'))
where status = 'pending' do update
-- An import leaves out what was read before; who wants it read again must not be answered by one.
set reason = case
    when excluded.reason in ('backfill', 'link') then sync_requests.reason
    else excluded.reason
end
returning id
"""


def ask_live(transaction: Transaction, connection: Connection, reason: Reason) -> UUID:
    """Ask for what changed at a connection; the id of the request that will answer it."""
    [(request_id,)] = transaction.execute(ASK_LIVE, (connection.tenant_id, connection.id, reason)).fetchall()
    return UUID(str(request_id))


def ask_window(transaction: Transaction, connection: Connection, window: Window, reason: Reason) -> list[UUID]:
    """Ask for everything that changed in a window, month by month; the ids of the requests, oldest month first."""
    requests = []
    for month in months_of(window):
        wanted = (connection.tenant_id, connection.id, reason, month.start, month.end)
        [(request_id,)] = transaction.execute(ASK_WINDOW, wanted).fetchall()
        requests.append(UUID(str(request_id)))
    return requests


def welcome(services: Services, connections: Sequence[Connection]) -> None:
    """Ask for the past and the present of newly linked connections, the newest month first.

    The past are HISTORICAL_IMPORT_DAYS before the till was linked; what was read before is not read again.
    """
    days = services.settings.historical_import_days
    with services.database.transaction() as transaction:
        for connection in connections:
            ask_live(transaction, connection, "link")
            start = midnight((connection.live_since - timedelta(days=days)).date())
            months = months_of(Window(start, connection.live_since)) if days else ()
            for month in reversed(list(months)):
                ask_window(transaction, connection, month, "link")


def months_of(window: Window) -> Iterator[Window]:
    """`window` cut at the beginning of each month, which is how the Dagster UI shows history."""
    start = window.start
    while start < window.end:
        following = midnight((start.date().replace(day=1) + timedelta(days=32)).replace(day=1))
        yield Window(start, min(following, window.end))
        start = following


def midnight(day: date) -> datetime:
    """The first moment of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
