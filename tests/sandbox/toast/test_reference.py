"""Settings, menus, employees and the restaurant itself."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CADENA, CAFES
from tests.sandbox.toast.client import NEVER, Toast, parsed, restaurants
from tests.sandbox.toast.conftest import ANCHOR

NEXT_PAGE = "Toast-Next-Page-Token"
NAMED = {
    "alternatePaymentTypes", "diningOptions", "discounts", "menuItems", "revenueCenters", "restaurantServices",
    "salesCategories", "serviceAreas", "serviceCharges", "tables", "taxRates", "voidReasons", "cashDrawers",
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Twenty days, settings of which a page holds seven."""
    options = CloudOptions(rate_limits=False, config_page_rows=7)
    with running_sandbox(
        anchor=ANCHOR, days=20, sales_per_day=20, merchants=(CAFES, CADENA), cloud_options=options
    ) as running:
        yield running


@pytest.fixture
def guid(merchants: dict[str, dict[str, Any]]) -> str:
    """The café at the port."""
    return restaurants(merchants["cafes"])[0]


def settings(toast: Toast, guid: str, resource: str) -> list[dict[str, Any]]:
    """All pages of a resource."""
    rows: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = toast.get(f"/config/v2/{resource}", guid, **token)
        rows += parsed(answer)
        if NEXT_PAGE not in answer.headers:
            return rows
        token = {"pageToken": answer.headers[NEXT_PAGE]}


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Every reference below a value: entity type and GUID."""
    if isinstance(value, Mapping):
        if {"guid", "entityType"} <= value.keys() and "displayName" not in value and value["guid"]:
            yield value["entityType"], value["guid"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_a_token_leads_from_page_to_page(toast: Toast, guid: str) -> None:
    """The last page has none; nothing comes twice."""
    sizes, rows = len(parsed(toast.get("/config/v2/menuItems", guid))), settings(toast, guid, "menuItems")

    assert sizes == 7
    assert len(rows) > 70
    assert len({row["guid"] for row in rows}) == len(rows)


def test_a_publish_in_between_ends_the_paging(sandbox: Sandbox, toast: Toast, guid: str) -> None:
    """409 for the token; without one it starts anew. A foreign token is 400."""
    token = toast.get("/config/v2/menuItems", guid).headers[NEXT_PAGE]
    foreign = toast.get("/config/v2/tables", guid, pageToken=token)
    sandbox.faults(expire_cursors=True)
    stale = toast.get("/config/v2/menuItems", guid, pageToken=token)

    assert (foreign.status_code, stale.status_code) == (400, 409)
    assert toast.get("/config/v2/menuItems", guid).status_code == 200


def test_tokens_die_after_so_many_pages(sandbox: Sandbox, toast: Toast, guid: str) -> None:
    """Two more requests with a token succeed, the third fails."""
    sandbox.faults(expire_cursors=2)
    token, statuses = toast.get("/config/v2/menuItems", guid).headers[NEXT_PAGE], []
    for _ in range(3):
        answer = toast.get("/config/v2/menuItems", guid, pageToken=token)
        statuses.append(answer.status_code)
        token = answer.headers.get(NEXT_PAGE, token)

    assert statuses == [200, 200, 409]


def test_one_row_is_what_the_list_shows(toast: Toast, guid: str) -> None:
    """By GUID; unknown is 404."""
    row = settings(toast, guid, "discounts")[0]

    assert parsed(toast.get(f"/config/v2/discounts/{row['guid']}", guid)) == row
    assert toast.get("/config/v2/discounts/00000000-0000-4000-8000-000000000000", guid).status_code == 404
    assert toast.get("/config/v2/loyaltyPlans", guid).status_code == 404


def test_lists_can_be_asked_for_what_changed(toast: Toast, guid: str) -> None:
    """Rows modified at or after a moment."""
    since = f"{ANCHOR - timedelta(days=10):%Y-%m-%dT%H:%M:%S}.000+0000"
    recent = parsed(toast.get("/config/v2/menuItems", guid, lastModified=since))

    assert sorted(row["name"] for row in recent) == [
        "Tarta de la semana 44 Entera",
        "Tarta de la semana 44 Porción",
    ]


def test_orders_refer_to_settings_except_to_what_was_archived(toast: Toast, guid: str) -> None:
    """Only one discount, deleted products and what is inside orders cannot be resolved."""
    known = {(row["entityType"], row["guid"]) for name in NAMED for row in settings(toast, guid, name)}
    known |= {(row["entityType"], row["guid"]) for row in parsed(toast.get("/labor/v1/employees", guid))}
    orders = toast.orders(guid, ANCHOR - timedelta(days=30), ANCHOR + timedelta(seconds=1))
    own = {"Order", "Check", "OrderPayment", "AppliedTaxRate", "AppliedCustomDiscount", "AppliedServiceCharge"}
    own |= {"Customer", "RefundTransaction", "MenuGroup", "MenuOptionGroup"}
    unresolved = {found for found in references(orders) if found[0] not in own} - known
    archived = {
        row["name"]
        for order in orders
        for check in order["checks"]
        for part in (check, *check["selections"])
        for row in part["appliedDiscounts"]
        if ("Discount", row["discount"]["guid"]) in unresolved
    }

    assert {kind for kind, _ in unresolved} <= {"Discount", "MenuItem"}
    assert archived == {"Merienda"}


def test_the_menu_numbers_its_modifiers(toast: Toast, guid: str) -> None:
    """Groups and options are referred to by number, and every number is there."""
    menus = parsed(toast.get("/menus/v2/menus", guid))
    groups, options = menus["modifierGroupReferences"], menus["modifierOptionReferences"]
    items = [item for menu in menus["menus"] for group in menu["menuGroups"] for item in group["menuItems"]]
    used = {number for item in items for number in item["modifierGroupReferences"]}

    assert {str(number) for number in used} == groups.keys()
    assert {str(number) for group in groups.values() for number in group["modifierOptionReferences"]} == options.keys()
    assert all(str(entry["referenceId"]) == key for part in (groups, options) for key, entry in part.items())


def test_an_item_may_be_on_two_menus_at_two_prices(toast: Toast, guid: str) -> None:
    """Its GUID is not unique in the document."""
    menus = parsed(toast.get("/menus/v2/menus", guid))
    prices: dict[str, set[Decimal]] = {}
    for menu in menus["menus"]:
        for group in menu["menuGroups"]:
            for item in group["menuItems"]:
                prices.setdefault(item["guid"], set()).add(item["price"])

    assert {len(found) for found in prices.values()} == {1, 2}


def test_menu_prices_are_before_tax(toast: Toast, guid: str) -> None:
    """A sale of one piece without extras costs, with its tax, what the shelf says: a multiple of five cents."""
    orders = toast.orders(guid, ANCHOR - timedelta(days=2), ANCHOR)
    plain = [
        selection
        for order in orders
        for check in order["checks"]
        for selection in check["selections"]
        if selection["quantity"] == 1 and not selection["modifiers"] and selection["item"]
        if selection["price"] == selection["preDiscountPrice"] and not selection["voided"]
    ]

    assert plain
    assert all((selection["price"] + selection["tax"]) % Decimal("0.05") == 0 for selection in plain)
    assert all(selection["receiptLinePrice"] == selection["price"] for selection in plain)


def test_the_menu_is_published_on_mondays(toast: Toast, guid: str) -> None:
    """Metadata and document say when; the document says of which restaurant."""
    metadata, menus = (parsed(toast.get(f"/menus/v2/{name}", guid)) for name in ("metadata", "menus"))

    assert metadata == {"restaurantGuid": guid, "lastUpdated": "2026-10-26T00:00:00.000+0000"}
    assert {name: menus[name] for name in metadata} == metadata
    assert menus["restaurantTimeZone"] == "Europe/Madrid"


def test_guids_are_a_restaurants_own_and_items_join_by_another_id(
    toast: Toast, merchants: dict[str, dict[str, Any]]
) -> None:
    """The same coffee at two restaurants has two GUIDs and one multiLocationId."""
    first, second, _ = (
        {row["name"]: row for row in settings(toast, one, "menuItems")} for one in restaurants(merchants["cafes"])
    )
    here, there = first["Café con leche"], second["Café con leche"]

    assert here["guid"] != there["guid"]
    assert here["multiLocationId"] == there["multiLocationId"]
    assert here["multiLocationId"].isdecimal()


def test_a_restaurant_tells_how_it_counts(toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
    """Zone, currency, closeout and group; one that closed for good is archived."""
    general = {
        key: [
            parsed(toast.get(f"/restaurants/v1/restaurants/{one}", one))["general"]
            for one in restaurants(merchants[key])
        ]
        for key in ("cafes", "cadena")
    }

    assert [one["timeZone"] for one in general["cafes"]] == ["Europe/Madrid", "Europe/Madrid", "Atlantic/Canary"]
    assert {(one["closeoutHour"], one["currencyCode"]) for one in general["cafes"]} == {(4, "EUR")}
    assert {one["managementGroupGuid"] for one in general["cafes"]} == {merchants["cafes"]["id"]}
    assert sum(one["archived"] for one in general["cadena"]) == 1


def test_a_group_lists_its_restaurants(toast: Toast, merchants: dict[str, dict[str, Any]], guid: str) -> None:
    """Asked with any of them in the header."""
    listed = parsed(toast.get(f"/restaurants/v1/groups/{merchants['cafes']['id']}/restaurants", guid))

    assert listed == [{"guid": one} for one in restaurants(merchants["cafes"])]
    assert toast.get(f"/restaurants/v1/groups/{guid}/restaurants", guid).status_code == 404
    assert toast.get(f"/restaurants/v1/restaurants/{listed[1]['guid']}", guid).status_code == 403


def test_employees_who_left_are_still_listed(toast: Toast, guid: str) -> None:
    """Deleted, with a date; the others have the date of 1970. Some can be asked for."""
    employees = parsed(toast.get("/labor/v1/employees", guid))
    wanted = employees[1]["guid"]
    dates = {row["deleted"]: row["deletedDate"] for row in employees}

    assert [row["deleted"] for row in employees] == [False, False, False, True]
    assert dates[False] == NEVER
    assert datetime.fromisoformat(dates[True]) < ANCHOR
    assert [row["guid"] for row in parsed(toast.get("/labor/v1/employees", guid, employeeIds=wanted))] == [wanted]
