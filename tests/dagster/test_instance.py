"""Dagster's own storage, launcher and leases, on a real Postgres."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster import DagsterInstance
from dagster._core.launcher import WorkerStatus
from sqlalchemy.pool import QueuePool

from pos_pipeline.orchestration.broker import broker_url, celery_settings
from pos_pipeline.orchestration.instance import (
    DAGSTER_URL_VARIABLE,
    IMPORTS_AT_ONCE,
    limit_imports,
    prepare_instance,
    register_tenants,
)
from pos_pipeline.orchestration.launcher import PosCeleryRunLauncher
from pos_pipeline.orchestration.lease import ask_to_stop, hold_lease, is_held
from pos_pipeline.settings import Settings

HOLD = """
import sys, time
from pos_pipeline.orchestration.lease import hold_lease
with hold_lease(sys.argv[1], sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def url(dagster: DagsterInstance) -> str:
    """Where Dagster's storage is."""
    assert dagster.get_ref() is not None
    return os.environ[DAGSTER_URL_VARIABLE]


@pytest.fixture
def launcher(dagster: DagsterInstance) -> PosCeleryRunLauncher:
    """The launcher dagster.yaml names."""
    launcher = dagster.run_launcher
    assert isinstance(launcher, PosCeleryRunLauncher)
    return launcher


@pytest.fixture
def holder(url: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that executes run `r1`, as far as anybody can tell."""
    command = [sys.executable, "-c", HOLD, url, "r1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own interpreter
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def started(instance: DagsterInstance, run_id: str, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    """A run in the storage."""
    return instance.run_storage.add_run(dg.DagsterRun("job", run_id=run_id, status=status))


def status_of(instance: DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    """What the storage says about a run."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_storage_keeps_its_connections(dagster: DagsterInstance) -> None:
    """Runs, events and schedules share one pooled engine, the next instance of the process too."""
    engines = {id(part._engine) for part in (dagster.run_storage, dagster.event_log_storage, dagster.schedule_storage)}
    with DagsterInstance.get() as another:
        engines.add(id(another.run_storage._engine))

    assert len(engines) == 1
    assert isinstance(dagster.run_storage._engine.pool, QueuePool)


def test_storage_remembers_runs_and_marks(dagster: DagsterInstance) -> None:
    """What one instance wrote, the next one reads: runs, materializations, partitions."""

    @dg.asset
    def thing() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"rows": 3})

    result = dg.materialize([thing], instance=dagster)
    register_tenants(dagster, ["a"])
    register_tenants(dagster, ["b", "a"])

    with DagsterInstance.get() as another:
        assert status_of(another, result.run_id) is dg.DagsterRunStatus.SUCCESS
        assert another.get_latest_materialization_event(dg.AssetKey("thing")) is not None
        assert set(another.get_dynamic_partitions("pos_tenant")) == {"a", "b"}


def test_imports_leave_workers_to_the_tills(dagster: DagsterInstance) -> None:
    """A backfill started in the UI carries none of our tags; its pool holds it back all the same."""
    limit_imports(dagster, ["corner"])

    assert dagster.event_log_storage.get_concurrency_info("corner_history").slot_count == IMPORTS_AT_ONCE


def test_home_follows_the_repository(settings: Settings, dagster: DagsterInstance) -> None:
    """A home made by an older version gets the present dagster.yaml; nothing is phoned home from it."""
    config = settings.pos_home / "dagster" / "dagster.yaml"
    config.write_text("telemetry: {enabled: true}\n")
    prepare_instance(settings)

    assert "PooledPostgresStorage" in config.read_text()
    assert dagster.telemetry_enabled is False


def test_lease_is_known_while_held(url: str) -> None:
    """A run's lease is held inside the block and nowhere else, by one process at a time."""
    with hold_lease(url, "r1") as is_ours:
        assert is_ours
        assert is_held(url, "r1")
        assert not is_held(url, "r2")
        with hold_lease(url, "r1") as again:
            assert not again

    assert not is_held(url, "r1")


