"""The code location: assets, jobs, sensors and schedules composed, and nothing else.

Importing it reads dbt's manifest and the providers' declarations; no environment, no database, no
network. What a process needs at work is opened by the resource `services` at its first use.
"""

import warnings

import dagster as dg

from assets.checks import build_checks, outbox_is_drained
from assets.events import build_events
from assets.exports import build_exports
from assets.history import build_history
from assets.ingest import build_ingest
from assets.jobs import (
    build_check_jobs,
    build_exports_job,
    build_history_job,
    build_marts_jobs,
    build_sync_job,
    maintenance,
    sweep,
    sync_batch,
    sync_windows,
    tokens,
    webhooks,
)
from assets.keys import MAPPING_KEY, model_key
from assets.mapping import build_mapping
from assets.models import MARTS, load_manifest, model_specs, test_specs
from assets.resources import SERVICES, process_services
from assets.transform import build_data_tests, build_models
from pos_pipeline.providers import load_providers
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings, load_settings
from sensors.codes import build_code_sensor
from sensors.due import build_due_sensor
from sensors.failures import build_failure_sensor
from sensors.marts import build_marts_sensor
from sensors.schedules import build_schedules


def build_definitions(services: Services | None = None) -> dg.Definitions:
    """Everything Dagster is told. `services` replaces what a process would open for itself, providers too.

    Raises:
        Misconfigured: the dbt project has not been parsed yet.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # backfill policies and owners of sensors: said so for years
        composed = _composed(services)
        composed.get_repository_def()  # resolves everything, so that a fault shows here; kept for later calls
    return composed


def _composed(services: Services | None) -> dg.Definitions:
    providers = list((services.providers if services else load_providers()).values())
    settings = services.settings if services else load_settings(Settings)
    manifest = load_manifest(settings.dbt_project_dir)
    models = model_specs(manifest, [provider.name for provider in providers])
    tests = build_data_tests(test_specs(manifest))
    watched = [*(build_checks(provider) for provider in providers), outbox_is_drained]
    syncs = [build_sync_job(provider) for provider in providers]
    marts = build_marts_jobs([spec.key for spec in models])
    checks = build_check_jobs(watched, [tests])
    history = build_history_job(providers)
    exports = build_exports_job()
    marts_keys = [spec.key for spec in models if spec.group_name == MARTS]
    upkeep = [sweep, tokens, webhooks, maintenance]
    return dg.Definitions(
        assets=[
            *(build_ingest(provider) for provider in providers),
            *(build_history(provider) for provider in providers),
            build_models(models),
            build_mapping(model_key(MARTS, "dim_products")),
            build_events([*marts_keys, MAPPING_KEY]),
            build_exports(marts_keys),
        ],
        asset_checks=[*watched, tests],
        jobs=[*syncs, sync_batch, sync_windows, history, *marts, exports, *checks, *upkeep],
        sensors=[
            build_due_sensor([*syncs, sync_batch, sync_windows]),
            build_code_sensor(),
            build_marts_sensor(marts),
            build_failure_sensor(),
        ],
        schedules=build_schedules({job.name: job for job in (*upkeep, *checks, exports)}),
        resources={SERVICES: services or process_services},
        executor=dg.in_process_executor,
    )


defs = build_definitions()
