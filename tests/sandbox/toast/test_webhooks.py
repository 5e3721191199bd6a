"""Signed deliveries: Toast's signature, three attempts, and what they leave out."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.clock import datetime_of
from pos_pipeline.sandbox.shop.merchants import CAFES
from pos_pipeline.sandbox.toast.backoff import Backoff
from pos_pipeline.sandbox.toast.webhooks import RETRY_MINUTES, TIMEOUT_SECONDS, is_final, sign
from tests.sandbox.listening import Listener
from tests.sandbox.toast.client import Toast, parsed, partner, restaurants
from tests.sandbox.toast.conftest import ANCHOR

VECTOR = (
    '{"timestamp":"2026-03-15T08:12:46.221Z","eventCategory":"menus","eventType":"menus_updated",'
    '"guid":"e2b6d0a4-7f0c-4d6c-8b2b-1f3c9a5e7d10","details":{"restaurantGuid":"b7c1f6de-2a8e-4c55-9d0f-6f0a1b2c3d4e",'
    '"publishedDate":"2026-03-15T08:12:45.000+0000"}}'
)
ENVELOPE = {"timestamp", "eventCategory", "eventType", "guid", "details"}


def make_sandbox(**options: Any) -> Any:
    """A tiny world whose retry minutes are hundredths of a second."""
    calm: dict[str, Any] = {"webhook_duplicate_share": 0, "webhook_disorder_share": 0, "webhook_minute_seconds": 0.01}
    cloud_options = CloudOptions(rate_limits=False, **(calm | options))
    return running_sandbox(anchor=ANCHOR, days=2, sales_per_day=12, merchants=(CAFES,), cloud_options=cloud_options)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Deliveries in order, once; nobody is connected yet."""
    with make_sandbox() as running:
        yield running


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listener of this test's own."""
    running = Listener("/hooks/toast")
    yield running
    running.close()


def subscribe(toast: Toast, listener: Listener, category: str) -> str:
    """The secret of a subscription."""
    answer = toast.http.post("/toastweb/webhooks", json={"url": listener.url, "category": category})
    return str(parsed(answer)["secret"])


def test_the_signature_covers_the_body_and_then_the_timestamp() -> None:
    """As in Toast's own sample, whose parts are joined by nothing."""
    timestamp = "2026-03-15T08:12:46.221Z"

    assert sign("sandbox-webhook-secret", VECTOR.encode(), timestamp) == "wUSM2rTHaDiBAWg+ReoTS2L8aNWXWf456Xn6GGAu1CE="


