"""Simulated Toast restaurants, linked by code and by credentials, end to end over HTTP."""

from collections.abc import Iterator
from datetime import time
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from pos_pipeline.accounts.codes import collect
from pos_pipeline.accounts.connections import Connection, load_connection
from pos_pipeline.accounts.consent import message_on_code
from pos_pipeline.accounts.door import open_api
from pos_pipeline.accounts.linking import authorize, disconnect, link_with_credentials
from pos_pipeline.accounts.tenants import Tenant, create_tenant
from pos_pipeline.errors import MissingScope, ProviderUnavailable, Unauthorised
from pos_pipeline.http import RetryPolicy, client
from pos_pipeline.providers.toast import PROVIDER
from pos_pipeline.sandbox import Sandbox, running_sandbox
from pos_pipeline.sandbox.toast.cloud import ToastCloud
from pos_pipeline.services import Services

LOGIN = "POST /authentication/v1/authentication/login"
ITSELF = "GET /restaurants/v1/restaurants/{guid}"
ANYWHERE = "https://pos.example/callback"
CAFES = "cafes"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Sandbox]:
    """Three merchants with a short past."""
    with running_sandbox(days=2, sales_per_day=2) as sandbox:
        yield sandbox
        client.shared_client().close()
        client._client_of.cache_clear()


