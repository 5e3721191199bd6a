"""Toast's login and the credentials behind it."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes.answers import Answers, answer
from fakes.toast_kitchen import RESTAURANT

from pos_pipeline.errors import InvalidRequest, Misconfigured, RateLimited, Unauthorised, UnexpectedPayload
from pos_pipeline.http import caller
from pos_pipeline.http.client import new_client
from pos_pipeline.provider import Grant
from pos_pipeline.providers.toast import PROVIDER
from pos_pipeline.providers.toast.settings import ToastSettings
from pos_pipeline.settings import load_settings

CLIENT_ID, SECRET = "partner-id", "partner-canary-secret"
PARTNERS = Grant(RESTAURANT, "", attributes={"restaurant": RESTAURANT})
OWN = Grant(RESTAURANT, "", "own-canary-secret", attributes={"restaurant": RESTAURANT, "client_id": "own-id"})

Post = Callable[..., Answers]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> ToastSettings:
    """Our integration."""
    monkeypatch.setenv("TOAST_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("TOAST_CLIENT_SECRET", SECRET)
    return load_settings(ToastSettings)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Post:
    """Puts Toast's answers in place of the network."""

    def put(*answers: Any) -> Answers:
        toast = Answers(*answers)
        client = new_client(toast)
        monkeypatch.setattr(caller, "shared_client", lambda: client)
        return toast

    return put


def token(expires_in: int, claims: dict[str, Any] | None = None) -> Any:
    """Toast's answer to a login."""
    middle = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode() if claims else "opaque"
    body = {
        "@class": ".SuccessfulResponse",
        "token": {"tokenType": "Bearer", "scope": None, "expiresIn": expires_in, "accessToken": f"h.{middle}.s"},
        "status": "SUCCESS",
    }
    return answer(body=json.dumps(body))


def seconds_left(grant: Grant) -> float:
    """How long the grant's token lives."""
    assert grant.expires_at is not None
    return (grant.expires_at - datetime.now(UTC)).total_seconds()


def test_login_sends_the_credentials_as_json(app: ToastSettings, office: Post) -> None:
    """No bearer and no restaurant; what the restaurant is stays in the grant."""
    toast = office(token(19_168))
    grant = PROVIDER.refresh(app, PARTNERS)

    [request] = toast.requests
    assert str(request.url) == "https://ws-api.toasttab.com/authentication/v1/authentication/login"
    assert json.loads(request.content) == {
        "clientId": CLIENT_ID,
        "clientSecret": SECRET,
        "userAccessType": "TOAST_MACHINE_CLIENT",
    }
    assert "authorization" not in request.headers
    assert "toast-restaurant-external-id" not in request.headers
    assert (grant.merchant_id, grant.attributes, grant.access_token) == (RESTAURANT, PARTNERS.attributes, "h.opaque.s")


def test_expiry_is_what_is_left(app: ToastSettings, office: Post) -> None:
    """A token may be handed out again late in its life: the seconds are those left, never a day from now."""
    office(token(300))

    assert 290 < seconds_left(PROVIDER.refresh(app, PARTNERS)) <= 300


@pytest.mark.parametrize(
    ("exp_in", "left"), [(200, 200), (900, 300), (None, 300), (10**20, 300)], ids=["earlier", "later", "none", "absurd"]
)
def test_earlier_end_of_the_token_itself_counts(
    app: ToastSettings, office: Post, exp_in: int | None, left: int
) -> None:
    """The token says when it ends; nonsense in it is not believed."""
    claims = {"exp": int(datetime.now(UTC).timestamp()) + exp_in} if exp_in else {"sub": "x"}
    office(token(300, claims))

    assert left - 10 < seconds_left(PROVIDER.refresh(app, PARTNERS)) <= left


def test_credentials_of_the_restaurant_log_in_themselves(app: ToastSettings, office: Post) -> None:
    """A grant that brings an id and a secret uses those, and keeps them."""
    toast = office(token(300))
    grant = PROVIDER.refresh(app, OWN)

    assert json.loads(toast.requests[0].content)["clientId"] == "own-id"
    assert json.loads(toast.requests[0].content)["clientSecret"] == "own-canary-secret"
    assert grant.refresh_token == OWN.refresh_token


def test_refused_login_is_not_repeated(app: ToastSettings, office: Post) -> None:
    """Logins are counted: a wrong secret costs one, a limit or a breakdown two."""
    toast = office(answer(401, '{"status":401,"message":"Unauthorized"}'))
    with pytest.raises(Unauthorised, match="client id and secret are not accepted"):
        PROVIDER.refresh(app, PARTNERS)
    assert len(toast.requests) == 1

    toast = office(answer(429, '{"status":429}', retry_after="0"))
    with pytest.raises(RateLimited):
        PROVIDER.refresh(app, PARTNERS)
    assert len(toast.requests) == 2


def test_answer_without_a_token_is_named_without_its_content(app: ToastSettings, office: Post) -> None:
    """A 200 that is not a token says what is missing, not what came."""
    office(answer(body='{"token":{"expiresIn":5,"idToken":"canary"}}'))

    with pytest.raises(UnexpectedPayload, match="missing required field `accessToken`") as raised:
        PROVIDER.refresh(app, PARTNERS)
    assert "canary" not in str(raised.value)


