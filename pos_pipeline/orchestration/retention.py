"""Forgetting what the warehouse does not need: what is finished, sent or answered, rows of loads that never were.

Sales, sync logs and the ledger stay. A raw row whose load is not in the ledger was left by a process that
died before its commit; nobody sees it and its objects were read again.
"""

from datetime import UTC, datetime, timedelta

from psycopg import sql

from pos_pipeline.provider import Provider
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Connection
from pos_pipeline.warehouse.migrate import raw_schema

REQUESTS_KEPT = timedelta(days=14)
MESSAGES_KEPT = timedelta(days=30)
STATES_KEPT = timedelta(days=1)
WEBHOOKS_KEPT = timedelta(days=30)
"""Far longer than any POS repeats a delivery: by then nobody asks whether an event was here before."""

ORPHANS_FROM = timedelta(days=8)
ORPHANS_UNTIL = timedelta(days=1)
"""Loads of this age are looked at: old enough to be over, young enough for the index on load ids to help."""

_RULES = {
    "finished sync requests": (
        "delete from pos.sync_requests where status in ('done', 'failed') and finished_at < %s",
        REQUESTS_KEPT,
    ),
    "published events": ("delete from pos.outbox where published_at < %s", MESSAGES_KEPT),
    # The last one stays: that events came says that they are expected.
    "answered webhooks": (
        """
        delete from pos.webhooks as w
        where
            w.processing_status = 'processed' and w.received_at < %s
            and exists (
                select from pos.webhooks as l where l.connection_id = w.connection_id and l.received_at > w.received_at
            )
        """,
        WEBHOOKS_KEPT,
    ),
    "messages acted upon": ("delete from pos.messages where received_at < %s", MESSAGES_KEPT),
    "expired consents": ("delete from pos.oauth_states where expires_at < %s", STATES_KEPT),
}


def forget_rows(services: Services, now: datetime | None = None) -> dict[str, int]:
    """Delete old control rows and orphaned raw rows; how many rows of what."""
    now = now or datetime.now(UTC)
    forgotten = {}
    for what, (statement, kept) in _RULES.items():
        with services.database.transaction() as transaction:
            forgotten[what] = transaction.execute(statement.encode(), (now - kept,)).rowcount
    for provider in services.providers.values():
        for stream in provider.streams:
            with services.database.transaction() as transaction:
                orphans = _forget_orphans(transaction, provider, stream.name, now)
            forgotten[f"orphaned rows of {provider.name}.{stream.name}"] = orphans
    return forgotten


def _forget_orphans(transaction: Connection, provider: Provider, stream: str, now: datetime) -> int:
    """Rows of one raw table whose load was never committed. dlt's load ids are Unix times."""
    table = sql.Identifier(raw_schema(provider.name), stream)
    return transaction.execute(
        sql.SQL(
            """
            delete from {} as r
            where
                r._dlt_load_id >= %(oldest)s and r._dlt_load_id < %(newest)s
                and not exists (
                    select from etl.loads as l where l.pos_provider = %(provider)s and l.load_id = r._dlt_load_id
                )
            """
        ).format(table),
        {
            "oldest": f"{(now - ORPHANS_FROM).timestamp():.6f}",
            "newest": f"{(now - ORPHANS_UNTIL).timestamp():.6f}",
            "provider": provider.name,
        },
    ).rowcount
