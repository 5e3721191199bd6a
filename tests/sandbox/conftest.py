"""A small pinned world served once per module, and Square's own SDK pointed at it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from square import Square

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox

ANCHOR = datetime(2026, 10, 26, 15, 30, tzinfo=UTC)
"""The day after the clocks went back in Europe."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Two weeks of three merchants; what a test does to it stays until the module ends.

    Pages are full here; `test_paging` and `test_truth` have short ones.
    """
    options = CloudOptions(webhook_minute_seconds=0.05, short_pages=False)
    with running_sandbox(anchor=ANCHOR, days=14, sales_per_day=9, cloud_options=options) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Faults a test switched on end with it."""
    running = request.getfixturevalue("sandbox") if "sandbox" in request.fixturenames else None
    yield
    if running is not None:
        running.faults()


@pytest.fixture
def merchants(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Square's merchants by their keys in the shop."""
    return {merchant["key"]: merchant for merchant in sandbox.merchants("square")}


@pytest.fixture
def open_square(sandbox: Sandbox) -> Iterator[Callable[[str | None], Square]]:
    """The official client with a token of one's choice."""
    with ExitStack() as clients:

        def open_client(token: str | None) -> Square:
            client = clients.enter_context(httpx.Client(timeout=30))
            return Square(base_url=sandbox.base_url(), token=token, httpx_client=client)

        yield open_client


@pytest.fixture
def square(open_square: Callable[[str | None], Square], merchants: dict[str, dict[str, Any]]) -> Square:
    """The official client with the cafés' personal access token."""
    return open_square(merchants["cafes"]["access_token"])


@pytest.fixture
def http(sandbox: Sandbox, merchants: dict[str, dict[str, Any]]) -> Iterator[httpx.Client]:
    """Bare requests with the cafés' personal access token, for what the SDK hides."""
    headers = {"Authorization": f"Bearer {merchants['cafes']['access_token']}", "Square-Version": "2026-09-16"}
    with httpx.Client(base_url=sandbox.base_url(), headers=headers, timeout=30) as client:
        yield client
