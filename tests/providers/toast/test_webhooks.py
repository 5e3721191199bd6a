"""Toast's deliveries: every way a signature can be wrong, and what each kind of event means."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from pos_pipeline.errors import InvalidRequest, SignatureInvalid, UnexpectedPayload
from pos_pipeline.providers.toast import PROVIDER
from pos_pipeline.providers.toast.settings import ToastSettings
from pos_pipeline.providers.toast.webhooks import ToastWebhooks
from pos_pipeline.webhooks import Delivery, WebhookEvent

ADDRESS = "https://pos.example/api/v1/pos/webhooks/toast"
SECRET = "sandbox-webhook-secret"
RESTAURANT = "b7c1f6de-2a8e-4c55-9d0f-6f0a1b2c3d4e"
AT = "2026-03-15T08:12:46.221Z"
VECTOR = (
    b'{"timestamp":"2026-03-15T08:12:46.221Z","eventCategory":"menus","eventType":"menus_updated",'
    b'"guid":"e2b6d0a4-7f0c-4d6c-8b2b-1f3c9a5e7d10","details":{"restaurantGuid":"b7c1f6de-2a8e-4c55-9d0f-6f0a1b2c3d4e",'
    b'"publishedDate":"2026-03-15T08:12:45.000+0000"}}'
)
SIGNATURE = "wUSM2rTHaDiBAWg+ReoTS2L8aNWXWf456Xn6GGAu1CE="
"""`printf '%s%s' "$body" "$timestamp" | openssl dgst -sha256 -hmac sandbox-webhook-secret -binary | base64`"""


def sign(message: bytes, secret: str = SECRET) -> str:
    """Base64 of the HMAC."""
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def opened(body: bytes, signature: str | None = SIGNATURE, keys: tuple[str, ...] = (SECRET,)) -> list[WebhookEvent]:
    """What a delivery announces."""
    headers = {} if signature is None else {"toast-signature": signature}
    return list(ToastWebhooks().open(Delivery(ADDRESS, headers, body), keys))


def told(category: str, kind: str, details: dict[str, Any], at: str = AT) -> list[WebhookEvent]:
    """What a properly signed event announces."""
    envelope = {"timestamp": at, "eventCategory": category, "eventType": kind, "guid": "e1", "details": details}
    body = json.dumps(envelope).encode()
    return opened(body, sign(body + at.encode()))


def test_the_vector() -> None:
    """A menu was published: its restaurant's menu is to be read."""
    [event] = opened(VECTOR)

    assert event.event_id == "e2b6d0a4-7f0c-4d6c-8b2b-1f3c9a5e7d10"
    assert (event.event_type, event.merchant_id, event.streams) == ("menus_updated", RESTAURANT, ("menus",))
    assert event.facts == {"at": AT}


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        pytest.param(VECTOR, None, id="missing"),
        pytest.param(VECTOR, "", id="empty"),
        pytest.param(VECTOR, "no base64!", id="not base64"),
        pytest.param(VECTOR, "é", id="not ascii"),
        pytest.param(VECTOR, SIGNATURE[:-4], id="cut"),
        pytest.param(VECTOR, base64.b64decode(SIGNATURE).hex(), id="hex"),
        pytest.param(VECTOR, SIGNATURE.lower(), id="lower case"),
        pytest.param(VECTOR, f"{SIGNATURE}, {SIGNATURE}", id="twice"),
        pytest.param(VECTOR, sign(VECTOR + AT.encode(), "another"), id="another secret"),
        pytest.param(VECTOR, sign(VECTOR + AT.encode(), ""), id="no secret"),
        pytest.param(VECTOR, sign(VECTOR), id="body alone"),
        pytest.param(VECTOR, sign(AT.encode() + VECTOR), id="timestamp first"),
        pytest.param(VECTOR, sign(VECTOR + b"." + AT.encode()), id="joined by a dot"),
        pytest.param(VECTOR.replace(b"08:12:46", b"08:12:47"), SIGNATURE, id="another timestamp"),
        pytest.param(VECTOR + b" ", SIGNATURE, id="another body"),
        pytest.param(b"", sign(b""), id="empty body"),
        pytest.param(b"\xff\xfe", sign(b"\xff\xfe"), id="not utf-8"),
        pytest.param(b"[]", sign(b"[]"), id="no envelope"),
        pytest.param(b'{"guid":"e1"}', sign(b'{"guid":"e1"}'), id="no timestamp"),
        pytest.param(b'{"timestamp":5}', sign(b'{"timestamp":5}5'), id="a number for a timestamp"),
    ],
)
def test_every_way_a_signature_can_be_wrong(body: bytes, signature: str | None) -> None:
    """Nothing is believed, and nothing of the body is repeated."""
    with pytest.raises(SignatureInvalid) as refused:
        opened(body, signature)

    assert RESTAURANT not in str(refused.value)


