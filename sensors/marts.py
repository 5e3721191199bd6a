"""Starts one modelling run when anything has been loaded, however much; and sends what waits.

Loads that come during a run are seen by the next tick, so a hundred syncs need two runs of dbt.
"""

import time

import dagster as dg

from assets.jobs import KIND_TAG, MARTS, MARTS_JOB, PUBLISH_JOB
from pos_pipeline.events.deliveries import delivers, may_deliver
from pos_pipeline.events.outbox import depth
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database
from sensors.due import TICK_SECONDS, UNFINISHED

RETRY_SECONDS = 60.0
"""Pause before a broken batch, or a broker that does not answer, is tried again."""

DELIVERY_SECONDS = 10.0
"""Pause before more of an import goes to the sales service, which has answered for what it was told before."""

WORK = """
select
    exists (select from etl.loads where batch_id is null),
    exists (select from etl.batches where status <> 'done')
"""


def build_marts_sensor(jobs: list[dg.JobDefinition]) -> dg.SensorDefinition:
    """The sensor over the jobs `marts` and `publish`."""

    @dg.sensor(
        name="new_loads",
        jobs=jobs,
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts `marts` when loads wait to be modelled, `publish` when only events wait.",
    )
    def new_loads(
        context: dg.SensorEvaluationContext, services: dg.ResourceParam[Services]
    ) -> dg.RunRequest | dg.SkipReason:
        active = dg.RunsFilter(statuses=UNFINISHED, tags={KIND_TAG: MARTS})
        if context.instance.get_runs_count(active):
            return dg.SkipReason("a run is under way; it takes what has come")
        has_broker = services.settings.rabbitmq_url is not None
        since = time.time() - float(context.cursor or 0)
        job = wanted_job(
            services.database,
            has_broker=has_broker,
            may_retry=since >= RETRY_SECONDS,
            delivers=since >= DELIVERY_SECONDS and delivers(services.settings),
        )
        if job is None:
            return dg.SkipReason("nothing was loaded, nothing waits")
        context.update_cursor(str(time.time()))
        return dg.RunRequest(job_name=job)

    return new_loads


def wanted_job(database: Database, *, has_broker: bool, may_retry: bool, delivers: bool = False) -> str | None:
    """Which job has work: new loads at once; unfinished batches and waiting events when a retry is due.

    With `delivers`, transactions that sales has room for are work as well.
    """
    [(has_loads, has_unfinished)] = database.fetch(WORK)
    if has_loads or (has_unfinished and may_retry):
        return MARTS_JOB
    if has_broker and may_retry and depth(database).ready:
        return PUBLISH_JOB
    if delivers and may_deliver(database):
        return PUBLISH_JOB
    return None
