"""The net under failed runs: a run that ended without a word still becomes a `pos.error`.

A sync announces its own failures, precisely and at once, in the transaction of their fact. What is left
for this sensor are runs that died or stumbled over something nobody named; it never speaks a second
time about a failure the sync has announced, nor about a run that is launched again by itself.
"""

from collections.abc import Sequence

import dagster as dg

from assets.jobs import PROVIDER_TAG, SYNC_BATCH
from assets.outcomes import ANNOUNCED
from pos_pipeline.errors import PipelineError
from pos_pipeline.events.outbox import enqueue
from pos_pipeline.events.schema import SyncError
from pos_pipeline.services import Services
from sensors.due import TICK_SECONDS

WILL_RETRY_TAG = "dagster/will_retry"

ACCOUNTS = """
select a.tenant_id, a.id, a.pos_provider, a.error_count
from pos.accounts as a
inner join pos.tenants as t on a.tenant_id = t.id
where
    t.slug = any(%(slugs)s) and (a.pos_provider = %(provider)s or %(provider)s::text is null)
    and a.sync_enabled and a.status = 'active'
order by a.tenant_id, a.id
"""


class RunDied(PipelineError):  # noqa: N818 - named like its siblings in errors.py
    """A run ended without the sync having said why."""

    code = "run_died"


def build_failure_sensor() -> dg.SensorDefinition:
    """The sensor over every job. Its first tick only notes where the log ends: older failures are not announced."""

    @dg.run_failure_sensor(
        name="failed_runs",
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Announces `pos.error` for accounts whose run died; what a sync has announced is left out.",
    )
    def failed_runs(context: dg.RunFailureSensorContext, services: dg.ResourceParam[Services]) -> dg.SkipReason | None:
        if was_announced(context.get_step_failure_events()):
            return dg.SkipReason("the sync has announced it")
        if context.dagster_run.tags.get(WILL_RETRY_TAG) == "true":
            return dg.SkipReason("the run is launched again")
        announced = announce(services, context.dagster_run)
        context.log.warning("run %s failed; %s accounts announced", context.dagster_run.run_id, announced)
        return None

    return failed_runs


def was_announced(failures: Sequence[dg.DagsterEvent]) -> bool:
    """Whether every failed step carries the mark of a failure its sync has announced."""
    marks = [
        data is not None and ANNOUNCED in data.metadata
        for data in (event.step_failure_data.user_failure_data for event in failures)
    ]
    return bool(marks) and all(marks)


def announce(services: Services, run: dg.DagsterRun) -> int:
    """Write `pos.error` for every account of the run's tenants; how many there were."""
    provider, slugs = subject(run)
    error = RunDied(
        f"run {run.run_id[:8]} of {run.job_name} ended before it could say what happened; see it in Dagster."
    )
    with services.database.transaction() as transaction:
        accounts = transaction.execute(ACCOUNTS, {"provider": provider, "slugs": slugs}).fetchall()
        for tenant_id, account_id, account_provider, failures in accounts:
            event = SyncError.of(
                error,
                tenant_id=tenant_id,
                pos_account_id=account_id,
                pos_provider=account_provider,
                consecutive_failures=failures + 1,
            )
            enqueue(transaction, event)
    return len(accounts)


def subject(run: dg.DagsterRun) -> tuple[str | None, list[str]]:
    """Provider (None: any) and tenants a run was for; no tenants when it was for nobody in particular.

    A run names them in its configuration, its partition or, in a backfill, the first of its partitions.
    """
    if run.job_name == SYNC_BATCH:
        config = run.run_config["ops"]["sync_many"]["config"]
        return config["provider"], config["tenants"]
    key = run.tags.get("dagster/partition") or run.tags.get("dagster/asset_partition_range_start") or ""
    slug = key.rpartition("|")[2]
    selected = {asset.path[0] for asset in run.asset_selection or ()}
    provider = run.tags.get(PROVIDER_TAG) or (selected.pop() if len(selected) == 1 else None)
    return provider, [slug] if slug else []
