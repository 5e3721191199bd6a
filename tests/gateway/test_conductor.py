"""Runs are launched at once, each tenant's one at a time, and given back when Dagster is away."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from pos_pipeline.accounts.connections import connections_of, load_connection
from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.gateway.conductor import Conductor
from pos_pipeline.orchestration.due import claim_due
from pos_pipeline.orchestration.requests import ask_live
from pos_pipeline.services import Services
from tests.gateway.shops import make_account, make_connection


@dataclass
class Launches:
    """A Dagster that remembers; `is_up` says whether it answers."""

    is_up: bool = True
    seen: list[tuple[str, str | None]] = field(default_factory=list)

    def launch(self, job: str, tags: Mapping[str, str]) -> bool:
        """Remember a launch."""
        if self.is_up:
            self.seen.append((job, tags.get("dagster/partition")))
        return self.is_up

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def dagster() -> Launches:
    """A Dagster that answers."""
    return Launches()


@pytest.fixture
def conductor(services: Services, dagster: Launches) -> Conductor:
    """A conductor whose steps the test takes."""
    return Conductor(services, dagster)  # type: ignore[arg-type]


def ask(services: Services, tenant: Tenant, merchant: str = "M1") -> None:
    """A new merchant of the tenant, asked for."""
    connection_id = make_connection(services.database, tenant, merchant)
    make_account(services.database, tenant, connection_id, f"L-{merchant}")
    with services.database.transaction() as transaction:
        ask_live(transaction, load_connection(services.database, connection_id), "webhook")


def test_a_run_per_tenant(
    services: Services, conductor: Conductor, dagster: Launches, bakery: Tenant, rival: Tenant
) -> None:
    """Two merchants of one tenant share a run; what is claimed is not launched twice."""
    ask(services, bakery, "M1")
    ask(services, bakery, "M2")
    ask(services, rival)

    conductor.step()
    conductor.step()

    assert sorted(dagster.seen) == [("square_sync", "crumb"), ("square_sync", "rival")]


def test_what_comes_during_a_run_waits_for_it(
    services: Services, conductor: Conductor, dagster: Launches, bakery: Tenant
) -> None:
    """And is launched as soon as that run has settled."""
    ask(services, bakery, "M1")
    conductor.step()
    ask(services, bakery, "M2")
    conductor.step()
    assert len(dagster.seen) == 1

    services.database.fetch("update pos.sync_requests set status = 'done' where status = 'running' returning id")
    conductor.step()

    assert len(dagster.seen) == 2


def test_dagster_is_away(services: Services, conductor: Conductor, dagster: Launches, bakery: Tenant) -> None:
    """The request is free for the sensors and for the next step; nothing is lost and no try is counted."""
    ask(services, bakery)
    dagster.is_up = False
    conductor.step()
    waiting = "select attempts from pos.sync_requests where started_at is null and status in ('pending', 'running')"
    assert services.database.fetch(waiting) == [(0,)]
    assert conductor._is_away  # the thread pauses, and does not ask four times a second

    dagster.is_up = True
    conductor.step()

    assert dagster.seen == [("square_sync", "crumb")]
    assert not conductor._is_away


def test_asked_again_while_dagster_is_away(
    services: Services, conductor: Conductor, dagster: Launches, bakery: Tenant
) -> None:
    """What is given back meets what has come since; both wait, and one run answers them."""
    ask(services, bakery)
    [connection] = connections_of(services.database)

    def come_between(*_: object) -> bool:
        with services.database.transaction() as transaction:
            ask_live(transaction, connection, "webhook")
        return False

    launch, dagster.launch = dagster.launch, come_between  # type: ignore[method-assign, assignment]
    conductor.step()
    [due] = claim_due(services.database, [])
    assert (due.tenant_slug, len(due.connection_ids)) == ("crumb", 1)

    services.database.fetch("update pos.sync_requests set started_at = null returning id")
    dagster.launch = launch  # type: ignore[method-assign]
    conductor.step()

    assert dagster.seen == [("square_sync", "crumb")]


def test_new_loads_are_modelled_at_once(services: Services, conductor: Conductor, dagster: Launches) -> None:
    """Once, however often it looks; and not while a batch is being modelled."""
    services.database.fetch(
        "insert into etl.loads (pos_provider, load_id, row_count) values ('square', '1', 5) returning load_id"
    )
    conductor.step()
    conductor.step()
    assert dagster.seen == [("marts", None)]

    services.database.fetch(
        "with b as (insert into etl.batches default values returning batch_id)"
        " update etl.loads set batch_id = b.batch_id from b returning load_id"
    )
    services.database.fetch(
        "insert into etl.loads (pos_provider, load_id, row_count) values ('square', '2', 5) returning load_id"
    )
    conductor.step()
    assert len(dagster.seen) == 1
    services.database.fetch("update etl.batches set status = 'done' returning batch_id")
    assert conductor.step()


def test_woken_it_works_and_stops(services: Services, conductor: Conductor, dagster: Launches, bakery: Tenant) -> None:
    """The thread does what `step` does, and ends when asked."""
    conductor.start()
    ask(services, bakery)
    conductor.wake()
    while not dagster.seen:
        conductor.wake()
    conductor.stop()

    assert dagster.seen[0] == ("square_sync", "crumb")