def test_any_of_our_secrets_will_do() -> None:
    """Each category's subscription has its own; without any nothing is believed."""
    assert len(opened(VECTOR, keys=("another", SECRET))) == 1
    with pytest.raises(SignatureInvalid):
        opened(VECTOR, keys=())


def test_secrets_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Separated by commas, blanks ignored, never shown."""
    monkeypatch.setenv("TOAST_WEBHOOK_SECRETS", " first, second,, ")
    settings = ToastSettings()

    assert list(ToastWebhooks().keys(settings)) == ["first", "second"]
    assert "first" not in repr(settings)
    assert list(ToastWebhooks().keys(ToastSettings(webhook_secrets=()))) == []


def test_an_old_delivery_is_an_event_like_any_other() -> None:
    """Toast names no age that would be too great; a replay is met by its id."""
    first, again = (
        told("order_updated", "order_updated", {"restaurantGuid": RESTAURANT}, "2019-01-01T00:00:00.000Z"),
    ) * 2

    assert first == again
    assert first[0].event_id == "e1"


def test_an_order_is_kept_as_ids_and_times() -> None:
    """Guests' addresses are not, whatever the event carries."""
    order = {"guid": "o1", "modifiedDate": "2026-03-15T08:12:46.000+0000", "deliveryInfo": {"notes": "for Ana Canary"}}
    [event] = told("order_updated", "channel_order_updated", {"restaurantGuid": RESTAURANT.upper(), "order": order})

    assert (event.merchant_id, event.streams) == (RESTAURANT, ("orders",))
    assert event.facts == {"order": "o1", "modified_at": "2026-03-15T08:12:46.000+0000", "at": AT}


@pytest.mark.parametrize(
    ("category", "kind", "streams", "is_departure", "is_arrival"),
    [
        ("order_updated", "order_updated", ("orders",), False, False),
        ("menus", "menus_updated", ("menus",), False, False),
        ("stock", "out_of_stock", (), False, False),
        ("restaurant_availability", "availability_offline", (), False, False),
        ("something_new", "partner_removed", (), False, False),
        ("partner", "partner_added", (), False, True),
        ("partner", "partner_updated", (), False, True),
        ("partner", "partner_removed", (), True, True),
        ("partner", "partner_renamed", (), False, False),
    ],
)
def test_what_events_mean(
    category: str, kind: str, streams: tuple[str, ...], is_departure: bool, is_arrival: bool
) -> None:
    """What is to be read, who left, who came."""
    [event] = told(category, kind, {"restaurantGuid": RESTAURANT})

    assert (event.streams, event.is_departure, event.is_arrival) == (streams, is_departure, is_arrival)
    assert set(event.streams) <= {stream.name for stream in PROVIDER.streams}


def test_own_credentials_outlive_the_integration() -> None:
    """A restaurant that removes us is still read where it gave credentials of its own."""
    [grant] = PROVIDER.from_credentials(
        ToastSettings(), {"client_id": "c", "client_secret": "s", "restaurant_guids": RESTAURANT}
    )
    [event] = told("partner", "partner_removed", {"restaurantGuid": RESTAURANT})

    assert event.spares in grant.attributes


@pytest.mark.parametrize("details", [{}, {"restaurantGuid": "b7c1"}, {"restaurantGuid": 5}, {"order": "o1"}])
def test_signed_and_not_as_documented(details: dict[str, Any]) -> None:
    """An order without its restaurant is refused; it is not ours to guess."""
    with pytest.raises(UnexpectedPayload):
        told("order_updated", "order_updated", details)


def test_what_concerns_no_restaurant_is_nothing() -> None:
    """A category we do not know may have details of any kind."""
    assert told("something_new", "happened", {"groupGuid": "g1"}) == []


def test_registering_is_done_by_hand() -> None:
    """The refusal says where, for which address and what to do with the secret."""
    webhooks = ToastWebhooks()

    with pytest.raises(InvalidRequest, match=r"Manage webhooks.*https://pos\.example.*TOAST_WEBHOOK_SECRETS"):
        webhooks.subscribe(ToastSettings(), None, webhooks.address(ADDRESS, RESTAURANT))  # type: ignore[arg-type]
    assert webhooks.is_registered_by_api is False
