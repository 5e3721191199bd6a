"""Square's consent, against an office that insists on what Square insists on."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes.square_office import APP_ID, APP_SECRET, MERCHANT, SCOPES, UNAUTHORISED, SquareOffice, open_office

from pos_pipeline.errors import Misconfigured, PipelineError, Unauthorised, UnexpectedPayload
from pos_pipeline.http import client
from pos_pipeline.provider import Grant
from pos_pipeline.providers.square import PROVIDER
from pos_pipeline.providers.square.settings import SquareSettings
from pos_pipeline.settings import load_settings

CALLBACK = "https://pos.example/callback"


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[SquareOffice]:
    """Square's office, and an environment that leads there."""
    with open_office() as office:
        monkeypatch.setenv("SQUARE_BASE_URL", office.url)
        monkeypatch.setenv("SQUARE_APP_ID", APP_ID)
        monkeypatch.setenv("SQUARE_APP_SECRET", APP_SECRET)
        yield office
        client.shared_client().close()
        client._client_of.cache_clear()


@pytest.fixture
def app(office: SquareOffice) -> SquareSettings:
    """Our application at that office."""
    assert office.url
    return load_settings(SquareSettings)


@pytest.fixture
def grant(app: SquareSettings) -> Grant:
    """What a consent gave."""
    return PROVIDER.exchange(app, {"code": "sq0cgb-code"}, CALLBACK)


def test_authorize_url_asks_for_what_the_streams_need(app: SquareSettings, office: SquareOffice) -> None:
    """The merchant is asked for read scopes only, each once, and has to log in."""
    url = PROVIDER.authorize_url(app, "state/+ =", CALLBACK)

    assert url.startswith(f"{office.url}/oauth2/authorize?")
    assert parse_qs(urlsplit(url).query) == {
        "client_id": [APP_ID],
        "response_type": ["code"],
        "redirect_uri": [CALLBACK],
        "scope": [" ".join(PROVIDER.scopes)],
        "state": ["state/+ ="],
        "session": ["false"],
    }
    assert set(PROVIDER.scopes) == {stream.scope for stream in PROVIDER.streams}
    assert all(scope.endswith("_READ") for scope in PROVIDER.scopes)
    assert APP_SECRET not in url


def test_code_becomes_a_grant(grant: Grant, office: SquareOffice) -> None:
    """Tokens, expiry, scopes and the business name are known after one consent."""
    assert grant == Grant(
        MERCHANT,
        "EAAA-access-1",
        "EQAA-refresh",
        datetime(2026, 12, 22, 10, tzinfo=UTC),
        tuple(SCOPES),
        {"merchant_name": "Panadería Ejemplo"},
    )
    method, path, headers, body = office.asked[0]
    assert (method, path, body["redirect_uri"]) == ("POST", "/square/oauth2/token", CALLBACK)
    assert headers["square-version"] == "2026-09-16"
    assert "authorization" not in headers


def test_name_is_not_worth_failing_for(app: SquareSettings, office: SquareOffice) -> None:
    """A merchant whose profile we may not read is linked all the same."""
    office.merchant_reply = (403, {"errors": [{"code": "INSUFFICIENT_SCOPES"}]})

    assert PROVIDER.exchange(app, {"code": "sq0cgb-code"}, CALLBACK).attributes == {}


def test_code_is_single_use(app: SquareSettings, grant: Grant) -> None:
    """Square's other form of an error, `message` and `type`, is understood and its text is not repeated."""
    assert grant.access_token
    with pytest.raises(Unauthorised, match=r"older than five minutes.*answered 401 service\.not_authorized") as raised:
        PROVIDER.exchange(app, {"code": "sq0cgb-code"}, CALLBACK)
    assert APP_ID not in str(raised.value)


def test_refresh_keeps_the_refresh_token(app: SquareSettings, grant: Grant) -> None:
    """Only the access token is new; scopes and attributes stay."""
    renewed = PROVIDER.refresh(app, grant)

    assert (renewed.access_token, renewed.refresh_token) == ("EAAA-access-2", "EQAA-refresh")
    assert (renewed.scopes, renewed.attributes) == (grant.scopes, grant.attributes)


@pytest.mark.parametrize("refusal", [UNAUTHORISED, (400, {"errors": [{"code": "BAD_REQUEST"}]}), (403, {"errors": []})])
def test_refused_refresh_is_final(
    app: SquareSettings, grant: Grant, office: SquareOffice, refusal: tuple[int, dict[str, object]]
) -> None:
    """400, 401 and 403 to a refresh all mean that the merchant has to consent again; they are not repeated."""
    office.refusal = refusal
    before = len(office.asked)

    with pytest.raises(Unauthorised):
        PROVIDER.refresh(app, grant)
    assert len(office.asked) == before + 1


