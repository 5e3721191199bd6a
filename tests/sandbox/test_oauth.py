"""Consent, tokens and scopes, driven by Square's own SDK where it has a call for it."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from square import Square
from square.core.api_error import ApiError

from pos_pipeline.sandbox import Sandbox, running_sandbox
from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.square.errors import SquareError
from pos_pipeline.sandbox.square.grants import ACCESS_SECONDS, CLIENT_ID, CLIENT_SECRET, CODE_SECONDS, SCOPES, Grants
from pos_pipeline.sandbox.square.names import Names
from tests.sandbox.conftest import ANCHOR
from tests.sandbox.consenting import REDIRECT, consent, exchange, refresh


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A tiny world: nobody looks at its sales here."""
    with running_sandbox(anchor=ANCHOR, days=1, sales_per_day=2) as running:
        yield running


def test_consent_leads_to_tokens(
    sandbox: Sandbox, open_square: Callable[[str | None], Square], merchants: dict[str, dict[str, Any]]
) -> None:
    """The named merchant's code becomes a bearer token for exactly the scopes asked for."""
    merchant = merchants["cadena"]["id"]
    callback = consent(sandbox, merchant=merchant, scope="PAYMENTS_READ ORDERS_READ")
    tokens = exchange(open_square(None), callback["code"])
    status = open_square(tokens.access_token).o_auth.retrieve_token_status()

    assert callback["state"] == "s1"
    assert (tokens.token_type, tokens.merchant_id, status.merchant_id) == ("bearer", merchant, merchant)
    assert set(status.scopes) == {"PAYMENTS_READ", "ORDERS_READ"}
    assert tokens.expires_at == status.expires_at


def test_refusal_comes_back_as_an_error(sandbox: Sandbox) -> None:
    """A merchant who refuses sends back `access_denied` and the state."""
    assert consent(sandbox, deny="true") == {
        "error": "access_denied",
        "error_description": "user_denied",
        "state": "s1",
    }


def test_a_code_works_once(sandbox: Sandbox, open_square: Callable[[str | None], Square]) -> None:
    """The second use is answered 401 in the body shape that has no `errors`."""
    square = open_square(None)
    code = consent(sandbox)["code"]
    exchange(square, code)

    with pytest.raises(ApiError) as refused:
        exchange(square, code)
    assert refused.value.status_code == 401
    assert refused.value.body["type"] == "service.not_authorized"


def test_a_wrong_secret_is_refused(sandbox: Sandbox, open_square: Callable[[str | None], Square]) -> None:
    """401 UNAUTHORIZED, and the code is not used up by it."""
    square, code = open_square(None), consent(sandbox)["code"]

    with pytest.raises(ApiError) as refused:
        exchange(square, code, client_secret="wrong")
    assert refused.value.errors[0].code == "UNAUTHORIZED"
    assert exchange(square, code).access_token


def test_another_redirect_is_refused(sandbox: Sandbox, open_square: Callable[[str | None], Square]) -> None:
    """The redirect must be the one that was authorized."""
    with pytest.raises(ApiError) as refused:
        exchange(open_square(None), consent(sandbox)["code"], redirect_uri="http://127.0.0.1:9/other")
    assert refused.value.errors[0].field == "redirect_uri"


def test_refresh_keeps_the_refresh_token(sandbox: Sandbox, open_square: Callable[[str | None], Square]) -> None:
    """A refresh brings a new access token, the old one still works, the refresh token stays the same."""
    square = open_square(None)
    first = exchange(square, consent(sandbox, scope="MERCHANT_PROFILE_READ")["code"])
    second = refresh(square, first.refresh_token)

    assert second.refresh_token == first.refresh_token
    assert second.access_token != first.access_token
    assert open_square(first.access_token).locations.list().locations


def test_refresh_can_narrow_scopes(sandbox: Sandbox, open_square: Callable[[str | None], Square]) -> None:
    """The result is what was asked for and is held."""
    square = open_square(None)
    first = exchange(square, consent(sandbox, scope="ORDERS_READ PAYMENTS_READ")["code"])
    narrow = refresh(square, first.refresh_token, scopes=["ORDERS_READ", "ITEMS_READ"])

    assert open_square(narrow.access_token).o_auth.retrieve_token_status().scopes == ["ORDERS_READ"]


