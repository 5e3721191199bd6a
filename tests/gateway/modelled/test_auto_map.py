"""Mapping by itself, by id, bar code and name: what it links, what it leaves, what it never undoes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.catalog.runs import map_waiting
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import add_to_catalog, know_product, make_account, make_connection
from tests.gateway.sold import list_product, sell

Ask = Callable[..., TestClient]


@dataclass(frozen=True)
class Shop:
    """The bakery's shop, whose till sells what a test puts on its shelf."""

    database: Database
    tenant: Tenant
    connection_id: UUID
    account_id: UUID

    def sells(self, product: str, name: str, sku: str | None = None, **words: object) -> None:
        """A product that a sync has met and dbt has modelled."""
        know_product(self.database, self.connection_id, product)
        list_product(self.database, self.connection_id, product, sku, name=name, **words)  # type: ignore[arg-type]

    def pair(self, product: str, catalog_product: UUID) -> dict[str, str]:
        """A request's body about that pair."""
        return {
            "pos_account_id": str(self.account_id),
            "pos_product_id": product,
            "bakery_product_id": str(catalog_product),
        }

    def links(self) -> dict[str, tuple[str, str]]:
        """What every product is mapped to, and how."""
        rows = self.database.fetch(
            "select pos_product_id, bakery_product_name, mapping_type from pos.product_mappings"
            " where pos_account_id = %s",
            (self.account_id,),
        )
        return {product: (name, kind) for product, name, kind in rows}


@pytest.fixture
def shop(database: Database, bakery: Tenant) -> Shop:
    """A shop with nothing on its shelf."""
    connection_id = make_connection(database, bakery)
    return Shop(database, bakery, connection_id, make_account(database, bakery, connection_id))


def test_names_are_linked_or_suggested(ask: Ask, shop: Shop) -> None:
    """A name that says the same is linked with its reasons; the others wait for people, with suggestions."""
    croissant = add_to_catalog(shop.database, shop.tenant, "Croissant de mantequilla")
    add_to_catalog(shop.database, shop.tenant, "Tarta de queso")
    shop.sells("P1", "CROISS. MANTEQ.", variation="Regular")
    shop.sells("P2", "Croissant pistacho")
    shop.sells("P3", "Tarta queso", variation="Entera")
    sell(shop.database, shop.account_id, "P3", date(2026, 6, 1), "20.00")
    client = ask(shop.tenant, "write")

    answer = client.post("mappings/auto-map").json()
    assert (answer["total_unmapped"], answer["mapped"], answer["remaining"]) == (3, 1, 2)
    [mapping] = client.get("mappings").json()["items"]
    assert (mapping["bakery_product_id"], mapping["mapping_type"]) == (str(croissant), "auto")
    assert 0.8 <= float(mapping["confidence_score"]) < 1
    assert mapping["reasons"]
    [left] = client.get("mappings/unmapped").json()["items"]
    assert left["suggestions"][0]["bakery_product_name"] == "Tarta de queso"
    assert "only the POS says 'entera'" in left["suggestions"][0]["reasons"]


def test_the_threshold_is_honoured(shop: Shop, services: Services, settings: Settings) -> None:
    """With AUTO_MAPPING_CONFIDENCE_THRESHOLD at 1 no name is linked, an equal SKU still is."""
    add_to_catalog(shop.database, shop.tenant, "Croissant de mantequilla", "CR")
    add_to_catalog(shop.database, shop.tenant, "Tarta de queso")
    shop.sells("P1", "x", "CR")
    shop.sells("P2", "Tarta qso")
    strict = settings.model_copy(update={"auto_mapping_confidence_threshold": 1.0})

    map_waiting(Services(strict, services.database, services.providers, services.vault))
    assert shop.links() == {"P1": ("Croissant de mantequilla", "sku")}


def test_a_bar_code_is_found_with_and_without_its_zeros(ask: Ask, shop: Shop) -> None:
    """A UPC at the till is the GTIN of the catalog."""
    water = add_to_catalog(shop.database, shop.tenant, "Agua 50 cl")
    shop.database.fetch("update pos.catalog_products set gtin = '00012345678905' where id = %s returning id", (water,))
    shop.sells("P1", "AGUA", "012345678905")

    assert ask(shop.tenant).post("mappings/auto-map").json()["mapped"] == 1
    assert shop.links() == {"P1": ("Agua 50 cl", "sku")}


def test_what_people_say_is_never_undone(ask: Ask, shop: Shop) -> None:
    """A manual mapping stays, a rejected pair stays apart, whatever the names say, until a person maps it."""
    croissant = add_to_catalog(shop.database, shop.tenant, "Croissant")
    baguette = add_to_catalog(shop.database, shop.tenant, "Baguette")
    shop.sells("P1", "Croissant")
    shop.sells("P2", "Baguette")
    client = ask(shop.tenant)
    client.post("mappings", json=shop.pair("P1", baguette))
    rejected = client.post("mappings/rejections", json=shop.pair("P2", baguette))

    assert rejected.status_code == 201
    assert client.post("mappings/rejections", json=shop.pair("P2", baguette)).json() == rejected.json()
    assert client.post("mappings/auto-map").json()["mapped"] == 0
    assert shop.links() == {"P1": ("Baguette", "manual")}
    assert client.post("mappings", json=shop.pair("P2", baguette)).status_code == 201
    assert shop.database.fetch("select 1 from pos.mapping_rejections") == []
    assert client.post("mappings/rejections", json=shop.pair("P1", UUID(int=9))).status_code == 404
    assert croissant


