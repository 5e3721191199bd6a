"""Locations, merchants, customers and team members."""

from typing import Any

import httpx
import pytest
from square import Square
from square.core.api_error import ApiError

from tests.sandbox import reading


def test_inactive_locations_are_listed(open_square: Any, merchants: dict[str, dict[str, Any]]) -> None:
    """All twelve, by name, the closed one as INACTIVE."""
    square = open_square(merchants["cadena"]["access_token"])
    locations = square.locations.list().locations

    assert len(locations) == 12
    assert [location.name for location in locations] == sorted(location.name for location in locations)
    assert [location.name for location in locations if location.status == "INACTIVE"] == ["Hornos Unidos Gijón"]


def test_main_location_is_the_merchants(square: Square) -> None:
    """`main` and main_location_id are the same place."""
    merchant = square.merchants.get("me").merchant

    assert square.locations.get("main").location.id == merchant.main_location_id


def test_the_sdk_lists_customers(square: Square) -> None:
    """Oldest first by default, all of them once."""
    customers = list(square.customers.list(limit=25))

    assert len({customer.id for customer in customers}) == len(customers) > 50


def test_customer_limits_are_strict(http: httpx.Client) -> None:
    """Out of range is 400 here, not replaced as for payments."""
    assert http.get("/v2/customers", params={"limit": 101}).status_code == 400


def test_customers_are_searched_by_change(square: Square) -> None:
    """A window of updated_at."""
    everybody = square.customers.search(limit=100).customers
    start, end = everybody[5].updated_at, everybody[20].updated_at
    found = square.customers.search(query={"filter": {"updated_at": {"start_at": start, "end_at": end}}}).customers

    assert [customer.id for customer in found] == [customer.id for customer in everybody[5:21]]


def test_bulk_retrieve_reports_errors_per_id(square: Square) -> None:
    """An unknown customer is an error inside a 200."""
    known = square.customers.search(limit=1).customers[0]
    responses = square.customers.bulk_retrieve_customers(customer_ids=[known.id, "nobody"]).responses

    assert responses[known.id].customer == known
    assert responses["nobody"].errors[0].code == "NOT_FOUND"


def test_those_who_left_are_team_members_still(square: Square) -> None:
    """Without a status filter inactive members come too."""
    everybody = square.team_members.search().team_members
    active = square.team_members.search(query={"filter": {"status": "ACTIVE"}}).team_members

    assert {member.status for member in everybody} == {"ACTIVE", "INACTIVE"}
    assert {member.status for member in active} == {"ACTIVE"}


def test_cashiers_of_payments_are_team_members(
    square: Square, http: httpx.Client, merchants: dict[str, dict[str, Any]]
) -> None:
    """Where a payment names one at all."""
    known = {member.id for member in square.team_members.search(limit=200).team_members}
    named = {payment.get("team_member_id") for payment in reading.payments(http, merchants["cafes"])}

    assert None in named
    assert named - {None} <= known


def test_another_merchant_is_not_found(square: Square, merchants: dict[str, dict[str, Any]]) -> None:
    """A token sees its own merchant only."""
    with pytest.raises(ApiError):
        square.merchants.get(merchants["cadena"]["id"])
