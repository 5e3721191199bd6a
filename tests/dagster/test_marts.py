"""When modelling runs, and what a modelling run shows."""

from collections.abc import Callable
from uuid import UUID

import dagster as dg
import pytest

from assets.models import load_manifest, model_specs
from pos_pipeline.definitions import build_definitions
from pos_pipeline.services import Services
from pos_pipeline.settings import PROJECT_ROOT
from pos_pipeline.transform import ModelRun, TransformFailed, TransformResult
from pos_pipeline.warehouse.database import Database
from sensors.marts import wanted_job

Link = Callable[..., UUID]


def loaded(database: Database, load_id: str, batch_status: str | None = None) -> None:
    """A load in the ledger, claimed by a batch of that status if one is given."""
    batch = None
    if batch_status:
        [(batch,)] = database.fetch("insert into etl.batches (status) values (%s) returning batch_id", (batch_status,))
    database.fetch(
        "insert into etl.loads (pos_provider, load_id, row_count, batch_id) values ('corner', %s, 1, %s) returning 1",
        (load_id, batch),
    )


def wanted(database: Database, *, has_broker: bool = True, may_retry: bool = True) -> str | None:
    """The job the sensor would start."""
    return wanted_job(database, has_broker=has_broker, may_retry=may_retry)


def test_nothing_to_do_starts_nothing(database: Database) -> None:
    """Modelled loads and an empty outbox need no run."""
    loaded(database, "1", "done")

    assert wanted(database) is None


def test_new_load_is_modelled_at_once(database: Database) -> None:
    """A load no batch has claimed starts the marts job, also right after a failed one."""
    loaded(database, "1")

    assert wanted(database, may_retry=False) == "marts"


def test_failed_batch_is_tried_again_after_a_pause(database: Database) -> None:
    """A model that is broken is run again by and by, not every five seconds."""
    loaded(database, "1", "failed")

    assert wanted(database, may_retry=False) is None
    assert wanted(database, may_retry=True) == "marts"


def test_waiting_events_are_sent_without_modelling(corner: Services, link: Link) -> None:
    """When only events wait, because the broker was away, only publishing runs; without a broker nothing does."""
    link()
    corner.database.fetch(
        "insert into pos.outbox (tenant_id, routing_key, payload)"
        " select tenant_id, 'pos.error', '{}' from pos.connections returning 1"
    )

    assert wanted(corner.database) == "publish"
    assert wanted(corner.database, may_retry=False) is None
    assert wanted(corner.database, has_broker=False) is None


def test_parents_come_before_what_is_made_of_them() -> None:
    """Dagster insists that a step reports its assets in the order of their dependencies."""
    specs = model_specs(load_manifest(PROJECT_ROOT / "dbt_project"), ["square"])
    keys = [spec.key for spec in specs]
    known = set(keys)

    for position, spec in enumerate(specs):
        parents = {dep.asset_key for dep in spec.deps} & known
        assert parents <= set(keys[:position])


@pytest.fixture
def modelled(corner: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dg.ExecuteInProcessResult]:
    """Runs the marts job as if the transform had answered so."""

    def run(result: TransformResult) -> dg.ExecuteInProcessResult:
        monkeypatch.setattr("assets.transform.run_transform", lambda *_, **__: result)
        job = build_definitions(corner).resolve_job_def("marts")
        return job.execute_in_process(raise_on_error=False)

    return run


def test_models_that_ran_are_marked_with_their_rows(modelled: Callable[..., dg.ExecuteInProcessResult]) -> None:
    """Each model shows what was written; marts with nothing new are confirmed, other models left as they were."""
    ran = ModelRun("fct_transactions", "success", 12, 0.4)
    result = modelled(TransformResult(7, 2, (ran,), succeeded=True))
    marks = {event.asset_key.path[-1]: event for event in result.get_asset_materialization_events()}
    metadata = {name: marks[name].materialization.metadata for name in ("fct_transactions", "fct_daily_volumes")}

    assert result.success
    assert metadata["fct_transactions"]["rows_written"].value == 12
    assert metadata["fct_transactions"]["batch_id"].value == 7
    assert metadata["fct_daily_volumes"]["rows_written"].value == 0
    assert "int_square__orders" not in marks
    assert marks["product_mappings"].materialization.metadata["note"].value == "nothing is modelled yet"
    assert "published_events" in marks


def test_failed_model_is_named_and_nothing_is_told(modelled: Callable[..., dg.ExecuteInProcessResult]) -> None:
    """What was modelled before the failure is marked, what failed is named, and no event leaves the house."""
    runs = (ModelRun("int_square__orders", "success", 3, 0.1), ModelRun("fct_transactions", "error", None, 0.1))
    error = TransformFailed("transform: fct_transactions: numeric field overflow")
    result = modelled(TransformResult(7, 1, runs, succeeded=False, error=error))
    marks = {event.asset_key.path[-1] for event in result.get_asset_materialization_events()}
    [failure] = result.filter_events(lambda event: event.is_step_failure)

    assert "fct_transactions: numeric field overflow" in failure.step_failure_data.user_failure_data.description
    assert marks == {"int_square__orders"}
