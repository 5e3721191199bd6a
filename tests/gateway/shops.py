"""Linked shops made by hand: what the gateway shows without any POS."""

from uuid import UUID

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.warehouse.database import Database

ACCESS_TOKEN = b"sealed-access-token"


def make_connection(database: Database, tenant: Tenant, merchant: str = "M1", provider: str = "square") -> UUID:
    """A grant of a merchant."""
    [(connection_id,)] = database.fetch(
        "insert into pos.connections (tenant_id, pos_provider, merchant_id, access_token) values (%s, %s, %s, %s)"
        " returning id",
        (tenant.id, provider, merchant, ACCESS_TOKEN),
    )
    return UUID(str(connection_id))


def make_account(database: Database, tenant: Tenant, connection_id: UUID, location: str = "L1") -> UUID:
    """A shop of it."""
    [(account_id,)] = database.fetch(
        """
        insert into pos.accounts
            (tenant_id, connection_id, pos_provider, account_name, location_id, location_name, timezone, currency)
        select tenant_id, id, pos_provider, %(location)s, %(location)s, %(location)s, 'Europe/Madrid', 'EUR'
        from pos.connections where id = %(connection_id)s and tenant_id = %(tenant_id)s
        returning id
        """,
        {"tenant_id": tenant.id, "connection_id": connection_id, "location": location},
    )
    return UUID(str(account_id))


def know_product(database: Database, connection_id: UUID, pos_product_id: str) -> None:
    """A product that a sync has met in the POS's catalog."""
    database.fetch(
        "insert into pos.known_products (tenant_id, connection_id, pos_product_id)"
        " select tenant_id, id, %s from pos.connections where id = %s returning 1",
        (pos_product_id, connection_id),
    )


def add_to_catalog(database: Database, tenant: Tenant, name: str, sku: str | None = None) -> UUID:
    """A product of the tenant's own catalog."""
    [(product_id,)] = database.fetch(
        "insert into pos.catalog_products (tenant_id, name, sku) values (%s, %s, %s) returning id",
        (tenant.id, name, sku),
    )
    return UUID(str(product_id))
