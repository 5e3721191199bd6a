"""Signed deliveries: Square's test vectors, retries, duplicates and disorder."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from square import Square
from square.core.api_error import ApiError
from square.utils.webhooks_helper import verify_signature

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.square.grants import DEVELOPER_TOKEN
from pos_pipeline.sandbox.square.webhooks import RETRY_MINUTES, SIGNATURE_HEADER, sign
from tests.sandbox.conftest import ANCHOR
from tests.sandbox.consenting import consent, exchange
from tests.sandbox.listening import Listener

VECTORS = [
    (
        "asdf1234",
        "https://example.com/webhook",
        '{"hello":"world"}',
        "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=",
    ),
    (
        "signature-key",
        "https://webhook.site/webhooks",
        '{"data":{"type":"webhooks","id":">id<"}}',
        "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U=",
    ),
    (
        "Ibxx_5AKakO-3qeNVR61Dw",
        "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9",
        (
            '{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification",'
            '"event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z",'
            '"data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}'
        ),
        "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4=",
    ),
]
PAYMENTS = ["payment.created", "payment.updated"]


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listener of this test's own."""
    running = Listener("/hooks/square?shop=1")
    yield running
    running.close()


def make_sandbox(**options: Any) -> Any:
    """A tiny world whose retry minutes are twentieths of a second."""
    calm: dict[str, Any] = {"webhook_duplicate_share": 0, "webhook_disorder_share": 0}
    cloud_options = CloudOptions(webhook_minute_seconds=0.05, **(calm | options))
    return running_sandbox(anchor=ANCHOR, days=2, sales_per_day=5, cloud_options=cloud_options)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Deliveries in order, once."""
    with make_sandbox() as running:
        yield running


def subscribe(square: Square, listener: Listener, kinds: list[str]) -> Any:
    """A subscription of the listener."""
    wanted: Any = {"name": "test", "event_types": kinds, "notification_url": listener.url, "api_version": "2026-09-16"}
    return square.webhooks.subscriptions.create(subscription=wanted).subscription


@pytest.mark.parametrize(("key", "url", "body", "signature"), VECTORS)
def test_signatures_match_squares_vectors(key: str, url: str, body: str, signature: str) -> None:
    """Ours and the SDK's agree with the published values."""
    assert sign(key, url, body.encode()) == signature
    assert verify_signature(request_body=body, signature_header=signature, signature_key=key, notification_url=url)


