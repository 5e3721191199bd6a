"""Jobs of the CLI are runs like any other."""

from collections.abc import Callable
from uuid import UUID

import dagster as dg
from fakes.corner_till import sale
from fakes.linked_till import LinkedTill

from pos_pipeline.errors import Unauthorised
from pos_pipeline.orchestration.runs import run_job
from pos_pipeline.services import Services

Link = Callable[..., UUID]


def test_job_is_a_run_of_the_instance(
    corner: Services, link: Link, till: LinkedTill, dagster: dg.DagsterInstance
) -> None:
    """What the CLI does is found afterwards in the instance, with partition and tags; the tenant is made known."""
    link()
    till.sales["m1"] = [sale(1, minute=1)]
    result = run_job(corner, "corner_sync", partition_key="t-m1", tags={"pos/trigger": "cli"})
    run = dagster.get_run_by_id(result.run_id)

    assert run is not None
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert (run.tags["dagster/partition"], run.tags["pos/trigger"]) == ("t-m1", "cli")
    assert "t-m1" in dagster.get_dynamic_partitions("pos_tenant")


def test_failed_job_is_returned_and_recorded(
    corner: Services, link: Link, till: LinkedTill, dagster: dg.DagsterInstance
) -> None:
    """A failure is a result with a reason, not an exception, and the run is there to look at."""
    link()

    def fault(_merchant: str, _stream: str) -> None:
        raise Unauthorised("corner: the grant is gone")

    till.fault = fault
    result = run_job(corner, "corner_sync", partition_key="t-m1")
    run = dagster.get_run_by_id(result.run_id)

    assert not result.success
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE


def test_month_of_history_registers_its_tenant(corner: Services, link: Link, dagster: dg.DagsterInstance) -> None:
    """A history key names the tenant after the month; that tenant is made known too."""
    link("m9")
    result = run_job(corner, "history", partition_key="2026-09-01|t-m9")

    assert result.success
    assert "t-m9" in dagster.get_dynamic_partitions("pos_tenant")
