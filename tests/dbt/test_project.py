"""The dbt project itself: its unit tests pass, and it keeps its own rules."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from fakes.books import Books

from pos_pipeline.providers import load_providers
from pos_pipeline.settings import Settings
from pos_pipeline.transform import engine, ensure_manifest
from pos_pipeline.transform.project import load_project

CONTRACT = {
    "pos_transactions": """
        id tenant_id pos_account_id pos_transaction_id pos_provider transaction_date transaction_type status
        subtotal tax_amount discount_amount tip_amount total_amount currency payment_method card_last_four card_brand
        customer_name customer_email customer_phone cashier_name device_name receipt_number
        synced_to_sales sales_record_id sync_error created_at
    """,
    "pos_transaction_items": """
        id tenant_id pos_transaction_id pos_item_id product_name product_sku category quantity unit_price
        discount_amount line_total mapped_product_id is_mapped modifiers created_at
    """,
}
PROVIDED = (
    "transaction_groups",
    "transactions",
    "transaction_items",
    "transaction_tenders",
    "products",
    "prices",
    "locations",
    "excluded_objects",
    "transaction_objects",
)
"""What every POS's folder ends in: `int_<provider>__<name>`."""


@pytest.fixture(scope="module")
def manifest(dbt_settings: Settings) -> Mapping[str, Any]:
    """The manifest Dagster reads."""
    return dict(json.loads(ensure_manifest(dbt_settings).read_text()))


@pytest.fixture(scope="module")
def models(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every model by name."""
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


def test_unit_tests_of_the_project_pass(books: Books, dbt_settings: Settings) -> None:
    """Dbt's own unit tests, with only the columns that matter."""
    outcome = engine.invoke(
        ["test", "--select", "test_type:unit", "--threads", "4", "--no-write-json"],
        project_dir=dbt_settings.dbt_project_dir,
        target_dir=dbt_settings.pos_home / "dbt" / "unit",
        url=books.database.url,
        manifest=load_project(dbt_settings).manifest,
    )

    assert outcome.exception is None
    assert {
        result.node.name: str(result.status) for result in outcome.result.results if str(result.status) != "pass"
    } == {}
    assert len(outcome.result.results) >= 14


def test_manifest_is_parsed_once(dbt_settings: Settings) -> None:
    """Asked again with the same files, it is the same file."""
    path = ensure_manifest(dbt_settings)
    written = path.stat().st_mtime_ns

    assert ensure_manifest(dbt_settings).stat().st_mtime_ns == written


def test_every_relation_and_column_is_described(manifest: Mapping[str, Any]) -> None:
    """Sources, seeds, models and their columns say what they are; a model begins with its grain."""
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in {"model", "seed"}]
    silent = [node["name"] for node in [*nodes, *manifest["sources"].values()] if not node["description"].strip()]
    mute = [
        f"{node['name']}.{column['name']}"
        for node in nodes
        for column in node["columns"].values()
        if not column["description"]
    ]

    assert (silent, mute) == ([], [])
    models = [node for node in nodes if node["resource_type"] == "model"]
    assert [node["name"] for node in models if not node["description"].startswith(("One row", "The contract's"))] == []


def test_described_columns_are_the_real_ones(books: Books, models: dict[str, dict[str, Any]]) -> None:
    """YAML and database agree on every column of every model."""
    real: dict[str, set[str]] = {}
    for schema, table, column in books.database.fetch(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('staging', 'intermediate', 'marts')"
    ):
        real.setdefault(f"{schema}.{table}", set()).add(column)

    assert {name: real[f"{node['schema']}.{name}"] ^ set(node["columns"]) for name, node in models.items()} == {
        name: set() for name in models
    }


def test_contract_views_have_exactly_the_contracts_columns(books: Books) -> None:
    """Names and order of the customer's tables."""
    for view, columns in CONTRACT.items():
        found = books.database.fetch(
            "select column_name from information_schema.columns where table_schema = 'marts' and table_name = %s"
            " order by ordinal_position",
            (view,),
        )
        assert [name for (name,) in found] == columns.split()


def test_layers_read_only_what_is_below(models: dict[str, dict[str, Any]]) -> None:
    """Only staging reads sources, staging reads no model, and no layer reads a higher one."""
    rank = {"staging": 0, "intermediate": 1, "marts": 2}
    wrong = []
    for node in models.values():
        for parent in node["depends_on"]["nodes"]:
            kind, _, name = parent.split(".", 2)
            if kind == "source" and node["schema"] != "staging":
                wrong.append((node["name"], parent))
            if kind == "model" and (
                rank[models[name]["schema"]] > rank[node["schema"]]
                or node["schema"] == models[name]["schema"] == "staging"
            ):
                wrong.append((node["name"], parent))

    assert wrong == []


def test_marts_and_intermediate_models_have_enforced_contracts(models: dict[str, dict[str, Any]]) -> None:
    """Types are checked when built; every table has a primary key."""
    for node in models.values():
        if node["schema"] != "staging":
            assert node["config"]["contract"]["enforced"], node["name"]
        if node["config"]["materialized"] == "incremental":
            assert [each["type"] for each in node["constraints"]] == ["primary_key"], node["name"]


def test_views_in_marts_read_with_the_rights_of_whoever_asks(books: Books) -> None:
    """Else row policies on the tables below would not hold; one view reads deeper and filters its rows itself."""
    options = books.database.fetch(
        "select relname, reloptions from pg_class where relkind = 'v' and relnamespace = 'marts'::regnamespace"
    )

    assert options
    others = {name: option for name, option in options if option != ["security_invoker=true"]}
    assert others == {"fct_data_quality": ["security_barrier=true"]}


def test_providers_of_the_package_and_of_the_marts_are_the_same(models: dict[str, dict[str, Any]]) -> None:
    """A POS is a folder in the package, a folder here and a word in the var; each ends in the same models."""
    here = {name.split("__")[0].removeprefix("int_") for name in models if name.startswith("int_") and "__" in name}

    assert here == set(load_providers())
    parents = set(models["fct_transactions"]["depends_on"]["nodes"])
    for provider in here:
        assert f"model.pos.int_{provider}__transactions" in parents
        assert [what for what in PROVIDED if f"int_{provider}__{what}" not in models] == []
