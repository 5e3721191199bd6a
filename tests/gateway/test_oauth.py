"""`/oauth`: from the first click to accounts, with a simulated Square behind it."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.gateway.app import build_app
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.sandbox import Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import PANADERIA
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

Ask = Callable[..., TestClient]
WEBHOOKS = "http://127.0.0.1:8013/api/v1/pos/webhooks/square"
SECRET = "a-secret-of-more-than-thirty-two-bytes"


@pytest.fixture
def square(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Square's cloud, and settings that lead there."""
    with running_sandbox(days=1, sales_per_day=2, merchants=[PANADERIA]) as sandbox:
        monkeypatch.setenv("SQUARE_BASE_URL", sandbox.base_url("square"))
        for name, value in sandbox.clouds["square"].app_settings.items():  # type: ignore[attr-defined]
            monkeypatch.setenv(name, value)
        yield sandbox


def consent(client: TestClient) -> str:
    """What the merchant's browser asks us for after consenting."""
    link = client.get("oauth/square/authorize").json()
    return str(httpx.get(link["authorize_url"], trust_env=False).headers["location"])


@pytest.mark.usefixtures("square")
def test_from_the_first_click_to_accounts(ask: Ask, database: Database, bakery: Tenant) -> None:
    """The shop is linked to the tenant who asked; its past and its present are asked for."""
    back = consent(ask(bakery))
    assert back.startswith("http://127.0.0.1:8013/api/v1/pos/oauth/square/callback?")

    page = ask().get(f"oauth/square/callback?{urlsplit(back).query}")

    assert page.status_code == 200
    assert "1 shop of Square linked" in page.text
    assert "script" not in page.text
    [account] = ask(bakery).get("accounts").json()["items"]
    assert (account["status"], account["location_name"]) == ("active", "Panadería Ejemplo Centro")
    assert (account["webhook_status"], account["webhook_url"]) == ("listening", WEBHOOKS)
    asked = database.fetch("select kind, reason, count(*) from pos.sync_requests group by 1, 2 order by 1")
    assert asked[0] == ("live", "link", 1)
    assert (asked[1][:2], asked[1][2] >= 3) == (("window", "link"), True)


def test_linked_with_credentials(ask: Ask, bakery: Tenant, square: Sandbox) -> None:
    """The POS is asked to tell what happens, as after a consent."""
    [known] = square.merchants("square")
    typed = {"pos_provider": "square", "credentials": {"access_token": known["access_token"]}}

    [account] = ask(bakery).post("accounts", json=typed).json()

    assert (account["webhook_status"], account["webhook_url"]) == ("listening", WEBHOOKS)


@pytest.mark.usefixtures("square")
def test_an_answer_counts_once(ask: Ask, bakery: Tenant) -> None:
    """Played again, or with another state, it links nothing and says what to do."""
    query = urlsplit(consent(ask(bakery))).query
    assert ask().get(f"oauth/square/callback?{query}").status_code == 200

    again = ask().get(f"oauth/square/callback?{query}")

    assert again.status_code == 400
    assert "Start the linking again" in again.text


@pytest.mark.usefixtures("square")
def test_a_state_that_is_too_old(ask: Ask, database: Database, bakery: Tenant) -> None:
    """Ten minutes after it was asked for, a consent links nothing."""
    query = urlsplit(consent(ask(bakery))).query
    database.fetch("update pos.oauth_states set expires_at = now() returning 1")

    page = ask().get(f"oauth/square/callback?{query}")

    assert (page.status_code, "Start the linking again" in page.text) == (400, True)
    assert database.fetch("select id from pos.connections") == []


@pytest.mark.usefixtures("square")
def test_a_state_for_another_pos(ask: Ask, database: Database, bakery: Tenant) -> None:
    """Brought back to another POS's address it is unknown there, and stays good for its own."""
    query = urlsplit(consent(ask(bakery))).query

    assert ask().get(f"oauth/lightspeed/callback?{query}").status_code == 400
    assert ask().get(f"oauth/toast/callback?{query}").status_code == 404
    assert ask().get(f"oauth/abacus/callback?{query}").status_code == 404
    assert database.fetch("select id from pos.connections") == []
    assert ask().get(f"oauth/square/callback?{query}").status_code == 200


@pytest.mark.usefixtures("square")
def test_a_state_is_its_tenants(ask: Ask, database: Database, bakery: Tenant, rival: Tenant) -> None:
    """Whoever brings it back, with whatever token, the till is linked to the tenant who asked."""
    query = urlsplit(consent(ask(bakery))).query

    assert ask(rival).get(f"oauth/square/callback?{query}").status_code == 200
    assert database.fetch("select tenant_id from pos.connections") == [(bakery.id,)]
    assert ask(rival).get("accounts").json()["items"] == []


@pytest.mark.usefixtures("square")
def test_a_code_counts_once(ask: Ask, database: Database, bakery: Tenant, rival: Tenant) -> None:
    """A code that was used, brought back with a fresh state of somebody else, is refused by the POS."""
    first, second = (dict(parse_qsl(urlsplit(consent(ask(one))).query)) for one in (bakery, rival))
    assert ask().get("oauth/square/callback", params=first).status_code == 200

    page = ask().get("oauth/square/callback", params=second | {"code": first["code"]})

    assert (page.status_code, first["code"] in page.text) == (403, False)
    assert database.fetch("select tenant_id from pos.connections") == [(bakery.id,)]


@pytest.mark.usefixtures("square")
def test_a_merchant_may_decline(ask: Ask, database: Database, bakery: Tenant) -> None:
    """The page says so; the state is used up."""
    state = dict(parse_qsl(urlsplit(ask(bakery).get("oauth/square/authorize").json()["authorize_url"]).query))["state"]
    declined = ask().get("oauth/square/callback", params={"error": "access_denied", "state": state})
    after = ask().get("oauth/square/callback", params={"code": "c", "state": state})

    assert (declined.status_code, after.status_code) == (403, 400)
    assert "access_denied" in declined.text
    assert database.fetch("select id from pos.accounts") == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?code=c",
        "?state=made-up&code=c",
        "?state=a&state=b&code=c",
        "?error=%3Cscript%3Ealert(1)%3C/script%3E&state=x",
        "?state=" + "x" * 9000,
        "?state=%00&code=%00",
    ],
)
def test_answers_nobody_asked_for(ask: Ask, query: str) -> None:
    """Each is a page that links nothing and repeats nothing."""
    page = ask().get(f"oauth/square/callback{query}")

    assert page.status_code in {400, 403}
    assert "<script>" not in page.text
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("square")
def test_the_way_back_is_a_setting(services: Services, bakery: Tenant) -> None:
    """No header of a request can send a merchant's code elsewhere."""
    app = build_app(services, GatewaySettings(jwt_secret=SecretStr(SECRET)))
    claims = {"aud": "pos-pipeline", "tenant_id": str(bakery.id), "scope": "admin", "exp": int(time.time()) + 600}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Authorization": f"Bearer {token}"}

    link = TestClient(app).get("/api/v1/pos/oauth/square/authorize", headers=headers)

    assert link.status_code == 200
    assert "evil" not in link.text


def test_a_pos_that_is_not_set_up(ask: Ask, bakery: Tenant) -> None:
    """Told without the name of any secret; an unknown POS is not there."""
    assert ask(bakery).get("oauth/square/authorize").status_code == 500
    assert ask(bakery).get("oauth/abacus/authorize").status_code == 404
    assert ask(bakery, "write").get("oauth/square/authorize").status_code == 403
