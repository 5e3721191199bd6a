"""What a change is announced as: the envelope, and what it says in headers."""

import uuid
from typing import NamedTuple

from pos_pipeline.sandbox.shop.clock import MILLISECOND, Instant
from pos_pipeline.sandbox.toast.book import Book, Item
from pos_pipeline.sandbox.toast.connections import Connection
from pos_pipeline.sandbox.toast.receivers import MENUS, ORDERS, PARTNER
from pos_pipeline.sandbox.toast.render.context import Context
from pos_pipeline.sandbox.toast.render.orders import WEBHOOK_GUEST
from pos_pipeline.sandbox.toast.render.people import render_partner_row
from pos_pipeline.sandbox.toast.wire import encode, envelope_stamp, stamp

_LATER = 131 * MILLISECOND


class Event(NamedTuple):
    """One announcement; `body` is the raw request body."""

    category: str
    body: bytes
    labels: dict[str, str]


def order_event(book: Book, item: Item) -> Event:
    """An order is new or was modified; the guest's name and phone number stay out of it."""
    guid = book.context.restaurant_guid
    order = book.body(item, WEBHOOK_GUEST)
    details = f'{{"restaurantGuid":"{guid}","order":'.encode() + order + b',"appliedPackagingInfo":null}'
    return _event(ORDERS, "order_updated", guid, f"{item.guid}:{item.modified_at}", item.modified_at, details)


def menus_event(context: Context, at: Instant) -> Event:
    """The menu was published; what is in it has to be read."""
    guid = context.restaurant_guid
    details = encode({"restaurantGuid": guid, "publishedDate": stamp(at)})
    return _event(MENUS, "menus_updated", guid, f"{guid}:{at}", at, details)


def partner_event(context: Context, kind: str, connection: Connection) -> Event:
    """A restaurant added, changed or removed the integration."""
    at = connection.modified_ms * MILLISECOND
    details = encode(render_partner_row(context, connection, deleted=kind == "partner_removed"))
    serial = f"{connection.restaurant_guid}:{connection.modified_ms}"
    return _event(PARTNER, kind, None, serial, at, details)


def _event(  # noqa: PLR0917 - the parts of an envelope in their order
    category: str, kind: str, restaurant_guid: str | None, serial: str, at: Instant, details: bytes
) -> Event:
    guid = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}:{serial}")
    head = f'{{"timestamp":"{envelope_stamp(at + _LATER)}","eventCategory":"{category}","eventType":"{kind}",'
    labels = {"Toast-Event-Category": category, "Toast-Event-Type": kind}
    if restaurant_guid is not None:
        labels["Toast-Restaurant-External-ID"] = restaurant_guid
    return Event(category, head.encode() + f'"guid":"{guid}","details":'.encode() + details + b"}", labels)
