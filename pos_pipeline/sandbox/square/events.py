"""What a change is announced as. Bodies are built around the object's own bytes, so they agree with the API's."""

import uuid
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from pos_pipeline.sandbox.shop.clock import MILLISECOND, Instant
from pos_pipeline.sandbox.square.book import Book, Change
from pos_pipeline.sandbox.square.render.orders import STATES
from pos_pipeline.sandbox.square.wire import rfc3339

EVENT_SCOPES = {
    "payment.created": "PAYMENTS_READ",
    "payment.updated": "PAYMENTS_READ",
    "refund.created": "PAYMENTS_READ",
    "refund.updated": "PAYMENTS_READ",
    "order.created": "ORDERS_READ",
    "order.updated": "ORDERS_READ",
    "catalog.version.updated": "ITEMS_READ",
    "customer.created": "CUSTOMERS_READ",
    "location.created": "MERCHANT_PROFILE_READ",
    "location.updated": "MERCHANT_PROFILE_READ",
    "oauth.authorization.revoked": None,
}
TEST_EVENT = "webhooks.test_notification"


class Event(NamedTuple):
    """One announcement; `body` is the raw request body."""

    merchant_key: str
    kind: str
    body: bytes


def change_events(book: Book, changes: Sequence[Change]) -> Iterator[Event]:
    """A sale that is new is announced as created and then as updated, as a till does it in two steps."""
    for change in changes:
        for verb in ("created", "updated") if change.is_new and change.kind != "order" else _verbs(change):
            kind = f"{change.kind}.{verb}"
            yield Event(book.context.key, kind, _object_body(book, change, kind, verb))


def plain_event(
    book: Book, kind: str, *, serial: str, at: Instant, data_type: str, identifier: str, data: object
) -> Event:
    """An event around a small object of its own."""
    body = msgspec.json.encode({"type": data_type, "id": identifier, "object": {data_type: data}})
    return Event(book.context.key, kind, _envelope(book, kind, serial, at, body))


def _verbs(change: Change) -> tuple[str, ...]:
    return ("created",) if change.is_new else ("updated",)


def _object_body(book: Book, change: Change, kind: str, verb: str) -> bytes:
    item = change.item
    if change.kind == "order":
        name = f"order_{verb}"
        hint = {
            "created_at": rfc3339(item.created),
            "location_id": item.location_id,
            "order_id": item.id,
            "state": STATES[item.sale.state] if item.part is None else "COMPLETED",
            "updated_at": rfc3339(item.updated),
            "version": item.sale.revision + 2,
        }
        data = msgspec.json.encode({"type": name, "id": item.id, "object": {name: hint}})
    else:
        payload = book.shelves[change.kind].body(item)
        if change.kind == "refund":
            payload = payload[:-1] + f',"version":{item.sale.refunds[item.part or 0].revision}}}'.encode()
        data = f'{{"type":"{change.kind}","id":"{item.id}","object":{{"{change.kind}":'.encode() + payload + b"}}"
    return _envelope(book, kind, f"{item.id}:{item.updated}", item.updated, data)


def _envelope(book: Book, kind: str, serial: str, at: Instant, data: bytes) -> bytes:
    event_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{book.context.merchant_id}:{kind}:{serial}")
    head = f'{{"merchant_id":"{book.context.merchant_id}","type":"{kind}","event_id":"{event_id}",'
    stamp = rfc3339(at + 137 * MILLISECOND)
    return head.encode() + f'"created_at":"{stamp}","data":'.encode() + data + b"}"
