"""Dagster's home and instance for these settings.

    settings ──▶ POS_HOME/dagster/dagster.yaml (copy of the repository's) ──▶ DAGSTER_HOME
             ──▶ database `dagster` on the warehouse's server             ──▶ DAGSTER_PG_URL
             ──▶ RabbitMQ, or a table in that database                    ──▶ POS_BROKER_URL
             ──▶ dbt_project/target/manifest.json

dagster.yaml reads the variables, the definitions read the manifest.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from dagster import DagsterInstance

from pos_pipeline.orchestration.broker import broker_url
from pos_pipeline.settings import PROJECT_ROOT, Settings
from pos_pipeline.transform import ensure_manifest
from pos_pipeline.warehouse.embedded import dagster_url

HOME_VARIABLE = "DAGSTER_HOME"
DAGSTER_URL_VARIABLE = "DAGSTER_PG_URL"
BROKER_VARIABLE = "POS_BROKER_URL"

IMPORTS_AT_ONCE = 2

TENANT_PARTITIONS = "pos_tenant"
"""Name of the dynamic partitions that hold the tenants' slugs."""


def prepare_instance(settings: Settings) -> dict[str, str]:
    """Make the home, the database and the manifest, and export the variables dagster.yaml reads.

    Returns them, for child processes. Safe to repeat; a changed dagster.yaml reaches the home.

    Raises:
        Misconfigured: the dbt project does not parse, or Dagster's database cannot be made.
        WarehouseUnavailable: its server does not answer.
    """
    ensure_manifest(settings)
    home = settings.pos_home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    wanted = (PROJECT_ROOT / "dagster.yaml").read_bytes()
    config = home / "dagster.yaml"
    if not config.exists() or config.read_bytes() != wanted:
        fresh = config.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(wanted)
        fresh.replace(config)
    url = dagster_url(settings)
    rabbitmq = settings.rabbitmq_url.get_secret_value() if settings.rabbitmq_url else None
    variables = {
        HOME_VARIABLE: str(home),
        DAGSTER_URL_VARIABLE: url,
        BROKER_VARIABLE: broker_url(rabbitmq, url),
    }
    os.environ.update(variables)
    return variables


@contextmanager
def instance(settings: Settings) -> Iterator[DagsterInstance]:
    """The Dagster instance of these settings, prepared first."""
    prepare_instance(settings)
    with DagsterInstance.get() as opened:
        yield opened


def limit_imports(dagster: DagsterInstance, providers: Collection[str]) -> None:
    """Let imports of a provider have `IMPORTS_AT_ONCE` workers at most, native backfills included."""
    for provider in providers:
        dagster.event_log_storage.set_concurrency_slots(history_pool(provider), IMPORTS_AT_ONCE)


def history_pool(provider: str) -> str:
    """The pool runs of historical imports share."""
    return f"{provider}_history"


def register_tenants(dagster: DagsterInstance, slugs: Collection[str]) -> None:
    """Make tenants known as partitions; those that are known stay as they are."""
    missing = sorted(set(slugs) - set(dagster.get_dynamic_partitions(TENANT_PARTITIONS)))
    if missing:
        dagster.add_dynamic_partitions(TENANT_PARTITIONS, missing)
