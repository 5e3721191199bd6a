"""Cursors and pages: opaque, mortal, sometimes short, and never repeating a row."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import PANADERIA
from pos_pipeline.sandbox.square.cursors import Cursors, Place
from pos_pipeline.sandbox.square.errors import SquareError
from pos_pipeline.sandbox.square.names import Names
from tests.sandbox import reading
from tests.sandbox.conftest import ANCHOR

BY_CHANGE = {"sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"}}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A week with short pages."""
    with running_sandbox(anchor=ANCHOR, days=5, sales_per_day=12) as running:
        yield running


def search(merchant: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A search of all locations of a merchant."""
    places = [location["id"] for location in merchant["locations"]]
    return {"location_ids": places, "query": BY_CHANGE, "limit": 10} | changes


def sizes(http: httpx.Client, merchant: dict[str, Any]) -> list[int]:
    """Rows of each page until the cursor ends."""
    found, cursor = [], None
    while True:
        body = search(merchant) | ({"cursor": cursor} if cursor else {})
        page = http.post("/v2/orders/search", json=body).json()
        found.append(len(page.get("orders", ())))
        cursor = page.get("cursor")
        if not cursor:
            return found


def test_pages_may_be_short_or_empty_and_still_go_on(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """Only a missing cursor is the end."""
    before_last = sizes(http, merchants["cafes"])[:-1]

    assert {0, 6, 10} == set(before_last)


def test_paging_finds_every_order_once(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """Small pages add up to the whole without repetition."""
    merchant = merchants["cafes"]
    rows = [
        order["id"]
        for order in reading.pages(
            http,
            "POST",
            "/v2/orders/search",
            "orders",
            arguments=search(merchant, limit=7),
            token=merchant["access_token"],
        )
    ]

    assert len(rows) == len(set(rows))
    assert set(rows) == {order["id"] for order in reading.orders(http, merchant)}


def test_a_cursor_belongs_to_its_query(http: httpx.Client) -> None:
    """A list's cursor may come with the same filters or alone, not with other ones."""
    filters: dict[str, Any] = {"begin_time": reading.PAST, "sort_order": "ASC", "limit": 10}
    cursor = http.get("/v2/payments", params=filters).json()["cursor"]
    same = http.get("/v2/payments", params=filters | {"cursor": cursor})
    alone = http.get("/v2/payments", params={"cursor": cursor})
    other = http.get("/v2/payments", params=filters | {"cursor": cursor, "sort_order": "DESC"})

    assert (same.status_code, alone.status_code, other.status_code) == (200, 200, 400)
    assert other.json()["errors"][0]["field"] == "cursor"


def test_a_search_cursor_needs_its_query(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """SearchOrders insists on the identical query with every page."""
    cursor = http.post("/v2/orders/search", json=search(merchants["cafes"])).json()["cursor"]
    changed = http.post("/v2/orders/search", json=search(merchants["cafes"], query={}, cursor=cursor))

    assert changed.json()["errors"][0]["code"] == "INVALID_CURSOR"


def test_sales_made_while_paging_do_not_disturb_the_pages(
    sandbox: Sandbox, http: httpx.Client, merchants: dict[str, dict[str, Any]]
) -> None:
    """A chain of pages sees the world as of its first request."""
    merchant = merchants["panaderia"]
    arguments = search(merchant, limit=10)
    rows = reading.pages(
        http, "POST", "/v2/orders/search", "orders", arguments=arguments, token=merchant["access_token"]
    )
    first = [next(rows)["id"] for _ in range(5)]
    before = {order["id"] for order in reading.orders(http, merchant)}
    sandbox.advance(sales=5, merchant_id=merchant["id"])
    rest = [order["id"] for order in rows]

    assert len(set(first + rest)) == len(first + rest)
    assert set(first + rest) <= before


def test_a_second_reading_with_nothing_new_is_one_request(
    sandbox: Sandbox, http: httpx.Client, merchants: dict[str, dict[str, Any]]
) -> None:
    """Pages are only cut short when there is more."""
    merchant = merchants["cafes"]
    newest = max(order["updated_at"] for order in reading.orders(http, merchant))
    sandbox.requests(reset=True)
    query = BY_CHANGE | {"filter": {"date_time_filter": {"updated_at": {"start_at": newest}}}}
    list(
        reading.pages(
            http,
            "POST",
            "/v2/orders/search",
            "orders",
            arguments=search(merchant, query=query),
            token=merchant["access_token"],
        )
    )

    assert sandbox.requests()["square"] == {"POST /v2/orders/search": 1}


def test_cursors_die_on_request(sandbox: Sandbox, http: httpx.Client) -> None:
    """The switch kills the cursors handed out so far, once."""
    arguments: dict[str, Any] = {"begin_time": reading.PAST, "limit": 10}
    cursor = http.get("/v2/payments", params=arguments).json()["cursor"]
    sandbox.faults(expire_cursors=True)
    stale = http.get("/v2/payments", params=arguments | {"cursor": cursor})
    fresh = http.get("/v2/payments", params=arguments).json()["cursor"]

    assert (stale.status_code, stale.json()["errors"][0]["field"]) == (400, "cursor")
    assert http.get("/v2/payments", params=arguments | {"cursor": fresh}).status_code == 200


def test_cursors_die_after_so_many_pages(sandbox: Sandbox, http: httpx.Client) -> None:
    """Two more requests with a cursor succeed, the third fails, and then it is over."""
    sandbox.faults(expire_cursors=2)
    arguments: dict[str, Any] = {"begin_time": reading.PAST, "limit": 5}
    statuses = []
    cursor = http.get("/v2/payments", params=arguments).json()["cursor"]
    for _ in range(3):
        answer = http.get("/v2/payments", params=arguments | {"cursor": cursor})
        statuses.append(answer.status_code)
        cursor = answer.json().get("cursor", cursor)

    assert statuses == [200, 200, 400]


def test_cursors_age() -> None:
    """A cursor is good until its lifetime is over."""
    now = 0.0
    cursors = Cursors(Names(1), ttl_seconds=300, clock=lambda: now)
    token = cursors.issue(Place((), 0, None))
    now = 300.0
    assert cursors.resume(token, ()) == Place((), 0, None)
    now = 300.1

    with pytest.raises(SquareError, match="INVALID_CURSOR"):
        cursors.resume(token, ())


def test_a_cursor_lifetime_can_be_chosen() -> None:
    """With no lifetime at all every second page is refused."""
    options = CloudOptions(cursor_ttl_seconds=-1)
    with running_sandbox(
        anchor=ANCHOR, days=2, sales_per_day=200, merchants=(PANADERIA,), cloud_options=options
    ) as brief:
        token = brief.merchants("square")[0]["access_token"]
        url, headers = f"{brief.base_url()}/v2/payments", {"Authorization": f"Bearer {token}"}
        cursor = httpx.get(url, headers=headers).json()["cursor"]

        assert httpx.get(url, headers=headers, params={"cursor": cursor}).status_code == 400
