"""Restaurants that add the integration, and what that opens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CADENA, CAFES, PANADERIA
from tests.sandbox.toast.client import REDIRECT, Toast, parsed, partner, restaurants
from tests.sandbox.toast.conftest import ANCHOR

WORLD: dict[str, Any] = {
    "anchor": ANCHOR,
    "days": 2,
    "sales_per_day": 5,
    "cloud_options": CloudOptions(rate_limits=False),
}
METADATA = "/menus/v2/metadata"
LISTED, CONNECTED = "/partners/v1/restaurants", "/partners/v1/connectedRestaurants"
ROW = {
    "restaurantGuid", "managementGroupGuid", "deleted", "restaurantName", "locationName", "createdByEmailAddress",
    "createdByFirstName", "createdByLastName", "createdByPhoneNumber", "externalGroupRef", "externalRestaurantRef",
    "createdDate", "modifiedDate", "isoCreatedDate", "isoModifiedDate", "restaurantPhoneNumber",
    "restaurantAddressLine1", "restaurantAddressLine2", "restaurantCity", "restaurantState", "restaurantZipCode",
    "restaurantLatitude", "restaurantLongitude", "restaurantCountryCode", "restaurantTimezone", "scopes",
}  # fmt: skip


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Nobody is connected yet."""
    with running_sandbox(merchants=(PANADERIA, CAFES, CADENA), **WORLD) as running:
        yield running


@pytest.fixture
def toast(sandbox: Sandbox) -> Iterator[Toast]:
    """The partner, without a restaurant."""
    with partner(sandbox.base_url("toast")) as client:
        yield client


