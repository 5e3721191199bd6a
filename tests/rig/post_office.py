"""Our consumer over queues of the test's own, and the other services that write to it."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pika
from pika.adapters.blocking_connection import BlockingChannel
from pydantic import SecretStr

from pos_pipeline.consumer.listening import Consumer, declare
from pos_pipeline.consumer.settings import ConsumerSettings
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

SECONDS = 60.0

Json = dict[str, Any]


@dataclass(frozen=True)
class Office:
    """Both ends of the queue `pos.commands`."""

    services: Services
    queues: ConsumerSettings
    channel: BlockingChannel

    @property
    def database(self) -> Database:
        """Where messages take effect."""
        return self.services.database

    def say(
        self,
        body: Json | bytes,
        *,
        key: str = "sales.validation_discrepancy",
        message_id: str | None = None,
        headers: Json | None = None,
    ) -> None:
        """Publish as the sales service; returns when the broker has it."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        properties = pika.BasicProperties(message_id=message_id, delivery_mode=2, headers=headers)
        self.channel.basic_publish(self.queues.sales_exchange, key, content, properties, mandatory=True)

    def trigger(self, body: Json) -> None:
        """Publish as the orchestrator."""
        content = msgspec.json.encode(body)
        exchange, key = self.queues.orchestrator_exchange, self.queues.orchestrator_trigger_key
        self.channel.basic_publish(exchange, key, content, mandatory=True)

    def dead(self) -> list[tuple[pika.BasicProperties, bytes]]:
        """Take what lies with the dead letters."""
        taken = []
        while (message := self.channel.basic_get(self.queues.dead_queue, auto_ack=True))[0] is not None:
            taken.append((message[1], message[2]))
        return taken

    def waiting(self) -> int:
        """Messages nobody has in hand."""
        count: int = self.channel.queue_declare(self.queues.commands_queue, passive=True).method.message_count
        return count

    @contextmanager
    def listening(self, services: Services | None = None) -> Iterator[None]:
        """A consumer in a thread of its own while the block lasts."""
        stop = threading.Event()
        thread = threading.Thread(target=Consumer(services or self.services, self.queues).run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(SECONDS)
            assert not thread.is_alive()

    def until(self, look: Callable[[], Any]) -> Any:
        """Wait for something to be true, and give it back."""
        pause = threading.Event()
        for _ in range(int(SECONDS / 0.02)):
            if found := look():
                return found
            pause.wait(0.02)
        raise AssertionError("it did not come")


@contextmanager
def open_office(services: Services, url: str) -> Iterator[Office]:
    """Everything declared under names nobody else uses; gone when the block ends."""
    token = uuid.uuid4().hex[:12]
    queues = ConsumerSettings(
        commands_queue=f"pos-test-{token}", sales_exchange=f"sales-{token}", orchestrator_exchange=f"orch-{token}"
    )
    with_broker = services.settings.model_copy(update={"rabbitmq_url": SecretStr(url)})
    parameters = pika.URLParameters(url)
    parameters.heartbeat = 0  # a test looks only now and then
    connection = pika.BlockingConnection(parameters)
    channel = declare(connection, queues)
    try:
        yield Office(replace(services, settings=with_broker), queues, channel)
    finally:
        for exchange in (queues.sales_exchange, queues.orchestrator_exchange, queues.dead_queue):
            channel.exchange_delete(exchange)
        channel.queue_delete(queues.commands_queue)
        channel.queue_delete(queues.dead_queue)
        connection.close()
