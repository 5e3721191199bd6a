"""Lightspeed's consent, against an office whose refresh tokens are single use."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes.lightspeed_office import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    EXPIRES,
    INVALID_GRANT,
    PERSONAL,
    PREFIX,
    REDIRECT,
    LightspeedOffice,
    open_office,
)

from pos_pipeline.errors import (
    Misconfigured,
    PipelineError,
    ProviderUnavailable,
    RateLimited,
    Unauthorised,
    UnexpectedPayload,
)
from pos_pipeline.http import client
from pos_pipeline.provider import Grant
from pos_pipeline.providers.lightspeed import PROVIDER
from pos_pipeline.providers.lightspeed.settings import LightspeedSettings
from pos_pipeline.settings import load_settings

ANSWER = {"code": CODE, "domain_prefix": PREFIX, "state": "s", "user_id": "u"}


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[LightspeedOffice]:
    """Lightspeed's office, and an environment that leads there."""
    with open_office() as office:
        monkeypatch.setenv("LIGHTSPEED_BASE_URL", f"{office.url}/{{domain_prefix}}")
        monkeypatch.setenv("LIGHTSPEED_CLIENT_ID", CLIENT_ID)
        monkeypatch.setenv("LIGHTSPEED_CLIENT_SECRET", CLIENT_SECRET)
        yield office
        client.shared_client().close()
        client._client_of.cache_clear()


@pytest.fixture
def app(office: LightspeedOffice) -> LightspeedSettings:
    """Our application at that office."""
    assert office.url
    return load_settings(LightspeedSettings)


@pytest.fixture
def grant(app: LightspeedSettings) -> Grant:
    """What a consent gave."""
    return PROVIDER.exchange(app, ANSWER, REDIRECT)


def test_authorize_url_asks_for_what_the_streams_need(app: LightspeedSettings) -> None:
    """One page for all shops; scopes are demanded, or everybody comes back with access_denied."""
    url = PROVIDER.authorize_url(app, "state/+ =", REDIRECT)

    assert url.startswith("https://secure.retail.lightspeed.app/connect?")
    assert parse_qs(urlsplit(url).query) == {
        "client_id": [CLIENT_ID],
        "response_type": ["code"],
        "redirect_uri": [REDIRECT],
        "scope": [" ".join(PROVIDER.scopes)],
        "state": ["state/+ ="],
    }
    assert CLIENT_SECRET not in url


def test_code_becomes_a_grant(grant: Grant, office: LightspeedOffice) -> None:
    """The shop of the callback is the merchant; tills are counted over all pages, the name is the retailer's."""
    assert grant == Grant(
        PREFIX,
        "access-1",
        "refresh-1",
        datetime.fromtimestamp(EXPIRES, UTC),
        ("sales:read", "outlets:read"),
        {"domain_prefix": PREFIX, "registers": "3", "merchant_name": "Panadería Sol"},
    )
    asked = office.asked[0]
    assert (asked.method, asked.path) == ("POST", f"/{PREFIX}/api/1.0/token")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.form == {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": REDIRECT,
    }


def test_courtesies_are_not_worth_failing_for(app: LightspeedSettings, office: LightspeedOffice) -> None:
    """Without the scopes for registers and retailer the till is linked all the same, as one with one register."""
    office.registers = office.retailer = (403, {"errors": {"global": ["Missing scope"]}})

    assert PROVIDER.exchange(app, ANSWER, REDIRECT).attributes == {"domain_prefix": PREFIX}


@pytest.mark.parametrize("missing", ["code", "domain_prefix"])
def test_callback_that_lacks_something_is_refused(
    app: LightspeedSettings, office: LightspeedOffice, missing: str
) -> None:
    """Nothing is sent anywhere."""
    with pytest.raises(UnexpectedPayload, match="start linking again"):
        PROVIDER.exchange(app, {name: value for name, value in ANSWER.items() if name != missing}, REDIRECT)
    assert office.asked == []