def test_a_sale_is_announced_with_a_valid_signature(
    sandbox: Sandbox, square: Square, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """The SDK's helper accepts the delivery, and its payment is the API's payment to the byte."""
    subscription = subscribe(square, listener, PAYMENTS)
    sandbox.advance(sales=1, merchant_id=merchants["cafes"]["id"])
    received = listener.take(1)[0]
    payment = received.event["data"]["object"]["payment"]

    assert received.event["merchant_id"] == merchants["cafes"]["id"]
    assert square.payments.get(payment["id"]).payment.version_token == payment["version_token"]
    assert verify_signature(
        request_body=received.body,
        signature_header=received.headers[SIGNATURE_HEADER],
        signature_key=subscription.signature_key,
        notification_url=listener.url,
    )
    assert not verify_signature(
        request_body=received.body + " ",
        signature_header=received.headers[SIGNATURE_HEADER],
        signature_key=subscription.signature_key,
        notification_url=listener.url,
    )


def test_orders_are_announced_as_hints(
    sandbox: Sandbox, square: Square, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """Id, location, state and version; the order itself has to be fetched."""
    subscribe(square, listener, ["order.created"])
    sandbox.advance(sales=1, merchant_id=merchants["cafes"]["id"])
    hint = listener.take(1)[0].event["data"]["object"]["order_created"]

    assert set(hint) == {"created_at", "location_id", "order_id", "state", "updated_at", "version"}
    assert square.orders.get(hint["order_id"]).order.location_id == hint["location_id"]


def test_only_subscribed_events_of_heard_merchants_arrive(
    sandbox: Sandbox,
    open_square: Callable[[str | None], Square],
    merchants: dict[str, dict[str, Any]],
    listener: Listener,
) -> None:
    """Another merchant is heard once it has authorized the application, and only within its scopes."""
    square = open_square(merchants["cafes"]["access_token"])
    subscribe(square, listener, [*PAYMENTS, "order.created"])
    other = merchants["panaderia"]["id"]
    sandbox.advance(sales=2, merchant_id=other)
    exchange(open_square(None), consent(sandbox, merchant=other, scope="PAYMENTS_READ")["code"])
    sandbox.advance(sales=1, merchant_id=other)
    kinds = {received.event["type"] for received in listener.take(2)}

    assert kinds == set(PAYMENTS)


def test_a_failing_listener_is_tried_again(
    sandbox: Sandbox, square: Square, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """The same event comes again with its retry number and reason until it is answered 2xx."""
    subscribe(square, listener, ["payment.created"])
    listener.answers[:] = [500, 302]
    sandbox.advance(sales=1, merchant_id=merchants["cafes"]["id"])
    first, second, third = listener.take(3)

    assert first.event["event_id"] == second.event["event_id"] == third.event["event_id"]
    assert "square-retry-number" not in first.headers
    assert [(r.headers["square-retry-number"], r.headers["square-retry-reason"]) for r in (second, third)] == [
        ("1", "http_error"),
        ("2", "http_error"),
    ]
    assert first.headers["square-initial-delivery-timestamp"] == third.headers["square-initial-delivery-timestamp"]


def test_retries_end_within_a_day() -> None:
    """Eleven retries, as Square's current table has them."""
    assert len(RETRY_MINUTES) == 11
    assert round(sum(RETRY_MINUTES) / 60) == 24


def test_duplicates_and_disorder_happen(listener: Listener) -> None:
    """Every event comes at least once, some twice, and not in the order of the changes."""
    with make_sandbox(webhook_duplicate_share=0.3, webhook_disorder_share=0.5) as sandbox:
        merchant = sandbox.merchants("square")[0]
        with Subscriber(sandbox, merchant["access_token"]) as square:
            subscribe(square, listener, ["payment.created"])
            sandbox.advance(sales=30, merchant_id=merchant["id"])
            got = listener.take_until(
                lambda got: (
                    len({r.event["event_id"] for r in got}) >= 30 and len(got) > len({r.event["event_id"] for r in got})
                )
            )
    stamps = [received.event["created_at"][:23] for received in got]

    assert stamps != sorted(stamps)


class Subscriber:
    """The SDK with a client that is closed at the end."""

    def __init__(self, sandbox: Sandbox, token: str) -> None:
        self.client = httpx.Client(timeout=30)
        self.square = Square(base_url=sandbox.base_url(), token=token, httpx_client=self.client)

    def __enter__(self) -> Square:
        return self.square

    def __exit__(self, *_: object) -> None:
        self.client.close()


def test_dropped_webhooks_never_arrive(
    sandbox: Sandbox, square: Square, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """With the fault on nothing is sent; what happens afterwards arrives first."""
    subscribe(square, listener, ["payment.created"])
    sandbox.faults(drop_webhooks=1)
    sandbox.advance(sales=3, merchant_id=merchants["cafes"]["id"])
    known = {
        payment.id
        for location in merchants["cafes"]["locations"]
        for payment in square.payments.list(location_id=location["id"])
    }
    sandbox.faults()
    sandbox.advance(sales=1, merchant_id=merchants["cafes"]["id"])

    assert listener.take(1)[0].event["data"]["id"] not in known


def test_revocation_is_announced(
    sandbox: Sandbox, square: Square, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """oauth.authorization.revoked says who did it."""
    subscribe(square, listener, ["oauth.authorization.revoked"])
    sandbox.revoke(merchants["cadena"]["id"])
    event = listener.take(1)[0].event

    assert event["merchant_id"] == merchants["cadena"]["id"]
    assert event["data"]["object"]["revocation"]["revoker_type"] == "MERCHANT"


def test_refunds_and_catalog_are_announced(
    sandbox: Sandbox, square: Square, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """Within a week a refund is made, the catalog changes and somebody becomes a customer."""
    wanted = {"refund.created", "refund.updated", "catalog.version.updated", "customer.created"}
    subscribe(square, listener, sorted(wanted))
    sandbox.advance(sales=60, merchant_id=merchants["cafes"]["id"])
    sandbox.advance(hours=8 * 24)
    got = listener.take_until(lambda got: {r.event["type"] for r in got} >= wanted)
    refund = next(r.event for r in got if r.event["type"] == "refund.created")["data"]["object"]["refund"]

    assert refund["version"] >= 1
    assert refund["amount_money"]["amount"] > 0


def test_subscriptions_are_managed(square: Square, listener: Listener) -> None:
    """Create, read, list without keys, change, renew the key, test, delete."""
    api = square.webhooks.subscriptions
    created = subscribe(square, listener, PAYMENTS)
    read = api.get(created.id).subscription
    listed = list(api.list())
    renewed = api.update_signature_key(created.id).signature_key
    tested = api.test(created.id).subscription_test_result
    changed = api.update(created.id, subscription={"enabled": False}).subscription
    api.delete(created.id)

    assert read == created
    assert [s.signature_key for s in listed] == [None]
    assert renewed != created.signature_key
    assert tested.status_code == 200
    assert changed.enabled is False
    assert list(api.list()) == []


def test_oauth_tokens_cannot_subscribe(
    sandbox: Sandbox, open_square: Callable[[str | None], Square], listener: Listener
) -> None:
    """Personal access tokens only."""
    tokens = exchange(open_square(None), consent(sandbox)["code"])

    with pytest.raises(ApiError) as refused:
        subscribe(open_square(tokens.access_token), listener, PAYMENTS)
    assert refused.value.status_code == 401


def test_the_developers_own_token_hears_whoever_consented(
    sandbox: Sandbox,
    merchants: dict[str, dict[str, Any]],
    open_square: Callable[[str | None], Square],
    listener: Listener,
) -> None:
    """It manages subscriptions and reads nobody's till; without a consent it hears nobody."""
    developer = open_square(DEVELOPER_TOKEN)
    subscribe(developer, listener, PAYMENTS)
    with pytest.raises(ApiError) as refused:
        list(developer.locations.list().locations or ())
    sandbox.advance(sales=1)
    consented = merchants["cafes"]["id"]
    exchange(open_square(None), consent(sandbox, merchant=consented, scope="PAYMENTS_READ")["code"])
    sandbox.advance(sales=1, merchant_id=consented)

    assert refused.value.status_code == 403
    assert {received.event["merchant_id"] for received in listener.take(1)} == {consented}


def test_unknown_event_types_are_refused(square: Square, listener: Listener) -> None:
    """400, so that a typing error does not mean silence."""
    with pytest.raises(ApiError) as refused:
        subscribe(square, listener, ["payment.paid"])
    assert refused.value.errors[0].field == "subscription.event_types"


def test_an_unreachable_listener_holds_nobody_up(
    sandbox: Sandbox, square: Square, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """A subscription to a dead port does not keep another one's events back."""
    wanted: Any = {
        "name": "dead",
        "event_types": PAYMENTS,
        "notification_url": "http://127.0.0.1:9/",
        "api_version": "",
    }
    square.webhooks.subscriptions.create(subscription=wanted)
    subscribe(square, listener, PAYMENTS)
    sandbox.advance(sales=3, merchant_id=merchants["cafes"]["id"])

    assert len({received.event["event_id"] for received in listener.take(6)}) == 6