def test_pkce_needs_no_secret_and_rotates(sandbox: Sandbox, open_square: Callable[[str | None], Square]) -> None:
    """The verifier replaces the secret, and each refresh token of the flow works once."""
    square, verifier = open_square(None), "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    code = consent(sandbox, code_challenge=challenge)["code"]
    first = square.o_auth.obtain_token(
        client_id=CLIENT_ID, grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=verifier
    )
    second = square.o_auth.obtain_token(
        client_id=CLIENT_ID, grant_type="refresh_token", refresh_token=first.refresh_token
    )

    assert first.refresh_token_expires_at
    assert second.refresh_token != first.refresh_token
    with pytest.raises(ApiError):
        refresh(square, first.refresh_token)


def test_a_wrong_verifier_is_refused(sandbox: Sandbox, open_square: Callable[[str | None], Square]) -> None:
    """A code with a challenge is worthless without its verifier."""
    code = consent(sandbox, code_challenge="abc")["code"]

    with pytest.raises(ApiError) as refused:
        exchange(open_square(None), code, code_verifier="guess")
    assert refused.value.status_code == 401


def test_revoking_ends_every_token(
    sandbox: Sandbox, open_square: Callable[[str | None], Square], merchants: dict[str, dict[str, Any]]
) -> None:
    """After RevokeToken the access token is told so and the refresh token is dead; personal tokens live on."""
    square, merchant = open_square(None), merchants["cafes"]
    tokens = exchange(square, consent(sandbox, merchant=merchant["id"])["code"])
    answer = square.o_auth.revoke_token(
        client_id=CLIENT_ID,
        merchant_id=merchant["id"],
        request_options={"additional_headers": {"Authorization": f"Client {CLIENT_SECRET}"}},
    )

    assert answer.success
    with pytest.raises(ApiError) as refused:
        open_square(tokens.access_token).locations.list()
    assert (refused.value.status_code, refused.value.errors[0].code) == (401, "ACCESS_TOKEN_REVOKED")
    with pytest.raises(ApiError):
        refresh(square, tokens.refresh_token)
    assert open_square(merchant["access_token"]).locations.list().locations


def test_a_merchant_can_revoke_us(
    sandbox: Sandbox, open_square: Callable[[str | None], Square], merchants: dict[str, dict[str, Any]]
) -> None:
    """Revoked from its dashboard, even the personal token is dead, and a new one is to be had."""
    merchant = merchants["cadena"]
    sandbox.revoke(merchant["id"])
    renewed = next(m for m in sandbox.merchants("square") if m["key"] == "cadena")

    with pytest.raises(ApiError) as refused:
        open_square(merchant["access_token"]).locations.list()
    assert refused.value.status_code == 401
    assert open_square(renewed["access_token"]).locations.list().locations


def test_a_missing_scope_is_named(sandbox: Sandbox, open_square: Callable[[str | None], Square]) -> None:
    """403 INSUFFICIENT_SCOPES says which one."""
    tokens = exchange(open_square(None), consent(sandbox, scope="PAYMENTS_READ")["code"])

    with pytest.raises(ApiError) as refused:
        open_square(tokens.access_token).catalog.info()
    assert (refused.value.status_code, refused.value.errors[0].code) == (403, "INSUFFICIENT_SCOPES")
    assert "ITEMS_READ" in refused.value.errors[0].detail


def test_a_personal_token_has_all_scopes_and_no_expiry(square: Square) -> None:
    """RetrieveTokenStatus of a personal access token."""
    status = square.o_auth.retrieve_token_status()

    assert set(status.scopes) == set(SCOPES)
    assert status.expires_at is None


@pytest.mark.parametrize("token", [None, "nonsense"])
def test_no_token_or_an_unknown_one_is_unauthorized(
    open_square: Callable[[str | None], Square], token: str | None
) -> None:
    """401 UNAUTHORIZED."""
    with pytest.raises(ApiError) as refused:
        open_square(token).locations.list()
    assert (refused.value.status_code, refused.value.errors[0].code) == (401, "UNAUTHORIZED")


class Clock:
    """Seconds since 1970 that move when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """The time now."""
        return self.now


def test_codes_die_after_five_minutes_and_tokens_after_thirty_days() -> None:
    """Both are refused a moment past their time."""
    clock = Clock()
    grants = Grants(Names(1), Home(), ["cafes"], clock)
    late, timely = (grants.consent("cafes", "PAYMENTS_READ", None, None) for _ in range(2))
    consent = grants.take_code(timely)
    assert consent is not None
    token = grants.exchange(consent, short_lived=False).access_token
    clock.now += CODE_SECONDS + 1
    assert grants.take_code(late) is None
    assert grants.authenticate(token).merchant_key == "cafes"
    clock.now += ACCESS_SECONDS

    with pytest.raises(SquareError, match="ACCESS_TOKEN_EXPIRED"):
        grants.authenticate(token)
