"""Payloads of the customer's contract, one struct each; field names are the contract's.

A payload on the wire also carries `event_id` (the outbox id, also the AMQP message id) and
`schema_version`. Fields are only ever added within a version; a consumer ignores what it
does not know.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

import msgspec

from pos_pipeline.errors import PipelineError

SCHEMA_VERSION = 1
MESSAGE_LIMIT_CHARACTERS = 500

# Order matters: named secrets first, then anything long enough to be one. Object ids of the POS
# clouds and UUIDs stay below 40 characters, and are needed to find the fault.
_SECRETS = (
    re.compile(r"(?<=://)[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )\S+"),
    re.compile(r"(?i)(?<=basic )[a-z0-9+/=]{8,}"),
    re.compile(r"""(?i)(?<=token|ecret|sword|i_key)(?:\s*=\s*["']?|["']\s*:\s*["'])[^\s"'&,;]+"""),
    re.compile(r"[A-Za-z0-9_+=-]{40,}"),
)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What every message of ours says; the subclasses say the rest."""

    routing_key: ClassVar[str]
    event_type: ClassVar[str]

    tenant_id: UUID
    timestamp: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    """When it happened; aware, sent as RFC 3339 in UTC."""

    def __post_init__(self) -> None:
        if self.timestamp.tzinfo is None:
            raise ValueError(f"{type(self).__name__}: timestamp {self.timestamp} has no time zone")

    def payload(self, event_id: UUID) -> dict[str, Any]:
        """JSON-ready body: `event_id` and `schema_version`, then the contract's fields."""
        body = msgspec.to_builtins(self)
        stamp = self.timestamp.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "event_id": str(event_id),
            "schema_version": SCHEMA_VERSION,
            "event_type": self.event_type,
            **body,
            "timestamp": stamp,
        }


class Event(Message, frozen=True, kw_only=True):
    """Something that happened to one account."""

    pos_account_id: UUID


class SyncCompleted(Event, frozen=True, kw_only=True):
    """A sync of one account has ended and its sales are in the marts."""

    routing_key = "pos.sync_completed"
    event_type = "pos_sync_completed"

    pos_provider: str
    location_name: str
    transactions_processed: int
    transactions_failed: int
    new_products_discovered: int
    sync_duration_seconds: float


class UnmappedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product that somebody has to map."""

    pos_product_name: str
    """With its variation: `Croissant · Mantequilla`."""
    transaction_count: int


class UnmappedRevenue(msgspec.Struct, frozen=True, kw_only=True):
    """Money of one currency."""

    currency: str
    amount: Decimal


class MappingNeeded(Event, frozen=True, kw_only=True):
    """A shop sells products that nobody has mapped, and some of that has not been told yet."""

    routing_key = "pos.mapping_needed"
    event_type = "pos_mapping_needed"

    unmapped_products_count: int
    """All of the shop's, those told before included."""
    unmapped_revenue_euros: Decimal
    """Net revenue of these products in euros; what was sold in other currencies is not converted."""
    unmapped_revenue: list[UnmappedRevenue]
    """The same in every currency the shop has sold in."""
    sample_unmapped_products: list[UnmappedProduct]
    """Those with most revenue, what is new first."""


class SyncError(Event, frozen=True, kw_only=True):
    """A sync of one account failed; build it with `of` so that the message is fit to send."""

    routing_key = "pos.error"
    event_type = "pos_error"

    pos_provider: str
    error_type: str
    """The error's stable `code`, such as `authentication_failed`."""
    error_message: str
    consecutive_failures: int
    action_required: str

    @classmethod
    def of(
        cls,
        error: Exception,
        *,
        tenant_id: UUID,
        pos_account_id: UUID,
        pos_provider: str,
        consecutive_failures: int,
        timestamp: datetime | None = None,
    ) -> Self:
        """The event of `error`. Of an exception we did not name, only its type is told."""
        named = error if isinstance(error, PipelineError) else PipelineError(f"unexpected {type(error).__name__}")
        return cls(
            tenant_id=tenant_id,
            pos_account_id=pos_account_id,
            pos_provider=pos_provider,
            error_type=named.code,
            error_message=redact(str(named)),
            consecutive_failures=consecutive_failures,
            action_required=named.action_required,
            timestamp=timestamp or datetime.now(UTC),
        )


class Transactions(Message, frozen=True, kw_only=True):
    """New and changed transactions of one tenant for the sales service, each with the hash of its content."""

    routing_key = "pos.transactions"
    event_type = "pos_transactions"

    transactions: list[dict[str, Any]]
    """Entries as `transactions` makes them, plus `content_hash` (64 hexadecimal digits)."""


def redact(message: str) -> str:
    """`message` without anything that looks like a secret, at most `MESSAGE_LIMIT_CHARACTERS`.

    A net below the rule that no message carries a secret, because this one leaves the house.
    """
    for pattern in _SECRETS:
        message = pattern.sub("***", message)
    return message if len(message) <= MESSAGE_LIMIT_CHARACTERS else message[: MESSAGE_LIMIT_CHARACTERS - 1] + "…"
