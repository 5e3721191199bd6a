"""A small pinned world served once per module, and its Toast read by a client of the tests' own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from tests.sandbox.toast.client import Toast, partner

ANCHOR = datetime(2026, 10, 26, 15, 30, tzinfo=UTC)
"""The day after the clocks went back in Europe."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Two weeks of three merchants, without rate limits; what a test does to it stays until the module ends."""
    options = CloudOptions(webhook_minute_seconds=0.02, rate_limits=False)
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
    """Toast's merchants by their keys in the shop."""
    return {merchant["key"]: merchant for merchant in sandbox.merchants("toast")}


@pytest.fixture
def toast(sandbox: Sandbox, merchants: dict[str, dict[str, Any]]) -> Iterator[Toast]:
    """The partner, connected to every restaurant."""
    with partner(sandbox.base_url("toast")) as client:
        for merchant in merchants.values():
            client.add_integration(merchant["id"], code=f"code-{merchant['key']}")
        yield client
