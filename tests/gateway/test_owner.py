"""A database whose owner is no superuser, as it is wherever somebody else runs the server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import create_tenant
from pos_pipeline.accounts.vault import open_vault
from pos_pipeline.gateway.app import build_app
from pos_pipeline.gateway.isolation import as_tenant
from pos_pipeline.gateway.local_key import issue_token, local_key
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.providers import load_providers
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.database import Database
from pos_pipeline.warehouse.migrate import upgrade
from tests.gateway.shops import add_to_catalog, know_product, make_account, make_connection

ROLE = "create role {} login password 'x' nosuperuser nocreatedb nocreaterole nobypassrls"
GRANT = "grant pos_app to {}"
GRANT_AS_TO_ITS_MAKER = "grant pos_app to {} with admin true, inherit false, set false"
"""What Postgres 16 and later do by themselves when a role that may make roles makes one."""
FORGET = ("drop owned by {} cascade", "drop role {}")


@pytest.fixture
def owned(server: Any, template: str) -> Iterator[str]:
    """URL of an empty database and its owner, who is to `pos_app`, which the template has made, what its maker is."""
    assert template
    role, name = f"pos_test_owner_{uuid4().hex[:12]}", server.create()
    with psycopg.connect(server.url_of(name), autocommit=True) as administrator:
        grant = GRANT_AS_TO_ITS_MAKER if administrator.info.server_version >= 160_000 else GRANT
        for statement in (ROLE, grant):
            administrator.execute(sql.SQL(statement).format(sql.Identifier(role)))
        administrator.execute(sql.SQL("alter database {} owner to {}").format(*map(sql.Identifier, (name, role))))
    parts = urlsplit(server.url_of(name))
    yield urlunsplit(parts._replace(netloc=f"{role}:x@{parts.netloc.rpartition('@')[2]}"))
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as administrator:
        server.drop(name)
        for statement in FORGET:
            administrator.execute(sql.SQL(statement).format(sql.Identifier(role)))


@pytest.fixture
def services(owned: str, tmp_path: Path) -> Iterator[Services]:
    """Services over it, migrated by its owner."""
    database = Database(owned)
    upgrade(database, load_providers().values())
    settings = Settings(pos_home=tmp_path / "home", database_url=None)
    yield Services(settings=settings, database=database, providers=load_providers(), vault=open_vault(settings))
    database.close()


def test_the_owner_is_bound_by_the_policies(services: Services) -> None:
    """The core serves all tenants, a request sees and changes its own, and nobody gets more by owning the tables."""
    database = services.database
    tenants = [create_tenant(database, slug, slug.title()) for slug in ("crumb", "rival")]
    shops = {}
    for tenant in tenants:
        connection_id = make_connection(database, tenant)
        know_product(database, connection_id, "P1")
        shops[tenant.slug] = (
            make_account(database, tenant, connection_id),
            add_to_catalog(database, tenant, "Croissant"),
        )

    assert database.fetch("select count(*) from pos.accounts") == [(2,)]
    [(is_forced,)] = database.fetch("select relforcerowsecurity from pg_class where oid = 'pos.accounts'::regclass")
    assert is_forced
    for tenant in tenants:
        with as_tenant(database, tenant.id) as transaction:
            assert transaction.execute("select id from pos.accounts").fetchall() == [(shops[tenant.slug][0],)]

    def ask(tenant: Any) -> TestClient:
        token = issue_token(
            GatewaySettings(), local_key(services.settings.pos_home), tenant.id, subject="t", scopes="write", seconds=60
        )
        url = "http://testserver/api/v1/pos"
        return TestClient(
            build_app(services, GatewaySettings()), base_url=url, headers={"Authorization": f"Bearer {token}"}
        )

    crumb, rival = map(ask, tenants)
    wanted = {name: str(shops["crumb"][at]) for at, name in enumerate(("pos_account_id", "bakery_product_id"))}
    made = crumb.post("mappings", json=wanted | {"pos_product_id": "P1"}, headers={"Idempotency-Key": "k1"})
    assert made.status_code == 201
    assert rival.get(f"mappings/{made.json()['id']}").status_code == 404
    assert rival.post("mappings", json=wanted | {"pos_product_id": "P1"}).status_code == 404
    assert rival.put(f"accounts/{shops['rival'][0]}", json={"account_name": "Ours"}).status_code == 200
    assert database.fetch("select account_name from pos.accounts order by 1") == [("L1",), ("Ours",)]
