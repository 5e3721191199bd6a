"""Square's deliveries: signed with the subscription's key over address and body, no order, duplicates.

Payment and refund events are what a sale at a till is sure to bring; order events are a hint at best
(developer guide "Webhooks overview", OpenAPI 2025-08-20; read 2026-11-22).
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from pydantic_settings import BaseSettings

from pos_pipeline.errors import Misconfigured, SignatureInvalid, UnexpectedPayload
from pos_pipeline.http import Caller, decode
from pos_pipeline.http.bearer import Bearer
from pos_pipeline.provider import Api
from pos_pipeline.providers.square.errors import explain
from pos_pipeline.providers.square.settings import SquareSettings, square
from pos_pipeline.webhooks import Delivery, Subscription, WebhookEvent, from_base64, mac_matches

SIGNATURE = "x-square-hmacsha256-signature"
SALES = ("payments", "orders", "refunds")
STREAMS = {
    "payment": SALES,
    "refund": SALES,
    "order": SALES,
    "catalog": ("catalog",),
    "location": ("locations",),
    "customer": ("customers",),
    "team_member": ("team_members",),
}
"""By the first word of the event's type."""
DEPARTURE = "oauth.authorization.revoked"
EVENT_TYPES = (
    "payment.created",
    "payment.updated",
    "refund.created",
    "refund.updated",
    "order.created",
    "order.updated",
    "catalog.version.updated",
    "location.created",
    "location.updated",
    DEPARTURE,
)
NAME = "POS pipeline"


class _Subject(msgspec.Struct):
    type: str = ""
    id: str = ""


class _Envelope(msgspec.Struct):
    merchant_id: str
    type: str
    event_id: str
    created_at: str = ""
    location_id: str = ""
    data: _Subject = msgspec.field(default_factory=_Subject)


class _Subscribed(msgspec.Struct):
    id: str
    notification_url: str = ""
    signature_key: str | None = None
    enabled: bool = True
    event_types: list[str] = []


class _List(msgspec.Struct):
    subscriptions: list[_Subscribed] = []


class _One(msgspec.Struct):
    subscription: _Subscribed


class SquareWebhooks:
    """See `webhooks.Webhooks`."""

    is_registered_by_api = True

    def keys(self, settings: BaseSettings) -> Sequence[str]:
        """The key of a subscription that was made in the developer dashboard."""
        key = square(settings).webhook_signature_key
        return (key.get_secret_value(),) if key else ()

    def open(self, delivery: Delivery, keys: Sequence[str]) -> Sequence[WebhookEvent]:
        """See `Webhooks.open`."""
        message = delivery.url.encode() + delivery.body
        given = from_base64(delivery.headers.get(SIGNATURE, ""))
        if not delivery.body or not any(mac_matches(key, message, given) for key in keys):
            raise SignatureInvalid(f"square: the delivery's {SIGNATURE} is not of a key we have.")
        try:
            event = msgspec.json.decode(delivery.body, type=_Envelope)
        except msgspec.DecodeError as error:
            raise UnexpectedPayload(f"square: a signed delivery is not an event ({error}).") from None
        facts = {"object": event.data.type, "id": event.data.id, "location": event.location_id, "at": event.created_at}
        return (
            WebhookEvent(
                event_id=event.event_id,
                event_type=event.type,
                merchant_id=event.merchant_id,
                streams=STREAMS.get(event.type.partition(".")[0], ()),
                facts={name: fact[:200] for name, fact in facts.items() if fact},
                is_departure=event.type == DEPARTURE,
                happened_at=_moment(event.created_at),
            ),
        )

    def subscribe(self, settings: BaseSettings, api: Api, url: str, former: str = "") -> Subscription:  # noqa: ARG002 - the app's own matter
        """One subscription serves every merchant; only the app's personal token may make it.

        One for `url` that is switched off, or lacks events we act upon, is mended.

        Raises:
            Misconfigured: SQUARE_ACCESS_TOKEN is not set.
        """
        chosen = square(settings)
        if chosen.access_token is None:
            raise Misconfigured(
                "square: registering webhooks needs SQUARE_ACCESS_TOKEN, the app's own personal access token "
                "(developer.squareup.com/apps, Credentials). Or make the subscription there by hand for "
                f"{url} and set SQUARE_WEBHOOK_SIGNATURE_KEY."
            )
        caller, auth = _caller(chosen), Bearer(chosen.access_token)
        path = "/v2/webhooks/subscriptions"
        listed = decode(caller.call("GET", path, auth=auth), _List, provider="square", path=path).subscriptions
        ours = [one for one in listed if one.notification_url == url]
        found = min(ours, key=lambda one: not one.enabled, default=None)
        if found is None:
            wanted = {
                "name": NAME,
                "event_types": EVENT_TYPES,
                "notification_url": url,
                "api_version": chosen.api_version,
            }
            request = {"idempotency_key": str(uuid.uuid4()), "subscription": wanted}
            body = caller.call("POST", path, json=request, auth=auth)
        else:
            path = f"{path}/{found.id}"
            types = list(dict.fromkeys([*found.event_types, *EVENT_TYPES]))
            if not found.enabled or types != found.event_types:
                mended = {"enabled": True, "event_types": types}
                caller.call("PUT", path, json={"subscription": mended}, auth=auth)
            body = caller.call("GET", path, auth=auth)  # the only answer besides the first that has the key
        made = decode(body, _One, provider="square", path=path).subscription
        return Subscription(made.id, made.notification_url or url, made.signature_key)

    def address(self, url: str, merchant_id: str) -> str:  # noqa: ARG002 - one address for all
        """The event names its merchant."""
        return url


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _caller(settings: SquareSettings) -> Caller:
    return Caller("square", settings.base_url, {"Square-Version": settings.api_version}, explain)
