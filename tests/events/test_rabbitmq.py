"""What arrives at a real broker, and what happens when it does not."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from pos_pipeline.errors import BrokerUnavailable, Misconfigured
from pos_pipeline.events import outbox
from pos_pipeline.events.outbox import depth, enqueue
from pos_pipeline.events.rabbitmq import PublishResult, open_channel, publish_pending
from pos_pipeline.events.schema import SyncCompleted
from pos_pipeline.services import Services

Completed = Callable[[int], SyncCompleted]
Message = tuple[Any, pika.BasicProperties, dict[str, Any]]
Take = Callable[[str], list[Message]]
Arrived = Callable[[], list[Message]]


def enqueued(services: Services, completed: Completed, *numbers: int, load_id: str | None = None) -> list[str]:
    """Message ids of events written now."""
    provider = "square" if load_id else None
    with services.database.transaction() as connection:
        return [str(enqueue(connection, completed(n), provider=provider, load_id=load_id)) for n in numbers]


def ids(messages: list[Message]) -> list[str]:
    return [properties.message_id for _, properties, _ in messages]


def test_events_arrive_in_order_as_the_contract_says(
    broker: Services, completed: Completed, exchange: str, arrived: Arrived
) -> None:
    """Payload, routing key, id and properties reach the consumer; the outbox is empty afterwards."""
    expected = enqueued(broker, completed, 1, 2, 3)

    result = publish_pending(broker, exchange=exchange)

    messages = arrived()
    assert result == PublishResult(published=3, held=0, failed=0, broker="connected")
    assert ids(messages) == expected
    method, properties, payload = messages[0]
    assert method.routing_key == "pos.sync_completed"
    assert payload == completed(1).payload(payload["event_id"])
    assert payload["event_id"] == properties.message_id
    assert (properties.type, properties.content_type, properties.delivery_mode, properties.app_id) == (
        "pos_sync_completed",
        "application/json",
        2,
        "pos-pipeline",
    )
    assert properties.headers == {"tenant_id": payload["tenant_id"], "schema_version": 1, "sequence": 1}
    assert depth(broker.database).waiting == 0


def test_published_events_are_not_sent_again(
    broker: Services, completed: Completed, exchange: str, arrived: Arrived
) -> None:
    """A second publish with nothing new does not even connect."""
    enqueued(broker, completed, 1)
    publish_pending(broker, exchange=exchange)

    assert publish_pending(broker, exchange=exchange).broker == "idle"
    assert len(arrived()) == 1


def test_an_event_of_an_unmodelled_load_is_held(
    broker: Services, completed: Completed, exchange: str, arrived: Arrived
) -> None:
    """It stays behind, is counted, and lets the later one pass."""
    enqueued(broker, completed, 1, load_id="L1")
    [later] = enqueued(broker, completed, 2)

    assert publish_pending(broker, exchange=exchange) == PublishResult(1, 1, 0, "connected")
    assert ids(arrived()) == [later]


def test_more_than_a_chunk_keeps_its_order(
    broker: Services, completed: Completed, exchange: str, arrived: Arrived
) -> None:
    """Order holds across the transactions one publish is made of, and `limit` is kept."""
    expected = enqueued(broker, completed, *range(230))

    assert publish_pending(broker, exchange=exchange, limit=210).published == 210
    assert publish_pending(broker, exchange=exchange).published == 20
    assert ids(arrived()) == expected


def test_without_a_broker_setting_events_wait(services: Services, completed: Completed) -> None:
    """No RABBITMQ_URL is a way to run, not a fault, and the result says so."""
    enqueued(services, completed, 1)

    result = publish_pending(services)

    assert (result.published, result.broker) == (0, "not_configured")
    assert "RABBITMQ_URL is not set" in result.note
    assert depth(services.database).ready == 1


def test_a_broker_that_is_down_loses_nothing(
    unreachable: Services, broker: Services, completed: Completed, exchange: str, arrived: Arrived
) -> None:
    """The publish says who does not answer; the next one, with the broker back, sends everything."""
    expected = enqueued(broker, completed, 1, 2)
    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:\d+ does not answer") as caught:
        publish_pending(unreachable, exchange=exchange)

    publish_pending(broker, exchange=exchange)

    assert ids(arrived()) == expected
    assert "s3cr3t" not in str(caught.value)


def test_a_confirm_lost_on_the_way_repeats_the_same_message(
    breaking_road: Services, broker: Services, completed: Completed, exchange: str, arrived: Arrived
) -> None:
    """The broker has three, we know of two: the third comes again under the id it had."""
    expected = enqueued(broker, completed, 1, 2, 3, 4, 5)

    with pytest.raises(BrokerUnavailable, match="connection lost after 2 events"):
        publish_pending(breaking_road, exchange=exchange)

    assert depth(broker.database).ready == 3
    assert publish_pending(broker, exchange=exchange).published == 3
    arrived = ids(arrived())
    assert arrived == [*expected[:3], expected[2], *expected[3:]]
    assert list(dict.fromkeys(arrived)) == expected


def test_a_publisher_that_dies_before_the_mark_repeats_the_same_message(
    broker: Services, completed: Completed, exchange: str, arrived: Arrived
) -> None:
    """Everything is confirmed but nothing is committed: the ids are the same the second time."""
    expected = enqueued(broker, completed, 1, 2)
    with patch.object(outbox, "mark_published", side_effect=SystemExit(137)), pytest.raises(SystemExit):
        publish_pending(broker, exchange=exchange)

    publish_pending(broker, exchange=exchange)

    assert ids(arrived()) == expected * 2


def test_a_message_nobody_is_bound_for_is_kept_by_the_broker(
    broker: Services, completed: Completed, exchange: str, take: Take
) -> None:
    """The exchange we declare sends it to a queue from which a late consumer can move it."""
    expected = enqueued(broker, completed, 1)

    assert publish_pending(broker, exchange=exchange).published == 1
    assert ids(take(f"{exchange}.unrouted")) == expected


def test_an_unroutable_message_on_someone_elses_exchange_stays_with_us(
    broker: Services, completed: Completed, exchange: str, channel: BlockingChannel, take: Take
) -> None:
    """An exchange without a net returns the message: it is tried again once a queue is bound."""
    channel.exchange_declare(exchange, "topic", durable=True)
    expected = enqueued(broker, completed, 1)

    assert publish_pending(broker, exchange=exchange) == PublishResult(0, 0, 1, "connected")
    [(reason,)] = broker.database.fetch("select last_error from pos.outbox")
    assert reason == "no queue is bound to pos.sync_completed"

    late = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(late, exchange, "pos.sync_completed")
    assert publish_pending(broker, exchange=exchange).published == 1
    assert ids(take(late)) == expected


def test_a_full_queue_refuses_and_the_event_stays(
    broker: Services, completed: Completed, exchange: str, queue: str, channel: BlockingChannel
) -> None:
    """A negative confirm is not a loss: the row stays and says why."""
    channel.queue_unbind(queue, exchange, "pos.*")
    full = channel.queue_declare("", exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    channel.queue_bind(full.method.queue, exchange, "pos.*")
    enqueued(broker, completed, 1, 2, 3)

    result = publish_pending(broker, exchange=exchange)

    assert (result.published, result.failed) == (1, 2)
    assert depth(broker.database).failed == 2


@pytest.mark.parametrize(
    "url", ["redis://pos:s3cr3t@127.0.0.1/", "amqp://", "amqp://pos:s3cr3t@127.0.0.1:port/", "amqp://h/?heartbeat=soon"]
)
def test_an_address_that_is_none_is_a_setting_to_correct(url: str) -> None:
    """The message names the variable and never quotes its value."""
    with pytest.raises(Misconfigured, match="RABBITMQ_URL is not an AMQP address") as caught, open_channel(url):
        pass

    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(("user", "vhost"), [("guest:wrong-s3cr3t", "%2F"), ("guest:guest", "nowhere")])
def test_a_user_who_is_not_let_in_is_a_setting_to_correct(rabbitmq_url: str, user: str, vhost: str) -> None:
    """A wrong password or virtual host does not get better by waiting."""
    parts = urlsplit(rabbitmq_url)
    url = f"amqp://{user}@{parts.hostname}:{parts.port or 5672}/{vhost}"
    with pytest.raises(Misconfigured, match="does not let this user into") as caught, open_channel(url):
        pass

    assert "s3cr3t" not in str(caught.value)
