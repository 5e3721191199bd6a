"""Assets over the real extractor, with the corner till as the POS."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import dagster as dg
import pytest
from fakes.corner_till import sale
from fakes.linked_till import LinkedTill

from pos_pipeline.definitions import build_definitions
from pos_pipeline.errors import MissingScope, ProviderUnavailable, Unauthorised
from pos_pipeline.extract.locks import own_connections
from pos_pipeline.orchestration.instance import register_tenants
from pos_pipeline.services import Services

Link = Callable[..., UUID]
Ask = Callable[..., UUID]

SALES, ITEMS = dg.AssetKey(["corner", "corner_sales"]), dg.AssetKey(["corner", "corner_items"])
HISTORY = dg.AssetKey(["corner", "corner_history"])


def run(services: Services, instance: dg.DagsterInstance, job: str, **options: object) -> dg.ExecuteInProcessResult:
    """Execute a job over `services`."""
    chosen = build_definitions(services).resolve_job_def(job)
    return chosen.execute_in_process(instance=instance, raise_on_error=False, **options)


@pytest.fixture
def instance() -> dg.DagsterInstance:
    """An instance in memory that knows the tenants."""
    with dg.DagsterInstance.ephemeral() as instance:
        register_tenants(instance, ["t-m1", "t-m2"])
        yield instance


def marked(instance: dg.DagsterInstance, key: dg.AssetKey) -> set[str]:
    """Partitions of an asset that have been materialized."""
    return instance.get_materialized_partitions(key)


def reasons(result: dg.ExecuteInProcessResult) -> str:
    """Why the run's steps failed, in their own words."""
    failures = result.filter_events(lambda event: event.is_step_failure)
    return " ".join(event.step_failure_data.user_failure_data.description for event in failures)


def test_sync_marks_the_tenants_streams(
    corner: Services,
    link: Link,
    till: LinkedTill,
    instance: dg.DagsterInstance,
) -> None:
    """A run of one tenant marks each stream for that tenant, with what came and a link to its till."""
    link()
    till.sales["m1"] = [sale(1, minute=1), sale(2, minute=2)]
    result = run(corner, instance, "corner_sync", partition_key="t-m1")
    event = instance.get_latest_materialization_event(SALES).asset_materialization

    assert result.success
    assert marked(instance, SALES) == marked(instance, ITEMS) == {"t-m1"}
    assert event.metadata["rows_loaded"].value == 2
    assert event.metadata["till"].value == "https://corner.example/m1"


def test_sync_can_read_one_stream_alone(
    corner: Services,
    link: Link,
    till: LinkedTill,
    instance: dg.DagsterInstance,
) -> None:
    """Selecting one stream in the UI asks the POS for that one only."""
    link()
    result = run(corner, instance, "corner_sync", partition_key="t-m1", asset_selection=[SALES])

    assert result.success
    assert {stream for stream, _, _ in till.asked} == {"sales"}
    assert marked(instance, ITEMS) == set()


def test_failed_stream_is_not_marked_and_the_others_are(
    corner: Services,
    link: Link,
    till: LinkedTill,
    instance: dg.DagsterInstance,
) -> None:
    """A missing scope of one stream leaves the other streams of the tenant marked; the run names the account."""
    link()

    def fault(_merchant: str, stream: str) -> None:
        if stream == "items":
            raise MissingScope("corner: items need ITEMS", "ITEMS")

    till.fault = fault
    result = run(corner, instance, "corner_sync", partition_key="t-m1")

    assert "t-m1 (missing_scope)" in reasons(result)
    assert marked(instance, SALES) == {"t-m1"}
    assert marked(instance, ITEMS) == set()


def test_failing_tenant_does_not_stop_the_others(
    corner: Services,
    link: Link,
    till: LinkedTill,
    instance: dg.DagsterInstance,
) -> None:
    """In a run of many, the tenant whose grant is gone is named and the rest is read and marked."""
    ids = [str(link("m1")), str(link("m2"))]
    till.sales["m2"] = [sale(7, minute=7, merchant="m2")]

    def fault(merchant: str, _stream: str) -> None:
        if merchant == "m1":
            raise Unauthorised("corner: the grant of m1 is gone")

    till.fault = fault
    config = {"provider": "corner", "tenants": ["t-m1", "t-m2"], "connection_ids": ids}
    result = run(corner, instance, "sync_batch", run_config={"ops": {"sync_many": {"config": config}}})

    assert not result.success
    assert "t-m1 (authentication_failed)" in reasons(result)
    assert "t-m2" not in reasons(result)
    assert marked(instance, SALES) == {"t-m2"}


