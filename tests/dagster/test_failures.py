"""The net under failed runs."""

from collections.abc import Callable
from uuid import UUID

import dagster as dg
import pytest

from assets.outcomes import ANNOUNCED
from pos_pipeline.services import Services
from sensors.failures import announce, build_failure_sensor, subject

Link = Callable[..., UUID]


def failed_run(instance: dg.DagsterInstance, error: Exception, tags: dict[str, str]) -> dg.RunFailureSensorContext:
    """What the sensor is told about a run that ended with `error`."""

    @dg.op
    def stumble() -> None:
        raise error

    @dg.job(name="corner_sync", tags=tags)
    def job() -> None:
        stumble()

    result = job.execute_in_process(instance=instance, raise_on_error=False)
    [event] = [event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE"]
    return dg.build_run_status_sensor_context(
        "failed_runs", event, instance, instance.get_run_by_id(result.run_id)
    ).for_run_failure()


def said(services: Services) -> list[dict[str, object]]:
    """Payloads in the outbox."""
    return [row[0] for row in services.database.fetch("select payload from pos.outbox order by sequence")]


@pytest.fixture
def tags() -> dict[str, str]:
    """Tags of a run of tenant `t-m1`."""
    return {"pos/provider": "corner", "dagster/partition": "t-m1"}


def test_crash_is_announced_once_per_account(corner: Services, link: Link, tags: dict[str, str]) -> None:
    """An exception nobody named becomes `pos.error` for the tenant's accounts, without the exception's words."""
    link("m1")
    link("m2")
    with dg.DagsterInstance.ephemeral() as instance:
        context = failed_run(instance, ZeroDivisionError("token sq0atp-secret"), tags)
        build_failure_sensor()(context, services=corner)

    [event] = said(corner)
    assert (event["event_type"], event["error_type"], event["consecutive_failures"]) == ("pos_error", "run_died", 1)
    assert "secret" not in str(event)


def test_announced_failure_is_not_announced_again(corner: Services, link: Link, tags: dict[str, str]) -> None:
    """The sync has written its own events, more precise than the sensor could."""
    link()
    with dg.DagsterInstance.ephemeral() as instance:
        context = failed_run(instance, dg.Failure("revoked", metadata={ANNOUNCED: True}), tags)
        build_failure_sensor()(context, services=corner)

    assert said(corner) == []


def test_run_that_is_launched_again_is_not_announced(corner: Services, link: Link, tags: dict[str, str]) -> None:
    """A worker that died is no news while the run is repeated by itself."""
    link()
    with dg.DagsterInstance.ephemeral() as instance:
        context = failed_run(instance, ZeroDivisionError(), tags | {"dagster/will_retry": "true"})
        build_failure_sensor()(context, services=corner)

    assert said(corner) == []


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (dg.DagsterRun("corner_sync", tags={"pos/provider": "corner", "dagster/partition": "a"}), ("corner", ["a"])),
        (dg.DagsterRun("history", tags={"dagster/partition": "2026-09-01|b"}), (None, ["b"])),
        (
            dg.DagsterRun(
                "__ASSET_JOB",
                tags={"dagster/asset_partition_range_start": "2026-07-01|b"},
                asset_selection={dg.AssetKey(["corner", "corner_history"])},
            ),
            ("corner", ["b"]),
        ),
        (
            dg.DagsterRun(
                "sync_batch",
                run_config={
                    "ops": {"sync_many": {"config": {"provider": "c", "tenants": ["x", "y"], "connection_ids": []}}}
                },
            ),
            ("c", ["x", "y"]),
        ),
        (dg.DagsterRun("marts"), (None, [])),
    ],
)
def test_whom_a_run_was_for(run: dg.DagsterRun, expected: tuple[str | None, list[str]]) -> None:
    """The tenants of a run are in its partition or its configuration; a run of dbt is for nobody in particular."""
    assert subject(run) == expected


def test_accounts_that_wait_for_a_person_are_left_out(corner: Services, link: Link, tags: dict[str, str]) -> None:
    """Their error is known and says what to do; a crash adds nothing to it."""
    link()
    corner.database.fetch("update pos.accounts set status = 'error' returning 1")

    assert announce(corner, dg.DagsterRun("corner_sync", tags=tags)) == 0