def test_a_sale_is_announced_with_its_order(
    sandbox: Sandbox, toast: Toast, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """The envelope, the headers, and a signature that a receiver can compute."""
    secret = subscribe(toast, listener, "order_updated")
    sandbox.advance(sales=1, merchant_id=merchants["cafes"]["id"])
    [received] = listener.take(1)
    event, body = received.event, received.body.encode()
    mac = hmac.new(secret.encode(), body + event["timestamp"].encode(), hashlib.sha256)
    guid = event["details"]["restaurantGuid"]

    assert event.keys() == ENVELOPE
    assert (event["eventCategory"], event["eventType"]) == ("order_updated", "order_updated")
    assert event["details"].keys() == {"restaurantGuid", "order", "appliedPackagingInfo"}
    assert received.headers["toast-signature"] == base64.b64encode(mac.digest()).decode()
    assert received.headers["toast-event-category"] == "order_updated"
    assert received.headers["toast-event-type"] == "order_updated"
    assert received.headers["toast-restaurant-external-id"] == guid
    assert received.headers["toast-attempt-number"] == "1"
    assert received.headers["user-agent"].startswith("Apache-HttpClient")
    announced = event["details"]["order"]
    read = parsed(toast.get(f"/orders/v2/orders/{announced['guid']}", guid))
    assert announced["modifiedDate"] == read["modifiedDate"]
    assert announced.keys() == read.keys()


def test_guests_are_not_named(
    sandbox: Sandbox, toast: Toast, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """The customer is there without names and phone number."""
    subscribe(toast, listener, "order_updated")
    sandbox.advance(sales=60, merchant_id=merchants["cafes"]["id"])
    got = listener.take_until(lambda got: any(customer_of(one.event) for one in got))
    customer = customer_of(got[-1].event)

    assert customer is not None
    assert customer.keys() == {"guid", "entityType", "email"}


def customer_of(event: dict[str, Any]) -> dict[str, Any] | None:
    """The guest of an announced order."""
    customer: dict[str, Any] | None = event["details"]["order"]["checks"][0].get("customer")
    return customer


def test_the_nightly_capture_is_announced(
    sandbox: Sandbox, toast: Toast, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """The same order comes again, closed, with another event's GUID."""
    sandbox.advance(sales=12, merchant_id=merchants["cafes"]["id"])
    subscribe(toast, listener, "order_updated")
    sandbox.advance(hours=13)
    got = listener.take_until(
        lambda got: any(
            payment["originalProcessingFee"]
            for one in got
            for payment in one.event["details"]["order"]["checks"][0]["payments"]
        )
    )

    assert got[-1].event["details"]["order"]["checks"][0]["paymentStatus"] == "CLOSED"
    assert len({one.event["guid"] for one in got}) == len(got)


def test_only_connected_restaurants_are_heard(
    sandbox: Sandbox, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """The first event is of the first change after the restaurants added us."""
    with partner(sandbox.base_url("toast")) as client:
        subscribe(client, listener, "order_updated")
        sandbox.advance(sales=3, merchant_id=merchants["cafes"]["id"])
        client.add_integration(merchants["cafes"]["id"], code="c")
        connected_at = datetime_of(sandbox.world.now)
        sandbox.advance(sales=1, merchant_id=merchants["cafes"]["id"])
    [received] = listener.take(1)

    assert datetime.fromisoformat(received.event["details"]["order"]["modifiedDate"]) > connected_at


def test_partners_come_and_go(sandbox: Sandbox, merchants: dict[str, dict[str, Any]], listener: Listener) -> None:
    """Added, updated when linked anew, removed; without a restaurant's header, with the code."""
    first = restaurants(merchants["cafes"])[0]
    with partner(sandbox.base_url("toast")) as client:
        subscribe(client, listener, "partner")
        for code in ("K1", "K2"):
            client.add_integration(merchants["cafes"]["id"], code=code, location=first)
        sandbox.revoke(merchants["cafes"]["id"])
    got = listener.take(3)
    rows = [one.event["details"] for one in got]

    assert sorted(one.event["eventType"] for one in got) == ["partner_added", "partner_removed", "partner_updated"]
    assert {row["restaurantGuid"] for row in rows} == {first}
    assert sorted((row["externalRestaurantRef"], row["deleted"]) for row in rows) == [
        ("K1", False),
        ("K2", False),
        ("K2", True),
    ]
    assert all("toast-restaurant-external-id" not in one.headers for one in got)


def test_a_new_menu_is_only_hinted_at(sandbox: Sandbox, toast: Toast, listener: Listener) -> None:
    """On Monday every restaurant's menu is published; the event has no menu in it."""
    subscribe(toast, listener, "menus")
    sandbox.advance(hours=7 * 24)
    got = listener.take(3)

    assert {one.event["eventType"] for one in got} == {"menus_updated"}
    assert {one.event["details"]["publishedDate"] for one in got} == {"2026-11-02T00:00:00.000+0000"}
    assert all(one.event["details"].keys() == {"restaurantGuid", "publishedDate"} for one in got)


def test_three_attempts_and_no_more(
    sandbox: Sandbox, toast: Toast, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """The same event with the attempt's number; after the third it is lost."""
    subscribe(toast, listener, "order_updated")
    listener.answers[:] = [500, 404, 429]
    sandbox.advance(sales=1, merchant_id=merchants["cafes"]["id"])
    tries = listener.take(3)
    sandbox.advance(sales=1, merchant_id=merchants["cafes"]["id"])
    [following] = listener.take(1)

    assert len({one.event["guid"] for one in tries}) == 1
    assert [one.headers["toast-attempt-number"] for one in tries] == ["1", "2", "3"]
    assert following.headers["toast-attempt-number"] == "1"
    assert following.event["guid"] != tries[0].event["guid"]


def test_a_refusal_is_final(
    sandbox: Sandbox, toast: Toast, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """A 400 is not tried again: what comes next is another event."""
    subscribe(toast, listener, "order_updated")
    listener.answers[:] = [400, 400]
    for _ in range(2):
        sandbox.advance(sales=1, merchant_id=merchants["cafes"]["id"])
    got = listener.take(2)

    assert [one.headers["toast-attempt-number"] for one in got] == ["1", "1"]
    assert got[0].event["guid"] != got[1].event["guid"]


@pytest.mark.parametrize(
    ("result", "final"),
    [(200, True), (204, True), (301, True), (400, True), (401, True), (404, False), (429, False), (500, False)],
)
def test_what_ends_the_attempts(result: int, final: bool) -> None:
    """Success and most refusals do."""
    assert is_final(result) is final


def test_the_schedule_is_toasts() -> None:
    """Two seconds to answer, then after five and ten minutes more; no answer is worth another try."""
    assert (TIMEOUT_SECONDS, RETRY_MINUTES) == (2, (5, 10))
    assert not is_final("http_timeout")


def test_subscriptions_are_a_matter_of_asking(toast: Toast, listener: Listener) -> None:
    """The same address and category have the same secret; an unknown category is refused; they can end."""
    wanted = {"url": listener.url, "category": "order_updated"}
    first, again = (parsed(toast.http.post("/toastweb/webhooks", json=wanted)) for _ in range(2))
    other = parsed(toast.http.post("/toastweb/webhooks", json=wanted | {"category": "menus"}))
    wrong = toast.http.post("/toastweb/webhooks", json=wanted | {"category": "stock"})
    ended = [toast.http.delete(f"/toastweb/webhooks/{first['id']}").status_code for _ in range(2)]

    assert first == again
    assert other["secret"] != first["secret"]
    assert wrong.status_code == 400
    assert ended == [200, 404]


def test_a_receiver_that_keeps_failing_has_no_address(sandbox: Sandbox, toast: Toast, listener: Listener) -> None:
    """Deliveries find none while it is paused; subscribed again, it is back."""
    subscribe(toast, listener, "order_updated")
    cloud: Any = sandbox.clouds["toast"]
    cloud.backoff = Backoff(minute_seconds=3600)
    [receiver] = cloud.receivers.of("order_updated")
    for _ in range(50):
        cloud.backoff.note(receiver.id, 503)
    paused = cloud._target(receiver.id)
    subscribe(toast, listener, "order_updated")

    assert paused is None
    assert cloud._target(receiver.id).url == listener.url


def test_duplicates_and_disorder_happen(listener: Listener) -> None:
    """Every event comes at least once, some twice, and not in the order of the changes."""
    with make_sandbox(webhook_duplicate_share=0.3, webhook_disorder_share=0.5, webhook_minute_seconds=5) as sandbox:
        [merchant] = sandbox.merchants("toast")
        with partner(sandbox.base_url("toast")) as toast:
            toast.add_integration(merchant["id"], code="c")
            subscribe(toast, listener, "order_updated")
            sandbox.advance(sales=30, merchant_id=merchant["id"])
            got = listener.take_until(
                lambda got: (
                    len({one.event["guid"] for one in got}) >= 30 and len(got) > len({one.event["guid"] for one in got})
                )
            )
    stamps = [one.event["timestamp"] for one in got]

    assert stamps != sorted(stamps)


def test_dropped_webhooks_never_arrive(
    sandbox: Sandbox, toast: Toast, merchants: dict[str, dict[str, Any]], listener: Listener
) -> None:
    """With the fault on nothing is sent; what happens afterwards arrives first."""
    subscribe(toast, listener, "order_updated")
    sandbox.faults(drop_webhooks=1)
    sandbox.advance(sales=3, merchant_id=merchants["cafes"]["id"])
    dropped_until = datetime_of(sandbox.world.now)
    sandbox.faults()
    sandbox.advance(sales=1, merchant_id=merchants["cafes"]["id"])
    [received] = listener.take(1)

    assert datetime.fromisoformat(received.event["details"]["order"]["modifiedDate"]) > dropped_until
