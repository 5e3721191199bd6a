"""Commands that work do it as Dagster runs, so that the UI shows afterwards what was done here.

What a run brought is read from the tables the run wrote, not from the run: the same figures the
dashboards show.
"""

# ruff: noqa: PLC0415 - `--help` does without the core

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pos_pipeline.commands._output import table
from pos_pipeline.errors import Retryable

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from rich.table import Table

    from pos_pipeline.services import Services
    from pos_pipeline.warehouse.database import Database

TEMPORARY_CODES = {Retryable.code, *(kind.code for kind in Retryable.__subclasses__())}
FIELDS = (
    "account_id",
    "tenant",
    "location_name",
    "status",
    "transactions_fetched",
    "transactions_failed",
    "new_products_discovered",
    "requests_made",
    "sync_duration_seconds",
    "error_type",
    "error_message",
)
# A window is read in parts, and each part writes its row; requests are the connection's, not the shop's.
RESULTS = """
select
    a.id,
    t.slug,
    a.location_name,
    (array_agg(l.status order by array_position(array['failed', 'partial', 'in_progress', 'success'], l.status)))[1],
    sum(l.transactions_fetched)::integer,
    sum(l.transactions_failed)::integer,
    sum(l.new_products_discovered)::integer,
    sum(l.requests_made)::integer,
    sum(l.sync_duration_seconds),
    max(l.error_type),
    max(l.error_message)
from pos.sync_logs as l
inner join pos.accounts as a on l.pos_account_id = a.id
inner join pos.tenants as t on a.tenant_id = t.id
where l.run_id = any(%s)
group by a.id, t.slug, a.location_name
order by t.slug, a.location_name
"""


@dataclass(frozen=True)
class Run:
    """A finished run."""

    job: str
    run_id: str
    succeeded: bool
    reasons: tuple[str, ...]
    """Why steps failed, in the steps' own words."""


class Runner:
    """Executes jobs in this process, one after another, on one open Dagster instance."""

    def __init__(self, services: "Services", dagster: "DagsterInstance") -> None:
        self._services = services
        self._dagster = dagster
        self.runs: list[Run] = []

    def run(
        self, job: str, *, partition_key: str | None = None, ops: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Run:
        """Execute a job; `ops` are its configurations by op. A failed run is returned, not raised."""
        from pos_pipeline.orchestration.runs import run_job_on

        # Dagster's own log of a run belongs to the UI; on a terminal it would bury the result.
        config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        if ops:
            config["ops"] = {name: {"config": dict(values)} for name, values in ops.items()}
        result = run_job_on(
            self._dagster,
            self._services,
            job,
            partition_key=partition_key,
            tags={"pos/trigger": "cli"},
            run_config=config,
        )
        failures = [event.step_failure_data for event in result.filter_events(lambda event: event.is_step_failure)]
        reasons = tuple(
            (data.user_failure_data and data.user_failure_data.description) or _words(data) for data in failures
        )
        self.runs.append(Run(job, result.run_id, result.success, reasons))
        return self.runs[-1]

    def model_and_publish(self) -> Run | None:
        """The `marts` job, if anything waits for it."""
        from pos_pipeline.events.deliveries import delivers, may_deliver

        [(waits,)] = self._services.database.fetch(
            "select exists (select from etl.loads where batch_id is null)"
            " or exists (select from etl.batches where status <> 'done')"
            " or exists (select from pos.outbox where published_at is null)"
        )
        waits = waits or (delivers(self._services.settings) and may_deliver(self._services.database))
        return self.run("marts") if waits else None


@contextmanager
def runner(services: "Services") -> Iterator[Runner]:
    """A `Runner`, with everything Dagster needs in place.

    Raises:
        Misconfigured, WarehouseUnavailable: Dagster's database cannot be reached or made.
    """
    from pos_pipeline.orchestration.instance import instance

    with instance(services.settings) as dagster:
        yield Runner(services, dagster)


def results_of(database: "Database", run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """What runs did, by account."""
    return [dict(zip(FIELDS, row, strict=True)) for row in database.fetch(RESULTS, (list(run_ids),))]


def results_table(results: Sequence[dict[str, Any]]) -> "Table":
    """The same for people."""
    return table(
        "Synced",
        ("tenant", "shop", "result", "transactions", "set aside", "new products", "requests", "seconds"),
        [
            (
                r["tenant"],
                r["location_name"],
                r["status"],
                r["transactions_fetched"],
                r["transactions_failed"],
                r["new_products_discovered"],
                r["requests_made"],
                f"{r['sync_duration_seconds'] or 0:.1f}",
            )
            for r in results
        ],
        right=("transactions", "set aside", "new products", "requests", "seconds"),
    )


def exit_code_of(runs: Sequence[Run], results: Sequence[dict[str, Any]]) -> int:
    """0 when everything succeeded, 3 when only time is needed, else 1."""
    types = {result["error_type"] for result in results if result["error_type"]}
    if all(run.succeeded for run in runs) and not types:
        return 0
    return 3 if types and types <= TEMPORARY_CODES else 1


def describe(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Runs for the result document."""
    return [{"job": r.job, "run_id": r.run_id, "succeeded": r.succeeded, "reasons": r.reasons} for r in runs]


def troubles(runs: Sequence[Run], results: Sequence[dict[str, Any]]) -> list[str]:
    """A line for everything that failed: the accounts' own messages, else the runs' reasons."""
    lines = [f"{r['tenant']} / {r['location_name']}: {r['error_message']}" for r in results if r["error_message"]]
    if lines:
        return lines
    return [
        f"{run.job}: {reason}"
        for run in runs
        if not run.succeeded
        for reason in run.reasons or (f"run {run.run_id} failed; see it in Dagster.",)
    ]


def _words(data: Any) -> str:
    return data.error.message.strip().partition("\n")[0] if data.error else "no reason given"