@pytest.fixture
def sandbox(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The cloud without faults, its restaurants not connected, and an environment that leads there."""
    base_url = cloud.base_url("toast")
    monkeypatch.setenv("TOAST_BASE_URL", base_url)
    for name, value in ToastCloud.app_settings.items():
        monkeypatch.setenv(name, value.replace("{base_url}", base_url))
    cloud.requests(reset=True)
    yield cloud
    cloud.faults()
    for key in cloud.clouds["toast"].merchants:
        cloud.revoke(key)


@pytest.fixture
def tenant(services: Services) -> Tenant:
    """Who links."""
    return create_tenant(services.database, "cafes", "Cafés")


def ask(services: Services, sandbox: Sandbox, tenant: Tenant, **query: str) -> str:
    """A code that the cafés have entered in Toast Web, for all their restaurants unless one is named."""
    invitation = authorize(services, "toast", tenant.id, ANYWHERE)
    assert invitation.code is not None
    page = httpx.URL(invitation.url).copy_merge_params({"merchant": known(sandbox)["id"], **query})
    assert httpx.get(page).status_code == 200
    return invitation.code


def known(sandbox: Sandbox) -> dict[str, Any]:
    """The cafés as the sandbox knows them."""
    return next(merchant for merchant in sandbox.merchants("toast") if merchant["key"] == CAFES)


def link(services: Services, sandbox: Sandbox, tenant: Tenant) -> list[Connection]:
    """All restaurants of the cafés, linked by one code."""
    ask(services, sandbox, tenant)
    return collect(services, "toast")


def made(sandbox: Sandbox, endpoint: str) -> int:
    """How often it was asked."""
    return sandbox.requests()["toast"].get(endpoint, 0)


def test_code_links_every_restaurant_that_entered_it(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """One connection per restaurant with one shop each, under Toast's names, closing at four in the morning."""
    connections = link(services, sandbox, tenant)
    shops = known(sandbox)["locations"]

    assert sorted(one.merchant_id for one in connections) == sorted(shop["id"] for shop in shops)
    assert all(one.location_ids == (one.merchant_id,) for one in connections)
    assert services.database.fetch(
        "select location_id, location_name, timezone, day_closes_at, account_name from pos.accounts order by 1"
    ) == sorted((shop["id"], shop["name"], shop["timezone"], time(4), shop["name"]) for shop in shops)


def test_all_restaurants_cost_one_login(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """Listing, linking and reading, by whatever connection: one token for all."""
    connections = link(services, sandbox, tenant)
    for connection in connections:
        with open_api(services, connection) as api:
            PROVIDER.locations(api)

    assert len(connections) == 3
    assert made(sandbox, LOGIN) == 1


def test_linked_restaurant_is_read(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """Through the door of a new connection every stream answers, by as few requests as it can."""
    connection, *_ = link(services, sandbox, tenant)
    with open_api(services, connection) as api:
        found = {
            stream.name: [
                record
                for page in PROVIDER.read(api, connection.source, stream.name, connection.live_since)
                for record in page.records
            ]
            for stream in PROVIDER.streams
            if stream.name not in {"payments", "menus"}
        }
        menus = list(PROVIDER.read(api, connection.source, "menus"))

    assert {name for name, records in found.items() if records} >= {"employees", "configuration", "restaurants"}
    assert all(record.location_id == connection.merchant_id for records in found.values() for record in records)
    assert menus[0].product_ids
    assert api.requests_made == 1 + 1 + 7 + 1 + 2
    assert abs(api.clock_skew_seconds or 0) < 60


def test_token_that_dies_is_replaced_by_one_login(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """A 401 in the middle costs a login and the request again; no token is ever logged."""
    connection, other, *_ = link(services, sandbox, tenant)
    sandbox.requests(reset=True)
    sandbox.faults(expire_tokens_after_requests=5)
    with (
        capture_logs() as logs,
        open_api(services, connection) as api,
        open_api(services, other) as beside,
    ):
        for _ in range(6):
            PROVIDER.locations(api)
            PROVIDER.locations(beside)

    assert made(sandbox, LOGIN) in {2, 3}
    assert 12 < api.requests_made + beside.requests_made <= 12 + 2 * 3
    assert "eyJ" not in str(logs)


def test_restaurant_that_is_not_open_yet_is_linked_later(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """Listed at once, refused for a while: the code says so and is finished by itself."""
    sandbox.faults(propagating_requests=2)
    shop = known(sandbox)["locations"][0]["id"]
    code = ask(services, sandbox, tenant, location=shop)

    assert collect(services, "toast") == []
    assert "does not let us read it yet" in (message_on_code(services.database, code) or "")
    assert collect(services, "toast", code=code) == []
    assert [one.merchant_id for one in collect(services, "toast", code=code)] == [shop]
    assert message_on_code(services.database, code) is None


def test_restaurant_that_does_not_show_itself_is_not_linked(
    services: Services, sandbox: Sandbox, tenant: Tenant
) -> None:
    """Without the scope for that there is no shop to book sales on."""
    ask(services, sandbox, tenant, location=known(sandbox)["locations"][0]["id"], scope="orders:read")

    assert collect(services, "toast") == []
    assert services.database.fetch("select id from pos.connections") == []


def test_removed_integration_is_an_error_of_its_restaurants(
    services: Services, sandbox: Sandbox, tenant: Tenant
) -> None:
    """Toast answers 403 and lists them no more; coming back to the list revives them."""
    connections = link(services, sandbox, tenant)
    sandbox.revoke(CAFES)
    with open_api(services, connections[0]) as api, pytest.raises(Unauthorised, match="has removed our integration"):
        list(PROVIDER.read(api, connections[0].source, "employees"))

    collect(services, "toast")
    assert {load_connection(services.database, one.id).status for one in connections} == {"error"}
    messages = [message for (message,) in services.database.fetch("select error_message from pos.accounts")]
    assert all("has removed us at Toast. Link the till again" in message for message in messages)

    ask(services, sandbox, tenant)
    collect(services, "toast")
    assert {load_connection(services.database, one.id).status for one in connections} == {"active"}


def test_missing_scope_is_not_a_removal(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """A restaurant that shows itself and not its orders lacks a scope, and stays linked."""
    ask(services, sandbox, tenant, location=known(sandbox)["locations"][0]["id"], scope="restaurants:read menus:read")
    [connection] = collect(services, "toast")

    with open_api(services, connection) as api, pytest.raises(MissingScope):
        list(PROVIDER.read(api, connection.source, "orders", connection.live_since))
    collect(services, "toast")
    assert load_connection(services.database, connection.id).status == "active"


def typed(sandbox: Sandbox, **changes: str) -> dict[str, str]:
    """The merchant's own credentials, as typed in."""
    merchant = known(sandbox)
    return {
        "client_id": merchant["client_id"],
        "client_secret": merchant["client_secret"],
        "restaurant_guids": ", ".join(merchant["restaurant_guids"]),
    } | changes


def test_own_credentials_link_without_our_integration(
    services: Services, sandbox: Sandbox, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One login for all restaurants; the secret is nowhere in clear, and TOAST_CLIENT_ID is not needed."""
    monkeypatch.delenv("TOAST_CLIENT_ID")
    monkeypatch.delenv("TOAST_CLIENT_SECRET")
    connections = link_with_credentials(services, "toast", tenant.id, typed(sandbox))
    for connection in connections:
        with open_api(services, connection) as api:
            PROVIDER.locations(api)

    assert sorted(one.merchant_id for one in connections) == sorted(known(sandbox)["restaurant_guids"])
    assert made(sandbox, LOGIN) == 1
    rows = services.database.fetch(
        "select c::text from pos.connections as c union all select s::text from pos.shared_tokens as s"
    )
    assert not [row for (row,) in rows if known(sandbox)["client_secret"] in row or "eyJ" in row]


def test_wrong_secret_is_tried_once(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """Three restaurants and three attempts of an impatient person: one login, and nothing is stored."""
    for _ in range(3):
        with pytest.raises(Unauthorised, match="client id and secret are not accepted"):
            link_with_credentials(services, "toast", tenant.id, typed(sandbox, client_secret="mistyped"))

    assert made(sandbox, LOGIN) == 1
    assert services.database.fetch("select id from pos.connections") == []
    assert len(link_with_credentials(services, "toast", tenant.id, typed(sandbox))) == 3


def test_credentials_that_do_not_cover_a_restaurant_link_none(
    services: Services, sandbox: Sandbox, tenant: Tenant
) -> None:
    """Half a chain is nobody's wish: a GUID of somebody else spoils them all."""
    stranger = next(one for one in sandbox.merchants("toast") if one["key"] != CAFES)["restaurant_guids"][0]
    guids = f"{known(sandbox)['restaurant_guids'][0]},{stranger}"

    with pytest.raises(MissingScope):
        link_with_credentials(services, "toast", tenant.id, typed(sandbox, restaurant_guids=guids))
    assert services.database.fetch("select id from pos.connections") == []


def test_deleted_credentials_end_the_connections(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """The token dies and the login is refused, once for all restaurants."""
    connections = link_with_credentials(services, "toast", tenant.id, typed(sandbox))
    sandbox.revoke(CAFES)
    sandbox.requests(reset=True)
    for connection in connections:
        with open_api(services, connection) as api, pytest.raises(Unauthorised, match="deleted them in Toast Web"):
            PROVIDER.locations(api)

    assert made(sandbox, LOGIN) == 1


def test_disconnecting_is_ours_alone(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """Toast goes on listing the restaurant; we read it no more, and its old code does not bring it back."""
    connection, *others = link(services, sandbox, tenant)
    disconnect(services, connection.id)

    assert collect(services, "toast") == []
    assert load_connection(services.database, connection.id).status == "disconnected"
    with open_api(services, connection) as api, pytest.raises(Unauthorised, match="is disconnected"):
        PROVIDER.locations(api)
    with open_api(services, others[0]) as api:
        assert PROVIDER.locations(api)
    assert made(sandbox, LOGIN) == 1


def test_faults_of_the_cloud_are_outlived(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """With every fifth answer a 429, a 5xx, an HTML page or a broken one, every request is answered in the end."""
    connection, *_ = link(services, sandbox, tenant)
    sandbox.faults(rate_limit=0.05, server_error=0.05, html=0.05, malformed=0.05, retry_after_seconds=0, seed=3)
    patient = RetryPolicy(first_wait_seconds=0.001, attempts=10)
    with open_api(services, connection, policy=patient) as api:
        shops = {PROVIDER.locations(api) for _ in range(60)}

    assert len(shops) == 1
    assert api.requests_made > 60


def test_cloud_that_stays_down_is_an_outage(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """When nothing but errors comes, the restaurant stays linked and its streams fail as an outage, not as a loss."""
    connection, *_ = link(services, sandbox, tenant)
    sandbox.faults(server_error=1.0)
    hasty = RetryPolicy(first_wait_seconds=0.001, attempts=3)

    with open_api(services, connection, policy=hasty) as api, pytest.raises(ProviderUnavailable):
        list(PROVIDER.read(api, connection.source, "employees"))
    assert load_connection(services.database, connection.id).status == "active"
