"""`/mappings` over marts: what is left to map, what maps itself, what a product is called."""

import base64
import json
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.gateway.app import build_app
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import add_to_catalog, know_product, make_account, make_connection
from tests.gateway.sold import list_product, sell

Ask = Callable[..., TestClient]

MONDAY, TUESDAY = date(2026, 6, 1), date(2026, 6, 2)


@pytest.fixture
def connection_id(database: Database, bakery: Tenant) -> UUID:
    """The bakery's grant."""
    return make_connection(database, bakery)


@pytest.fixture
def account_id(database: Database, bakery: Tenant, connection_id: UUID) -> UUID:
    """Its shop."""
    return make_account(database, bakery, connection_id)


def put_on_shelf(
    database: Database, connection_id: UUID, product: str, sku: str | None = None, **words: object
) -> None:
    """A product that a sync has met and dbt has modelled."""
    know_product(database, connection_id, product)
    list_product(database, connection_id, product, sku, **words)  # type: ignore[arg-type]


def test_what_is_at_stake_comes_first(
    ask: Ask, database: Database, account_id: UUID, rival: Tenant, connection_id: UUID
) -> None:
    """By revenue over all days, named as the POS names it; what is mapped or foreign is not there."""
    put_on_shelf(database, connection_id, "P1", "CR-01", name="Croissant", variation="Grande", category="Bollería")
    for product, day, amount in [
        ("P1", MONDAY, "10.00"),
        ("P1", TUESDAY, "5.50"),
        ("P2", MONDAY, "99.99"),
        (None, MONDAY, "7.00"),
    ]:
        sell(database, account_id, product, day, amount, line_type="product" if product else "custom_amount")
    elsewhere = make_account(database, rival, make_connection(database, rival))
    sell(database, elsewhere, "P1", MONDAY, "1000.00")
    tenant = Tenant(*database.fetch("select id, slug, name from pos.tenants where slug = 'crumb'")[0])

    items = ask(tenant, "read").get("mappings/unmapped").json()["items"]
    assert [(item["pos_product_name"], item["unmapped_revenue"]) for item in items] == [
        ("P2", "99.9900"),
        ("Croissant · Grande", "15.5000"),
        ("Custom amount", "7.0000"),
    ]
    croissant = items[1]
    assert (croissant["pos_product_id"], croissant["pos_product_sku"], croissant["pos_category"]) == (
        "P1",
        "CR-01",
        "Bollería",
    )
    assert (croissant["transaction_count"], croissant["first_sold_on"], croissant["last_sold_on"]) == (
        2,
        "2026-06-01",
        "2026-06-02",
    )

    wanted = {
        "pos_account_id": str(account_id),
        "pos_product_id": "P2",
        "bakery_product_id": str(add_to_catalog(database, tenant, "Tarta")),
    }
    assert ask(tenant).post("mappings", json=wanted).status_code == 201
    left = ask(tenant).get("mappings/unmapped").json()["items"]
    assert [item["pos_product_id"] for item in left] == ["P1", None]


