"""What is forgotten, and what must not be."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import dagster as dg

from pos_pipeline.orchestration.event_log import KEPT, RUNS_KEPT, forget_events
from pos_pipeline.orchestration.retention import MESSAGES_KEPT, REQUESTS_KEPT, forget_rows
from pos_pipeline.services import Services

Link = Callable[..., UUID]
Ask = Callable[..., UUID]

PARTITIONS = dg.StaticPartitionsDefinition(["a", "b"])
KEY = dg.AssetKey("thing")


@dg.asset(key=KEY, partitions_def=PARTITIONS)
def thing() -> dg.MaterializeResult:
    """Anything."""
    return dg.MaterializeResult()


def materialized(instance: dg.DagsterInstance, partition: str) -> str:
    """Materialize a partition; the run's id."""
    return dg.materialize([thing], partition_key=partition, instance=instance).run_id


def in_time(shift: timedelta) -> datetime:
    """So much after now."""
    return datetime.now(UTC) + shift + timedelta(hours=1)


def test_last_mark_of_every_partition_stays(dagster: dg.DagsterInstance) -> None:
    """However old, the newest materialization of a partition stays, and the ones it replaced go."""
    old, new, other = (materialized(dagster, partition) for partition in ("a", "a", "b"))
    forget_events(dagster, in_time(KEPT))
    records = dagster.fetch_materializations(KEY, limit=10).records

    assert {record.run_id for record in records} == {new, other}
    assert old not in {record.run_id for record in records}
    assert dagster.get_materialized_partitions(KEY) == {"a", "b"}


def test_recent_events_stay(dagster: dg.DagsterInstance) -> None:
    """Within the time that is kept nothing is touched, superseded or not."""
    runs = [materialized(dagster, "a"), materialized(dagster, "a")]
    forgotten = forget_events(dagster)

    assert set(forgotten.values()) == {0}
    assert all(dagster.all_logs(run) for run in runs)


def test_runs_go_only_with_their_last_mark(dagster: dg.DagsterInstance) -> None:
    """A run is forgotten when nothing of it is shown any more; a run that made the present state is kept."""
    old, new = materialized(dagster, "a"), materialized(dagster, "a")
    forget_events(dagster, in_time(RUNS_KEPT))

    assert dagster.get_run_by_id(old) is None
    assert dagster.get_run_by_id(new) is not None


def test_events_of_a_run_under_way_stay(dagster: dg.DagsterInstance) -> None:
    """Details are kept while their run is not over, however long it takes."""
    run = dagster.run_storage.add_run(dg.DagsterRun("job", status=dg.DagsterRunStatus.STARTED))
    dagster.report_engine_event("still working", run)
    forget_events(dagster, in_time(RUNS_KEPT))

    assert [entry.message for entry in dagster.all_logs(run.run_id)] == ["still working"]
    dagster.delete_run(run.run_id)


def test_finished_requests_and_sent_messages_go(corner: Services, link: Link, ask: Ask) -> None:
    """What is done and sent goes after its time; what waits stays for ever."""
    connection = link()
    done = ask(connection)
    corner.database.fetch("update pos.sync_requests set status = 'done', finished_at = now() returning 1")
    waiting = ask(connection)
    corner.database.fetch(
        "insert into pos.outbox (tenant_id, routing_key, payload, published_at)"
        " select tenant_id, 'pos.error', '{}', sent from pos.connections, (values (now()), (null)) as v (sent)"
        " returning 1"
    )
    forget_rows(corner, in_time(max(MESSAGES_KEPT, REQUESTS_KEPT)))

    assert corner.database.fetch("select id from pos.sync_requests") == [(waiting,)]
    assert corner.database.fetch("select published_at from pos.outbox") == [(None,)]
    assert done != waiting


def test_answered_webhooks_go(corner: Services, link: Link) -> None:
    """Those long answered, but the last of each connection; what waits or has failed stays until somebody acts."""
    link()
    for days, status in ((90, "failed"), (80, "pending"), (70, "processed"), (60, "processed"), (50, "processed")):
        corner.database.fetch(
            "insert into pos.webhooks (tenant_id, connection_id, pos_provider, webhook_event_id, event_type,"
            " event_data, received_at, processing_status) select tenant_id, id, 'corner', %(days)s, 'e', '{}',"
            " now() - %(days)s * interval '1 day', %(status)s from pos.connections returning id",
            {"days": days, "status": status},
        )

    assert forget_rows(corner)["answered webhooks"] == 2
    assert corner.database.fetch("select webhook_event_id from pos.webhooks order by 1") == [("50",), ("80",), ("90",)]


def test_rows_of_loads_that_never_were_go(corner: Services, link: Link) -> None:
    """A raw row without its load in the ledger goes after a day; committed rows and fresh ones stay."""
    now = datetime.now(UTC)
    ids = {
        "committed": f"{(now - timedelta(days=2)).timestamp():.6f}",
        "orphan": f"{(now - timedelta(days=3)).timestamp():.6f}",
        "being loaded": f"{now.timestamp():.6f}",
    }
    connection = link()
    for name, load_id in ids.items():
        corner.database.fetch(
            "insert into raw_corner.sales"
            " (tenant_id, connection_id, id, version_at, payload, fetched_at, _dlt_load_id)"
            " select tenant_id, id, %s, now(), '{}', now(), %s from pos.connections where id = %s returning 1",
            (name, load_id, connection),
        )
    corner.database.fetch(
        "insert into etl.loads (pos_provider, load_id, row_count) values ('corner', %s, 1) returning 1",
        (ids["committed"],),
    )
    forgotten = forget_rows(corner, now)

    assert forgotten["orphaned rows of corner.sales"] == 1
    assert {row[0] for row in corner.database.fetch("select id from raw_corner.sales")} == {"committed", "being loaded"}
