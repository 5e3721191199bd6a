"""`/mappings`, before dbt has made any mart."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import add_to_catalog, know_product, make_account, make_connection

Ask = Callable[..., TestClient]


@dataclass(frozen=True)
class Shelf:
    """A shop whose POS sells P1, P2 and P3, and a catalog of two products."""

    tenant: Tenant
    account_id: UUID
    croissant: UUID
    baguette: UUID

    def wanted(self, pos_product_id: str = "P1", **changes: object) -> dict[str, object]:
        """A mapping of that product to the croissant."""
        return {
            "pos_account_id": str(self.account_id),
            "pos_product_id": pos_product_id,
            "bakery_product_id": str(self.croissant),
        } | changes


def make_shelf(database: Database, tenant: Tenant) -> Shelf:
    """One for a tenant."""
    connection_id = make_connection(database, tenant)
    for product in ("P1", "P2", "P3"):
        know_product(database, connection_id, product)
    catalog = [add_to_catalog(database, tenant, name) for name in ("Croissant", "Baguette")]
    return Shelf(tenant, make_account(database, tenant, connection_id), *catalog)


@pytest.fixture
def shelf(database: Database, bakery: Tenant) -> Shelf:
    """The bakery's."""
    return make_shelf(database, bakery)


@pytest.fixture
def foreign(database: Database, rival: Tenant) -> Shelf:
    """The rival's, with the same products."""
    return make_shelf(database, rival)


def test_a_product_is_mapped_by_hand(ask: Ask, shelf: Shelf) -> None:
    """The mapping says who made it, is named as in the catalog, and is found again."""
    client = ask(shelf.tenant, "write")
    made = client.post("mappings", json=shelf.wanted(pos_product_name="Cruasán"))

    assert made.status_code == 201
    mapping = made.json()
    assert made.headers["location"] == f"/api/v1/pos/mappings/{mapping['id']}"
    assert (mapping["pos_product_name"], mapping["bakery_product_name"]) == ("Cruasán", "Croissant")
    assert (mapping["mapping_type"], mapping["confidence_score"], mapping["mapped_by"]) == ("manual", "1.0000", "test")
    shown = client.get(f"mappings/{mapping['id']}")
    assert shown.json() == mapping
    assert shown.headers["etag"] == made.headers["etag"]


def test_a_product_is_mapped_once(ask: Ask, database: Database, shelf: Shelf) -> None:
    """The second time is a conflict that names where to change it; nothing changes."""
    client = ask(shelf.tenant)
    mapping = client.post("mappings", json=shelf.wanted()).json()
    again = client.post("mappings", json=shelf.wanted(bakery_product_id=str(shelf.baguette)))

    assert (again.status_code, again.json()["type"]) == (409, "urn:pos-pipeline:problem:mapped_already")
    assert f"PUT /api/v1/pos/mappings/{mapping['id']}" in again.json()["detail"]
    assert database.fetch("select bakery_product_name from pos.product_mappings") == [("Croissant",)]


