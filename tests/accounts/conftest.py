"""A tenant, and services whose only provider is the rotating till."""

from dataclasses import replace

import pytest
from fakes.rotating_till import REDIRECT, RotatingTill, state_of

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.accounts.linking import authorize, complete
from pos_pipeline.accounts.tenants import Tenant, create_tenant
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database


@pytest.fixture
def till() -> RotatingTill:
    """A till with two shops, one of them closed."""
    return RotatingTill()


@pytest.fixture
def rotating(services: Services, till: RotatingTill) -> Services:
    """Services that know the rotating till."""
    return replace(services, providers={"rotating": till})


@pytest.fixture
def tenant(database: Database) -> Tenant:
    """Who links."""
    return create_tenant(database, "pan-y-sal", "Pan y Sal")


@pytest.fixture
def connection(rotating: Services, tenant: Tenant) -> Connection:
    """Merchant M1, linked by consent."""
    url = authorize(rotating, "rotating", tenant.id, REDIRECT).url
    return complete(rotating, "rotating", {"state": state_of(url), "code": "M1"})
