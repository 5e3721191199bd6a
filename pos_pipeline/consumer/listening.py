"""Listens to our queue until told to end, through brokers and warehouses that go away.

Acknowledged is what was committed, or what the dead letters have confirmed. A crash between the commit and the
acknowledgement brings the message again, and `apply` recognises it.
"""

import threading
from typing import Any

import pika
import structlog
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from pos_pipeline.consumer.apply import act_upon
from pos_pipeline.consumer.poison import Poison
from pos_pipeline.consumer.settings import ConsumerSettings
from pos_pipeline.errors import BrokerUnavailable, Misconfigured, PipelineError, Retryable, WarehouseUnavailable
from pos_pipeline.events.rabbitmq import connected
from pos_pipeline.services import Services

PREFETCH = 20
LOOK_SECONDS = 0.5
"""How soon it notices that it is told to end."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
DEAD_LIMIT_MESSAGES = 100_000

_PERSISTENT = 2
_ACCESS_REFUSED, _PRECONDITION_FAILED = 403, 406

log = structlog.get_logger(__name__)


class Consumer:
    """One listener; several may share the queue."""

    def __init__(self, services: Services, settings: ConsumerSettings) -> None:
        self._services = services
        self._settings = settings
        self._pause_seconds = FIRST_PAUSE_SECONDS

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop`; the message in hand is finished, the others go back.

        Raises:
            Misconfigured: RABBITMQ_URL is not set, does not parse, or its user is not let in.
        """
        if self._services.settings.rabbitmq_url is None:
            raise Misconfigured("RABBITMQ_URL is not set, so there is nothing to listen to.")
        url = self._services.settings.rabbitmq_url.get_secret_value()
        while not stop.is_set():
            try:
                with connected(url) as connection:
                    channel = declare(connection, self._settings)
                    log.info("listening", queue=self._settings.commands_queue)
                    self._listen(channel, stop)
            except Retryable as error:
                log.warning("not listening; trying again", error_type=error.code, reason=str(error))
                self._rest(stop)
                if isinstance(error, WarehouseUnavailable):
                    self._wait_for_warehouse(stop)

    def _listen(self, channel: BlockingChannel, stop: threading.Event) -> None:
        channel.basic_qos(prefetch_count=PREFETCH)
        for method, properties, body in channel.consume(self._settings.commands_queue, inactivity_timeout=LOOK_SECONDS):
            self._pause_seconds = FIRST_PAUSE_SECONDS
            if stop.is_set():
                return
            if method is not None:
                self._handle(channel, method, properties, body)
        raise BrokerUnavailable(f"rabbitmq: queue {self._settings.commands_queue!r} was taken away.")

    def _handle(self, channel: BlockingChannel, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        try:
            outcome = act_upon(self._services, body, properties.message_id)
        except Poison as error:
            self._bury(channel, method, properties, body, error)
        except Retryable:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the messages behind it
            unexpected = Poison("unexpected_error", f"unexpected {type(error).__name__}.")
            self._bury(channel, method, properties, body, unexpected)
        else:
            log.info("message acted upon", outcome=outcome, routing_key=method.routing_key)
        channel.basic_ack(method.delivery_tag)

    def _bury(
        self, channel: BlockingChannel, method: Any, properties: pika.BasicProperties, body: bytes, error: Poison
    ) -> None:
        """Hand the message to the dead letters as it came, with the reason; returns when the broker has it."""
        log.warning("message refused", reason=error.reason, detail=str(error), routing_key=method.routing_key)
        kept = {name: value for name, value in (properties.headers or {}).items() if isinstance(value, str | int)}
        properties.headers = {
            **kept,  # what pika reads and cannot write would bring the message back for ever
            "x-pos-reason": error.reason,
            "x-pos-detail": str(error),
            "x-pos-exchange": method.exchange,
            "x-pos-routing-key": method.routing_key,
        }
        properties.delivery_mode = _PERSISTENT
        properties.expiration = None
        properties.user_id = None  # the broker refuses another user's name
        channel.basic_publish(self._settings.dead_queue, method.routing_key, body, properties, mandatory=True)

    def _rest(self, stop: threading.Event) -> None:
        stop.wait(self._pause_seconds)
        self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)

    def _wait_for_warehouse(self, stop: threading.Event) -> None:
        """Leave the messages where they are meanwhile: brokers give up on one that comes back too often."""
        while not stop.is_set():
            try:
                self._services.database.fetch("select 1")
            except WarehouseUnavailable:
                self._rest(stop)
            else:
                return


def declare(connection: pika.BlockingConnection, settings: ConsumerSettings) -> BlockingChannel:
    """A confirming channel; our queue is there, bound, with its dead letters.

    Raises:
        BrokerUnavailable: the broker went away.
        Misconfigured: something exists in another shape, or our user may not declare it.
    """
    channel = connection.channel()
    dead = settings.dead_queue
    limits = {"x-queue-type": "quorum", "x-max-length": DEAD_LIMIT_MESSAGES, "x-overflow": "drop-head"}
    try:
        channel.exchange_declare(dead, "fanout", durable=True)
        channel.queue_declare(dead, durable=True, arguments=limits)
        channel.queue_bind(dead, dead)
        channel.queue_declare(
            settings.commands_queue,
            durable=True,
            arguments={"x-queue-type": "quorum", "x-dead-letter-exchange": dead},
        )
    except ChannelClosedByBroker as error:
        raise _refusal(error, f"queue {settings.commands_queue!r} or {dead!r}") from None
    for exchange, key in settings.bindings:
        channel = _bind(connection, channel, settings.commands_queue, exchange, key)
    channel.confirm_delivery()
    return channel


def _bind(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str, exchange: str, key: str
) -> BlockingChannel:
    """Bind our queue; an exchange that exists in another shape is another service's, and used as it is."""
    try:
        channel.exchange_declare(exchange, "topic", durable=True)
    except ChannelClosedByBroker as error:
        if error.reply_code not in {_ACCESS_REFUSED, _PRECONDITION_FAILED}:
            raise
        channel = connection.channel()
    try:
        channel.queue_bind(queue, exchange, key)
    except ChannelClosedByBroker as error:
        raise _refusal(error, f"exchange {exchange!r}") from None
    return channel


def _refusal(error: ChannelClosedByBroker, what: str) -> PipelineError:
    if error.reply_code in {_ACCESS_REFUSED, _PRECONDITION_FAILED}:
        return Misconfigured(
            f"rabbitmq: {what} cannot be used ({error.reply_text}). Give our user the right, or remove what is there."
        )
    return BrokerUnavailable(f"rabbitmq: {what} is not there yet ({error.reply_text}).")
