"""A simulated Square merchant, linked by OAuth and by token, end to end over HTTP."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from pos_pipeline.accounts.connections import Connection, load_connection
from pos_pipeline.accounts.credentials import refresh_due
from pos_pipeline.accounts.door import open_api
from pos_pipeline.accounts.grants import read_grant
from pos_pipeline.accounts.linking import authorize, complete, disconnect, link_with_credentials
from pos_pipeline.accounts.tenants import Tenant, create_tenant
from pos_pipeline.errors import MissingScope, ProviderUnavailable, Unauthorised
from pos_pipeline.http import RetryPolicy, client
from pos_pipeline.provider import Grant
from pos_pipeline.providers.square import PROVIDER
from pos_pipeline.sandbox import Sandbox, running_sandbox
from pos_pipeline.sandbox.square.grants import CLIENT_ID, CLIENT_SECRET
from pos_pipeline.services import Services

CALLBACK = "https://pos.example/callback"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Sandbox]:
    """Three merchants with a short past."""
    with running_sandbox(days=2, sales_per_day=2) as sandbox:
        yield sandbox
        client.shared_client().close()
        client._client_of.cache_clear()


@pytest.fixture
def sandbox(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The cloud without faults, and an environment that leads there."""
    monkeypatch.setenv("SQUARE_BASE_URL", cloud.base_url("square"))
    monkeypatch.setenv("SQUARE_APP_ID", CLIENT_ID)
    monkeypatch.setenv("SQUARE_APP_SECRET", CLIENT_SECRET)
    yield cloud
    cloud.faults()


@pytest.fixture
def tenant(services: Services) -> Tenant:
    """Who links."""
    return create_tenant(services.database, "panaderia", "Panadería")


def consent(url: str, merchant_id: str) -> dict[str, str]:
    """What comes back to the callback after the merchant consented in the browser."""
    answer = httpx.get(f"{url}&merchant={merchant_id}")
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def largest(sandbox: Sandbox) -> dict[str, object]:
    """The merchant with the most shops, as the sandbox knows it."""
    return max(sandbox.merchants("square"), key=lambda merchant: len(merchant["locations"]))


def link(services: Services, sandbox: Sandbox, tenant: Tenant) -> Connection:
    """The largest merchant, linked by consent."""
    url = authorize(services, "square", tenant.id, CALLBACK).url
    answer = consent(url, str(largest(sandbox)["id"]))
    return complete(services, "square", {"state": answer["state"], "code": answer["code"]})


def stored_grant(services: Services, connection: Connection) -> Grant:
    """The grant in the row."""
    with services.database.transaction() as transaction:
        grant = read_grant(transaction, services.vault, connection.id).grant
    assert grant is not None
    return grant


