"""The database keeps tenants apart, whatever a route forgets."""

import psycopg
import pytest

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.gateway.isolation import as_tenant, rows_of
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import make_account, make_connection


def test_a_tenant_sees_its_own_rows_only(database: Database, bakery: Tenant, rival: Tenant) -> None:
    """No condition in the query, and still nobody else's shop."""
    for tenant in (bakery, rival):
        make_account(database, tenant, make_connection(database, tenant))

    [row] = rows_of(database, bakery.id, "select tenant_id from pos.accounts")
    assert row["tenant_id"] == bakery.id
    assert rows_of(database, bakery.id, "select id from pos.tenants") == [{"id": bakery.id}]


def test_without_a_tenant_there_are_no_rows(database: Database, bakery: Tenant) -> None:
    """A transaction that names nobody sees nothing."""
    make_account(database, bakery, make_connection(database, bakery))

    with database.transaction() as transaction:
        transaction.execute("set local role pos_app")
        assert transaction.execute("select count(*) from pos.accounts").fetchone() == (0,)


def test_the_role_and_the_tenant_end_with_the_transaction(database: Database, bakery: Tenant) -> None:
    """The pool's next user is the core again."""
    with as_tenant(database, bakery.id) as transaction:
        assert transaction.execute("select current_user::text").fetchone() == ("pos_app",)

    [(user, tenant)] = database.fetch("select current_user::text, current_setting('pos.tenant_id', true)")
    assert user != "pos_app"
    assert not tenant


@pytest.mark.parametrize(
    "statement",
    [
        "select access_token from pos.connections",
        "select webhook_signature_key from pos.accounts",
        "select * from pos.pos_accounts",
        "select payload from pos.quarantine",
        "select * from pos.shared_tokens",
        "select * from etl.loads",
        "insert into pos.accounts (tenant_id) values (pos.tenant())",
        "update pos.connections set status = 'active'",
        "alter table pos.accounts disable row level security",
    ],
)
def test_what_a_tenant_may_never_do(database: Database, bakery: Tenant, statement: str) -> None:
    """Sealed tokens, unreadable records and other people's business are out of the role's reach."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows_of(database, bakery.id, statement)


def test_a_row_cannot_be_given_to_another_tenant(database: Database, bakery: Tenant, rival: Tenant) -> None:
    """Writing is kept apart like reading."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows_of(
            database,
            bakery.id,
            "insert into pos.catalog_products (tenant_id, name) values (%s, 'Croissant') returning id",
            (rival.id,),
        )


def test_every_table_of_tenants_is_guarded(database: Database) -> None:
    """A table with a tenant in it has policies that bind its owner too, or is out of the role's reach."""
    open_tables = database.fetch(
        """
        select c.oid::regclass::text
        from pg_catalog.pg_class as c
        inner join pg_catalog.pg_attribute as a on c.oid = a.attrelid and a.attname = 'tenant_id'
        where c.relkind = 'r' and c.relnamespace in ('pos'::regnamespace, 'etl'::regnamespace)
            and not (c.relrowsecurity and c.relforcerowsecurity)
            and has_any_column_privilege('pos_app', c.oid, 'select, insert, update')
        """
    )
    assert open_tables == []
    [(owns, bypasses)] = database.fetch(
        "select rolsuper or rolcreaterole, rolbypassrls from pg_catalog.pg_roles where rolname = 'pos_app'"
    )
    assert not owns
    assert not bypasses
