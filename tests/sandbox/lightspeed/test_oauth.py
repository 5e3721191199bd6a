"""Consent, codes, pairs of tokens that replace one another, scopes."""

import time
from typing import Any

import httpx
import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.lightspeed.grants import CODE_SECONDS, Grants
from pos_pipeline.sandbox.lightspeed.names import Names
from tests.sandbox.lightspeed.conftest import ANCHOR
from tests.sandbox.lightspeed.consenting import REDIRECT, ask_for_token, come_back, connect, exchange, refresh
from tests.sandbox.lightspeed.reading import Retailer


def status_of(sandbox: Sandbox, tokens: dict[str, Any], path: str = "sales") -> int:
    """What a request with the access token is answered."""
    url = f"{sandbox.base_url('lightspeed')}/{tokens['domain_prefix']}/api/2.0/{path}"
    return httpx.get(url, headers={"Authorization": f"Bearer {tokens['access_token']}"}).status_code


def test_consent_comes_back_with_code_prefix_and_state(sandbox: Sandbox, cafes: Retailer) -> None:
    """The named retailer, by its id; the state unchanged."""
    came = come_back(sandbox, merchant=cafes.known["id"], state="a b&c")

    assert set(came) == {"code", "domain_prefix", "state"}
    assert (came["domain_prefix"], came["state"]) == (cafes.known["domain_prefix"], "a b&c")


@pytest.mark.parametrize("query", [{"scope": ""}, {"scope": "offline_access"}, {"deny": "1"}])
def test_refusals_come_back_without_a_code(sandbox: Sandbox, query: dict[str, str]) -> None:
    """No scope at all is refused like a merchant who says no."""
    assert come_back(sandbox, **query) == {"error": "access_denied", "state": "s1"}


def test_tokens_say_what_they_are(sandbox: Sandbox, cafes: Retailer) -> None:
    """The documented members; `expires` is absolute."""
    tokens = connect(sandbox, cafes.known["id"], "sales:read outlets:read")

    assert set(tokens) == {
        "access_token", "token_type", "expires", "expires_in", "refresh_token", "domain_prefix", "scope",
    }  # fmt: skip
    assert abs(tokens["expires"] - time.time() - tokens["expires_in"]) < 60
    assert tokens["scope"] == "sales:read outlets:read"
    assert status_of(sandbox, tokens) == 200


def test_a_scope_not_granted_is_forbidden(sandbox: Sandbox, cafes: Retailer) -> None:
    """403, and the retailer itself asks for two scopes."""
    tokens = connect(sandbox, cafes.known["id"], "outlets:read retailer:read")

    assert [status_of(sandbox, tokens, path) for path in ("outlets", "sales", "retailer")] == [200, 403, 403]


def test_a_code_is_good_once_and_for_its_retailer_and_redirect(sandbox: Sandbox, cafes: Retailer) -> None:
    """Everything else is invalid_grant."""
    came = [come_back(sandbox, merchant=cafes.known["id"]) for _ in range(3)]
    [other] = [one for one in sandbox.merchants("lightspeed") if one["key"] == "cadena"]
    answers = [
        exchange(sandbox, came[0]),
        exchange(sandbox, came[0]),
        exchange(sandbox, came[1] | {"domain_prefix": other["domain_prefix"]}),
        exchange(sandbox, came[2], redirect_uri=f"{REDIRECT}/else"),
    ]

    assert [answer.status_code for answer in answers] == [200, 400, 400, 400]
    assert {answer.json()["error"] for answer in answers[1:]} == {"invalid_grant"}


def test_a_code_grows_old() -> None:
    """After ten minutes it is dead."""
    now = [1000.0]
    grants = Grants(Names(1), Home(), ["cafes"], clock=lambda: now[0])
    codes = [grants.consent("cafes", ["sales:read"], REDIRECT) for _ in range(2)]
    now[0] += CODE_SECONDS
    in_time = grants.exchange(codes[0], "cafes", REDIRECT)
    now[0] += 1

    assert in_time is not None
    assert grants.exchange(codes[1], "cafes", REDIRECT) is None


