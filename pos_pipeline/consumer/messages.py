"""Messages of other services, one struct each; `event_type` in the body says which it is.

Strict on purpose: a field nobody knows is a fault, because a mistyped `tenant_id` in a trigger would mean all tenants.
`messages.schema.json` beside this file says the same to other languages.
"""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

Moment = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
"""Postgres has no text with a NUL in it."""
ContentHash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]

RESULTS_LIMIT = 1_000


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="event_type", forbid_unknown_fields=True):
    """What every message says."""

    timestamp: Moment
    """When the sender wrote it; with it two messages without an id are told apart."""
    event_id: UUID | None = None
    """Recognises a message sent twice, if the AMQP property `message_id` is empty."""
    schema_version: Literal[1] = 1


class ValidationDiscrepancy(Command, frozen=True, kw_only=True, tag="sales_validation_discrepancy"):
    """Sales' figures of a shop differ from ours in a window: read it again from the POS.

    The shop is `pos_account_id`, or `pos_provider` with `location_id`. The window is `window_start` to `window_end`
    (excluded), or the shop's business days `business_date` to `last_business_date` (included).
    """

    tenant_id: UUID
    pos_account_id: UUID | None = None
    pos_provider: Name | None = None
    location_id: Name | None = None
    window_start: Moment | None = None
    window_end: Moment | None = None
    business_date: date | None = None
    last_business_date: date | None = None

    def __post_init__(self) -> None:
        by_place = self.pos_provider is not None and self.location_id is not None
        is_half = (self.pos_provider is None) != (self.location_id is None)
        if is_half or by_place == (self.pos_account_id is not None):
            raise ValueError("name the shop by pos_account_id, or by pos_provider and location_id")
        by_time = self.window_start is not None and self.window_end is not None
        is_half = (self.window_start is None) != (self.window_end is None)
        if is_half or by_time == (self.business_date is not None):
            raise ValueError("give window_start and window_end, or business_date")
        if self.last_business_date is not None and self.business_date is None:
            raise ValueError("last_business_date needs business_date")


class DailyTrigger(Command, frozen=True, kw_only=True, tag="orchestrator_daily_trigger"):
    """All active accounts of a tenant, or of all tenants, are due now."""

    tenant_id: UUID | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of one transaction at sales: its record there, or why there is none."""

    id: UUID
    content_hash: ContentHash
    """As it was in `pos.transactions`; the answer counts for this content only."""
    sales_record_id: UUID | None = None
    error: str | None = None
    """For people; at most 500 characters are kept, and nothing that looks like a secret."""

    def __post_init__(self) -> None:
        if (self.sales_record_id is None) == (self.error is None):
            raise ValueError("give sales_record_id or error, one of them")


class TransactionsRecorded(Command, frozen=True, kw_only=True, tag="sales_transactions_recorded"):
    """Sales' answer to `pos.transactions`: a removed transaction is answered with the record that was removed."""

    tenant_id: UUID
    results: Annotated[list[Result], Meta(min_length=1, max_length=RESULTS_LIMIT)]


AnyCommand = ValidationDiscrepancy | DailyTrigger | TransactionsRecorded


def json_schema() -> bytes:
    """JSON Schema (2020-12) of all messages, as `messages.schema.json` has it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(AnyCommand)}
    for definition in schema["$defs"].values():
        definition["description"] = " ".join(definition["description"].split())
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"
