"""Search by date: a window on `sale_date`, an order, an offset, and an index that lags behind."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CADENA
from tests.sandbox.lightspeed.conftest import ANCHOR
from tests.sandbox.lightspeed.reading import Retailer

CLAMP = 40


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The chain for three weeks; search gives forty rows at most."""
    options = CloudOptions(rate_limits=False, search_page_rows=CLAMP)
    with running_sandbox(
        anchor=ANCHOR, days=21, sales_per_day=14, merchants=(CADENA,), cloud_options=options
    ) as running:
        yield running


def search(retailer: Retailer, **query: Any) -> list[dict[str, Any]]:
    """Every hit: steps by the number of rows received, as one has to."""
    found: list[dict[str, Any]] = []
    while rows := retailer.read("search", type="sales", offset=len(found), page_size=1000, **query)["data"]:
        assert len(rows) <= CLAMP
        found.extend(rows)
    return found


def sold(sale: dict[str, Any]) -> datetime:
    """When it was sold."""
    return datetime.fromisoformat(sale["sale_date"])


def test_a_window_holds_what_was_sold_in_it(cadena: Retailer) -> None:
    """The start belongs to it, the end to the next one; two windows side by side hold everything once."""
    sales = [sale for sale in cadena.all("sales", page_size=500) if sale.get("deleted_at") is None]
    edge = sold(sales[len(sales) // 2])
    low, high = edge - timedelta(days=2), edge + timedelta(days=2)
    limits = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (low, edge, high)]
    earlier = search(cadena, date_from=limits[0], date_to=limits[1], order_direction="asc")
    later = search(cadena, date_from=limits[1], date_to=limits[2], order_direction="asc")
    expected = sorted((sale for sale in sales if low <= sold(sale) < high), key=lambda s: (s["sale_date"], s["id"]))

    assert earlier + later == expected
    assert edge in {sold(sale) for sale in later}
    assert len(expected) > 2 * CLAMP


def test_a_page_has_no_version_block(cadena: Retailer) -> None:
    """It is no cursor; a page is clamped without a word."""
    page = cadena.read("search", type="sales", page_size=1000)

    assert set(page) == {"data"}
    assert len(page["data"]) == CLAMP


def test_filters_and_orders(cadena: Retailer) -> None:
    """By outlet and statuses; by any order, both ways; one by its id."""
    outlet_id = cadena.known["locations"][0]["id"]
    found = search(cadena, outlet_id=outlet_id, status=["VOIDED", "SAVED"], order_by="version", order_direction="asc")
    down = search(cadena, outlet_id=outlet_id, status=["VOIDED", "SAVED"], order_by="version")

    assert {sale["outlet_id"] for sale in found} == {outlet_id}
    assert {sale["status"] for sale in found} == {"VOIDED", "SAVED"}
    assert found == down[::-1] == sorted(found, key=lambda sale: sale["version"])
    assert search(cadena, _id=found[0]["id"]) == [found[0]]
    assert search(cadena, outlet_id="nowhere") == []


def test_people_are_found(cadena: Retailer) -> None:
    """A customer's sales, and a cashier's."""
    sales = [sale for sale in cadena.all("sales", page_size=500) if sale.get("deleted_at") is None]
    [walkin] = [row for row in cadena.all("customers", page_size=1000) if row["customer_code"] == "WALKIN"]
    wanted = next(sale for sale in sales if sale["customer_id"] != walkin["id"])
    for name in ("customer_id", "user_id"):
        expected = {sale["id"] for sale in sales if sale[name] == wanted[name]}
        assert {sale["id"] for sale in search(cadena, **{name: wanted[name]})} == expected


def test_a_rejected_return_is_hidden_unless_asked_for(cadena: Retailer) -> None:
    """The list by version shows it, deleted."""
    deleted = {sale["id"] for sale in cadena.all("sales", page_size=500) if sale.get("deleted_at")}

    assert deleted
    assert deleted.isdisjoint(sale["id"] for sale in search(cadena))
    assert deleted <= {sale["id"] for sale in search(cadena, deleted="true")}


def test_the_index_lags(sandbox: Sandbox, cadena: Retailer) -> None:
    """What changed within the lag is not found yet, and is later."""
    sandbox.faults(search_lag_seconds=3600)
    sandbox.advance(sales=12)
    known = search(cadena)
    sandbox.advance(hours=1.5)
    later = search(cadena)
    hidden = [sale for sale in cadena.all("sales", page_size=500) if sale["id"] not in {hit["id"] for hit in known}]

    assert len(hidden) > 12
    assert len({hit["id"] for hit in later}) >= len({hit["id"] for hit in known}) + 12


@pytest.mark.parametrize(
    "query",
    [
        {"type": "products"},
        {"type": "sales", "order_by": "mood"},
        {"type": "sales", "order_direction": "up"},
        {"type": "sales", "date_from": "yesterday"},
        {"type": "sales", "offset": "-1"},
    ],
)
def test_nonsense_is_refused(cadena: Retailer, query: dict[str, str]) -> None:
    """422, keyed by the parameter."""
    answer = cadena.get("search", **query)

    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {list(query)[-1]}
