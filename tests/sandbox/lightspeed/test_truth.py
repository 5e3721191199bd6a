"""What the cloud shows, counted by the warehouse's rules, is what the shops' ledger says, at any moment."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CADENA, CAFES, KISSATEN, PANADERIA
from tests.sandbox.lightspeed.conftest import ANCHOR
from tests.sandbox.lightspeed.counting import ledger, told
from tests.sandbox.lightspeed.reading import Retailer, open_retailer

CALM = CloudOptions(rate_limits=False)


class Reader:
    """A client that goes on from its last version, and keeps the newest state of every sale."""

    def __init__(self, sandbox: Sandbox, retailer: Retailer) -> None:
        self.sandbox = sandbox
        self.retailer = retailer
        self.sales: dict[str, dict[str, Any]] = {}
        self.cursor = 0
        self.statuses: set[str] = set()

    def go_on(self) -> None:
        """Read what is new and compare with the truth: every day of every outlet, gone ones too."""
        for page in self.retailer.pages("sales", self.cursor, page_size=500):
            self.sales |= {sale["id"]: sale for sale in page}
            self.cursor = page[-1]["version"]
        self.statuses |= {sale["status"] for sale in self.sales.values()}
        outlets = self.retailer.all("outlets", deleted="true")
        discount_product_id = self.retailer.read("retailer")["data"]["discount_product_id"]
        counted = ledger(self.sales.values(), outlets, discount_product_id)

        assert counted
        assert counted == told(self.sandbox.truth(self.retailer.known["key"], "lightspeed"))

    def read_again(self) -> None:
        """From the start, everything is as it was put together."""
        assert {sale["id"]: sale for sale in self.retailer.all("sales", page_size=500)} == self.sales


@contextmanager
def readers(sandbox: Sandbox) -> Iterator[list[Reader]]:
    """A reader of every retailer."""
    with ExitStack() as stack:
        yield [
            Reader(sandbox, stack.enter_context(open_retailer(sandbox, merchant["key"])))
            for merchant in sandbox.merchants("lightspeed")
        ]


@pytest.mark.parametrize("anchor", [ANCHOR, datetime(2026, 3, 30, 9, 10, 11, 123456, tzinfo=UTC)])
def test_the_cloud_tells_the_truth_at_every_moment(anchor: datetime) -> None:
    """Over a change of the clocks, after hours and days, after sales on request with refunds, edits and voids."""
    steps: list[dict[str, Any]] = [{"hours": 0.003}, {"hours": 7.77}, {"sales": 40}, {"hours": 30}, {"sales": 12}]
    world: dict[str, Any] = {"anchor": anchor, "days": 25, "sales_per_day": 14, "merchants": (CAFES, CADENA)}
    with running_sandbox(cloud_options=CALM, **world) as sandbox, readers(sandbox) as reading:
        for step in steps:
            for reader in reading:
                reader.go_on()
            sandbox.advance(**step)
        for reader in reading:
            reader.go_on()
            reader.read_again()


def test_every_lasting_status_occurs() -> None:
    """A busy month has sales of every kind; only OPEN passes within a minute."""
    world: dict[str, Any] = {"anchor": ANCHOR, "days": 30, "sales_per_day": 90, "merchants": (PANADERIA,)}
    with running_sandbox(cloud_options=CALM, **world) as sandbox, readers(sandbox) as [reader]:
        for _ in range(10):
            reader.go_on()
            sandbox.advance(hours=5)

    assert reader.statuses == {
        "CLOSED", "SAVED", "VOIDED", "ONACCOUNT", "PICKED_UP_CLOSED", "DISPATCHED_CLOSED", "AWAITING_PICKUP",
        "AWAITING_DISPATCH", "ONACCOUNT_CLOSED", "LAYBY_CLOSED", "SERVICE_CLOSED",
    }  # fmt: skip


def test_a_live_world_hides_nothing_behind_the_cursor() -> None:
    """Sales rung up on request in a world that keeps up with the clock get versions after all that was read."""
    world: dict[str, Any] = {"days": 2, "sales_per_day": 20, "merchants": (CAFES,)}
    with running_sandbox(cloud_options=CALM, **world) as sandbox, readers(sandbox) as [reader]:
        for _ in range(6):
            reader.go_on()
            sandbox.advance(sales=12)
        reader.go_on()
        reader.read_again()


def test_a_currency_without_decimals() -> None:
    """Yen are whole, their net prices are not."""
    with (
        running_sandbox(anchor=ANCHOR, days=10, sales_per_day=20, merchants=(KISSATEN,), cloud_options=CALM) as sandbox,
        readers(sandbox) as [reader],
    ):
        reader.go_on()
    sales = list(reader.sales.values())

    assert all(isinstance(sale["total_price"], int) for sale in sales)
    assert any(not isinstance(line["price"], int) for sale in sales for line in sale["line_items"])
