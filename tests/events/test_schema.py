"""The payloads other services rely on."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from pos_pipeline.errors import MissingScope, Unauthorised
from pos_pipeline.events.schema import SyncCompleted, SyncError, redact

TENANT = UUID(int=1)
ACCOUNT = UUID(int=2)
EVENT = UUID(int=3)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def completed(timestamp: datetime = NOON) -> SyncCompleted:
    return SyncCompleted(
        tenant_id=TENANT,
        pos_account_id=ACCOUNT,
        pos_provider="square",
        location_name="Market Hall",
        transactions_processed=41,
        transactions_failed=1,
        new_products_discovered=2,
        sync_duration_seconds=3.25,
        timestamp=timestamp,
    )


def failed(error: Exception) -> SyncError:
    return SyncError.of(
        error,
        tenant_id=TENANT,
        pos_account_id=ACCOUNT,
        pos_provider="square",
        consecutive_failures=3,
        timestamp=NOON,
    )


def test_sync_completed_is_the_contract() -> None:
    """Exactly the customer's fields, plus the event's id and schema version."""
    assert completed().payload(EVENT) == {
        "event_id": str(EVENT),
        "schema_version": 1,
        "event_type": "pos_sync_completed",
        "tenant_id": str(TENANT),
        "pos_account_id": str(ACCOUNT),
        "pos_provider": "square",
        "location_name": "Market Hall",
        "transactions_processed": 41,
        "transactions_failed": 1,
        "new_products_discovered": 2,
        "sync_duration_seconds": 3.25,
        "timestamp": "2026-03-01T12:00:00.000Z",
    }


def test_error_is_the_contract() -> None:
    """A named error gives its stable code as `error_type` and says what somebody has to do."""
    error = MissingScope("square: the grant lacks ORDERS_READ, needed for orders", scope="ORDERS_READ")

    assert failed(error).payload(EVENT) == {
        "event_id": str(EVENT),
        "schema_version": 1,
        "event_type": "pos_error",
        "tenant_id": str(TENANT),
        "pos_account_id": str(ACCOUNT),
        "pos_provider": "square",
        "error_type": "missing_scope",
        "error_message": "square: the grant lacks ORDERS_READ, needed for orders",
        "consecutive_failures": 3,
        "action_required": "Link the till again and grant ORDERS_READ.",
        "timestamp": "2026-03-01T12:00:00.000Z",
    }


def test_a_revoked_grant_is_an_authentication_failure() -> None:
    """The customer's example of an error type is what a revoked grant is called."""
    assert failed(Unauthorised("square: refused")).error_type == "authentication_failed"


def test_an_unnamed_exception_tells_only_its_type() -> None:
    """Its text may hold anything, a customer's name for one, so it stays in the house."""
    assert failed(KeyError("Ada Lovelace")).error_message == "unexpected KeyError"


def test_other_zones_are_sent_as_utc() -> None:
    """A timestamp of another zone is the same instant in UTC on the wire."""
    madrid = datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))

    assert completed(madrid).payload(EVENT)["timestamp"] == "2026-03-01T12:00:00.000Z"


def test_a_timestamp_without_zone_is_refused() -> None:
    """It would mean another instant on another machine."""
    with pytest.raises(ValueError, match="has no time zone"):
        completed(datetime(2026, 3, 1, 12))  # noqa: DTZ001 - the fault under test


@pytest.mark.parametrize(
    "message",
    [
        "square: Authorization: Bearer s3cr3t-value was refused",
        "square: /oauth2/token?client_secret=s3cr3t-value answered 400",
        'square: body {"access_token": "s3cr3t-value"}',
        "amqp://pos:s3cr3t-value@broker:5672 refused",
        "square: refused " + "s3cr3t-value" * 4,
    ],
)
def test_secrets_do_not_leave(message: str) -> None:
    """Whatever form a secret takes in a message, it is masked before it is sent."""
    assert "s3cr3t" not in redact(message)


def test_ids_needed_to_find_the_fault_stay() -> None:
    """A message without its object id helps nobody."""
    message = f"square: order CAISENgvlJ6jLWAzERDzjyHVybY of connection {ACCOUNT} has currency XTS"

    assert redact(message) == message


def test_long_messages_are_cut() -> None:
    """A whole HTML page never becomes a message."""
    assert len(redact("a page. " * 1000)) == 500
