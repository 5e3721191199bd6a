"""How sales change: the same id again, with a higher version."""

from datetime import timedelta
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.clock import datetime_of
from pos_pipeline.sandbox.shop.merchants import CAFES
from tests.sandbox.lightspeed.conftest import ANCHOR, MONTH
from tests.sandbox.lightspeed.reading import Object, Retailer, gross, moment, open_retailer, paid


class Life:
    """States of sales over the days after the month, seen every few hours by a client with a cursor."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.states: dict[str, list[Object]] = {}
        with open_retailer(sandbox, "cafes") as retailer:
            cursor = retailer.all("sales", page_size=500)[-1]["version"]
            for _ in range(40):
                sandbox.advance(hours=2)
                for sale in retailer.all("sales", cursor, page_size=500):
                    self.states.setdefault(sale["id"], []).append(sale)
                    cursor = sale["version"]

    def of(self, *statuses: str) -> list[list[Object]]:
        """Lives that went through these statuses in this order."""
        return [life for life in self.states.values() if tuple(sale["status"] for sale in life) == statuses]


@pytest.fixture(scope="module")
def life(month: Sandbox, sales: list[Object]) -> Life:
    """What happened after all sales had been read once."""
    assert sales
    return Life(month)


def test_a_parked_tab_loses_a_line(life: Life) -> None:
    """The same sale, made early, sold when paid; one line less."""
    tabs = [states for states in life.of("SAVED", "CLOSED") if not states[0].get("return_for")]

    assert tabs
    for parked, closed in tabs:
        gone = {line["id"] for line in parked["line_items"]} - {line["id"] for line in closed["line_items"]}
        assert len(gone) == 1
        assert parked["created_at"] == closed["created_at"]
        assert moment(closed["sale_date"]) - moment(closed["created_at"]) >= timedelta(minutes=59)
        assert (parked["payments"], bool(closed["payments"])) == ([], True)


def test_what_is_collected_closes(life: Life) -> None:
    """Paid while it waits; sold when it is collected."""
    collected = life.of("AWAITING_PICKUP", "PICKED_UP_CLOSED") + life.of("AWAITING_DISPATCH", "DISPATCHED_CLOSED")

    assert collected
    for waiting, closed in collected:
        assert paid(waiting) == gross(waiting) == gross(closed)
        assert moment(waiting["sale_date"]) < moment(closed["sale_date"])


def test_a_tip_or_a_customer_comes_late(life: Life) -> None:
    """The same sale again with a higher version; a tip grows in the adjustment and in the payment."""
    twice = [(first, last) for first, *_, last in (states for states in life.states.values() if len(states) > 1)]
    tips = [
        (before, after)
        for before, after in twice
        if gross(after) > gross(before) and before["status"] == after["status"] == "CLOSED"
    ]

    assert tips
    for before, after in tips:
        assert after["version"] > before["version"]
        assert paid(after) - paid(before) == gross(after) - gross(before)
        assert before["total_tax"] == after["total_tax"]
    assert any(before["customer_id"] != after["customer_id"] for before, after in twice)


def test_a_card_is_given_back_in_two_steps() -> None:
    """A return is parked first, then closed, or deleted when the money bounced; it is never void."""
    options = CloudOptions(rate_limits=False)
    small = MONTH | {"days": 4}
    with (
        running_sandbox(anchor=ANCHOR, cloud_options=options, **small) as sandbox,
        open_retailer(sandbox, "cafes") as retailer,
    ):
        parked = first_pending(sandbox, retailer)
        sandbox.advance(hours=72)
        settled = retailer.read(f"sales/{parked['id']}")["data"]
        returns = [sale for sale in retailer.all("sales", page_size=500) if sale.get("return_for")]

    assert (parked["status"], parked["payments"]) == ("SAVED", [])
    assert settled["version"] > parked["version"]
    assert (settled["status"], paid(settled)) == ("CLOSED", gross(parked))
    assert {sale["status"] for sale in returns} <= {"CLOSED", "SAVED"}


def first_pending(sandbox: Sandbox, retailer: Retailer) -> Object:
    """A return whose money is under way: sales are rung up until one is."""
    for _ in range(30):
        cursor = retailer.all("sales", page_size=500)[-1]["version"]
        sandbox.advance(sales=12)
        for sale in retailer.all("sales", cursor, page_size=500):
            if sale.get("return_for") and sale["status"] == "SAVED":
                return sale
    raise AssertionError("no card was refunded in thirty rounds")


def test_a_void_is_open_until_the_card_is_let_go() -> None:
    """Seen by two clients: one comes a second after it was rung up, the other when it is over."""
    tiny: dict[str, Any] = {"days": 2, "sales_per_day": 60, "merchants": (CAFES,)}
    with running_sandbox(anchor=ANCHOR, **tiny) as sandbox, open_retailer(sandbox, "cafes") as retailer:
        cursor = retailer.all("sales", page_size=500)[-1]["version"]
        sandbox.advance(hours=48)
        over = next(sale for sale in retailer.all("sales", cursor) if sale["status"] == "VOIDED" and sale["payments"])
        [made] = [
            one for one in sandbox.world.merchants["cafes"].sales if retailer_id(sandbox, one.number) == over["id"]
        ]
    wait = datetime_of(made.arrived_at) - ANCHOR + timedelta(milliseconds=1)
    with running_sandbox(anchor=ANCHOR, **tiny) as sandbox, open_retailer(sandbox, "cafes") as retailer:
        sandbox.advance(hours=wait.total_seconds() / 3600)
        under_way = retailer.read(f"sales/{over['id']}")["data"]

    assert (under_way["status"], under_way["state"]) == ("OPEN", "pending")
    assert (over["status"], over["state"]) == ("VOIDED", "voided")
    assert over["version"] > under_way["version"]
    assert over["line_items"] == under_way["line_items"]
    assert over["payments"] == under_way["payments"]


def retailer_id(sandbox: Sandbox, number: int) -> str:
    """The cloud's id of a sale by its number in the shop."""
    identifier: str = sandbox.clouds["lightspeed"].names.id("sale", f"cafes:{number}")
    return identifier
