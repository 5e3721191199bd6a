from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import dagster as dg

from pos_pipeline.definitions import build_definitions
from pos_pipeline.orchestration.due import (
    claim_due,
    claim_windows,
)
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database
from sensors.due import FEW, in_flight, requests_for, requests_for_windows

Link = Callable[..., UUID]
Ask = Callable[..., UUID]
START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 5, tzinfo=UTC)


def later(database: Database, table: str, **shift: int) -> None:
    """Let time pass for the columns of a table: all of them move back."""
    for column, hours in shift.items():
        database.fetch(f"update {table} set {column} = {column} - make_interval(hours => %s) returning 1", (hours,))


def test_few_tenants_get_a_run_each_and_many_get_batches(corner: Services, link: Link) -> None:
    """Up to the limit a run per tenant; beyond it runs of fifty, and no connection is left out or doubled."""
    for number in range(FEW):
        link(f"m{number}")
    few = claim_due(corner.database, [])
    single = list(requests_for(few))
    later(corner.database, "pos.accounts", next_sync_at=1)
    for number in range(FEW, 120):
        link(f"m{number}")
    many = claim_due(corner.database, [])
    batches = [request.run_config["ops"]["sync_many"]["config"] for request in requests_for(many)]

    assert {request.partition_key for request in single} == {tenant.tenant_slug for tenant in few}
    assert {request.job_name for request in single} == {"corner_sync"}
    assert [len(batch["tenants"]) for batch in batches] == [50, 50, 20]
    synced = [one for batch in batches for one in batch["connection_ids"]]
    assert sorted(synced) == sorted(str(one) for tenant in many for one in tenant.connection_ids)


def test_asked_tenant_among_many_gets_its_own_run(corner: Services, link: Link, ask: Ask) -> None:
    """While hundreds are due, what somebody waits for is not put into a batch."""
    for number in range(FEW):
        link(f"m{number}")
    ask(link("wanted"))
    requests = list(requests_for(claim_due(corner.database, [])))

    assert [request.partition_key for request in requests if request.job_name == "corner_sync"] == ["t-wanted"]
    assert len(requests) == 2


def test_same_wish_has_the_same_run_key(corner: Services, link: Link) -> None:
    """A tick that is evaluated again after a crash asks for the same runs, which Dagster then has already."""
    for number in range(FEW + 1):
        link(f"m{number}")
    due = claim_due(corner.database, [])

    assert [request.run_key for request in requests_for(due)] == [request.run_key for request in requests_for(due)]


def test_runs_under_way_are_seen_whatever_started_them() -> None:
    """A tenant is in flight by the partition of its run or by the configuration of a batch, until the run ends."""
    config = {"ops": {"sync_many": {"config": {"provider": "corner", "tenants": ["b", "c"], "connection_ids": []}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        for run in (
            dg.DagsterRun(
                "corner_sync",
                tags={"pos/kind": "live", "pos/provider": "corner", "dagster/partition": "a"},
                status=dg.DagsterRunStatus.STARTING,
            ),
            dg.DagsterRun(
                "sync_batch", tags={"pos/kind": "live"}, run_config=config, status=dg.DagsterRunStatus.STARTED
            ),
            dg.DagsterRun(
                "corner_sync",
                tags={"pos/kind": "live", "pos/provider": "corner", "dagster/partition": "d"},
                status=dg.DagsterRunStatus.SUCCESS,
            ),
        ):
            instance.run_storage.add_run(run)

        assert in_flight(instance) == {"corner:a", "corner:b", "corner:c"}


def test_imports_get_a_run_each_and_sweeps_share(corner: Services, link: Link, ask: Ask) -> None:
    """An import is long, so it has a run to itself; the small windows of a night go together."""
    connection = link()
    imported = ask(connection, (START, END), "link")
    swept = [ask(connection, (START, END + timedelta(days=day)), "sweep") for day in range(1, 4)]
    runs = [
        request.run_config["ops"]["serve_windows"]["config"]["request_ids"]
        for request in requests_for_windows(claim_windows(corner.database))
    ]

    assert sorted(map(sorted, runs)) == sorted([[str(imported)], sorted(map(str, swept))])


def test_tick_starts_what_is_due_and_makes_tenants_known(corner: Services, link: Link) -> None:
    """One tick asks for the run and registers its tenant as a partition; the next tick has nothing left to do."""
    link()
    [sensor] = [s for s in build_definitions(corner).get_repository_def().sensor_defs if s.name == "due_accounts"]
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance) as context:
        first = sensor(context, services=corner)
        second = sensor(context, services=corner)
        known = instance.get_dynamic_partitions("pos_tenant")

    assert [(request.job_name, request.partition_key) for request in first.run_requests] == [("corner_sync", "t-m1")]
    assert known == ["t-m1"]
    assert second.skip_message == "nothing is due"
