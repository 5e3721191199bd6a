"""Starts what is due: every few seconds, a run per tenant while few are due, batches when many are.

What somebody asked for goes first and gets a run of its own. A tenant with a run queued or running is
left alone: what it still needs is claimed after that run.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import dagster as dg

from assets.ingest import TENANTS_PER_RUN, TRIGGER_TAG
from assets.jobs import JOB_OF_WINDOWS, KIND_TAG, LIVE, PROVIDER_TAG, SYNC_BATCH, sync_job_name
from pos_pipeline.orchestration.due import ClaimedWindow, DueTenant, claim_due, claim_windows
from pos_pipeline.orchestration.instance import register_tenants
from pos_pipeline.services import Services

FEW = 20
"""Up to so many due tenants get a run each, which is the nicer thing to look at."""

SYNCS_TAG = "pos/syncs"
"""`provider:slug` of a run of one tenant; dagster.yaml lets one run at a time have it."""

TICK_SECONDS = 5
WINDOWS_PER_RUN = 10

UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def build_due_sensor(jobs: Sequence[Any]) -> dg.SensorDefinition:
    """The sensor over the jobs it may start."""

    @dg.sensor(
        name="due_accounts",
        jobs=list(jobs),
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts syncs of accounts that are due and of everything in pos.sync_requests.",
    )
    def due_accounts(
        context: dg.SensorEvaluationContext, services: dg.ResourceParam[Services]
    ) -> dg.SensorResult | dg.SkipReason:
        due = claim_due(services.database, in_flight(context.instance))
        windows = claim_windows(services.database)
        if not due and not windows:
            return dg.SkipReason("nothing is due")
        register_tenants(context.instance, {tenant.tenant_slug for tenant in due})
        return dg.SensorResult(run_requests=[*requests_for(due), *requests_for_windows(windows)])

    return due_accounts


def in_flight(instance: dg.DagsterInstance) -> set[str]:
    """Keys (`provider:slug`) of tenants a live sync is queued or running for."""
    keys = set()
    unfinished = dg.RunsFilter(statuses=UNFINISHED, tags={KIND_TAG: LIVE})
    for run in instance.get_runs(filters=unfinished):
        if run.job_name == SYNC_BATCH:
            config = run.run_config["ops"]["sync_many"]["config"]
            keys |= {f"{config['provider']}:{slug}" for slug in config["tenants"]}
        elif slug := run.tags.get("dagster/partition"):
            keys.add(f"{run.tags[PROVIDER_TAG]}:{slug}")
    return keys


def requests_for(due: Sequence[DueTenant]) -> Iterator[dg.RunRequest]:
    """A run each for few tenants; for many, a run each for the first asked ones and batches for the rest."""
    single = list(due) if len(due) <= FEW else [tenant for tenant in due if tenant.is_asked][:FEW]
    yield from map(_single, single)
    rest = sorted((tenant for tenant in due if tenant not in single), key=lambda tenant: tenant.provider)
    for provider, group in groupby(rest, key=lambda tenant: tenant.provider):
        members = list(group)
        for start in range(0, len(members), TENANTS_PER_RUN):
            yield _batch(provider, members[start : start + TENANTS_PER_RUN])


def requests_for_windows(windows: Sequence[ClaimedWindow]) -> Iterator[dg.RunRequest]:
    """Runs of a few windows each: imports by themselves, the small ones together."""
    ids = [str(window.request_id) for window in windows if window.reason not in {"backfill", "link"}]
    groups = [[str(window.request_id)] for window in windows if window.reason in {"backfill", "link"}]
    groups += [ids[start : start + WINDOWS_PER_RUN] for start in range(0, len(ids), WINDOWS_PER_RUN)]
    for group in groups:
        yield dg.RunRequest(
            job_name=JOB_OF_WINDOWS, run_config={"ops": {"serve_windows": {"config": {"request_ids": group}}}}
        )


def _single(tenant: DueTenant) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=tenant.wish,
        job_name=sync_job_name(tenant.provider),
        partition_key=tenant.tenant_slug,
        tags={
            SYNCS_TAG: tenant.key,
            TRIGGER_TAG: "asked" if tenant.is_asked else "due",
            "dagster/priority": "10" if tenant.is_asked else "0",
        },
    )


def _batch(provider: str, members: Sequence[DueTenant]) -> dg.RunRequest:
    config = {
        "provider": provider,
        "tenants": [tenant.tenant_slug for tenant in members],
        "connection_ids": [str(one) for tenant in members for one in tenant.connection_ids],
    }
    wishes = json.dumps(sorted(tenant.wish for tenant in members))
    return dg.RunRequest(
        run_key=hashlib.blake2b(wishes.encode(), digest_size=16).hexdigest(),
        job_name=SYNC_BATCH,
        run_config={"ops": {"sync_many": {"config": config}}},
        tags={PROVIDER_TAG: provider, TRIGGER_TAG: "due"},
    )
