"""A small pinned world served once per module, and ways into its simulated X-Series."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CAFES
from tests.sandbox.lightspeed.reading import Object, Retailer, open_retailer

ANCHOR = datetime(2026, 10, 26, 15, 30, tzinfo=UTC)
"""The day after the clocks went back in Europe."""
MONTH: dict[str, Any] = {"days": 30, "sales_per_day": 60, "merchants": (CAFES,)}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Two weeks of three merchants; what a test does to it stays until the module ends. Pages are full."""
    options = CloudOptions(webhook_minute_seconds=0.05, short_pages=False, rate_limits=False)
    with running_sandbox(anchor=ANCHOR, days=14, sales_per_day=9, cloud_options=options) as running:
        yield running


@pytest.fixture
def cafes(sandbox: Sandbox) -> Iterator[Retailer]:
    """The cafés, by their personal token."""
    with open_retailer(sandbox, "cafes") as retailer:
        yield retailer


@pytest.fixture
def cadena(sandbox: Sandbox) -> Iterator[Retailer]:
    """The chain, by its personal token."""
    with open_retailer(sandbox, "cadena") as retailer:
        yield retailer


@pytest.fixture(scope="module")
def month() -> Iterator[Sandbox]:
    """A busy month of the cafés."""
    with running_sandbox(anchor=ANCHOR, cloud_options=CloudOptions(rate_limits=False), **MONTH) as running:
        yield running


@pytest.fixture(scope="module")
def sales(month: Sandbox) -> list[Object]:
    """All sales of the month, before any test goes on."""
    with open_retailer(month, "cafes") as retailer:
        return retailer.all("sales", page_size=500)


@pytest.fixture(scope="module")
def discount_product_id(month: Sandbox) -> str:
    """The product that stands for a discount on the whole sale."""
    with open_retailer(month, "cafes") as retailer:
        found: str = retailer.read("retailer")["data"]["discount_product_id"]
        return found