def test_code_is_single_use(app: LightspeedSettings, grant: Grant) -> None:
    """A code that was used is refused for good."""
    assert grant.access_token
    with pytest.raises(Unauthorised, match="was used, is too old"):
        PROVIDER.exchange(app, ANSWER, REDIRECT)


def test_refresh_brings_a_new_pair(app: LightspeedSettings, grant: Grant, office: LightspeedOffice) -> None:
    """Both tokens are new; what else is known of the merchant stays."""
    office.token = {"scope": ...}

    renewed = PROVIDER.refresh(app, grant)

    assert (renewed.access_token, renewed.refresh_token) == ("access-2", "refresh-2")
    assert (renewed.merchant_id, renewed.scopes, renewed.attributes) == (PREFIX, grant.scopes, grant.attributes)
    assert office.token_calls[-1]["grant_type"] == "refresh_token"
    assert "redirect_uri" not in office.token_calls[-1]


@pytest.mark.parametrize("refresh_token", [..., None, ""])
def test_answer_without_a_refresh_token_keeps_the_last_one(
    app: LightspeedSettings, grant: Grant, office: LightspeedOffice, refresh_token: Any
) -> None:
    """Older answers had none."""
    office.token = {"refresh_token": refresh_token}

    assert PROVIDER.refresh(app, grant).refresh_token == "refresh-1"


def test_fewer_scopes_than_asked_for_are_noted(app: LightspeedSettings, grant: Grant, office: LightspeedOffice) -> None:
    """What the merchant narrowed shows at the next refresh."""
    office.token = {"scope": "outlets:read"}

    assert PROVIDER.refresh(app, grant).scopes == ("outlets:read",)


def test_expiry_in_seconds_from_now_will_do(app: LightspeedSettings, office: LightspeedOffice) -> None:
    """`expires` is absolute, `expires_in` is not; a number may be text."""
    office.token = {"expires": ..., "expires_in": "3600"}
    before = datetime.now(UTC)

    expires_at = PROVIDER.exchange(app, ANSWER, REDIRECT).expires_at

    assert expires_at is not None
    assert before <= expires_at - timedelta(hours=1) <= datetime.now(UTC)


def test_token_without_an_expiry_is_used_until_it_is_refused(app: LightspeedSettings, office: LightspeedOffice) -> None:
    """Neither member is there: nothing is made up."""
    office.token = {"expires": ..., "expires_in": ...}

    assert PROVIDER.exchange(app, ANSWER, REDIRECT).expires_at is None


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_refresh_is_never_sent_twice(
    app: LightspeedSettings, grant: Grant, office: LightspeedOffice, status: int
) -> None:
    """Who answers 504 may have replaced the pair; the same token again would look like theft."""
    office.refusal = (status, {"error": "Gateway Timeout"})
    before = len(office.token_calls)

    with pytest.raises(RateLimited if status == 429 else ProviderUnavailable):
        PROVIDER.refresh(app, grant)
    assert len(office.token_calls) == before + 1


def test_refresh_token_used_before_is_dead(app: LightspeedSettings, grant: Grant) -> None:
    """After an answer that was lost only the merchant can help, and the message says so."""
    PROVIDER.refresh(app, grant)

    with pytest.raises(Unauthorised, match=r"whose answer never reached us.*consent again"):
        PROVIDER.refresh(app, grant)


def test_wrong_secret_is_a_setting(app: LightspeedSettings, grant: Grant, office: LightspeedOffice) -> None:
    """It is not the merchant who has to act."""
    office.refusal = (401, {"error": "invalid_client"})

    with pytest.raises(Misconfigured, match="LIGHTSPEED_CLIENT_SECRET"):
        PROVIDER.refresh(app, grant)


