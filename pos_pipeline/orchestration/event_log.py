"""Forgetting what Dagster would keep for ever: superseded events, finished runs, delivered messages.

Dagster prunes ticks only. What may go is what nobody reads any more: the partition grid shows the last
materialization of each asset and partition, so that one stays however old it is, and its run with it.
Deletions go in chunks, so that no lock is held long.
"""

from datetime import UTC, datetime, timedelta
from typing import cast

import sqlalchemy as sa
from dagster import DagsterInstance
from dagster._core.storage.event_log import SqlEventLogStorage

KEPT = timedelta(days=7)
"""Details of runs, such as steps and log lines, and superseded marks in the partition grid."""

RUNS_KEPT = timedelta(days=30)
CHUNK = 10_000

_RULES = {
    "run details": """
        delete from event_logs where id in (
            select e.id from event_logs as e
            inner join runs as r on r.run_id = e.run_id
            where
                e.timestamp < :events_before
                and coalesce(e.dagster_event_type, '') not like 'ASSET%'
                and r.status in ('SUCCESS', 'FAILURE', 'CANCELED')
            limit :chunk
        )
    """,
    "superseded asset events": """
        delete from event_logs where id in (
            select e.id from event_logs as e
            where
                e.timestamp < :events_before
                and e.dagster_event_type like 'ASSET%'
                and e.asset_key is not null
                and exists (
                    select from event_logs as newer
                    where
                        newer.asset_key = e.asset_key
                        and newer.dagster_event_type = e.dagster_event_type
                        and newer.partition is not distinct from e.partition
                        and newer.id > e.id
                )
            limit :chunk
        )
    """,
    "superseded check results": """
        delete from asset_check_executions where id in (
            select e.id from asset_check_executions as e
            where
                e.create_timestamp < :events_before
                and exists (
                    select from asset_check_executions as newer
                    where
                        newer.asset_key = e.asset_key
                        and newer.check_name = e.check_name
                        and newer.partition is not distinct from e.partition
                        and newer.id > e.id
                )
            limit :chunk
        )
    """,
    "runs": """
        delete from runs where id in (
            select r.id from runs as r
            where
                r.create_timestamp < :runs_before
                and r.status in ('SUCCESS', 'FAILURE', 'CANCELED')
                and not exists (select from event_logs as e where e.run_id = r.run_id)
            limit :chunk
        )
    """,
    "tags of forgotten events": """
        delete from asset_event_tags where id in (
            select t.id from asset_event_tags as t
            where
                t.event_timestamp < :events_before
                and not exists (select from event_logs as e where e.id = t.event_id)
            limit :chunk
        )
    """,
    "delivered messages": """
        delete from kombu_message where id in (
            select id from kombu_message where not visible and timestamp < :messages_before limit :chunk
        )
    """,
}


def forget_events(instance: DagsterInstance, now: datetime | None = None) -> dict[str, int]:
    """Delete what nobody reads any more from Dagster's database; how many rows of what."""
    now = (now or datetime.now(UTC)).replace(tzinfo=None)
    bounds = {
        "events_before": now - KEPT,
        "runs_before": now - RUNS_KEPT,
        "messages_before": now - timedelta(days=1),
        "chunk": CHUNK,
    }
    forgotten = {}
    storage = cast("SqlEventLogStorage", instance.event_log_storage)
    with storage.index_connection() as connection:
        tables = sa.inspect(connection).get_table_names()
        for what, statement in _RULES.items():
            if "kombu_message" in statement and "kombu_message" not in tables:
                continue
            forgotten[what] = _delete(connection, statement, bounds)
    return forgotten


def _delete(connection: sa.Connection, statement: str, bounds: dict[str, object]) -> int:
    total = 0
    wanted = {name: value for name, value in bounds.items() if f":{name}" in statement}
    while count := connection.execute(sa.text(statement), wanted).rowcount:
        total += count
    return total