def test_nothing_is_open_before_a_restaurant_adds_us(toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
    """The lists are empty and a GUID alone opens nothing."""
    assert parsed(toast.get(LISTED)) == []
    assert parsed(toast.get(CONNECTED))["results"] == []
    assert toast.get(METADATA, restaurants(merchants["cafes"])[0]).status_code == 403


def test_a_code_comes_back_in_every_restaurants_row(toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
    """What was typed as Location ID is the row's reference; the page belongs to the sandbox and says so."""
    page = toast.add_integration(merchants["cafes"]["id"], code="K7", group="G1")
    rows = parsed(toast.get(LISTED))

    assert page.status_code == 200
    assert "sandbox" in page.text
    assert {row["restaurantGuid"] for row in rows} == set(restaurants(merchants["cafes"]))
    assert {(row["externalRestaurantRef"], row["externalGroupRef"]) for row in rows} == {("K7", "G1")}
    assert all(row.keys() == ROW for row in rows)
    assert {row["managementGroupGuid"] for row in rows} == {merchants["cafes"]["id"]}
    assert {type(row["createdDate"]) for row in rows} == {int}


def test_the_browser_is_sent_back_with_the_code(toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
    """To the redirect's own query, with the code as state unless a state was given."""
    merchant = merchants["panaderia"]["id"]
    plain = toast.add_integration(merchant, code="K1", redirect_uri=f"{REDIRECT}?a=b")
    stated = toast.add_integration(merchant, code="K2", redirect_uri=REDIRECT, state="s2")

    assert (plain.status_code, stated.status_code) == (302, 302)
    assert parse_qs(urlsplit(plain.headers["location"]).query) == {"a": ["b"], "state": ["K1"], "code": ["K1"]}
    assert parse_qs(urlsplit(stated.headers["location"]).query) == {"state": ["s2"], "code": ["K2"]}


@pytest.mark.parametrize(
    ("query", "status"),
    [({}, 400), ({"code": "c", "scope": "orders:write"}, 400), ({"code": "c", "location": "elsewhere"}, 404)],
)
def test_wrong_forms_connect_nobody(
    toast: Toast, merchants: dict[str, dict[str, Any]], query: dict[str, str], status: int
) -> None:
    """Without a code, with an unknown scope or at a foreign restaurant nothing is added."""
    assert toast.add_integration(merchants["cafes"]["id"], **query).status_code == status
    assert parsed(toast.get(LISTED)) == []


def test_one_restaurant_may_come_alone_and_with_less(toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
    """Scopes that were not given are 403 there; the others work."""
    first, second, _ = restaurants(merchants["cafes"])
    toast.add_integration(merchants["cafes"]["id"], code="c", location=first, scope="menus:read restaurants:read")

    assert toast.get(METADATA, first).status_code == 200
    assert toast.get("/orders/v2/ordersBulk", first, businessDate="20261025").status_code == 403
    assert toast.get(METADATA, second).status_code == 403


def test_the_paged_list_says_how_much_there_is(toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
    """A token leads from page to page until it is null."""
    for merchant in merchants.values():
        toast.add_integration(merchant["id"], code="c")
    pages, token = [], None
    while True:
        pages.append(parsed(toast.get(CONNECTED, pageSize=7, **({"pageToken": token} if token else {}))))
        token = pages[-1]["nextPageToken"]
        if token is None:
            break
    guids = [row["restaurantGuid"] for page in pages for row in page["results"]]

    assert [len(page["results"]) for page in pages] == [7, 7, 2]
    assert len(set(guids)) == 16
    assert {(page["totalCount"], page["lastPageNum"], page["pageSize"]) for page in pages} == {(16, 3, 7)}
    assert [page["previousPageNum"] for page in pages] == [None, 1, 2]


def test_the_lists_can_be_asked_for_what_is_new(toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
    """Rows modified at or after a moment; a wrong moment is 400."""
    toast.add_integration(merchants["panaderia"]["id"], code="c")

    assert len(parsed(toast.get(LISTED, lastModified="2020-01-01T00:00:00.000+0000"))) == 1
    assert parsed(toast.get(LISTED, lastModified="2100-01-01T00:00:00.000+0000")) == []
    assert toast.get(LISTED, lastModified="yesterday").status_code == 400


def test_a_connection_takes_a_while_to_spread(
    sandbox: Sandbox, toast: Toast, merchants: dict[str, dict[str, Any]]
) -> None:
    """With the switch on the first requests are 403 although the list has the restaurant; then never again."""
    sandbox.faults(propagating_requests=2)
    toast.add_integration(merchants["panaderia"]["id"], code="c")
    [guid] = restaurants(merchants["panaderia"])
    listed = [row["restaurantGuid"] for row in parsed(toast.get(LISTED))]
    statuses = [toast.get(METADATA, guid).status_code for _ in range(4)]
    sandbox.faults(propagating_requests=9)

    assert listed == [guid]
    assert statuses == [403, 403, 200, 200]
    assert toast.get(METADATA, guid).status_code == 200


def test_removing_the_integration_closes_everything(
    sandbox: Sandbox, toast: Toast, merchants: dict[str, dict[str, Any]]
) -> None:
    """The rows are gone and requests are 403; other merchants stay."""
    for key in ("panaderia", "cafes"):
        toast.add_integration(merchants[key]["id"], code=key)
    sandbox.revoke(merchants["cafes"]["id"])

    assert [row["externalRestaurantRef"] for row in parsed(toast.get(LISTED))] == ["panaderia"]
    assert toast.get(METADATA, restaurants(merchants["cafes"])[0]).status_code == 403
    assert toast.get(METADATA, restaurants(merchants["panaderia"])[0]).status_code == 200


def test_connections_survive_a_restart(tmp_path: Path) -> None:
    """The rows are the same to the byte."""
    with (
        running_sandbox(home=tmp_path, merchants=(CAFES,), **WORLD) as sandbox,
        partner(sandbox.base_url("toast")) as toast,
    ):
        toast.add_integration(sandbox.merchants("toast")[0]["id"], code="c", scope="menus:read")
        before = toast.get(LISTED).content
    with running_sandbox(home=tmp_path) as sandbox, partner(sandbox.base_url("toast")) as toast:
        after = toast.get(LISTED).content

    assert after == before
    assert len(before) > 100


def test_a_merchant_is_known_by_its_group_and_its_restaurants(
    sandbox: Sandbox, merchants: dict[str, dict[str, Any]]
) -> None:
    """The control API understands both."""
    cloud = sandbox.clouds["toast"]

    assert cloud.find_merchant(merchants["cafes"]["id"]) == "cafes"
    assert {cloud.find_merchant(guid) for guid in restaurants(merchants["cafes"])} == {"cafes"}
    assert cloud.find_merchant("nobody") is None