def test_currencies_are_not_compared(ask: Ask, database: Database, bakery: Tenant, account_id: UUID) -> None:
    """Each has its list; pages go through one after the other, and ties lose nobody."""
    for product, amount, currency in [
        ("A", "500", "JPY"),
        ("B", "3.00", "EUR"),
        ("C", "3.00", "EUR"),
        ("D", "-1.00", "EUR"),
        ("E", "80", "JPY"),
    ]:
        sell(database, account_id, product, MONDAY, amount, currency=currency)
    client, seen, query = ask(bakery), [], {"limit": "2"}
    while True:
        page = client.get("mappings/unmapped", params=query).json()
        seen += [(item["currency"], item["pos_product_id"]) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == [("EUR", "B"), ("EUR", "C"), ("EUR", "D"), ("JPY", "A"), ("JPY", "E")]
    assert len(client.get("mappings/unmapped", params={"currency": "JPY"}).json()["items"]) == 2


@pytest.mark.parametrize(
    "cursor",
    [
        ["EUR", "NaN", "0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11", "P1"],
        ["EUR", "1e999999999", "0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11", "P1"],
        ["EUR", "money", "0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11", "P1"],
        ["EUR", "1", "0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11", "\0"],
        ["\ud800", "1", "0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11", "P1"],
        [None, "1", "0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11", "P1"],
        ["EUR", "1", "x", "P1"],
        ["EUR"],
    ],
)
def test_cursors_that_are_none(ask: Ask, bakery: Tenant, cursor: list[object]) -> None:
    """Made-up ones are refused, whatever is in them."""
    made_up = base64.urlsafe_b64encode(json.dumps(["unmapped", *cursor]).encode()).decode()
    answer = ask(bakery).get("mappings/unmapped", params={"cursor": made_up})

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:pos-pipeline:problem:invalid_cursor")


def test_the_same_sku_is_the_same_product(
    ask: Ask, database: Database, bakery: Tenant, connection_id: UUID, account_id: UUID
) -> None:
    """Exact and unambiguous ones are mapped, in every shop of the grant; a person's word goes before a SKU."""
    second = make_account(database, bakery, connection_id, "L2")
    for product, sku in [("P1", "CR-01"), ("P2", "BG-01"), ("P3", "TW"), ("P4", "TW"), ("P5", "cr-01"), ("P6", None)]:
        put_on_shelf(database, connection_id, product, sku)
    put_on_shelf(database, connection_id, "P7", "GONE", gone=True)
    put_on_shelf(database, connection_id, "P8", "OLD")
    catalog = {sku: add_to_catalog(database, bakery, sku, sku) for sku in ("CR-01", "BG-01", "TW", "GONE", "OLD")}
    database.fetch("update pos.catalog_products set is_active = false where sku = 'OLD' returning id")
    by_hand = {"pos_account_id": str(second), "pos_product_id": "P1", "bakery_product_id": str(catalog["BG-01"])}
    assert ask(bakery).post("mappings", json=by_hand).status_code == 201

    first, again = (ask(bakery, "write").post("mappings/auto-map") for _ in range(2))

    assert first.json() == {"total_unmapped": 15, "mapped": 3, "high_confidence": 3, "remaining": 12}
    assert again.json() == {"total_unmapped": 12, "mapped": 0, "high_confidence": 0, "remaining": 12}
    mapped = database.fetch(
        "select pos_account_id, pos_product_id, bakery_product_name, mapping_type, confidence_score, mapped_by"
        " from pos.product_mappings order by pos_product_id, mapping_type"
    )
    assert sorted(mapped, key=str) == sorted(
        [
            (account_id, "P1", "BG-01", "id", 1, "test"),
            (second, "P1", "BG-01", "manual", 1, "test"),
            (account_id, "P2", "BG-01", "sku", 1, "test"),
            (second, "P2", "BG-01", "sku", 1, "test"),
        ],
        key=str,
    )


def test_a_sku_is_matched_within_its_tenant_and_grant(
    ask: Ask, database: Database, bakery: Tenant, rival: Tenant, connection_id: UUID
) -> None:
    """A rival's catalog maps nothing, and two merchants of one tenant may use the same SKU."""
    other = make_connection(database, bakery, "M2")
    make_account(database, bakery, connection_id)
    branch = make_account(database, bakery, other, "L9")
    put_on_shelf(database, connection_id, "P1", "X")
    put_on_shelf(database, other, "Q1", "X")
    add_to_catalog(database, rival, "Theirs", "X")
    assert ask(bakery).post("mappings/auto-map").json()["mapped"] == 0

    add_to_catalog(database, bakery, "Ours", "X")
    assert ask(bakery).post("mappings/auto-map", params={"pos_account_id": str(branch)}).json() == {
        "total_unmapped": 1,
        "mapped": 1,
        "high_confidence": 1,
        "remaining": 0,
    }
    assert database.fetch("select pos_account_id, pos_product_id from pos.product_mappings") == [(branch, "Q1")]
    foreign = make_account(database, rival, make_connection(database, rival))
    assert ask(bakery).post("mappings/auto-map", params={"pos_account_id": str(foreign)}).status_code == 404


def test_mapping_by_itself_can_be_switched_off(
    database: Database, services: Services, settings: Settings, bakery: Tenant, token_of: Callable[..., str]
) -> None:
    """AUTO_MAPPING_ENABLED off: the request is refused and nothing is mapped."""
    off = Services(
        settings.model_copy(update={"auto_mapping_enabled": False}), database, services.providers, services.vault
    )
    app: FastAPI = build_app(off, GatewaySettings())
    headers = {"Authorization": f"Bearer {token_of(bakery.id)}"}
    answer = TestClient(app).post("/api/v1/pos/mappings/auto-map", headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:pos-pipeline:problem:auto_mapping_off")


def test_a_product_is_called_what_its_pos_calls_it(
    ask: Ask, database: Database, bakery: Tenant, connection_id: UUID, account_id: UUID
) -> None:
    """The catalog's name counts more than the caller's; what was only sold can be mapped where it was sold."""
    put_on_shelf(database, connection_id, "P1", "CR-01", name="Croissant", variation="Croissant", category="Bollería")
    sell(database, account_id, "SOLD", MONDAY, "4.00")
    elsewhere = make_account(database, bakery, make_connection(database, bakery, "M2"), "L2")
    catalog = str(add_to_catalog(database, bakery, "Croissant"))

    def mapped(shop: UUID, product: str) -> Any:
        wanted = {"pos_account_id": str(shop), "pos_product_id": product, "bakery_product_id": catalog}
        return ask(bakery).post("mappings", json=wanted | {"pos_product_name": "Something"})

    croissant = mapped(account_id, "P1").json()
    assert (croissant["pos_product_name"], croissant["pos_product_sku"], croissant["pos_category"]) == (
        "Croissant",
        "CR-01",
        "Bollería",
    )
    assert mapped(account_id, "SOLD").json()["pos_product_name"] == "SOLD"
    assert mapped(elsewhere, "SOLD").status_code == mapped(elsewhere, "P1").status_code == 404
