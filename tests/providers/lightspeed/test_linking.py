"""A simulated merchant, linked by OAuth and by personal token, and its tokens kept alive."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import fakes.renewer
import pytest
from fakes.renewer import digest
from structlog.testing import capture_logs

from pos_pipeline.accounts.connections import Connection, load_connection
from pos_pipeline.accounts.credentials import TokenSource, refresh_due
from pos_pipeline.accounts.door import open_api
from pos_pipeline.accounts.grants import read_grant
from pos_pipeline.accounts.linking import disconnect, link_with_credentials
from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.errors import MissingScope, ProviderUnavailable, Unauthorised
from pos_pipeline.http import RetryPolicy
from pos_pipeline.provider import Grant
from pos_pipeline.providers.lightspeed import PROVIDER
from pos_pipeline.sandbox import Sandbox
from pos_pipeline.services import Services

Link = Callable[..., Connection]
OUTLETS = "/api/2.0/outlets"
QUERY = {"after": 0, "page_size": 10}


def known(sandbox: Sandbox) -> dict[str, Any]:
    """The cafés as the sandbox knows them."""
    [merchant] = [merchant for merchant in sandbox.merchants("lightspeed") if merchant["key"] == "cafes"]
    return merchant


def stored_grant(services: Services, connection: Connection) -> Grant:
    """The grant in the row."""
    with services.database.transaction() as transaction:
        grant = read_grant(transaction, services.vault, connection.id).grant
    assert grant is not None
    return grant


def source_of(services: Services, connection: Connection) -> TokenSource:
    """The connection's tokens as a new process sees them."""
    return TokenSource(services.database, services.vault, PROVIDER, connection.id)


def refreshes(sandbox: Sandbox) -> int:
    """Requests to the token endpoint since the last reset."""
    return sandbox.requests()["lightspeed"].get("POST /api/1.0/token", 0)


def test_consent_links_every_shop(services: Services, sandbox: Sandbox, link: Link) -> None:
    """All outlets have accounts under their own names and zones; the sub-domain is the merchant."""
    merchant = known(sandbox)
    connection = link()

    assert connection.merchant_id == merchant["domain_prefix"]
    assert connection.attributes["merchant_name"] == merchant["name"]
    assert services.database.fetch(
        "select location_id, location_name, timezone, currency from pos.accounts order by location_id"
    ) == sorted((shop["id"], shop["name"], shop["timezone"], "EUR") for shop in merchant["locations"])
    assert set(stored_grant(services, connection).scopes) == set(PROVIDER.scopes)


def test_budget_is_the_clouds_own(sandbox: Sandbox, link: Link) -> None:
    """Registers were counted when the till was linked: we allow ourselves a little less than the cloud does."""
    connection = link()
    cloud: Any = sandbox.clouds["lightspeed"]
    allowed = cloud.budget("cafes")

    [budget] = PROVIDER.budgets(connection.attributes)

    assert int(connection.attributes["registers"]) > 1
    assert allowed - 30 == budget.capacity + budget.per_second * 300


def test_linked_till_is_read(services: Services, link: Link) -> None:
    """Through the door of a new connection every stream answers."""
    connection = link()
    with open_api(services, connection) as api:
        versions = {
            stream.name: [record.version_no for page in pages for record in page.records]
            for stream in PROVIDER.streams
            for pages in [PROVIDER.read(api, connection.source, stream.name)]
        }

    assert not [name for name, found in versions.items() if not found]
    assert min(number or 0 for number in versions["sales"]) > 2**33


def test_token_that_expires_in_the_middle_is_renewed(services: Services, sandbox: Sandbox, link: Link) -> None:
    """A token that dies after a few requests costs a refresh each time; both tokens are new, neither is logged."""
    connection = link()
    before = stored_grant(services, connection)
    sandbox.faults(expire_tokens_after_requests=3)
    with capture_logs() as logs, open_api(services, connection) as api:
        for _ in range(8):
            api.get(OUTLETS, QUERY)
    after = stored_grant(services, connection)

    assert api.requests_made > 8
    assert before.access_token != after.access_token
    assert before.refresh_token != after.refresh_token
    tokens = (token for grant in (before, after) for token in (grant.access_token, grant.refresh_token))
    assert not [token for token in tokens if str(token) in str(logs)]


def test_workers_that_race_refresh_once(services: Services, sandbox: Sandbox, link: Link) -> None:
    """Eight threads whose token has died go on with the one new token; a second refresh would have killed it."""
    connection = link()
    start = Barrier(8)
    sandbox.requests(reset=True)

    def renew(_: int) -> str:
        source = source_of(services, connection)
        rejected = source.current()
        start.wait(timeout=30)
        return source.renew(rejected).get_secret_value()

    with ThreadPoolExecutor(8) as workers:
        renewed = set(workers.map(renew, range(8)))

    assert refreshes(sandbox) == 1
    assert renewed == {stored_grant(services, connection).access_token}
    with open_api(services, connection) as api:
        assert api.get(OUTLETS, QUERY)


