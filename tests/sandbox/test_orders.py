"""SearchOrders, BatchRetrieveOrders and RetrieveOrder."""

from itertools import pairwise
from typing import Any

import httpx
import pytest
from square import Square
from square.core.api_error import ApiError

from tests.sandbox import reading
from tests.sandbox.reading import moment


def window(field: str = "updated_at", sort: str = "UPDATED_AT", **state: Any) -> dict[str, Any]:
    """A query over everything by one time field."""
    filters: dict[str, Any] = {"date_time_filter": {field: {"start_at": reading.PAST}}}
    return {"filter": filters | state, "sort": {"sort_field": sort, "sort_order": "ASC"}}


def places(merchant: dict[str, Any]) -> list[str]:
    """Ids of the merchant's locations."""
    return [location["id"] for location in merchant["locations"]]


def test_the_sdk_searches_across_locations(square: Square, merchants: dict[str, dict[str, Any]]) -> None:
    """One search covers several locations in one order of change."""
    answer = square.orders.search(location_ids=places(merchants["cafes"]), query=window(), limit=60)
    stamps = [moment(order.updated_at) for order in answer.orders]

    assert {order.location_id for order in answer.orders} == set(places(merchants["cafes"]))
    assert all(a <= b for a, b in pairwise(stamps))


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"location_ids": []}, "MISSING_REQUIRED_PARAMETER", "location_ids"),
        ({"location_ids": ["L"] * 11}, "ARRAY_LENGTH_TOO_LONG", "location_ids"),
        ({"limit": 1001}, "VALUE_TOO_HIGH", "limit"),
        ({"query": window(sort="CREATED_AT")}, "BAD_REQUEST", "query.filter.date_time_filter"),
        ({"query": window("closed_at", "CLOSED_AT")}, "BAD_REQUEST", "query.sort.sort_field"),
        (
            {"query": window("closed_at", "CLOSED_AT", state_filter={"states": ["OPEN"]})},
            "BAD_REQUEST",
            "query.sort.sort_field",
        ),
        (
            {"query": window(state_filter={"states": ["DONE"]})},
            "INVALID_ENUM_VALUE",
            "query.filter.state_filter.states",
        ),
        ({"cursor": "made-up"}, "INVALID_CURSOR", "cursor"),
    ],
)
def test_searches_are_validated(
    http: httpx.Client, merchants: dict[str, dict[str, Any]], change: dict[str, Any], code: str, field: str
) -> None:
    """Ten locations, limit 1000, sort equal to the filter, closed states for CLOSED_AT."""
    body = {"location_ids": places(merchants["cafes"]), "query": window()} | change
    answer = http.post("/v2/orders/search", json=body)

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"], error["field"]) == (400, code, field)


def test_a_misplaced_filter_is_ignored(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """`filter` beside `query` instead of in it changes nothing: newest created come first."""
    body = {"location_ids": places(merchants["cafes"]), "limit": 5}
    plain = http.post("/v2/orders/search", json=body).json()
    misplaced = http.post(
        "/v2/orders/search", json=body | {"filter": {"state_filter": {"states": ["CANCELED"]}}}
    ).json()

    assert plain["orders"] == misplaced["orders"]


def test_closed_orders_can_be_sorted_by_closing(square: Square, merchants: dict[str, dict[str, Any]]) -> None:
    """With a state filter of closed states."""
    query = window("closed_at", "CLOSED_AT", state_filter={"states": ["CANCELED"]})
    answer = square.orders.search(location_ids=places(merchants["cafes"]), query=query)

    assert answer.orders
    assert {order.state for order in answer.orders} == {"CANCELED"}


def test_another_merchants_location_is_forbidden(square: Square, merchants: dict[str, dict[str, Any]]) -> None:
    """403 FORBIDDEN."""
    with pytest.raises(ApiError) as refused:
        square.orders.search(location_ids=places(merchants["cadena"])[:1])
    assert (refused.value.status_code, refused.value.errors[0].code) == (403, "FORBIDDEN")


def test_entries_instead_of_orders(square: Square, merchants: dict[str, dict[str, Any]]) -> None:
    """return_entries gives ids only."""
    answer = square.orders.search(location_ids=places(merchants["cafes"]), limit=3, return_entries=True)

    assert answer.orders is None
    assert all(entry.order_id and entry.location_id for entry in answer.order_entries)


def test_batch_retrieve_drops_unknown_ids(square: Square, merchants: dict[str, dict[str, Any]]) -> None:
    """Known orders come back whole, unknown ones are left out, more than a hundred are refused."""
    found = square.orders.search(location_ids=places(merchants["cafes"]), limit=2).orders
    answer = square.orders.batch_get(order_ids=[found[0].id, "unknown", found[1].id])

    assert answer.orders == found
    with pytest.raises(ApiError):
        square.orders.batch_get(order_ids=["x"] * 101)


def test_orders_of_every_shape_exist(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """What the till can leave behind: unitemised, drawer openings, returns, exchanges, voids, open ones, no version."""
    rows = [order for merchant in merchants.values() for order in reading.orders(http, merchant)]
    lines = [line for order in rows for line in order.get("line_items", ())]
    tenders = [tender for order in rows for tender in order.get("tenders", ())]

    assert any(line["item_type"] == "CUSTOM_AMOUNT" and "name" not in line for line in lines)
    assert any("quantity_unit" in line and "." in line["quantity"] for line in lines)
    assert any(tender["type"] == "NO_SALE" for tender in tenders)
    assert any(tender.get("card_details", {}).get("status") == "VOIDED" for tender in tenders)
    assert any(order.get("returns") and not order.get("line_items") for order in rows)
    assert any(order.get("returns") and order.get("line_items") for order in rows)
    assert {"OPEN", "COMPLETED", "CANCELED"} == {order["state"] for order in rows}
    assert any("version" not in order for order in rows)
    assert any("version" in order for order in rows)


def test_tenders_include_the_tip(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """Unlike payments, whose amount_money leaves it out."""
    merchant = merchants["cafes"]
    payments = {payment["id"]: payment for payment in reading.payments(http, merchant)}
    tipped = [t for order in reading.orders(http, merchant) for t in order.get("tenders", ()) if "tip_money" in t]

    assert tipped
    for tender in tipped:
        payment = payments[tender["payment_id"]]
        assert tender["amount_money"] == payment["total_money"]
        assert payment["amount_money"]["amount"] == tender["amount_money"]["amount"] - tender["tip_money"]["amount"]
