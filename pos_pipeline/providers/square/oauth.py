"""Square's consent: authorize, exchange, refresh, revoke, or a token the merchant typed in.

The code flow with our secret, not PKCE: its refresh token neither expires nor rotates, while PKCE's
lives 90 days and is single use. The token endpoint takes JSON and answers `expires_at`, never
`expires_in`, so only the authorize URL is left to Authlib.
"""

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from pydantic import SecretStr

from pos_pipeline.errors import Misconfigured, NotFound, PipelineError, Unauthorised, UnexpectedPayload
from pos_pipeline.http import Caller, decode
from pos_pipeline.http.bearer import Bearer
from pos_pipeline.provider import MERCHANT_NAME, Grant
from pos_pipeline.providers.square.errors import explain, explain_consent
from pos_pipeline.providers.square.settings import SquareSettings

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - an address
STATUS_PATH = "/oauth2/token/status"
REVOKE_PATH = "/oauth2/revoke"

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class _Token(msgspec.Struct):
    access_token: str
    merchant_id: str
    expires_at: Instant | None = None
    refresh_token: str | None = None


class _Status(msgspec.Struct):
    merchant_id: str
    scopes: list[str] = []
    expires_at: str | None = None
    """Empty or absent for a personal access token, which never expires."""


class _Merchant(msgspec.Struct):
    business_name: str = ""


class _Merchants(msgspec.Struct):
    merchant: _Merchant


def authorize_url(settings: SquareSettings, scopes: tuple[str, ...], state: str, redirect_uri: str) -> str:
    """Where the merchant consents. `session=false` makes them log in, so that nobody links the wrong shop."""
    url: str = prepare_grant_uri(
        f"{settings.base_url.rstrip('/')}/oauth2/authorize",
        client_id=settings.required_app_id(),
        response_type="code",
        redirect_uri=redirect_uri,
        scope=" ".join(scopes),
        state=state,
        session="false",
    )
    return url


def exchange(settings: SquareSettings, code: str, redirect_uri: str) -> Grant:
    """Tokens for a code, which is single use and lives five minutes.

    Raises:
        Unauthorised: the code is used, expired or another app's.
    """
    token = _obtain(settings, {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})
    status = _Status(token.merchant_id)
    # The tokens are ours by now: not knowing their scopes is better than losing them.
    with contextlib.suppress(PipelineError):
        status = _status(settings, token.access_token)
    return Grant(
        merchant_id=token.merchant_id,
        access_token=token.access_token,
        refresh_token=token.refresh_token,
        expires_at=token.expires_at,
        scopes=tuple(status.scopes),
        attributes=_attributes(settings, token.merchant_id, token.access_token),
    )


def refresh(settings: SquareSettings, grant: Grant) -> Grant:
    """A new access token. Square gives the same refresh token back; should it ever rotate, the new one counts.

    Raises:
        Unauthorised: the merchant withdrew the consent, or the refresh token is dead.
    """
    token = _obtain(settings, {"grant_type": "refresh_token", "refresh_token": grant.refresh_token or ""})
    if token.merchant_id != grant.merchant_id:
        raise UnexpectedPayload(
            f"square: refreshing merchant {grant.merchant_id} answered a token of {token.merchant_id}; it was not kept."
        )
    return Grant(
        merchant_id=grant.merchant_id,
        access_token=token.access_token,
        refresh_token=token.refresh_token or grant.refresh_token,
        expires_at=token.expires_at,
        scopes=grant.scopes,
        attributes=grant.attributes,
    )


def revoke(settings: SquareSettings, grant: Grant) -> None:
    """Withdraw every token of this merchant. A personal access token is not ours to withdraw.

    Raises:
        Misconfigured: Square refuses although the grant stands: the app's id or secret is wrong.
    """
    if grant.refresh_token is None:
        return
    # By merchant and not by token: an access token that expired meanwhile would leave the consent standing.
    request = {"client_id": settings.required_app_id(), "merchant_id": grant.merchant_id}
    secret = Bearer(settings.required_app_secret(), scheme="Client")
    try:
        _caller(settings, explain_consent).call("POST", REVOKE_PATH, json=request, auth=secret)
    except (NotFound, Unauthorised):
        # Square does not document what revoking twice answers; whether the token still works tells it.
        if _is_accepted(settings, grant.access_token):
            raise Misconfigured(
                "square: refuses to withdraw a grant that stands. Correct SQUARE_APP_ID and SQUARE_APP_SECRET, "
                "or withdraw it in the merchant's Square Dashboard (App integrations)."
            ) from None


def from_token(settings: SquareSettings, token: str) -> Grant:
    """The grant behind a personal access token.

    Raises:
        Unauthorised: Square does not know it.
    """
    status = _status(settings, token)
    return Grant(
        merchant_id=status.merchant_id,
        access_token=token,
        expires_at=_instant(status.expires_at),
        scopes=tuple(status.scopes),
        attributes=_attributes(settings, status.merchant_id, token),
    )


def _obtain(settings: SquareSettings, grant: Mapping[str, str]) -> _Token:
    request = {
        "client_id": settings.required_app_id(),
        "client_secret": settings.required_app_secret().get_secret_value(),
        **grant,
    }
    body = _caller(settings, explain_consent).call("POST", TOKEN_PATH, json=request)
    return decode(body, _Token, provider="square", path=TOKEN_PATH)


def _status(settings: SquareSettings, token: str) -> _Status:
    body = _caller(settings).call("POST", STATUS_PATH, json={}, auth=Bearer(SecretStr(token)))
    return decode(body, _Status, provider="square", path=STATUS_PATH)


def _is_accepted(settings: SquareSettings, token: str) -> bool:
    try:
        _status(settings, token)
    except Unauthorised:
        return False
    return True


def _instant(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise UnexpectedPayload(f"square: {STATUS_PATH} answered an expiry that is not a time.") from None


def _attributes(settings: SquareSettings, merchant_id: str, token: str) -> Mapping[str, str]:
    """The business name is a courtesy to whoever reads a list of accounts: linking does not fail for it."""
    path = f"/v2/merchants/{merchant_id}"
    try:
        body = _caller(settings).call("GET", path, auth=Bearer(SecretStr(token)))
        name = decode(body, _Merchants, provider="square", path=path).merchant.business_name
    except PipelineError:
        return {}
    return {MERCHANT_NAME: name} if name else {}


def _caller(settings: SquareSettings, explain_: Callable[[int, bytes], PipelineError] = explain) -> Caller:
    return Caller("square", settings.base_url, {"Square-Version": settings.api_version}, explain_)
