"""A gateway in this process, with callers of two tenants."""

from collections.abc import Callable
from uuid import UUID

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant, create_tenant
from pos_pipeline.gateway.app import build_app
from pos_pipeline.gateway.local_key import issue_token, local_key
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.services import Services

Ask = Callable[..., TestClient]


@pytest.fixture
def app(services: Services) -> FastAPI:
    """The gateway over the test's database."""
    return build_app(services, GatewaySettings())


@pytest.fixture
def token_of(services: Services) -> Callable[..., str]:
    """A token for a tenant."""

    def issue(tenant_id: UUID, scopes: str = "admin", seconds: int = 600) -> str:
        key = local_key(services.settings.pos_home)
        return issue_token(GatewaySettings(), key, tenant_id, subject="test", scopes=scopes, seconds=seconds)

    return issue


@pytest.fixture
def ask(app: FastAPI, token_of: Callable[..., str]) -> Ask:
    """A client that speaks for a tenant, or for nobody."""

    def client(tenant: Tenant | None = None, scopes: str = "admin") -> TestClient:
        headers = {"Authorization": f"Bearer {token_of(tenant.id, scopes)}"} if tenant else {}
        return TestClient(app, base_url="http://testserver/api/v1/pos", headers=headers, raise_server_exceptions=False)

    return client


@pytest.fixture
def bakery(services: Services) -> Tenant:
    """A tenant."""
    return create_tenant(services.database, "crumb", "Crumb")


@pytest.fixture
def rival(services: Services) -> Tenant:
    """Another one, whose rows the first must never see."""
    return create_tenant(services.database, "rival", "Rival")