def test_unmapping_and_remapping_keep_runs_from_repeating(ask: Ask, shop: Shop) -> None:
    """A link that a person removes or changes is not made again by the next run."""
    for name in ("Croissant", "Baguette"):
        add_to_catalog(shop.database, shop.tenant, name)
        shop.sells(name, name)
    cake = add_to_catalog(shop.database, shop.tenant, "Tarta")
    client = ask(shop.tenant)
    client.post("mappings/auto-map")
    mappings = {item["pos_product_id"]: item["id"] for item in client.get("mappings").json()["items"]}

    assert client.delete(f"mappings/{mappings['Croissant']}").status_code == 204
    client.put(f"mappings/{mappings['Baguette']}", json={"bakery_product_id": str(cake)})
    client.post("mappings/auto-map")
    assert shop.links() == {"Baguette": ("Tarta", "manual")}
    client.delete(f"mappings/{mappings['Baguette']}")
    assert client.post("mappings/auto-map").json()["mapped"] == 0


def test_two_products_of_a_shop_become_one_by_people_only(ask: Ask, shop: Shop) -> None:
    """The one that says the same words is linked; the other one, or both if they are alike, wait."""
    croissant = add_to_catalog(shop.database, shop.tenant, "Croissant")
    add_to_catalog(shop.database, shop.tenant, "Baguette")
    shop.sells("P1", "Croissant")
    shop.sells("P2", "Cruasán")
    shop.sells("P3", "Baguette")
    shop.sells("P4", "BAGUETTES")
    client = ask(shop.tenant)

    client.post("mappings/auto-map")
    client.post("mappings/auto-map")
    assert shop.links() == {"P1": ("Croissant", "auto")}
    assert client.post("mappings", json=shop.pair("P2", croissant)).status_code == 201


def test_a_product_is_the_same_in_every_shop_of_a_till(ask: Ask, shop: Shop) -> None:
    """What a person said in one shop holds in the others, by the till's own id."""
    branch = make_account(shop.database, shop.tenant, shop.connection_id, "L2")
    special = add_to_catalog(shop.database, shop.tenant, "Especial")
    shop.sells("P1", "De la casa")
    client = ask(shop.tenant)
    client.post("mappings", json=shop.pair("P1", special))
    client.post("mappings/auto-map")

    [row] = shop.database.fetch(
        "select bakery_product_name, mapping_type, reasons from pos.product_mappings where pos_account_id = %s",
        (branch,),
    )
    assert row[:2] == ("Especial", "id")
    assert row[2]


def test_the_past_can_be_stated_again(ask: Ask, shop: Shop) -> None:
    """Every state of a mapping is kept, and the mappings of a moment can be asked for."""
    croissant, cake = (add_to_catalog(shop.database, shop.tenant, name) for name in ("Croissant", "Tarta"))
    shop.sells("P1", "Croissant")
    client = ask(shop.tenant)
    client.post("mappings/auto-map")
    [mapping] = client.get("mappings").json()["items"]
    client.put(f"mappings/{mapping['id']}", json={"bakery_product_id": str(cake)})
    client.delete(f"mappings/{mapping['id']}")

    first, second = client.get("mappings/history", params={"pos_product_id": "P1"}).json()["items"]
    assert (first["bakery_product_id"], first["mapping_type"]) == (str(croissant), "auto")
    assert (second["bakery_product_id"], second["mapping_type"]) == (str(cake), "manual")
    assert first["valid_to"] <= second["valid_from"]
    assert second["valid_to"] is not None
    then = client.get("mappings/history", params={"as_of": first["valid_from"], "limit": 1}).json()
    assert [item["bakery_product_id"] for item in then["items"]] == [str(croissant)]
    assert client.get("mappings/history", params={"as_of": "2020-01-01T00:00:00Z"}).json()["items"] == []
    everything = client.get("mappings/history", params={"limit": 1}).json()
    rest = client.get("mappings/history", params={"limit": 1, "cursor": everything["next_cursor"]}).json()
    assert [everything["items"][0]["bakery_product_id"], rest["items"][0]["bakery_product_id"]] == [
        str(croissant),
        str(cake),
    ]


def test_runs_look_at_what_is_new(shop: Shop, services: Services) -> None:
    """A tenant is looked at when its till or its catalog has something new, and not otherwise."""
    add_to_catalog(shop.database, shop.tenant, "Croissant")
    shop.sells("P1", "Croissant")

    first, second = map_waiting(services), map_waiting(services)
    assert (first.tenants, first.mapped, second.tenants) == (1, 1, 0)
    shop.database.fetch("update pos.catalog_products set updated_at = now() + interval '1 s' returning id")
    assert map_waiting(services).tenants == 1


def test_runs_can_be_switched_off(shop: Shop, services: Services, settings: Settings) -> None:
    """AUTO_MAPPING_ENABLED off: nothing is linked, and the run says why."""
    add_to_catalog(shop.database, shop.tenant, "Croissant")
    shop.sells("P1", "Croissant")
    off = settings.model_copy(update={"auto_mapping_enabled": False})

    result = map_waiting(Services(off, services.database, services.providers, services.vault))
    assert (result.tenants, result.note) == (0, "AUTO_MAPPING_ENABLED is off")
    assert shop.links() == {}


def test_another_tenants_rejections_and_past_are_out_of_sight(ask: Ask, shop: Shop, rival: Tenant) -> None:
    """Neither seen nor made."""
    croissant = add_to_catalog(shop.database, shop.tenant, "Croissant")
    shop.sells("P1", "Croissant")
    ask(shop.tenant).post("mappings/auto-map")
    stranger = ask(rival)

    assert stranger.get("mappings/history").json()["items"] == []
    assert stranger.post("mappings/rejections", json=shop.pair("P1", croissant)).status_code == 404
    assert stranger.post("mappings/auto-map").json()["total_unmapped"] == 0