def test_passing_error_is_retried(
    corner: Services,
    link: Link,
    till: LinkedTill,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A POS that is down for a moment costs a retry of the step, not the run."""
    monkeypatch.setattr("assets.outcomes.FIRST_PAUSE_SECONDS", 0.0)
    link()
    faults = iter([ProviderUnavailable("corner: answered 503")])

    def fault(_merchant: str, _stream: str) -> None:
        for error in faults:
            raise error

    till.fault = fault
    result = run(corner, instance, "corner_sync", partition_key="t-m1")

    assert result.success
    assert len(result.filter_events(lambda event: event.is_step_up_for_retry)) == 1


def test_busy_connection_is_no_failure(corner: Services, link: Link, ask: Ask, instance: dg.DagsterInstance) -> None:
    """While another process syncs the connection the run succeeds, marks nothing and keeps the request."""
    connection = link()
    request = ask(connection)
    with own_connections(corner.database, [connection]):
        result = run(corner, instance, "corner_sync", partition_key="t-m1")

    assert result.success
    assert marked(instance, SALES) == set()
    assert corner.database.fetch("select id, status from pos.sync_requests") == [(request, "pending")]


def test_tenant_without_a_till_is_told_how_to_link_one(corner: Services, instance: dg.DagsterInstance) -> None:
    """A sync asked for a tenant that has nothing to sync fails with the next step."""
    corner.database.fetch("insert into pos.tenants (slug, name) values ('t-m2', 'Two') returning id")
    result = run(corner, instance, "corner_sync", partition_key="t-m2")

    assert "pos-pipeline accounts link corner" in reasons(result)


def test_month_of_history_reads_that_month(
    corner: Services,
    link: Link,
    till: LinkedTill,
    instance: dg.DagsterInstance,
) -> None:
    """The cell of a month and a tenant asks the POS for exactly that month."""
    link()
    till.sales["m1"] = [sale(1, minute=1)]
    result = run(corner, instance, "history", partition_key="2026-09-01|t-m1")
    windows = [window for _, _, window in till.asked]

    assert result.success
    assert min(window.start for window in windows) == datetime(2026, 9, 1, tzinfo=UTC)
    assert max(window.end for window in windows) == datetime(2026, 10, 1, tzinfo=UTC)
    event = instance.get_latest_materialization_event(HISTORY).asset_materialization
    assert (event.partition, event.metadata["rows_loaded"].value) == ("2026-09-01|t-m1", 1)


def test_served_request_marks_its_whole_months(
    corner: Services,
    link: Link,
    ask: Ask,
    instance: dg.DagsterInstance,
) -> None:
    """An import that was asked for shows in the grid like a backfill, month by month, and its request is done."""
    window = (datetime(2026, 7, 15, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
    request = ask(link(), window, "link")
    config = {"ops": {"serve_windows": {"config": {"request_ids": [str(request)]}}}}
    result = run(corner, instance, "sync_windows", run_config=config)

    assert result.success
    assert marked(instance, HISTORY) == {"2026-08-01|t-m1", "2026-09-01|t-m1"}
    assert corner.database.fetch("select status from pos.sync_requests") == [("done",)]


def test_failed_window_does_not_stop_the_next(
    corner: Services,
    link: Link,
    ask: Ask,
    till: LinkedTill,
    instance: dg.DagsterInstance,
) -> None:
    """One merchant's revoked grant leaves its request failed; the other's is served all the same."""
    window = (datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 8, tzinfo=UTC))
    asked = [ask(link(merchant), window, "sweep") for merchant in ("m1", "m2")]

    def fault(merchant: str, _stream: str) -> None:
        if merchant == "m1":
            raise Unauthorised("corner: the grant of m1 is gone")

    till.fault = fault
    config = {"ops": {"serve_windows": {"config": {"request_ids": [str(one) for one in asked]}}}}
    result = run(corner, instance, "sync_windows", run_config=config)

    assert "t-m1 (authentication_failed)" in reasons(result)
    assert dict(corner.database.fetch("select id, status from pos.sync_requests")) == {
        asked[0]: "failed",
        asked[1]: "done",
    }


def test_webhooks_are_looked_after(corner: Services, link: Link, instance: dg.DagsterInstance) -> None:
    """The job goes through with a POS that sends none, and with one that has gone silent and cannot be asked."""
    connection = link()
    corner.database.fetch(
        "update pos.connections set webhook_address = 'https://pos.example', webhook_silent_since = now()"
        " where id = %s returning id",
        (connection,),
    )

    assert run(corner, instance, "webhooks").success