def test_mapping_again_with_a_key_happens_once(ask: Ask, shelf: Shelf) -> None:
    """A repeated request is answered as the first one was, and is no conflict."""
    client, key = ask(shelf.tenant), {"Idempotency-Key": "k1"}
    first, again = (client.post("mappings", json=shelf.wanted(), headers=key) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    for header in ("location", "etag", "content-type"):
        assert again.headers[header] == first.headers[header]


@pytest.mark.parametrize(
    ("field", "value"),
    [("pos_account_id", str(UUID(int=9))), ("pos_product_id", "P9"), ("bakery_product_id", str(UUID(int=9)))],
)
def test_what_is_not_there_cannot_be_mapped(ask: Ask, database: Database, shelf: Shelf, field: str, value: str) -> None:
    """An unknown shop, POS product or catalog product is a 404."""
    answer = ask(shelf.tenant).post("mappings", json=shelf.wanted(**{field: value}))

    assert answer.status_code == 404
    assert database.fetch("select id from pos.product_mappings") == []


def test_another_tenants_things_cannot_be_mapped(ask: Ask, database: Database, shelf: Shelf, foreign: Shelf) -> None:
    """Not their shops and not their catalog; their mappings are not there at all."""
    theirs = ask(foreign.tenant).post("mappings", json=foreign.wanted()).json()["id"]
    client = ask(shelf.tenant)

    answers = [
        client.post("mappings", json=shelf.wanted(pos_account_id=str(foreign.account_id))),
        client.post("mappings", json=shelf.wanted(bakery_product_id=str(foreign.croissant))),
        client.get(f"mappings/{theirs}"),
        client.put(f"mappings/{theirs}", json={"bakery_product_id": str(shelf.baguette)}),
        client.delete(f"mappings/{theirs}"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert client.get("mappings").json()["items"] == []
    assert database.fetch("select id::text, bakery_product_name from pos.product_mappings") == [(theirs, "Croissant")]


def test_a_mapping_cannot_be_moved_to_another_tenants_product(ask: Ask, shelf: Shelf, foreign: Shelf) -> None:
    """A foreign catalog product is as unknown as a made-up one."""
    client = ask(shelf.tenant)
    mapping = client.post("mappings", json=shelf.wanted()).json()
    answer = client.put(f"mappings/{mapping['id']}", json={"bakery_product_id": str(foreign.baguette)})

    assert answer.status_code == 404
    assert client.get(f"mappings/{mapping['id']}").json() == mapping


def test_mappings_are_filtered_and_paged(ask: Ask, database: Database, shelf: Shelf) -> None:
    """By shop, kind, POS product and catalog product; each once over all pages."""
    client = ask(shelf.tenant)
    for product in ("P1", "P2", "P3"):
        client.post("mappings", json=shelf.wanted(product))
    database.fetch("update pos.product_mappings set mapping_type = 'sku' where pos_product_id = 'P2' returning id")

    def products(**query: object) -> list[str]:
        items = client.get("mappings", params=query).json()["items"]
        return [item["pos_product_id"] for item in items]

    assert products() == ["P1", "P2", "P3"]
    assert products(mapping_type="manual") == ["P1", "P3"]
    assert products(pos_product_id="P3") == ["P3"]
    assert products(bakery_product_id=shelf.baguette) == []
    assert products(pos_account_id=uuid4()) == []
    first = client.get("mappings", params={"limit": 2}).json()
    rest = client.get("mappings", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [item["pos_product_id"] for item in first["items"] + rest["items"]] == ["P1", "P2", "P3"]
    assert rest["next_cursor"] is None


def test_changing_what_was_seen(ask: Ask, database: Database, shelf: Shelf) -> None:
    """A change to a version that is no more is refused; one to the present version makes another one."""
    client = ask(shelf.tenant, "write")
    made = client.post("mappings", json=shelf.wanted())
    place, seen = f"mappings/{made.json()['id']}", {"If-Match": made.headers["etag"]}
    database.fetch("update pos.product_mappings set mapping_type = 'sku', confidence_score = 0.9 returning id")

    changed = client.put(place, json={"bakery_product_id": str(shelf.baguette)}, headers=seen)
    late = client.put(place, json={"bakery_product_id": str(shelf.croissant)}, headers=seen)
    deleted_late = client.delete(place, headers=seen)

    assert (changed.status_code, late.status_code, deleted_late.status_code) == (200, 412, 412)
    assert late.json()["type"] == "urn:pos-pipeline:problem:changed_meanwhile"
    assert late.headers["etag"] == changed.headers["etag"] != made.headers["etag"]
    after = client.get(place).json()
    assert (after["bakery_product_name"], after["mapping_type"], after["confidence_score"]) == (
        "Baguette",
        "manual",
        "1.0000",
    )
    assert after["created_at"] == made.json()["created_at"] < after["updated_at"]


@pytest.mark.parametrize("if_match", [None, "*", '"made-up", {etag}'])
def test_unmapping(ask: Ask, database: Database, shelf: Shelf, if_match: str | None) -> None:
    """With the version that was seen, with any version, or without saying; twice is a 404."""
    client = ask(shelf.tenant, "write")
    made = client.post("mappings", json=shelf.wanted())
    headers = {"If-Match": if_match.format(etag=made.headers["etag"])} if if_match else {}
    answers = [client.delete(f"mappings/{made.json()['id']}", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert answers[0].content == b""
    assert database.fetch("select id from pos.product_mappings") == []


@pytest.mark.parametrize("if_match", ['"made-up"', "W/{etag}", "", "{etag}x"])
def test_versions_that_are_not_the_present_one(ask: Ask, database: Database, shelf: Shelf, if_match: str) -> None:
    """A weak version is none: what is compared has to be the same to the byte."""
    client = ask(shelf.tenant)
    made = client.post("mappings", json=shelf.wanted())
    headers = {"If-Match": if_match.format(etag=made.headers["etag"])}

    assert client.delete(f"mappings/{made.json()['id']}", headers=headers).status_code == 412
    assert len(database.fetch("select id from pos.product_mappings")) == 1


def test_reading_is_not_mapping(ask: Ask, shelf: Shelf) -> None:
    """The scope read lists and shows, and changes nothing."""
    made = ask(shelf.tenant).post("mappings", json=shelf.wanted()).json()
    reader, place = ask(shelf.tenant, "read"), f"mappings/{made['id']}"

    assert reader.get("mappings").status_code == reader.get(place).status_code == 200
    refused = [
        reader.post("mappings", json=shelf.wanted("P2")),
        reader.put(place, json={"bakery_product_id": str(shelf.baguette)}),
        reader.delete(place),
        reader.post("mappings/auto-map"),
    ]
    assert {answer.status_code for answer in refused} == {403}
    assert ask().get("mappings").status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        {"pos_product_id": "\0"},
        {"mapping_type": "guessed"},
        {"pos_account_id": "1"},
        {"limit": 0},
        {"cursor": "WyJub3QgYSB0aW1lIiwieCJd"},
    ],
)
def test_questions_that_are_none(ask: Ask, bakery: Tenant, query: dict[str, object]) -> None:
    """A refusal, never a server error."""
    assert ask(bakery).get("mappings", params=query).status_code in {400, 422}


@pytest.mark.parametrize(
    "change", [{"pos_product_id": "\0"}, {"pos_product_id": ""}, {"pos_product_name": "\ud800"}, {"x": 1}]
)
def test_mappings_that_are_none(ask: Ask, database: Database, shelf: Shelf, change: dict[str, object]) -> None:
    """What Postgres cannot store, and what nobody has heard of."""
    body, headers = json.dumps(shelf.wanted(**change)), {"Content-Type": "application/json"}

    assert ask(shelf.tenant).post("mappings", content=body, headers=headers).status_code == 422
    assert database.fetch("select id from pos.product_mappings") == []


def test_before_any_sale_is_modelled(ask: Ask, shelf: Shelf) -> None:
    """Nothing is at stake yet and no SKU is known, which is an answer and not a failure."""
    client = ask(shelf.tenant)
    client.post("mappings", json=shelf.wanted())

    assert client.get("mappings/unmapped").json() == {"items": [], "next_cursor": None}
    assert client.post("mappings/auto-map").json() == {
        "total_unmapped": 2,
        "mapped": 0,
        "high_confidence": 0,
        "remaining": 2,
    }
