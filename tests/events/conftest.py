"""Events of a tenant, an exchange of the test's own and a queue bound to it."""

import select
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pydantic import SecretStr

from pos_pipeline.events.schema import SyncCompleted
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

Message = tuple[Any, pika.BasicProperties, dict[str, Any]]

BASIC_ACK = b"\x00\x3c\x00\x50"
"""Class and method of the frame by which the broker confirms (AMQP 0-9-1, basic.ack)."""


@pytest.fixture
def completed(database: Database) -> Callable[[int], SyncCompleted]:
    """Makes the event of a sync that processed so many transactions, by which a test tells it apart."""
    tenant_id, account_id = uuid.uuid4(), uuid.uuid4()
    with database.transaction() as connection:
        connection.execute("insert into pos.tenants (id, slug, name) values (%s, 'crumb', 'Crumb')", (tenant_id,))

    def build(transactions_processed: int) -> SyncCompleted:
        return SyncCompleted(
            tenant_id=tenant_id,
            pos_account_id=account_id,
            pos_provider="square",
            location_name="Market Hall",
            transactions_processed=transactions_processed,
            transactions_failed=0,
            new_products_discovered=0,
            sync_duration_seconds=1.5,
            timestamp=datetime(2026, 3, 1, 12, tzinfo=UTC),
        )

    return build


@pytest.fixture
def with_broker(services: Services) -> Callable[[str], Services]:
    """The services as they would be with another RABBITMQ_URL."""

    def rebuild(url: str) -> Services:
        return replace(services, settings=services.settings.model_copy(update={"rabbitmq_url": SecretStr(url)}))

    return rebuild


@pytest.fixture
def broker(with_broker: Callable[[str], Services], rabbitmq_url: str) -> Services:
    """The services with a broker that answers."""
    return with_broker(rabbitmq_url)


@pytest.fixture
def channel(rabbitmq_url: str) -> Iterator[BlockingChannel]:
    """The consumer's side of the broker."""
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    yield connection.channel()
    connection.close()


@pytest.fixture
def exchange(channel: BlockingChannel) -> Iterator[str]:
    """Name of an exchange only this test uses; removed with its net."""
    name = f"pos-test-{uuid.uuid4().hex[:12]}"
    yield name
    channel.exchange_delete(name)
    channel.exchange_delete(f"{name}.unrouted")
    channel.queue_delete(f"{name}.unrouted")


@pytest.fixture
def take(channel: BlockingChannel) -> Callable[[str], list[Message]]:
    """Takes all waiting messages of a queue: (method, properties, payload) each."""

    def messages(queue: str) -> list[Message]:
        taken = []
        while (message := channel.basic_get(queue, auto_ack=True))[0] is not None:
            method, properties, body = message
            taken.append((method, properties, msgspec.json.decode(body)))
        return taken

    return messages


@pytest.fixture
def queue(channel: BlockingChannel, exchange: str) -> str:
    """A consumer's queue bound to `exchange` before the publisher has ever run."""
    channel.exchange_declare(exchange, "topic", durable=True, arguments={"alternate-exchange": f"{exchange}.unrouted"})
    name: str = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(name, exchange, "pos.*")
    return name


@pytest.fixture
def arrived(take: Callable[[str], list[Message]], queue: str) -> Callable[[], list[Message]]:
    """Takes what has come to the consumer's queue."""
    return lambda: take(queue)


@pytest.fixture
def unreachable(with_broker: Callable[[str], Services]) -> Services:
    """The services with a broker's address at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return with_broker(f"amqp://pos:s3cr3t@127.0.0.1:{unused.getsockname()[1]}/")


@pytest.fixture
def breaking_road(with_broker: Callable[[str], Services], rabbitmq_url: str) -> Iterator[Services]:
    """The services over a road to the broker that breaks once, just before the third confirm.

    The broker has the message then, and the publisher does not know: the one moment that cannot be
    told apart from the message being lost.
    """
    parts = urlsplit(rabbitmq_url)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)
    host, port = listener.getsockname()

    def serve() -> None:
        passing = 2
        near, _ = listener.accept()
        with near, socket.create_connection((parts.hostname, parts.port or 5672)) as far:
            while readable := select.select([near, far], [], [])[0]:
                for end in readable:
                    data = end.recv(65536)
                    passing -= data.count(BASIC_ACK) if end is far else 0
                    if not data or passing < 0:
                        return
                    (far if end is near else near).sendall(data)

    road = threading.Thread(target=serve)
    road.start()
    yield with_broker(urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@{host}:{port}")))
    road.join()
    listener.close()
