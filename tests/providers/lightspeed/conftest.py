"""A simulated X-Series, and an environment that leads there."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fakes.lightspeed_shelf import ANCHOR

from pos_pipeline.accounts.connections import Connection, load_connection
from pos_pipeline.accounts.linking import authorize, complete
from pos_pipeline.accounts.tenants import Tenant, create_tenant
from pos_pipeline.http import client
from pos_pipeline.sandbox import Sandbox, running_sandbox
from pos_pipeline.sandbox.lightspeed import CLOUD
from pos_pipeline.sandbox.shop.merchants import CAFES, PANADERIA
from pos_pipeline.services import Services

CALLBACK = "https://pos.example/callback"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Sandbox]:
    """A bakery with one shop and cafés with three, with a short past."""
    with running_sandbox(anchor=ANCHOR, days=3, sales_per_day=9, merchants=(PANADERIA, CAFES)) as sandbox:
        yield sandbox
        client.shared_client().close()
        client._client_of.cache_clear()


@pytest.fixture
def sandbox(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The cloud without faults, and settings for it."""
    for name, value in CLOUD.app_settings.items():
        monkeypatch.setenv(name, value.replace("{base_url}", cloud.base_url("lightspeed")))
    yield cloud
    cloud.faults()


@pytest.fixture
def tenant(services: Services) -> Tenant:
    """Who links."""
    return create_tenant(services.database, "cafes", "Cafés")


@pytest.fixture
def link(services: Services, sandbox: Sandbox, tenant: Tenant) -> Callable[..., Connection]:
    """Consent of a merchant in the browser, to all that is asked or to all but one scope."""

    def link(merchant: str = "cafes", *, without_scope: str = "") -> Connection:
        url = authorize(services, "lightspeed", tenant.id, CALLBACK).url
        scope = without_scope.replace(":", "%3A")
        url = url.replace(f"{scope}+", "").replace(f"+{scope}&", "&") if scope else url
        answer = httpx.get(f"{url}&merchant={sandbox.clouds['lightspeed'].merchant_id(merchant)}", trust_env=False)
        came = parse_qs(urlsplit(answer.headers["location"]).query)
        connection = complete(services, "lightspeed", {name: values[0] for name, values in came.items()})
        # The world's clock stands at the anchor: for it, that is when the till was linked.
        services.database.fetch(
            "update pos.connections set live_since = %s where id = %s returning id", (ANCHOR, connection.id)
        )
        return load_connection(services.database, connection.id)

    return link
