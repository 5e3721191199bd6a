"""Fixtures: services that know the corner till, and merchants linked to it. A test folder says which `till`."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from fakes.corner_till import START, CornerTill
from pos_pipeline.services import Services
from pos_pipeline.warehouse.migrate import upgrade


@pytest.fixture
def corner(services: Services, till: CornerTill) -> Services:
    """Services whose only provider is the corner till."""
    upgrade(services.database, [till])
    return replace(services, providers={"corner": till})


@pytest.fixture
def link(corner: Services) -> Callable[..., UUID]:
    """Makes a tenant `t-<merchant>` with one shop, linked at START and due now; the connection's id."""

    def make(merchant: str = "m1") -> UUID:
        with corner.database.transaction() as transaction:
            tenant, connection = uuid4(), uuid4()
            transaction.execute(
                "insert into pos.tenants (id, slug, name) values (%s, %s, %s)", (tenant, f"t-{merchant}", merchant)
            )
            sealed = corner.vault.seal("token-of-the-till", tenant_id=tenant, connection_id=connection)
            transaction.execute(
                "insert into pos.connections (id, tenant_id, pos_provider, merchant_id, access_token, live_since)"
                " values (%s, %s, 'corner', %s, %s, %s)",
                (connection, tenant, merchant, sealed, START),
            )
            transaction.execute(
                "insert into pos.accounts (tenant_id, connection_id, pos_provider, account_name, location_id,"
                " location_name, timezone, currency)"
                " values (%s, %s, 'corner', %s, %s, 'Shop', 'Europe/Madrid', 'EUR')",
                (tenant, connection, merchant, f"{merchant}-shop"),
            )
        return connection

    return make
