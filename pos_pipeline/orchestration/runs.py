"""A job in this process, as a run of the instance: what the CLI does is seen in the UI afterwards."""

from collections.abc import Mapping
from typing import Any

from dagster import DagsterInstance, ExecuteInProcessResult
from dagster._core.utils import make_new_run_id

from pos_pipeline.orchestration.instance import instance, register_tenants
from pos_pipeline.orchestration.lease import hold_lease
from pos_pipeline.services import Services
from pos_pipeline.warehouse.embedded import dagster_url

__all__ = ["register_tenants", "run_job", "run_job_on"]


def run_job(
    services: Services,
    job_name: str,
    *,
    partition_key: str | None = None,
    tags: Mapping[str, str] | None = None,
    run_config: Mapping[str, Any] | None = None,
) -> ExecuteInProcessResult:
    """Execute a job in this process against the instance of these settings, and return its result.

    The tenant of `partition_key` (`bakery`, or `2026-02-01|bakery` for history) is registered first. A run
    that fails is returned with `success` false; its events say why. Cancelling it in the UI works.

    Raises:
        dagster.DagsterInvariantViolationError: there is no such job, or the key is no partition of it.
        Misconfigured, WarehouseUnavailable: Dagster's database cannot be reached.
    """
    with instance(services.settings) as dagster:
        return run_job_on(dagster, services, job_name, partition_key=partition_key, tags=tags, run_config=run_config)


def run_job_on(
    dagster: DagsterInstance,
    services: Services,
    job_name: str,
    *,
    partition_key: str | None = None,
    tags: Mapping[str, str] | None = None,
    run_config: Mapping[str, Any] | None = None,
) -> ExecuteInProcessResult:
    """`run_job` on an instance that is open already, for many jobs in a row."""
    from pos_pipeline.definitions import build_definitions  # noqa: PLC0415 - importable once the manifest is there

    if partition_key:
        register_tenants(dagster, [partition_key.rpartition("|")[2]])
    job = build_definitions(services).resolve_job_def(job_name)
    run_id = make_new_run_id()
    with hold_lease(dagster_url(services.settings), run_id):
        return job.execute_in_process(
            instance=dagster,
            partition_key=partition_key,
            tags=tags,
            run_config=run_config,
            run_id=run_id,
            raise_on_error=False,
        )
