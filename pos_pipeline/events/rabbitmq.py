"""Sends the outbox to RabbitMQ: confirmed, persistent, at least once, in outbox order.

    outbox ──routing key──▶ exchange `pos` (topic, durable) ──bindings──▶ the consumers' own queues
                                  └─ nobody is bound ─▶ exchange and queue `pos.unrouted` (bounded)

We declare the exchange and its net for unrouted messages, nothing else: queues belong to whoever
reads them. An exchange that exists with other arguments is used as it is; then an unroutable
message comes back to us (`mandatory`) and stays in the outbox. See README.md beside this file.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    NackError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    UnroutableError,
)

from pos_pipeline.errors import BrokerUnavailable, Misconfigured
from pos_pipeline.events import outbox
from pos_pipeline.events.outbox import OutboxRow
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Connection

EXCHANGE = "pos"
UNROUTED_LIMIT_MESSAGES = 100_000
CHUNK = 100
"""Rows sent under one database transaction: what a crash after the confirm sends a second time."""

# Patience with a broker that is slow, out of memory (blocked) or gone without a word (heartbeat).
_CONNECTION_DEFAULTS = {
    "heartbeat": "10",
    "blocked_connection_timeout": "10",
    "socket_timeout": "5",
    "stack_timeout": "10",
    "connection_attempts": "1",
}
_PERSISTENT = 2
_NOT_FOUND, _ACCESS_REFUSED, _PRECONDITION_FAILED = 404, 403, 406


@dataclass(frozen=True)
class PublishResult:
    """What one publish did. `broker` is `idle` when there was nothing to connect for."""

    published: int
    held: int
    """Still waiting for dbt to model their load."""
    failed: int
    """Refused by the broker this time; kept and tried again."""
    broker: Literal["connected", "idle", "not_configured"]

    def __add__(self, later: "PublishResult") -> "PublishResult":
        """Both as one: what was sent is added up, what waits is as the later one has found it."""
        broker = self.broker if later.broker == "idle" else later.broker
        return PublishResult(self.published + later.published, later.held, later.failed, broker)

    @property
    def note(self) -> str:
        """The result in a sentence."""
        if self.broker == "not_configured":
            return "RABBITMQ_URL is not set: events wait in the outbox and are sent when it is."
        return f"{self.published} published, {self.held} held for the marts, {self.failed} refused."


def publish_pending(services: Services, *, limit: int | None = None, exchange: str = EXCHANGE) -> PublishResult:
    """Send what is ready, oldest first, at most `limit` events; safe to run in several processes.

    What the broker has confirmed is marked in the same chunk, so an interruption repeats at most
    `CHUNK` events, each with the message id it had before.

    Raises:
        BrokerUnavailable: refused, or lost on the way; everything unconfirmed stays in the outbox.
        Misconfigured: RABBITMQ_URL does not parse, or its user is not let in.
    """
    depth = outbox.depth(services.database)
    if services.settings.rabbitmq_url is None:
        return PublishResult(0, depth.held, 0, "not_configured")
    if depth.ready == 0:
        return PublishResult(0, depth.held, 0, "idle")
    published = failed = after = 0
    left = depth.ready if limit is None else limit
    with open_channel(services.settings.rabbitmq_url.get_secret_value(), exchange) as channel:
        while left > 0:
            with services.database.transaction() as connection:
                rows = outbox.publishable(connection, min(left, CHUNK), after)
                confirmed, lost = _send_rows(connection, channel, exchange, rows)
            published += confirmed
            if lost is not None:
                raise BrokerUnavailable(
                    f"rabbitmq: connection lost after {published} events ({lost}); the rest stay in the outbox."
                )
            failed += len(rows) - confirmed
            if not rows:
                break
            after = rows[-1].sequence
            left -= len(rows)
    return PublishResult(published, outbox.depth(services.database).held, failed, "connected")


@contextmanager
def open_channel(url: str, exchange: str = EXCHANGE) -> Iterator[BlockingChannel]:
    """A confirming channel on which `exchange` exists; closed at the end.

    Raises:
        As `connected`.
    """
    with connected(url) as connection:
        yield _declare(connection, exchange)


@contextmanager
def connected(url: str) -> Iterator[pika.BlockingConnection]:
    """A connection to the broker, closed at the end.

    Raises:
        BrokerUnavailable: nobody answers at that address.
        Misconfigured: the URL does not parse, or its user is not let in.
    """
    parameters = _parameters(url)
    place = f"{parameters.host}:{parameters.port}"
    try:
        connection = pika.BlockingConnection(parameters)
    except (ProbableAuthenticationError, ProbableAccessDeniedError):
        raise Misconfigured(
            f"rabbitmq: {place} does not let this user into {parameters.virtual_host!r}. Correct RABBITMQ_URL."
        ) from None
    except (AMQPError, OSError) as error:
        raise BrokerUnavailable(
            f"rabbitmq: {place} does not answer ({_reason(error)}). Start it, or correct RABBITMQ_URL."
        ) from None
    try:
        yield connection
    except AMQPError as error:
        raise BrokerUnavailable(f"rabbitmq: {place} went away ({_reason(error)}).") from None
    finally:
        with suppress(AMQPError, OSError):
            connection.close()


def _parameters(url: str) -> pika.URLParameters:
    # pika's own reason may quote the URL, and with it the password.
    with suppress(ValueError, TypeError):
        parts = urlsplit(url)
        query = urlencode(_CONNECTION_DEFAULTS | dict(parse_qsl(parts.query)))
        if parts.scheme in {"amqp", "amqps"} and parts.hostname:
            return pika.URLParameters(urlunsplit(parts._replace(query=query)))
    raise Misconfigured("settings: RABBITMQ_URL is not an AMQP address; expected amqp://user:password@host:5672/vhost.")


def _declare(connection: pika.BlockingConnection, exchange: str) -> BlockingChannel:
    unrouted = f"{exchange}.unrouted"
    channel = connection.channel()
    try:
        channel.exchange_declare(unrouted, "fanout", durable=True)
        channel.queue_declare(
            unrouted,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-max-length": UNROUTED_LIMIT_MESSAGES,
                "x-overflow": "drop-head",
            },
        )
        channel.queue_bind(unrouted, unrouted)
        channel.exchange_declare(exchange, "topic", durable=True, arguments={"alternate-exchange": unrouted})
    except ChannelClosedByBroker as error:
        if error.reply_code not in {_ACCESS_REFUSED, _PRECONDITION_FAILED}:
            raise
        # Somebody else has laid the exchange out, or does not let us: use what is there.
        channel = connection.channel()
    channel.confirm_delivery()
    return channel


def _send_rows(
    connection: Connection, channel: BlockingChannel, exchange: str, rows: list[OutboxRow]
) -> tuple[int, str | None]:
    """Send and mark `rows`; how many were confirmed, and why the broker was lost, if it was."""
    confirmed = []
    lost = None
    for row in rows:
        try:
            _send(channel, exchange, row)
        except UnroutableError:
            outbox.mark_failed(connection, row.id, f"no queue is bound to {row.routing_key}")
        except NackError:
            outbox.mark_failed(connection, row.id, "the broker did not accept the message (a queue may be full)")
        except (AMQPError, OSError) as error:
            if isinstance(error, ChannelClosedByBroker) and error.reply_code == _NOT_FOUND:
                raise Misconfigured(
                    f"rabbitmq: exchange {exchange!r} does not exist and this user may not declare it. "
                    "Declare it (topic, durable), or let the user configure it."
                ) from None
            lost = _reason(error)
            break
        else:
            confirmed.append(row.id)
    outbox.mark_published(connection, confirmed)
    return len(confirmed), lost


def _send(channel: BlockingChannel, exchange: str, row: OutboxRow) -> None:
    channel.basic_publish(
        exchange,
        row.routing_key,
        msgspec.json.encode(row.payload),
        pika.BasicProperties(
            message_id=str(row.id),
            type=row.payload["event_type"],
            app_id="pos-pipeline",
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=_PERSISTENT,
            timestamp=int(row.created_at.timestamp()),
            headers={
                "tenant_id": str(row.tenant_id),
                "schema_version": row.payload["schema_version"],
                "sequence": row.sequence,
            },
        ),
        mandatory=True,
    )


def _reason(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
