"""What waits to be said and what could not be loaded, on the command line."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from pos_pipeline.events.outbox import enqueue
from pos_pipeline.events.schema import SyncCompleted
from pos_pipeline.warehouse.database import Database

Run = Callable[..., Result]
RunJson = Callable[..., Any]
Bakery = dict[str, uuid.UUID]


@pytest.fixture
def event_id(database: Database, bakery: Bakery) -> str:
    """An event that is ready to be sent."""
    event = SyncCompleted(
        tenant_id=bakery["tenant"],
        pos_account_id=bakery["Old Town"],
        pos_provider="square",
        location_name="Old Town",
        transactions_processed=7,
        transactions_failed=0,
        new_products_discovered=0,
        sync_duration_seconds=1.0,
    )
    with database.transaction() as connection:
        return str(enqueue(connection, event))


@pytest.fixture
def record(database: Database, bakery: Bakery) -> int:
    """A record in quarantine whose payload is not even UTF-8."""
    with database.transaction() as connection:
        row = connection.execute(
            """
            insert into pos.quarantine
                (tenant_id, connection_id, pos_provider, stream, object_id, reason, payload, payload_digest)
            values (%s, %s, 'square', 'orders', 'O1', 'updated_at is missing', %s, 'd') returning id
            """,
            (bakery["tenant"], bakery["connection"], b'{"id": "O1\xff"}'),
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_waiting_events_are_shown_with_their_payload(run_json: RunJson, event_id: str) -> None:
    """Without a broker everything waits, and can be read here."""
    data = run_json("events", "list")

    assert (data["ready"], data["held"]) == (1, 0)
    assert data["events"][0]["event_id"] == data["events"][0]["payload"]["event_id"] == event_id


@pytest.mark.usefixtures("event_id")
def test_publishing_without_a_broker_says_that_events_wait(run_json: RunJson) -> None:
    """Not a failure: nothing is lost and the next publish with a broker sends them."""
    data = run_json("events", "publish")

    assert (data["published"], data["broker"]) == (0, "not_configured")
    assert data["note"] == "RABBITMQ_URL is not set: events wait in the outbox and are sent when it is."


@pytest.mark.usefixtures("event_id")
def test_a_broker_that_is_down_is_a_temporary_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3, no password in the message, and the event still waits."""
    monkeypatch.setenv("RABBITMQ_URL", "amqp://pos:s3cr3t@127.0.0.1:9/")

    result = run("events", "publish")

    assert result.exit_code == 3
    assert result.stderr.startswith("error: rabbitmq: 127.0.0.1:9 does not answer (")
    assert "s3cr3t" not in result.output


def test_quarantine_tells_the_reason(run: Run, run_json: RunJson, record: int) -> None:
    """The list has no payload, one record has it as it came."""
    [listed] = run_json("quarantine", "list", "crumb")
    shown = run_json("quarantine", "show", str(record))

    assert (listed["stream"], listed["object_id"], listed["reason"]) == ("orders", "O1", "updated_at is missing")
    assert "payload" not in listed
    assert shown["payload"] == '{"id": "O1\\xff"}'
    assert '{"id": "O1\\xff"}' in run("quarantine", "show", str(record)).stdout


def test_a_record_that_is_not_there(run: Run) -> None:
    """A wrong number is told, with where the right ones are."""
    result = run("quarantine", "show", "4711")

    assert result.exit_code == 1
    assert result.stderr == (
        "error: quarantine: there is no record 4711.\n"
        "what to do: Check the number; `pos-pipeline quarantine list` shows what there is.\n"
    )