def test_restaurants_of_one_integration_share_a_token(app: ToastSettings) -> None:
    """Same host, id and secret, same token; anything else, another one. The name does not show the secret."""
    elsewhere = app.model_copy(update={"base_url": "https://ws-sandbox-api.eng.toasttab.com"})
    rotated = Grant(RESTAURANT, "", "another-secret", attributes=OWN.attributes)
    names = [
        PROVIDER.shared_token(app, PARTNERS),
        PROVIDER.shared_token(elsewhere, PARTNERS),
        PROVIDER.shared_token(app, OWN),
        PROVIDER.shared_token(app, rotated),
    ]

    assert len(set(names)) == 4
    assert PROVIDER.shared_token(app, PROVIDER.app_grant(app)) == names[0]
    assert all(name is not None and name.startswith("toast:") and "canary" not in name for name in names)


def test_typed_credentials_make_a_grant_per_restaurant(app: ToastSettings) -> None:
    """The id is no secret and is kept beside the GUID; the secret is kept where secrets are. GUIDs count once."""
    other = "c7c1f6de-2a8e-4c55-9d0f-6f0a1b2c3d4e"
    grants = PROVIDER.from_credentials(
        app,
        {
            "client_id": "own-id",
            "client_secret": "own-canary-secret",
            "restaurant_guids": f" {RESTAURANT.upper()},{other} , {RESTAURANT},",
        },
    )

    assert grants[0] == OWN
    assert [grant.merchant_id for grant in grants] == [RESTAURANT, other]
    assert {credential.name: credential.is_secret for credential in PROVIDER.credentials} == {
        "client_id": False,
        "client_secret": True,
        "restaurant_guids": False,
    }


@pytest.mark.parametrize(
    "typed", [",", "Harbour", f"{RESTAURANT} {RESTAURANT}", f"{RESTAURANT}, x", f"../{RESTAURANT}"]
)
def test_what_is_no_guid_is_refused(app: ToastSettings, typed: str) -> None:
    """GUIDs get into addresses and headers: anything else is said before anything is sent."""
    with pytest.raises(InvalidRequest, match="restaurant_guids"):
        PROVIDER.from_credentials(app, {"client_id": "i", "client_secret": "s", "restaurant_guids": typed})


@pytest.mark.parametrize("missing", ["TOAST_CLIENT_ID", "TOAST_CLIENT_SECRET"])
@pytest.mark.usefixtures("app")
def test_missing_application_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """What is not set is named when it is needed; a restaurant's own credentials need none of it."""
    monkeypatch.delenv(missing)
    settings = load_settings(ToastSettings)

    with pytest.raises(Misconfigured, match=f"{missing} is not set"):
        PROVIDER.app_grant(settings)
    with pytest.raises(Misconfigured, match=f"{missing} is not set"):
        PROVIDER.shared_token(settings, PARTNERS)
    assert PROVIDER.shared_token(settings, OWN)


def test_link_page_carries_the_code(app: ToastSettings) -> None:
    """The address is Toast Web's, or whatever the settings name, with the code at its end."""
    there = app.model_copy(update={"web_url": "http://127.0.0.1:8099/toast/toastweb/add-integration?x=1"})

    assert PROVIDER.authorize_url(app, "ABCD-2345", "").startswith("https://www.toasttab.com/")
    assert PROVIDER.authorize_url(there, "ABCD-2345", "").endswith("/add-integration?x=1&code=ABCD-2345")


def test_restaurant_is_named_in_every_request_but_those_of_the_integration(app: ToastSettings) -> None:
    """One restaurant a call; the list of partners and the login are nobody's."""
    assert PROVIDER.headers(app, PARTNERS.attributes) == {"Toast-Restaurant-External-ID": RESTAURANT}
    assert PROVIDER.headers(app, PROVIDER.app_grant(app).attributes) == {}


def test_nobody_comes_back(app: ToastSettings) -> None:
    """Toast sends no browser to us, and has nothing to be told when a till is disconnected."""
    with pytest.raises(InvalidRequest, match="linked by a code"):
        PROVIDER.exchange(app, {}, "https://pos.example/callback")
    PROVIDER.revoke(app, OWN)


def test_budgets_stay_within_toasts_slices() -> None:
    """Whatever moment a slice begins, a full bucket and what flows into it do not exceed Toast's number."""
    general, bulk, menus = PROVIDER.budgets({})
    slices = [(general, 1, 20), (general, 900, 10_000), (bulk, 1, 5)]

    assert all(budget.capacity + budget.per_second * seconds <= most for budget, seconds, most in slices)
    assert (menus.capacity, 1 / menus.per_second) == (1, 2.0)
    assert "/orders/v2/ordersBulk".startswith(bulk.path_prefix)
    assert "/menus/v2/menus".startswith(menus.path_prefix)
    assert not "/menus/v2/metadata".startswith(menus.path_prefix)


def test_nothing_prints_a_secret(app: ToastSettings) -> None:
    """Neither settings nor grants show what they hold."""
    shown = repr(app) + str(app.model_dump()) + repr(OWN)

    assert "canary" not in shown
    assert timedelta(0) < PROVIDER.max_window <= timedelta(days=30)
