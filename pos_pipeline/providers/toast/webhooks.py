"""Toast's deliveries: signed with a subscription's secret over the body and the time inside it.

One subscription serves every restaurant that has added our integration, for one category of events. There is
no window after which a delivery is too old, so a replay is met by the event's GUID: it is known and changes
nothing (doc.toasttab.com, developer guide "Webhooks", apiMessageSigning, apiPartnersWebhook; read 2026-11-22).
"""

from collections.abc import Sequence
from typing import NoReturn

import msgspec
from pydantic_settings import BaseSettings

from pos_pipeline.errors import InvalidRequest, SignatureInvalid, UnexpectedPayload
from pos_pipeline.provider import Api
from pos_pipeline.providers.toast.errors import GUID
from pos_pipeline.providers.toast.login import CLIENT_ID
from pos_pipeline.providers.toast.settings import toast
from pos_pipeline.webhooks import Delivery, WebhookEvent, from_base64, mac_matches

SIGNATURE = "toast-signature"
PARTNER = "partner"
ARRIVALS = {"partner_added", "partner_updated"}
DEPARTURE = "partner_removed"
# A refund is in its order. Those that leave the order's time alone bring no event either, and are looked for by date.
STREAMS = {"order_updated": ("orders",), "menus": ("menus",)}
"""By category. Stock, availability and the like are heard, and of no interest."""


class _Order(msgspec.Struct, rename="camel"):
    guid: str = ""
    modified_date: str = ""


class _Details(msgspec.Struct, rename="camel"):
    restaurant_guid: str = ""
    order: _Order | None = None


class _Envelope(msgspec.Struct, rename="camel"):
    guid: str
    event_category: str
    event_type: str
    timestamp: str
    details: _Details = msgspec.field(default_factory=_Details)


class _Timed(msgspec.Struct):
    timestamp: str


class ToastWebhooks:
    """See `webhooks.Webhooks`."""

    is_registered_by_api = False

    def keys(self, settings: BaseSettings) -> Sequence[str]:
        """The secrets of our subscriptions, one for each category."""
        return [secret.get_secret_value() for secret in toast(settings).webhook_secrets]

    def open(self, delivery: Delivery, keys: Sequence[str]) -> Sequence[WebhookEvent]:
        """See `Webhooks.open`."""
        message = delivery.body + _timestamp(delivery.body).encode()
        given = from_base64(delivery.headers.get(SIGNATURE, ""))
        if not any(mac_matches(key, message, given) for key in keys):
            raise SignatureInvalid("toast: the delivery's Toast-Signature is not of a secret in TOAST_WEBHOOK_SECRETS.")
        try:
            event = msgspec.json.decode(delivery.body, type=_Envelope)
        except msgspec.DecodeError as error:
            raise UnexpectedPayload(f"toast: a signed delivery is not an event ({error}).") from None
        restaurant = event.details.restaurant_guid
        is_partners = event.event_category == PARTNER
        if not GUID.fullmatch(restaurant):
            if is_partners or event.event_category in STREAMS:
                raise UnexpectedPayload(f"toast: a signed {event.event_type[:40]!r} names no restaurant by its GUID.")
            return ()
        order = event.details.order or _Order()
        facts = {"order": order.guid, "modified_at": order.modified_date, "at": event.timestamp}
        return (
            WebhookEvent(
                event_id=event.guid,
                event_type=event.event_type,
                merchant_id=restaurant.lower(),
                streams=STREAMS.get(event.event_category, ()),
                facts={name: fact[:200] for name, fact in facts.items() if fact},
                # A restaurant read by credentials of its own does not end with our integration.
                is_departure=is_partners and event.event_type == DEPARTURE,
                spares=CLIENT_ID,
                # The list is looked at after a departure as well: one that comes late is undone by it.
                is_arrival=is_partners and event.event_type in {DEPARTURE, *ARRIVALS},
            ),
        )

    def subscribe(self, settings: BaseSettings, api: Api, url: str, former: str = "") -> NoReturn:  # noqa: ARG002 - nothing can be called
        """Toast has no such API.

        Raises:
            InvalidRequest: always; says what a person does instead.
        """
        raise InvalidRequest(
            "toast: there is no API to register webhooks with. Ask Toast's integrations team (partners) or open Toast "
            f"Web, Integrations, Manage webhooks (Standard API access), and have {url} subscribed to order_updated, "
            "menus and partner; put the secret of each subscription into TOAST_WEBHOOK_SECRETS, separated by commas."
        )

    def address(self, url: str, merchant_id: str) -> str:  # noqa: ARG002 - one address for all
        """The event names its restaurant."""
        return url


def _timestamp(body: bytes) -> str:
    """The envelope's time as it is spelled: what is signed besides the body. Without one nothing can be."""
    try:
        return msgspec.json.decode(body, type=_Timed).timestamp
    except msgspec.DecodeError:
        raise SignatureInvalid(
            f"toast: a delivery of {len(body)} bytes has no timestamp in it, which Toast signs with the body."
        ) from None
