"""What the outbox hands out, and when."""

from collections.abc import Callable

import pytest

from pos_pipeline.events.outbox import depth, enqueue, mark_failed, mark_published, publishable
from pos_pipeline.events.schema import SyncCompleted
from pos_pipeline.warehouse.database import Database

Completed = Callable[[int], SyncCompleted]


def load(database: Database, load_id: str, batch_status: str | None) -> None:
    """A load in the ledger, claimed by a batch of `batch_status` if any."""
    with database.transaction() as connection:
        batch_id = None
        if batch_status:
            row = connection.execute(
                "insert into etl.batches (status) values (%s) returning batch_id", (batch_status,)
            ).fetchone()
            assert row is not None
            batch_id = row[0]
        connection.execute(
            "insert into etl.loads (pos_provider, load_id, batch_id, row_count) values ('square', %s, %s, 1)",
            (load_id, batch_id),
        )


def ready(database: Database) -> list[int]:
    with database.transaction() as connection:
        return [row.payload["transactions_processed"] for row in publishable(connection, 100)]


def test_an_event_exists_only_if_its_fact_does(database: Database, completed: Completed) -> None:
    """A transaction that rolls back takes its event with it."""

    def fail() -> None:
        with database.transaction() as connection:
            enqueue(connection, completed(1))
            connection.execute("select 1 / 0")

    with pytest.raises(Exception, match="division by zero"):
        fail()

    assert ready(database) == []


def test_the_event_id_is_the_outbox_id(database: Database, completed: Completed) -> None:
    """The id a consumer sees is the key of the row it came from."""
    with database.transaction() as connection:
        event_id = enqueue(connection, completed(1))

    [(key, payload)] = database.fetch("select id, payload from pos.outbox")
    assert key == event_id
    assert payload == completed(1).payload(event_id)


@pytest.mark.parametrize("batch_status", [None, "running", "failed"])
def test_an_event_waits_for_its_load(database: Database, completed: Completed, batch_status: str | None) -> None:
    """Unclaimed, running or failed: until dbt is done with the load its event is held."""
    load(database, "L1", batch_status)
    with database.transaction() as connection:
        enqueue(connection, completed(1), provider="square", load_id="L1")

    assert ready(database) == []
    assert depth(database).held == 1


def test_an_event_whose_load_is_not_in_the_ledger_waits(database: Database, completed: Completed) -> None:
    """Rows of such a load do not exist, so nobody is told of them."""
    with database.transaction() as connection:
        enqueue(connection, completed(1), provider="square", load_id="nowhere")

    assert ready(database) == []


def test_an_event_is_released_by_its_batch(database: Database, completed: Completed) -> None:
    """Once the batch that claimed the load is done the event may go."""
    load(database, "L1", "done")
    with database.transaction() as connection:
        enqueue(connection, completed(1), provider="square", load_id="L1")

    assert ready(database) == [1]


def test_another_providers_load_of_the_same_name_releases_nothing(database: Database, completed: Completed) -> None:
    """Load ids are unique within a provider only."""
    load(database, "L1", "done")
    with database.transaction() as connection:
        enqueue(connection, completed(1), provider="toast", load_id="L1")

    assert ready(database) == []


def test_a_held_event_lets_others_pass(database: Database, completed: Completed) -> None:
    """One load that cannot be modelled does not silence the rest."""
    load(database, "L1", None)
    with database.transaction() as connection:
        enqueue(connection, completed(1), provider="square", load_id="L1")
        enqueue(connection, completed(2))
        enqueue(connection, completed(3))

    assert ready(database) == [2, 3]


def test_two_publishers_never_take_the_same_row(database: Database, completed: Completed) -> None:
    """What one transaction has locked, another skips instead of waiting for it."""
    with database.transaction() as connection:
        for number in (1, 2, 3):
            enqueue(connection, completed(number))

    with database.transaction() as first:
        taken = publishable(first, 2)

        assert [row.payload["transactions_processed"] for row in taken] == [1, 2]
        assert ready(database) == [3]


def test_published_events_are_done_and_refused_ones_stay(database: Database, completed: Completed) -> None:
    """Depth counts what waits and how many of those the broker has refused before."""
    with database.transaction() as connection:
        sent, refused, fresh = (enqueue(connection, completed(number)) for number in (1, 2, 3))
        mark_published(connection, [sent])
        mark_failed(connection, refused, "amqp://pos:s3cr3t@broker said no")

    assert ready(database) == [2, 3]
    assert (depth(database).ready, depth(database).failed, depth(database).waiting) == (2, 1, 2)
    [(reason,)] = database.fetch("select last_error from pos.outbox where id = %s", (refused,))
    assert reason == "amqp://***@broker said no"
    assert fresh != refused


def test_half_a_load_is_refused(database: Database, completed: Completed) -> None:
    """A load without its provider would be held for ever."""
    with database.transaction() as connection, pytest.raises(ValueError, match="together"):
        enqueue(connection, completed(1), load_id="L1")
