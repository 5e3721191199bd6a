"""Lightspeed's deliveries: a form with JSON in it, signed with the app's secret, in the shape of the first API.

What it carries is never taken for the sale: types and places differ from what the lists show (README.md). There
is no event's id; an object's type, id and version are the same for every attempt at telling of it. Hooks belong
to one retailer each and are made by the 0.9 API, the only documented one beside the dated versions
(x-series-api.lightspeedhq.com "Webhooks", vend-api-0.9-specification; read 2026-11-22).
"""

import binascii
import hashlib
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from pydantic_settings import BaseSettings

from pos_pipeline.errors import InvalidRequest, MissingScope, NotFound, SignatureInvalid, UnexpectedPayload
from pos_pipeline.http import decode
from pos_pipeline.provider import Api, Change
from pos_pipeline.providers.lightspeed.settings import DOMAIN_PREFIX, PERSONAL, lightspeed
from pos_pipeline.webhooks import Delivery, Subscription, WebhookEvent, from_base64, mac_matches

SIGNATURE = "x-signature"
ALGORITHM = "HMAC-SHA256"
PATH = "/api/webhooks"
SCOPE = "webhooks"
MERCHANT = "merchant"
"""Parameter of the address we give: the form's own name of the shop is documented as not guaranteed."""
STREAMS = {"sale.update": ("sales",), "product.update": ("products",), "customer.update": ("customers",)}
"""By type. Stock, closures and consignments are not read."""
WANTED = ("sale.update", "product.update")
"""What we subscribe to. Customers are known by name in an hour anyway, and each of their purchases changes them."""


class _Object(msgspec.Struct):
    id: str | int
    version: str | int | None = None
    updated_at: str | None = None


class _Hook(msgspec.Struct):
    id: str
    url: str
    type: str
    active: bool | int = True


class LightspeedWebhooks:
    """See `webhooks.Webhooks`."""

    is_registered_by_api = True

    def keys(self, settings: BaseSettings) -> Sequence[str]:
        """The app's secret."""
        secret = lightspeed(settings).client_secret
        return (secret.get_secret_value(),) if secret else ()

    def open(self, delivery: Delivery, keys: Sequence[str]) -> Sequence[WebhookEvent]:
        """See `Webhooks.open`."""
        given = _signature(delivery.headers.get(SIGNATURE, ""))
        if not delivery.body or not any(mac_matches(key, delivery.body, given) for key in keys):
            raise SignatureInvalid("lightspeed: the delivery's X-Signature is not of LIGHTSPEED_CLIENT_SECRET.")
        try:
            form = _first(parse_qs(delivery.body.decode(), strict_parsing=True))
            subject = msgspec.json.decode(form.get("payload", ""), type=_Object)
        except (UnicodeDecodeError, ValueError) as error:
            raise UnexpectedPayload(
                f"lightspeed: a signed delivery is not a form with an object in `payload` ({type(error).__name__})."
            ) from None
        merchant = form.get(DOMAIN_PREFIX) or _first(parse_qs(urlsplit(delivery.url).query)).get(MERCHANT, "")
        if not merchant:
            raise UnexpectedPayload("lightspeed: a signed delivery names no shop, nor does its address.")
        kind = form.get("type", "")
        version = subject.version or hashlib.sha256(delivery.body).hexdigest()[:32]
        facts = {"id": subject.id, "version": subject.version, "at": subject.updated_at}
        return (
            WebhookEvent(
                event_id=f"{kind}:{subject.id}:{version}"[:200],
                event_type=kind[:100] or "unknown",
                merchant_id=merchant.lower(),
                # The type is not guaranteed either; without one it may be any we have subscribed to.
                streams=STREAMS.get(kind, ()) if kind else ("sales", "products"),
                facts={name: str(fact)[:200] for name, fact in facts.items() if fact},
            ),
        )

    def subscribe(self, settings: BaseSettings, api: Api, url: str, former: str = "") -> Subscription:
        """A hook for each type that leads to `url` and is active; what leads there already is kept.

        Raises:
            Misconfigured: LIGHTSPEED_CLIENT_SECRET is not set, and deliveries could not be believed.
            InvalidRequest: the shop is linked by a personal token, whose hooks are not signed.
            MissingScope: the merchant has not granted `webhooks`.
        """
        lightspeed(settings).required_client_secret()
        if PERSONAL in api.attributes:
            raise InvalidRequest(
                "lightspeed: the shop is linked by a personal token, and Lightspeed does not sign what it delivers "
                "for those. Link it by OAuth to hear of sales at once; until then they are found by the clock."
            )
        try:
            hooks = decode(api.get(PATH), list[_Hook], provider="lightspeed", path=PATH)
        except MissingScope as error:
            raise MissingScope(str(error), SCOPE) from None
        first, *_ = [_mended(api, hooks, kind, url, former) for kind in WANTED]
        return Subscription(first.id, url)

    def address(self, url: str, merchant_id: str) -> str:
        """The shop is named in it."""
        return f"{url}?{urlencode({MERCHANT: merchant_id})}"


def _mended(api: Api, hooks: Sequence[_Hook], kind: str, url: str, former: str) -> _Hook:
    """The one hook of a type that leads to `url`, made or changed where there is none.

    Those that lead to the same place with another query, or to where it was before, are ours as well. Others are
    not touched: another installation may have the same app.
    """
    ours = [hook for hook in hooks if hook.type == kind and (hook.url == former or _place(hook.url) == _place(url))]
    ours.sort(key=lambda hook: (hook.url != url, not hook.active))
    if not ours:
        return _change(api, "POST", PATH, url, kind)
    kept, *rest = ours
    for hook in rest:
        _delete(api, hook)
    if kept.url == url and kept.active:
        return kept
    return _change(api, "PUT", f"{PATH}/{kept.id}", url, kind)


def _change(api: Api, method: Change, path: str, url: str, kind: str) -> _Hook:
    wanted = msgspec.json.encode({"url": url, "active": True, "type": kind}).decode()
    return decode(api.change(method, path, {"data": wanted}), _Hook, provider="lightspeed", path=path)


def _delete(api: Api, hook: _Hook) -> None:
    try:
        api.change("DELETE", f"{PATH}/{hook.id}")
    except NotFound:
        return  # an attempt before this one has reached it


def _place(url: str) -> str:
    return url.partition("?")[0]


def _first(fields: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    return {name: values[0] for name, values in fields.items()}


def _signature(header: str) -> bytes:
    """The digest of `signature=…,algorithm=HMAC-SHA256`, members in any order; nothing if it is of another form.

    Hex is what every known receiver gets; the documentation's own sample is neither hex nor base64.
    """
    members = [part.strip().partition("=") for part in header.split(",")]
    named = {name: value for name, _, value in members}
    if len(named) != len(members) or named.get("algorithm") != ALGORITHM:
        return b""
    digest = named.get("signature", "")
    try:
        return binascii.unhexlify(digest)
    except ValueError:
        return from_base64(digest)
