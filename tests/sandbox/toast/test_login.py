"""Logging in: one lasting token per client, and what it opens."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from pos_pipeline.sandbox import Sandbox
from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.toast.errors import ToastError
from pos_pipeline.sandbox.toast.grants import CLIENT_ID, CLIENT_SECRET, Grants
from pos_pipeline.sandbox.toast.names import Names
from tests.sandbox.toast.client import LOGIN, Toast, client_of, log_in, parsed, restaurants

LISTED = "/partners/v1/restaurants"


@pytest.fixture
def http(sandbox: Sandbox) -> Any:
    """Bare requests."""
    with httpx.Client(base_url=sandbox.base_url("toast"), timeout=30) as client:
        yield client


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_770_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def make_grants(clock: Clock, home: Home | None = None) -> Grants:
    """Grants of one merchant that follow a clock."""
    return Grants(Names(1), home or Home(), ["cafes"], lambda key: f"group-of-{key}", clock)


def test_a_second_login_brings_the_same_token(http: httpx.Client) -> None:
    """The answer has Toast's shape, and the time left instead of a lifetime."""
    first, second = (parsed(log_in(http, CLIENT_ID, CLIENT_SECRET)) for _ in range(2))

    assert first.keys() == {"@class", "token", "status"}
    assert first["token"].keys() == {"tokenType", "scope", "expiresIn", "accessToken", "idToken", "refreshToken"}
    assert first["token"]["accessToken"] == second["token"]["accessToken"]
    assert 0 < first["token"]["expiresIn"] <= 86_400


def test_a_token_is_renewed_in_its_last_minute() -> None:
    """Until then what is left counts down; the old token works to its end."""
    clock = Clock()
    grants = make_grants(clock)
    first, whole = grants.log_in(CLIENT_ID, CLIENT_SECRET)
    clock.now += 86_400 - 61
    same, left = grants.log_in(CLIENT_ID, CLIENT_SECRET)
    clock.now += 2
    other, anew = grants.log_in(CLIENT_ID, CLIENT_SECRET)
    grants.authenticate(first)
    clock.now += 60

    assert (same, whole, left, anew) == (first, 86_400, 61, 86_400)
    assert other != first
    with pytest.raises(ToastError) as refused:
        grants.authenticate(first)
    assert refused.value.status == 401


def test_the_token_says_what_it_opens(toast: Toast) -> None:
    """Claims of a partner: access type, guid, scopes, and a life of a day."""
    part = toast.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

    assert claims["https://toasttab.com/type"] == "PARTNER"
    assert claims["https://toasttab.com/access_type"] == "TOAST_MACHINE_CLIENT"
    assert claims["sub"] == f"{CLIENT_ID}@clients"
    assert {"orders:read", "guest.pi:read"} <= set(claims["scope"].split())
    assert claims["exp"] - claims["iat"] == 86_400


@pytest.mark.parametrize(
    "changes", [{"clientSecret": "wrong"}, {"clientId": "nobody"}, {"userAccessType": "TOAST_USER"}]
)
def test_wrong_credentials_are_refused(http: httpx.Client, changes: dict[str, str]) -> None:
    """401 with an ErrorMessage, and no word of rate limits."""
    answer = log_in(http, CLIENT_ID, CLIENT_SECRET, **changes)

    assert answer.status_code == 401
    assert answer.json().keys() == {
        "status", "code", "message", "messageKey", "fieldName", "link", "requestId", "developerMessage", "errors",
        "canRetry",
    }  # fmt: skip
    assert not [name for name in answer.headers if "ratelimit" in name]


def test_only_json_is_understood(http: httpx.Client) -> None:
    """A form as OAuth has it is 415, a broken body 400."""
    form = http.post(LOGIN, data={"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET})
    broken = http.post(LOGIN, content=b"{", headers={"content-type": "application/json"})

    assert (form.status_code, broken.status_code) == (415, 400)


@pytest.mark.parametrize("authorization", [None, "Bearer nothing", "Basic eDp5"])
def test_without_a_token_nothing_opens(http: httpx.Client, authorization: str | None) -> None:
    """401."""
    headers = {} if authorization is None else {"Authorization": authorization}

    assert http.get(LISTED, headers=headers).status_code == 401


def test_tokens_die_after_requests_and_login_brings_another(sandbox: Sandbox, toast: Toast) -> None:
    """Mid-way the token is refused; logging in again does not bring it back."""
    sandbox.faults(expire_tokens_after_requests=2)
    fresh = parsed(log_in(toast.http, CLIENT_ID, CLIENT_SECRET))["token"]["accessToken"]
    client = Toast(toast.http, fresh)
    statuses = [client.get(LISTED).status_code for _ in range(3)]
    client.token = parsed(log_in(toast.http, CLIENT_ID, CLIENT_SECRET))["token"]["accessToken"]

    assert statuses == [200, 200, 401]
    assert client.token != fresh
    assert client.get(LISTED).status_code == 200


def test_logins_are_counted_and_limited_on_request(sandbox: Sandbox, http: httpx.Client) -> None:
    """More than two an hour are answered 429 only when the switch is on."""
    sandbox.requests(reset=True)
    usual = [log_in(http, CLIENT_ID, CLIENT_SECRET).status_code for _ in range(3)]
    sandbox.faults(limit_logins=True)
    limited = [log_in(http, CLIENT_ID, CLIENT_SECRET).status_code for _ in range(3)]

    assert (usual, limited) == ([200] * 3, [200, 200, 429])
    assert sandbox.requests()["toast"] == {f"POST {LOGIN}": 6}


def test_a_merchants_own_credentials_open_its_restaurants_only(
    sandbox: Sandbox, merchants: dict[str, dict[str, Any]]
) -> None:
    """No connection is needed, no other merchant is seen, and the partners API is closed."""
    own, other = merchants["panaderia"], merchants["cafes"]
    with client_of(sandbox.base_url("toast"), own["client_id"], own["client_secret"]) as client:
        mine = client.get("/menus/v2/metadata", own["restaurant_guids"][0])
        foreign = client.get("/menus/v2/metadata", restaurants(other)[0])
        listed = client.get(LISTED)

    assert own["restaurant_guids"] == restaurants(own)
    assert (mine.status_code, foreign.status_code, listed.status_code) == (200, 403, 403)


def test_deleted_credentials_are_dead_at_once() -> None:
    """The token they got is, too; the merchant's next set is another one."""
    grants = make_grants(Clock())
    client_id, secret = grants.credentials("cafes")
    token, _ = grants.log_in(client_id, secret)
    grants.delete_credentials("cafes")

    for attempt in (lambda: grants.log_in(client_id, secret), lambda: grants.authenticate(token)):
        with pytest.raises(ToastError) as refused:
            attempt()
        assert refused.value.status == 401
    assert grants.authenticate(grants.log_in(*grants.credentials("cafes"))[0]).merchant_key == "cafes"


def test_tokens_survive_a_restart(tmp_path: Path) -> None:
    """A second process hands out the same one."""
    clock = Clock()
    before = make_grants(clock, Home(tmp_path)).log_in(CLIENT_ID, CLIENT_SECRET)
    after = make_grants(clock, Home(tmp_path)).log_in(CLIENT_ID, CLIENT_SECRET)

    assert after == before
