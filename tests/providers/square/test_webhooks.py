"""Subscribing at the simulated Square, which takes only the event types and tokens that Square takes."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from pos_pipeline.errors import Misconfigured
from pos_pipeline.providers.square.settings import SquareSettings
from pos_pipeline.providers.square.webhooks import EVENT_TYPES, SquareWebhooks
from pos_pipeline.sandbox import Sandbox, running_sandbox
from pos_pipeline.sandbox.square.grants import DEVELOPER_TOKEN
from pos_pipeline.webhooks import Subscription

URL = "https://pipeline.example/api/v1/pos/webhooks/square"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A tiny world."""
    with running_sandbox(days=1, sales_per_day=1) as running:
        yield running


def subscribe(sandbox: Sandbox, url: str, token: str | None = DEVELOPER_TOKEN) -> Subscription:
    """Subscribe as the app does; the merchant's API is not asked."""
    settings = SquareSettings(base_url=sandbox.base_url("square"), access_token=SecretStr(token) if token else None)
    return SquareWebhooks().subscribe(settings, cast("Any", None), url)


def test_subscribing_again_keeps_the_subscription_and_its_key(sandbox: Sandbox) -> None:
    """Another address is another subscription."""
    first, again, other = (subscribe(sandbox, url) for url in (URL, URL, f"{URL}/other"))

    assert first.signature_key
    assert again == first
    assert other.subscription_id != first.subscription_id


def test_a_subscription_is_mended(sandbox: Sandbox) -> None:
    """Switched off, or without events we act upon: it is the same one afterwards, with the events others added."""
    url = f"{URL}/mended"
    made = subscribe(sandbox, url)
    subscriptions: Any = sandbox.clouds["square"].subscriptions  # type: ignore[attr-defined]
    known = subscriptions.get(made.subscription_id)
    subscriptions.put(replace(known, enabled=False, event_types=["customer.created", "payment.created"]))

    again = subscribe(sandbox, url)

    mended = subscriptions.get(made.subscription_id)
    assert (again, mended.enabled) == (made, True)
    assert set(mended.event_types) == {"customer.created", *EVENT_TYPES}


def test_without_the_apps_token_it_says_what_to_do(sandbox: Sandbox) -> None:
    """By token or by hand."""
    with pytest.raises(Misconfigured, match=f"SQUARE_ACCESS_TOKEN.*by hand for {URL}"):
        subscribe(sandbox, URL, token=None)
