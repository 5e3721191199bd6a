"""What sales point at: products and their variants, people, places, taxes, payment types."""

from decimal import Decimal
from itertools import chain

import pytest

from pos_pipeline.sandbox import Sandbox
from tests.sandbox.lightspeed.reading import Retailer


def test_products_have_a_row_per_variant_and_one_above(cafes: Retailer) -> None:
    """Variants share name and handle; what has one form only has no parent."""
    rows = cafes.all("products", page_size=1000, deleted="true")
    by_id = {row["id"]: row for row in rows}
    variants = [row for row in rows if "variant_parent_id" in row]

    assert variants
    for row in variants:
        parent = by_id[row["variant_parent_id"]]
        assert (parent["has_variants"], row["has_variants"]) == (True, False)
        assert (parent["name"], parent["handle"]) == (row["name"], row["handle"])
        assert row["variant_name"] == f"{row['name']} / {row['variant_options'][0]['value']}"
        family = [other for other in variants if other["variant_parent_id"] == parent["id"]]
        assert len(family) == parent["variant_count"]
    assert all(row["sku"] for row in rows)
    assert len({row["sku"] for row in rows}) == len(rows)


def test_prices_are_on_the_shelf_with_tax(cafes: Retailer) -> None:
    """Bread at four percent, coffee at ten; before tax to five decimals."""
    [bread] = cafes.read("products", sku="PAN-BAG-1")["data"]
    [coffee] = cafes.read("products", sku="CAF-SOL-1")["data"]

    for row, rate in ((bread, Decimal("1.04")), (coffee, Decimal("1.10"))):
        exact = row["price_including_tax"] / rate
        assert abs(row["price_excluding_tax"] - exact) <= Decimal("0.000005")
    assert (bread["type"]["name"], coffee["type"]["name"], coffee["brand"]["name"]) == ("Pan", "Café", "Tueste Norte")
    assert (bread["brand"], bread["supplier"]) == ({}, {})


def test_a_price_change_moves_the_product(sandbox: Sandbox, cafes: Retailer) -> None:
    """On some Monday a price changes; the product comes again with a new version and change time."""
    for _ in range(8):
        before = {row["id"]: row for row in cafes.all("products", page_size=1000)}
        sandbox.advance(hours=24 * 7)
        cursor = max(row["version"] for row in before.values())
        moved = [row for row in cafes.all("products", cursor, page_size=1000) if row["id"] in before]
        for row in moved[:1]:
            assert row["price_including_tax"] != before[row["id"]]["price_including_tax"]
            assert row["updated_at"] > before[row["id"]]["updated_at"]
            return
    pytest.fail("no price changed within eight weeks")


def test_categories_page_by_an_opaque_place(cafes: Retailer) -> None:
    """The same categories as the deprecated types, by path."""
    names, query = [], {"page_size": 3}
    while True:
        page = cafes.read("product_categories", **query)
        names.extend(row["name"] for row in page["data"]["categories"])
        if not page["page_info"]["has_next"]:
            break
        query["after"] = page["page_info"]["last_seen"]

    assert names == sorted(names)
    assert names == [row["name"] for row in cafes.all("product_types")]


def test_the_retailer_knows_its_special_products(cafes: Retailer) -> None:
    """Currency and discount product; its version is a string."""
    retailer = cafes.read("retailer")["data"]
    products = {row["id"]: row["name"] for row in cafes.all("products", page_size=1000)}
    taxes = {tax["id"]: tax for tax in cafes.all("taxes")}

    assert (retailer["id"], retailer["domain_prefix"]) == (cafes.known["id"], cafes.known["domain_prefix"])
    assert retailer["currency"]["code"] == "EUR"
    assert products[retailer["discount_product_id"]] == "Descuento"
    assert taxes[retailer["no_tax_group_id"]]["rates"][0]["rate"] == 0
    assert isinstance(retailer["version"], str)
    assert sorted(tax["rates"][0]["rate"] for tax in taxes.values()) == [
        0,
        Decimal("0.04"),
        Decimal("0.1"),
        Decimal("0.21"),
    ]


def test_outlets_have_zones_and_registers(cafes: Retailer) -> None:
    """One of them is on the Canaries."""
    outlets = {row["id"]: row for row in cafes.all("outlets")}
    registers = cafes.all("registers")

    assert set(outlets) == {location["id"] for location in cafes.known["locations"]}
    assert {row["time_zone"] for row in outlets.values()} == {"Europe/Madrid", "Atlantic/Canary"}
    assert {row["outlet_id"] for row in registers} == set(outlets)
    assert len({row["invoice_prefix"] for row in registers}) == len(outlets)


def test_anonymous_sales_are_the_walk_in_s(cafes: Retailer) -> None:
    """There is one such customer; everybody else has a code of their own."""
    customers = cafes.all("customers", page_size=1000)
    [walkin] = [row for row in customers if row["customer_code"] == "WALKIN"]
    share = [sale["customer_id"] == walkin["id"] for sale in cafes.all("sales", page_size=500)]

    assert 0.7 < sum(share) / len(share) < 1
    assert len({row["customer_code"] for row in customers}) == len(customers)


def test_those_who_left_are_not_enabled(cafes: Retailer) -> None:
    """They stay in the list, because their sales do; one user is the owner."""
    users = cafes.all("users")

    assert {row["enabled"] for row in users} == {True, False}
    assert [row["account_type"] for row in users if row["is_primary_user"]] == ["admin"]


def test_the_day_s_takings_are_strings(cafes: Retailer) -> None:
    """By payment type, and no more than what the register's sales say."""
    registers = cafes.all("registers")
    summaries = [cafes.read(f"registers/{row['id']}/payments_summary")["data"] for row in registers]
    opened = {row["id"]: summary["register_open_time"] for row, summary in zip(registers, summaries, strict=True)}
    sales = [
        sale
        for sale in cafes.all("sales", page_size=500)
        if sale["state"] == "closed" and sale["sale_date"] >= opened[sale["register_id"]]
    ]
    told = [Decimal(part["total"]) for part in chain.from_iterable(one["payments"] for one in summaries)]

    assert told
    assert sum(told) == sum(payment["amount"] for sale in sales for payment in sale["payments"])
