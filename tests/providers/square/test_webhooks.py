"""Subscribing at the simulated Square, which takes only the event types and tokens that Square takes."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from pydantic import SecretStr

from pos_pipeline.errors import Misconfigured
from pos_pipeline.providers.square.settings import SquareSettings
from pos_pipeline.providers.square.webhooks import SquareWebhooks
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


def test_without_the_apps_token_it_says_what_to_do(sandbox: Sandbox) -> None:
    """By token or by hand."""
    with pytest.raises(Misconfigured, match=f"SQUARE_ACCESS_TOKEN.*by hand for {URL}"):
        subscribe(sandbox, URL, token=None)
