"""Named things to run. Tags say what kind of work a run is; dagster.yaml limits by them."""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg

from assets.batches import serve_windows, sync_many
from assets.keys import EVENTS_KEY, EXPORTS_KEY, MAPPING_KEY, history_key, stream_key
from assets.upkeep import ask_for_sweep, follow_codes, forget, mend_webhooks, renew_tokens
from pos_pipeline.provider import Provider

KIND_TAG = "pos/kind"
PROVIDER_TAG = "pos/provider"
LIVE, OLD, MARTS = "live", "history", "marts"

SYNC_BATCH = "sync_batch"
JOB_OF_WINDOWS = "sync_windows"
HISTORY_JOB = "history"
MARTS_JOB = "marts"
PUBLISH_JOB = "publish"
EXPORTS_JOB = "exports"

_BEHIND = {KIND_TAG: OLD, "dagster/priority": "-5"}


@dg.job(name=SYNC_BATCH, tags={KIND_TAG: LIVE}, description="Many due accounts of one provider in one run.")
def sync_batch() -> None:
    """Configured by the due sensor."""
    sync_many()


@dg.job(name=JOB_OF_WINDOWS, tags=_BEHIND, description="Historical windows asked for in pos.sync_requests.")
def sync_windows() -> None:
    """Configured by the due sensor."""
    serve_windows()


@dg.job(tags={"dagster/priority": "-5"}, description="Asks for a second look at recent days of every account.")
def sweep() -> None:
    """Scheduled nightly."""
    ask_for_sweep()


@dg.job(description="Renews the tokens of connections before they expire; notices who has left a POS.")
def tokens() -> None:
    """Scheduled hourly."""
    renew_tokens()
    follow_codes()


@dg.job(tags={"dagster/priority": "-5"}, description="Registers webhooks again that have fallen silent.")
def webhooks() -> None:
    """Scheduled every half hour."""
    mend_webhooks()


@dg.job(tags={"dagster/priority": "-10"}, description="Forgets what nobody reads any more.")
def maintenance() -> None:
    """Scheduled daily."""
    forget()


def sync_job_name(provider: str) -> str:
    """`square_sync`: everything of one tenant at one POS."""
    return f"{provider}_sync"


def build_sync_job(provider: Provider) -> Any:
    """Reads what changed, by tenant."""
    return dg.define_asset_job(
        sync_job_name(provider.name),
        selection=dg.AssetSelection.assets(*(stream_key(provider.name, stream.name) for stream in provider.streams)),
        tags={KIND_TAG: LIVE, PROVIDER_TAG: provider.name},
        description=f"Reads what changed at {provider.title} since the last sync of a tenant.",
    )


def build_history_job(providers: Iterable[Provider]) -> Any:
    """Imports months of tenants."""
    return dg.define_asset_job(
        HISTORY_JOB,
        selection=dg.AssetSelection.assets(*(history_key(provider.name) for provider in providers)),
        tags=_BEHIND,
        description="Imports months of the past, by month and tenant.",
    )


def build_marts_jobs(models: Sequence[dg.AssetKey]) -> list[Any]:
    """Raw rows to marts to events, and events alone for when the broker was away."""
    return [
        dg.define_asset_job(
            MARTS_JOB,
            selection=dg.AssetSelection.assets(*models, MAPPING_KEY, EVENTS_KEY).without_checks(),
            tags={KIND_TAG: MARTS, "dagster/priority": "5"},
            description="Models every load that has come since the last time, maps new products, then tells others.",
        ),
        dg.define_asset_job(
            PUBLISH_JOB,
            selection=dg.AssetSelection.assets(EVENTS_KEY).without_checks(),
            tags={KIND_TAG: MARTS},
            description="Sends events that could not be sent when the marts were ready.",
        ),
    ]


def build_exports_job() -> Any:
    """Files for analysts."""
    return dg.define_asset_job(
        EXPORTS_JOB,
        selection=dg.AssetSelection.assets(EXPORTS_KEY).without_checks(),
        tags={"dagster/priority": "-10"},
        description="Writes the months of the marts that changed as Parquet files.",
    )


def build_check_jobs(
    watched: Sequence[dg.AssetChecksDefinition], data_tests: Sequence[dg.AssetChecksDefinition]
) -> list[Any]:
    """Watching accounts and queues is cheap and frequent; testing data reads tables."""
    return [
        dg.define_asset_job(
            "checks",
            selection=dg.AssetSelection.checks(*watched),
            description="Is every account read, is anything piling up?",
        ),
        dg.define_asset_job(
            "data_tests",
            selection=dg.AssetSelection.checks(*data_tests),
            tags={KIND_TAG: MARTS, "dagster/priority": "-5"},
            description="dbt's tests over what was modelled recently.",
        ),
    ]