def test_processes_that_race_refresh_once(
    services: Services, sandbox: Sandbox, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row's lock holds across processes too: the one that comes second re-reads instead of refreshing."""
    connection = link()
    sandbox.requests(reset=True)
    monkeypatch.setenv("DATABASE_URL", services.database.url)
    monkeypatch.setenv("POS_HOME", str(services.settings.pos_home))
    monkeypatch.setenv("PYTHONPATH", str(Path(fakes.renewer.__file__).parents[2]))
    command = [sys.executable, fakes.renewer.__file__, str(connection.id)]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
        for _ in range(2)
    ]
    try:
        assert [racer.stdout.readline() for racer in racers if racer.stdout] == ["ready\n", "ready\n"]
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("\n")
            racer.stdin.flush()
        told = {racer.communicate(timeout=60)[0].splitlines()[-1] for racer in racers}
    finally:
        for racer in racers:
            racer.kill()

    assert refreshes(sandbox) == 1
    assert told == {digest(stored_grant(services, connection).access_token)}


def test_request_under_way_survives_somebody_elses_refresh(services: Services, link: Link) -> None:
    """The old access token dies with the refresh; who still holds it takes the new one from the row."""
    connection = link()
    with open_api(services, connection) as api:
        api.get(OUTLETS, QUERY)
        source = source_of(services, connection)
        source.renew(source.current())
        renewed = stored_grant(services, connection)

        assert api.get(OUTLETS, QUERY)
    assert stored_grant(services, connection) == renewed


def test_lost_answer_of_a_refresh_is_told(services: Services, sandbox: Sandbox, link: Link) -> None:
    """The tokens were replaced and nobody told us: an outage at first, then an error that says what to do."""
    connection = link()
    sandbox.faults(lose_refresh_answers=1)
    sandbox.requests(reset=True)
    source = source_of(services, connection)
    token = source.current()

    with pytest.raises(ProviderUnavailable):
        source.renew(token)
    assert load_connection(services.database, connection.id).status == "active"
    with pytest.raises(Unauthorised):
        source.renew(token)

    assert refreshes(sandbox) == 2
    assert load_connection(services.database, connection.id).status == "error"
    [(message,)] = services.database.fetch("select distinct error_message from pos.accounts")
    assert "replaced by one whose answer never reached us" in message
    assert message.endswith("Link the till again: the merchant has to consent once more.")

    assert link().status == "active"


def test_sweep_refreshes_before_the_token_dies(services: Services, link: Link) -> None:
    """A token of a day is renewed hours before its end."""
    connection = link()
    before = stored_grant(services, connection)
    services.database.fetch("update pos.connections set token_expires_at = now() + interval '5 hours' returning id")

    assert refresh_due(services).refreshed == (connection.id,)
    after = stored_grant(services, connection)
    assert after.access_token != before.access_token
    assert after.expires_at is not None
    assert before.expires_at is not None
    assert after.expires_at > before.expires_at - timedelta(minutes=1)


def test_merchant_who_withdraws_is_in_error(services: Services, sandbox: Sandbox, link: Link) -> None:
    """A grant withdrawn in the shop's pages shows at the next request, with what to do."""
    connection = link()
    sandbox.revoke("cafes")

    with open_api(services, connection) as api, pytest.raises(Unauthorised):
        api.get(OUTLETS, QUERY)
    assert load_connection(services.database, connection.id).status == "error"


def test_disconnecting_forgets_the_tokens(services: Services, sandbox: Sandbox, link: Link) -> None:
    """Lightspeed offers nothing to call; the row holds no token any more, and linking again works."""
    connection = link()
    sandbox.requests(reset=True)

    disconnect(services, connection.id)

    assert sandbox.requests()["lightspeed"] == {}
    assert services.database.fetch("select access_token, refresh_token from pos.connections") == [(None, None)]
    assert link().id == connection.id


def test_personal_token_links(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """Sub-domain and token link without a browser; nothing is ever refreshed."""
    merchant = known(sandbox)
    typed = {name: str(merchant[name]) for name in ("domain_prefix", "access_token")}

    [connection] = link_with_credentials(services, "lightspeed", tenant.id, typed)

    assert connection.merchant_id == merchant["domain_prefix"]
    assert len(connection.location_ids) == len(merchant["locations"])
    assert stored_grant(services, connection).refresh_token is None
    assert set(typed) == {credential.name for credential in PROVIDER.credentials}


def test_consent_without_the_outlets_is_refused(services: Services, link: Link) -> None:
    """A grant that does not show the shops is not half linked; the error names the scope."""
    with pytest.raises(MissingScope) as raised:
        link(without_scope="outlets:read")
    assert raised.value.scope == "outlets:read"
    assert services.database.fetch("select id from pos.connections") == []


def test_faults_of_the_cloud_are_outlived(services: Services, sandbox: Sandbox, link: Link) -> None:
    """With every fifth answer a 5xx, an HTML page or a broken one, every request is answered in the end."""
    connection = link()
    sandbox.faults(server_error=0.07, html=0.07, malformed=0.07, seed=3)
    patient = RetryPolicy(first_wait_seconds=0.001, attempts=10)
    with open_api(services, connection, policy=patient) as api:
        bodies = {api.get(OUTLETS, QUERY) for _ in range(60)}

    assert len(bodies) == 1
    assert api.requests_made > 60