def test_lease_falls_with_a_killed_process(url: str, holder: "subprocess.Popen[str]") -> None:
    """A process that is killed cannot say goodbye; the server notices for it."""
    assert is_held(url, "r1")

    holder.kill()
    holder.wait()
    for _ in range(100):
        if not is_held(url, "r1"):
            break
        time.sleep(0.05)
    assert not is_held(url, "r1")


def test_wish_to_cancel_interrupts_the_process(url: str, holder: "subprocess.Popen[str]") -> None:
    """Asking a run to stop reaches the process that executes it, wherever that is, as an interrupt."""
    ask_to_stop(url, "r1")

    assert holder.wait(timeout=10) in (-signal.SIGINT, 1)


def test_cancel_says_so_before_it_asks(
    dagster: DagsterInstance, launcher: PosCeleryRunLauncher, holder: "subprocess.Popen[str]"
) -> None:
    """A run being executed is first marked as canceling, so that its end does not count as a crash to be retried."""
    started(dagster, "r1", dg.DagsterRunStatus.STARTED)

    assert launcher.terminate("r1")
    assert status_of(dagster, "r1") is dg.DagsterRunStatus.CANCELING
    assert holder.wait(timeout=10) != 0


def test_cancel_of_a_waiting_run_is_immediate(dagster: DagsterInstance, launcher: PosCeleryRunLauncher) -> None:
    """A run no worker has begun has nobody to interrupt: it is canceled on the spot."""
    started(dagster, "r2", dg.DagsterRunStatus.STARTING)

    assert launcher.terminate("r2")
    assert status_of(dagster, "r2") is dg.DagsterRunStatus.CANCELED


def test_cancel_of_a_finished_run_is_refused(dagster: DagsterInstance, launcher: PosCeleryRunLauncher) -> None:
    """There is nothing to cancel in a run that is over, or that never was."""
    started(dagster, "r3", dg.DagsterRunStatus.SUCCESS)

    assert not launcher.terminate("r3")
    assert not launcher.terminate("unknown")


def test_health_of_an_executing_run(
    dagster: DagsterInstance, launcher: PosCeleryRunLauncher, holder: "subprocess.Popen[str]"
) -> None:
    """While a process holds the lease the run is healthy; when that process dies it is not."""
    run = started(dagster, "r1", dg.DagsterRunStatus.STARTED)
    assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING

    holder.kill()
    holder.wait()
    for _ in range(100):
        if launcher.check_run_worker_health(run).status is WorkerStatus.FAILED:
            break
        time.sleep(0.05)
    assert launcher.check_run_worker_health(run).status is WorkerStatus.FAILED


def test_health_of_a_run_that_has_just_ended(dagster: DagsterInstance, launcher: PosCeleryRunLauncher) -> None:
    """Between the last event and the look the lease is gone too; a run that is over is not failed."""
    run = started(dagster, "r4", dg.DagsterRunStatus.SUCCESS)

    assert launcher.check_run_worker_health(run).status is WorkerStatus.SUCCESS


def test_runs_are_not_resumed(launcher: PosCeleryRunLauncher) -> None:
    """Resuming is broken upstream: a run whose worker died is failed and launched again instead."""
    assert launcher.supports_check_run_worker_health
    assert not launcher.supports_resume_run


def test_broker_is_a_table_without_rabbitmq() -> None:
    """The same worker serves both: RabbitMQ where it is set, else a table beside Dagster's own."""
    dagster_url = "postgresql+psycopg2://u:p@h/d"

    assert broker_url("amqp://h", dagster_url) == "amqp://h"
    assert broker_url(None, dagster_url) == f"sqla+{dagster_url}"
    assert celery_settings("amqp://h")["task_acks_late"] is True
    assert "table_transport" in celery_settings(f"sqla+{dagster_url}")["broker_transport"]
