"""Migrations: any number of times, any number of processes, one result."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from pos_pipeline.provider import Provider
from pos_pipeline.warehouse.database import Database
from pos_pipeline.warehouse.migrate import upgrade

COLUMNS = """
    select table_schema, table_name, column_name, data_type, is_nullable from information_schema.columns
    where table_schema not in ('pg_catalog', 'information_schema') order by table_schema, table_name, ordinal_position
"""
CONTRACT = {
    "pos_accounts": """
        id tenant_id pos_provider account_name location_id location_name access_token refresh_token token_expires_at
        merchant_id sync_enabled sync_frequency_minutes last_sync_at last_successful_sync_at next_sync_at webhook_id
        webhook_url webhook_signature_key status error_message error_count last_error_at created_at updated_at""",
    "pos_product_mappings": """
        id tenant_id pos_account_id pos_product_id pos_product_name pos_product_sku pos_category bakery_product_id
        bakery_product_name mapping_type confidence_score created_at updated_at""",
    "pos_sync_logs": """
        id tenant_id pos_account_id sync_started_at sync_completed_at sync_duration_seconds status error_message
        transactions_fetched transactions_processed transactions_failed new_products_discovered
        unmapped_products_count created_at""",
    "pos_webhooks": """
        id tenant_id pos_account_id webhook_event_id event_type event_data received_at processed_at
        processing_status error_message retry_count""",
}


@dataclass(frozen=True)
class StreamOf:
    """A stream by its name, which is all a raw table needs to know."""

    name: str


@dataclass(frozen=True)
class ProviderOf:
    """A provider by its name and streams."""

    name: str
    streams: tuple[StreamOf, ...]


@pytest.fixture
def corner_till() -> Provider:
    """A POS nobody has heard of yet."""
    return ProviderOf("cornertill", (StreamOf("receipts"), StreamOf("order")))  # type: ignore[return-value]


@pytest.fixture
def empty_database(empty_database_url: str) -> Iterator[Database]:
    """A database in which nothing has been made yet."""
    database = Database(empty_database_url)
    yield database
    database.close()


def test_repeated_upgrade_changes_nothing(empty_database: Database, corner_till: Provider) -> None:
    """Every start upgrades; the second finds nothing to do and loses nothing."""
    upgrade(empty_database, [corner_till])
    empty_database.fetch("insert into pos.tenants (slug, name) values ('bakery', 'Bakery') returning id")
    before = empty_database.fetch(COLUMNS)
    upgrade(empty_database, [corner_till])

    assert empty_database.fetch(COLUMNS) == before
    assert empty_database.fetch("select slug from pos.tenants") == [("bakery",)]


def test_processes_that_upgrade_at_once(empty_database: Database) -> None:
    """Four processes that start on an empty database all succeed, and it is made once."""
    code = f"""
from pos_pipeline.warehouse.database import Database
from pos_pipeline.warehouse.migrate import upgrade
upgrade(Database({empty_database.url!r}), [])
"""
    together = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]  # noqa: S603
    codes = [each.wait(timeout=120) for each in together]

    assert codes == [0, 0, 0, 0]
    assert empty_database.fetch("select count(*) from pos_pipeline_version") == [(1,)]


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_contract_views_have_the_contracts_columns(database: Database, name: str) -> None:
    """What the customer's other services read has exactly the columns agreed, in that order."""
    rows = database.fetch(
        "select column_name from information_schema.columns where table_schema = 'pos' and table_name = %s"
        " order by ordinal_position",
        (name,),
    )

    assert [column for (column,) in rows] == CONTRACT[name].split()


def test_new_provider_gets_its_raw_tables(database: Database, corner_till: Provider) -> None:
    """A provider's streams become tables by being declared, with names that SQL reserves too."""
    upgrade(database, [corner_till])
    rows = database.fetch(
        """
        select table_name, array_agg(column_name::text order by ordinal_position) from information_schema.columns
        where table_schema = 'raw_cornertill' group by table_name order by table_name
        """
    )
    keys, versions = ["tenant_id", "connection_id", "location_id", "id"], ["version_at", "version_no"]
    columns = [*keys, *versions, "payload", "fetched_at", "_dlt_load_id"]

    assert rows == [("order", columns), ("receipts", columns)]


def test_same_object_may_arrive_again(database: Database, corner_till: Provider) -> None:
    """Raw tables take what comes, twice too: which version counts is decided downstream."""
    upgrade(database, [corner_till])
    row = """
        insert into raw_cornertill.receipts
            (tenant_id, connection_id, id, version_at, payload, fetched_at, _dlt_load_id)
        values ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', 'R1', '2026-01-01Z',
            '{}', '2026-01-02Z', '1')
        returning id
    """
    database.fetch(row)
    database.fetch(row)

    assert database.fetch("select count(*) from raw_cornertill.receipts where id = 'R1'") == [(2,)]


def test_sealed_columns_are_bytes(database: Database) -> None:
    """Tokens are stored as ciphertext, so that plain text cannot be put there by mistake."""
    with pytest.raises(psycopg.errors.DatatypeMismatch):
        database.fetch(
            "insert into pos.connections (tenant_id, pos_provider, merchant_id, access_token)"
            " values (gen_random_uuid(), 'square', 'M', 'EAAA'::text) returning id"
        )