def test_consent_links_every_shop(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """All shops of a merchant have accounts under their own names, closed ones included."""
    connection = link(services, sandbox, tenant)
    merchant = largest(sandbox)

    assert connection.merchant_id == merchant["id"]
    assert len(connection.location_ids) > 10
    assert services.database.fetch(
        "select location_id, location_name, timezone from pos.accounts order by location_id"
    ) == sorted((shop["id"], shop["name"], shop["timezone"]) for shop in merchant["locations"])
    assert all(
        str(merchant["name"]) in name for (name,) in services.database.fetch("select account_name from pos.accounts")
    )
    assert set(stored_grant(services, connection).scopes) == set(PROVIDER.scopes)


def test_linked_till_is_read(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """Through the door of a new connection every stream answers."""
    connection = link(services, sandbox, tenant)
    with open_api(services, connection) as api:
        pages = {
            stream.name: next(iter(PROVIDER.read(api, connection.source, stream.name))) for stream in PROVIDER.streams
        }

    assert {name for name, page in pages.items() if page.records} >= {"catalog", "locations", "team_members"}
    assert api.requests_made == len(pages)
    assert abs(api.clock_skew_seconds or 0) < 60


def test_token_that_expires_in_the_middle_is_renewed(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """A token that dies after a few requests costs a refresh each time, and no request fails."""
    connection = link(services, sandbox, tenant)
    before = stored_grant(services, connection)
    sandbox.faults(expire_tokens_after_requests=3)
    with capture_logs() as logs, open_api(services, connection) as api:
        for _ in range(8):
            api.get("/v2/locations")
    after = stored_grant(services, connection)

    assert 8 < api.requests_made <= 12
    assert after.access_token != before.access_token
    assert after.refresh_token == before.refresh_token
    assert not [token for token in (before, after) if token.access_token in str(logs)]


def test_sweep_refreshes_at_square(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """A token older than a week is replaced by one that works."""
    connection = link(services, sandbox, tenant)
    before = stored_grant(services, connection)
    services.database.fetch("update pos.connections set token_renewed_at = now() - interval '8 days' returning id")

    assert refresh_due(services).refreshed == (connection.id,)
    assert stored_grant(services, connection).access_token != before.access_token


def test_disconnecting_ends_it_at_square(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """After a disconnect Square accepts neither token any more, and linking again works."""
    connection = link(services, sandbox, tenant)
    grant = stored_grant(services, connection)
    disconnect(services, connection.id)
    settings = PROVIDER.settings_type()

    with pytest.raises(Unauthorised):
        PROVIDER.refresh(settings, grant)
    with pytest.raises(Unauthorised):
        PROVIDER.from_credentials(settings, {"access_token": grant.access_token})
    assert link(services, sandbox, tenant) == connection


def test_merchant_who_withdraws_is_in_error(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """A grant withdrawn in Square's dashboard shows at the next request, with what to do."""
    connection = link(services, sandbox, tenant)
    sandbox.revoke(connection.merchant_id)

    with open_api(services, connection) as api, pytest.raises(Unauthorised):
        api.get("/v2/locations")
    assert load_connection(services.database, connection.id).status == "error"
    [(message,)] = services.database.fetch("select distinct error_message from pos.accounts")
    assert message.endswith("Link the till again: the merchant has to consent once more.")


def test_personal_token_links(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """The token of the merchant's own dashboard links without a browser and without our application."""
    merchant = largest(sandbox)
    [connection] = link_with_credentials(services, "square", tenant.id, {"access_token": str(merchant["access_token"])})

    assert connection.merchant_id == merchant["id"]
    assert len(connection.location_ids) == len(merchant["locations"])
    assert stored_grant(services, connection).refresh_token is None


def test_consent_without_the_profile_is_refused(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """A grant that does not show the shops is not half linked; the error names the scope."""
    url = authorize(services, "square", tenant.id, CALLBACK).url.replace("MERCHANT_PROFILE_READ", "DEVICES_READ")
    answer = consent(url, str(largest(sandbox)["id"]))

    with pytest.raises(MissingScope) as raised:
        complete(services, "square", {"state": answer["state"], "code": answer["code"]})
    assert raised.value.scope == "MERCHANT_PROFILE_READ"
    assert services.database.fetch("select id from pos.connections") == []


def test_faults_of_the_cloud_are_outlived(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """With every fifth answer a 429, a 5xx, an HTML page or a broken one, every request is answered in the end."""
    connection = link(services, sandbox, tenant)
    sandbox.faults(rate_limit=0.05, server_error=0.05, html=0.05, malformed=0.05, retry_after_seconds=0, seed=3)
    patient = RetryPolicy(first_wait_seconds=0.001, attempts=10)
    with open_api(services, connection, policy=patient) as api:
        bodies = {api.get("/v2/locations") for _ in range(60)}

    assert len(bodies) == 1
    assert api.requests_made > 60


def test_cloud_that_stays_down_is_an_outage(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """When nothing but errors comes, the till stays linked."""
    connection = link(services, sandbox, tenant)
    sandbox.faults(server_error=1.0)
    hasty = RetryPolicy(first_wait_seconds=0.001, attempts=3)

    with open_api(services, connection, policy=hasty) as api, pytest.raises(ProviderUnavailable):
        api.get("/v2/locations")
    assert load_connection(services.database, connection.id).status == "active"