def test_the_application_is_checked(sandbox: Sandbox, cafes: Retailer) -> None:
    """401 invalid_client."""
    answer = exchange(sandbox, come_back(sandbox, merchant=cafes.known["id"]), client_secret="wrong")

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_other_grants_are_not_supported(sandbox: Sandbox, cafes: Retailer) -> None:
    """There are no client credentials."""
    answer = ask_for_token(sandbox, cafes.known["domain_prefix"], grant_type="client_credentials")

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_refresh_ends_the_old_pair(sandbox: Sandbox, cafes: Retailer) -> None:
    """The used refresh token and the access token that came with it are dead at once; the scopes stay."""
    old = connect(sandbox, cafes.known["id"])
    answer = refresh(sandbox, old)
    new = answer.json()
    again = refresh(sandbox, old)

    assert answer.status_code == 200
    assert {old["access_token"], old["refresh_token"]}.isdisjoint({new["access_token"], new["refresh_token"]})
    assert new["scope"] == old["scope"]
    assert (status_of(sandbox, old), status_of(sandbox, new)) == (401, 200)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_lost_answer_is_a_lost_connection(sandbox: Sandbox, cafes: Retailer) -> None:
    """The pair was replaced, only nobody heard of the new one."""
    tokens = connect(sandbox, cafes.known["id"])
    sandbox.faults(lose_refresh_answers=1)
    lost, again = refresh(sandbox, tokens), refresh(sandbox, tokens)
    healthy = refresh(sandbox, connect(sandbox, cafes.known["id"]))

    assert (lost.status_code, again.status_code, healthy.status_code) == (504, 400, 200)
    assert status_of(sandbox, tokens) == 401


def test_an_access_token_expires_by_requests_and_is_refreshed(sandbox: Sandbox, cafes: Retailer) -> None:
    """The switch shortens its life; personal tokens know none."""
    tokens = connect(sandbox, cafes.known["id"])
    sandbox.faults(expire_tokens_after_requests=2)
    statuses = [status_of(sandbox, tokens) for _ in range(3)]

    assert statuses == [200, 200, 401]
    assert status_of(sandbox, refresh(sandbox, tokens).json()) == 200
    assert {cafes.get("sales").status_code for _ in range(3)} == {200}


def test_an_access_token_lives_a_day() -> None:
    """And says so."""
    now = [1000.0]
    grants = Grants(Names(1), Home(), ["cafes"], clock=lambda: now[0])
    pair = grants.exchange(grants.consent("cafes", ["sales:read"], REDIRECT), "cafes", REDIRECT)
    assert pair is not None
    grants.authenticate(pair.access_token)
    now[0] = pair.expires_at

    with pytest.raises(Exception, match="401"):
        grants.authenticate(pair.access_token)


def test_tokens_are_their_retailers(sandbox: Sandbox, cafes: Retailer, cadena: Retailer) -> None:
    """At another address, or none at all, they open nothing."""
    tokens = connect(sandbox, cafes.known["id"])
    elsewhere = tokens | {"domain_prefix": cadena.known["domain_prefix"]}
    nowhere = tokens | {"domain_prefix": "nobody-0000"}

    assert (status_of(sandbox, elsewhere), status_of(sandbox, nowhere)) == (401, 404)
    assert status_of(sandbox, tokens | {"access_token": "nonsense"}) == 401


def test_a_revoked_retailer_is_closed() -> None:
    """Every token dies, the personal one is another; a new consent opens again."""
    with running_sandbox(anchor=ANCHOR, days=1, sales_per_day=5) as sandbox:
        before = sandbox.merchants("lightspeed")[0]
        tokens = connect(sandbox, before["id"])
        sandbox.revoke(before["id"])
        after = sandbox.merchants("lightspeed")[0]
        refused = refresh(sandbox, tokens)

        assert status_of(sandbox, tokens) == 401
        assert status_of(sandbox, before) == 401
        assert status_of(sandbox, after) == 200
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert status_of(sandbox, connect(sandbox, before["id"])) == 200


def test_the_token_endpoint_counts_for_itself() -> None:
    """Ten a window, with the time of the next one; beyond that 429."""
    with running_sandbox(anchor=ANCHOR, days=1, sales_per_day=5, cloud_options=CloudOptions()) as sandbox:
        prefix = sandbox.merchants("lightspeed")[0]["domain_prefix"]
        sandbox.clouds["lightspeed"].token_limiter._clock = lambda: 1000.5
        answers = [ask_for_token(sandbox, prefix, grant_type="none") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [400] * 10 + [429]
    assert [answers[0].headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset")] == [
        "10",
        "9",
        "1001",
    ]
    assert answers[-1].headers["retry-after"] == "Thu, 01 Jan 1970 00:16:41 GMT"


def test_a_merchant_is_found_by_id_and_prefix(sandbox: Sandbox, cafes: Retailer) -> None:
    """And by nothing else of it."""
    cloud = sandbox.clouds["lightspeed"]

    assert [cloud.find_merchant(cafes.known[name]) for name in ("id", "domain_prefix", "name")] == [
        "cafes",
        "cafes",
        None,
    ]
