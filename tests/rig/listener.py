"""Another service listening for our events on an exchange of the test's own."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pika
from pika.adapters.blocking_connection import BlockingChannel


@dataclass
class Listener:
    """Keeps everything it hears, also what it hears twice."""

    exchange: str
    _channel: BlockingChannel
    _queue: str
    heard: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Payloads by message id, one for each delivery."""

    def listen(self) -> dict[str, list[dict[str, Any]]]:
        """Take what has come by now; the result is everything ever heard."""
        while (message := self._channel.basic_get(self._queue, auto_ack=True))[0] is not None:
            _, properties, body = message
            self.heard.setdefault(properties.message_id, []).append(msgspec.json.decode(body))
        return self.heard


@contextmanager
def listening(url: str) -> Iterator[Listener]:
    """A listener on a fresh exchange, both gone when the block ends."""
    parameters = pika.URLParameters(url)
    parameters.heartbeat = 0  # a test listens only now and then
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    exchange = f"pos-test-{uuid.uuid4().hex[:12]}"
    channel.exchange_declare(exchange, "topic", durable=True, arguments={"alternate-exchange": f"{exchange}.unrouted"})
    queue: str = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, exchange, "pos.*")
    try:
        yield Listener(exchange, channel, queue)
    finally:
        channel.exchange_delete(exchange)
        channel.exchange_delete(f"{exchange}.unrouted")
        channel.queue_delete(f"{exchange}.unrouted")
        connection.close()