def test_token_of_another_merchant_is_not_kept(app: SquareSettings, grant: Grant) -> None:
    """A refresh that answers for somebody else would mix two shops' sales."""
    other = Grant("ANOTHER", grant.access_token, grant.refresh_token)

    with pytest.raises(UnexpectedPayload, match=f"refreshing merchant ANOTHER answered a token of {MERCHANT}"):
        PROVIDER.refresh(app, other)


def test_answer_without_a_token_is_named_without_its_content(
    app: SquareSettings, grant: Grant, office: SquareOffice
) -> None:
    """A 200 that is not a token says what is missing, not what came."""
    office.refusal = (200, {"access_token": "EAAA-half-an-answer"})

    with pytest.raises(UnexpectedPayload, match="missing required field `merchant_id`") as raised:
        PROVIDER.refresh(app, grant)
    assert "half" not in str(raised.value)


def test_revocation_withdraws_every_token_once(app: SquareSettings, grant: Grant, office: SquareOffice) -> None:
    """The whole authorization goes, by merchant; doing it again is success."""
    PROVIDER.revoke(app, grant)
    assert office.is_revoked

    PROVIDER.revoke(app, grant)
    revocations = [body for _, path, _, body in office.asked if path.endswith("/revoke")]
    assert revocations == [{"client_id": APP_ID, "merchant_id": MERCHANT}] * 2


def test_refused_revocation_of_a_standing_grant_is_said(
    app: SquareSettings, grant: Grant, office: SquareOffice
) -> None:
    """With a wrong secret nothing would be withdrawn; that must not look like success."""
    office.refusal = UNAUTHORISED

    with pytest.raises(Misconfigured, match="SQUARE_APP_SECRET"):
        PROVIDER.revoke(app, grant)


def test_personal_token_is_its_own_grant(app: SquareSettings, office: SquareOffice) -> None:
    """Its scopes and merchant come from its status; it never expires and is not ours to withdraw."""
    [grant] = PROVIDER.from_credentials(app, {"access_token": office.personal})
    PROVIDER.revoke(app, grant)

    assert (grant.merchant_id, grant.scopes) == (MERCHANT, tuple(SCOPES))
    assert (grant.refresh_token, grant.expires_at) == (None, None)
    assert not office.is_revoked


def test_personal_token_that_square_does_not_know(app: SquareSettings) -> None:
    """A mistyped token is refused without being repeated in the message."""
    with pytest.raises(Unauthorised) as raised:
        PROVIDER.from_credentials(app, {"access_token": "EAAA-mistyped"})
    assert "mistyped" not in str(raised.value)


@pytest.mark.parametrize("missing", ["SQUARE_APP_ID", "SQUARE_APP_SECRET"])
def test_missing_application_is_named(office: SquareOffice, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """What is not set is named when it is needed, and only then: a personal token needs neither."""
    monkeypatch.delenv(missing)
    app = load_settings(SquareSettings)

    with pytest.raises(Misconfigured, match=f"{missing} is not set"):
        PROVIDER.exchange(app, {"code": "sq0cgb-code"}, CALLBACK)
    assert PROVIDER.from_credentials(app, {"access_token": office.personal})[0].merchant_id == MERCHANT


def test_malformed_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that is not a date stops before anything is sent."""
    monkeypatch.setenv("SQUARE_API_VERSION", "latest")

    with pytest.raises(Misconfigured, match="SQUARE_API_VERSION"):
        load_settings(SquareSettings)


def test_nothing_prints_a_secret(app: SquareSettings, grant: Grant) -> None:
    """Neither settings nor a grant show what they hold; nor does any error of this file's refusals."""
    shown = repr(app) + str(app.model_dump()) + repr(grant)

    assert not [secret for secret in (APP_SECRET, "EAAA-access-1", "EQAA-refresh") if secret in shown]


def test_office_elsewhere_is_said(app: SquareSettings) -> None:
    """An address where nobody speaks Square leads to its setting."""
    lost = app.model_copy(update={"base_url": app.base_url.removesuffix("/square")})

    with pytest.raises(PipelineError, match="is SQUARE_BASE_URL right") as raised:
        PROVIDER.from_credentials(lost, {"access_token": "EAAA-x"})
    assert isinstance(raised.value, Misconfigured)