@pytest.mark.parametrize("is_refresh", [False, True])
def test_token_of_another_shop_is_not_kept(
    app: LightspeedSettings, office: LightspeedOffice, *, is_refresh: bool
) -> None:
    """It would mix two merchants' sales; which shop it is of is nobody's business here."""
    grant = Grant(PREFIX, "access-0", "refresh-0")
    office.token = {"domain_prefix": "another-shop"}

    with pytest.raises(UnexpectedPayload, match="answered a token of another shop") as raised:
        _ = PROVIDER.refresh(app, grant) if is_refresh else PROVIDER.exchange(app, ANSWER, REDIRECT)
    assert "access-1" not in str(raised.value)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ({"access_token": ...}, "missing required field `access_token`"),
        ({"access_token": ""}, "length >= 1"),
        ({"access_token": {"canary": 1}}, "Expected `str`"),
        ({"expires": 10**18}, "an expiry that is not a time"),
        ({"expires": "canary"}, "Expected `int | null`"),
        ({"expires": ..., "expires_in": 10**18}, "an expiry that is not a time"),
    ],
)
def test_answer_that_is_no_token_is_named_without_its_content(
    app: LightspeedSettings, office: LightspeedOffice, token: dict[str, Any], reason: str
) -> None:
    """What is wrong is said, not what came."""
    office.token = token

    with pytest.raises(UnexpectedPayload) as raised:
        PROVIDER.exchange(app, ANSWER, REDIRECT)
    assert reason in str(raised.value)
    assert "canary" not in str(raised.value)


def test_personal_token_is_its_own_grant(app: LightspeedSettings, office: LightspeedOffice) -> None:
    """It does not expire and is not refreshed; the address may be typed with capitals. Our app is not needed."""
    bare = app.model_copy(update={"client_id": None, "client_secret": None})

    [grant] = PROVIDER.from_credentials(bare, {"domain_prefix": "Panaderia-SOL", "access_token": PERSONAL})

    assert (grant.merchant_id, grant.access_token) == (PREFIX, PERSONAL)
    assert (grant.refresh_token, grant.expires_at) == (None, None)
    assert grant.attributes == {
        "domain_prefix": PREFIX,
        "registers": "3",
        "merchant_name": "Panadería Sol",
        "personal": "yes",
    }
    assert office.token_calls == []


def test_personal_token_nobody_knows(app: LightspeedSettings) -> None:
    """A mistyped token is refused without being repeated in the message."""
    with pytest.raises(Unauthorised) as raised:
        PROVIDER.from_credentials(app, {"domain_prefix": PREFIX, "access_token": "mistyped"})
    assert "mistyped" not in str(raised.value)


def test_personal_token_at_a_shop_of_another_name(app: LightspeedSettings, office: LightspeedOffice) -> None:
    """The shop's own word decides who it is."""
    office.retailer = (200, {"data": {"id": "R2", "domain_prefix": "another-shop"}})

    with pytest.raises(UnexpectedPayload, match="answers as another shop"):
        PROVIDER.from_credentials(app, {"domain_prefix": PREFIX, "access_token": PERSONAL})


def test_nothing_is_called_to_revoke(app: LightspeedSettings, grant: Grant, office: LightspeedOffice) -> None:
    """There is no such call; forgetting the tokens is all we can do."""
    before = len(office.asked)

    PROVIDER.revoke(app, grant)

    assert len(office.asked) == before


@pytest.mark.parametrize("missing", ["LIGHTSPEED_CLIENT_ID", "LIGHTSPEED_CLIENT_SECRET"])
def test_missing_application_is_named(office: LightspeedOffice, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """What is not set is named when it is needed."""
    monkeypatch.delenv(missing)

    with pytest.raises(Misconfigured, match=f"{missing} is not set"):
        PROVIDER.exchange(load_settings(LightspeedSettings), ANSWER, REDIRECT)
    assert office.asked == []


def test_nothing_prints_a_secret(app: LightspeedSettings, grant: Grant, office: LightspeedOffice) -> None:
    """Neither settings nor a grant show what they hold, nor does an error of a refusal."""
    office.refusal = INVALID_GRANT
    with pytest.raises(PipelineError) as raised:
        PROVIDER.refresh(app, grant)

    shown = repr(app) + str(app.model_dump()) + repr(grant) + str(raised.value)
    assert not [secret for secret in (CLIENT_SECRET, grant.access_token, str(grant.refresh_token)) if secret in shown]
