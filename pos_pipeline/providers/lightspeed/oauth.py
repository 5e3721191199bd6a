"""Lightspeed's consent: authorize, exchange, refresh, or a personal token the merchant typed in.

Every refresh gives a new pair and ends the old one, its access token included. A refresh is therefore sent
once: a second try with the same token, after an answer that was lost on its way, is what a thief would do.
"""

import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from pydantic import SecretStr

from pos_pipeline.errors import InvalidRequest, MissingScope, PipelineError, UnexpectedPayload
from pos_pipeline.http import Caller, RetryPolicy
from pos_pipeline.http.bearer import Bearer
from pos_pipeline.provider import MERCHANT_NAME, Grant
from pos_pipeline.providers.lightspeed.errors import explain, explain_code, explain_refresh
from pos_pipeline.providers.lightspeed.lists import Get
from pos_pipeline.providers.lightspeed.reference import count_registers, retailer_of
from pos_pipeline.providers.lightspeed.settings import DOMAIN_PREFIX, PERSONAL, LightspeedSettings, checked_prefix

TOKEN_PATH = "/api/1.0/token"  # noqa: S105 - an address
RATE_RESET = "x-ratelimit-reset"
REGISTERS = "registers"
"""Attribute of a grant: how many tills the merchant had in use when it was linked."""
ONCE = RetryPolicy(attempts=1)


class _Token(msgspec.Struct):
    access_token: Annotated[str, msgspec.Meta(min_length=1)]
    refresh_token: str | None = None
    expires: int | None = None
    """Epoch seconds."""
    expires_in: int | None = None
    domain_prefix: str | None = None
    scope: str | None = None

    def expires_at(self) -> datetime | None:
        if self.expires is not None:
            return datetime.fromtimestamp(self.expires, UTC)
        return datetime.now(UTC) + timedelta(seconds=self.expires_in) if self.expires_in is not None else None


_token = msgspec.json.Decoder(_Token, strict=False)


def authorize_url(settings: LightspeedSettings, scopes: tuple[str, ...], state: str, redirect_uri: str) -> str:
    """Where the merchant consents. Without scopes Lightspeed sends everybody back with `access_denied`."""
    url: str = prepare_grant_uri(
        settings.connect_url,
        client_id=settings.required_client_id(),
        response_type="code",
        redirect_uri=redirect_uri,
        scope=" ".join(scopes),
        state=state,
    )
    return url


def exchange(settings: LightspeedSettings, answer: Mapping[str, str], redirect_uri: str) -> Grant:
    """Tokens for the code and the shop a browser came back with.

    Raises:
        Unauthorised: the code is used, expired or another app's.
        UnexpectedPayload: the query lacks the code or the shop, or the answer is for another shop.
    """
    code = answer.get("code", "")
    if not code:
        raise UnexpectedPayload("lightspeed: the browser came back without a code; start linking again.")
    try:
        prefix = checked_prefix(answer.get(DOMAIN_PREFIX, ""))
    except InvalidRequest as error:
        raise UnexpectedPayload(f"{error} The browser came back with it; start linking again.") from None
    token = _obtain(
        settings,
        prefix,
        {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri},
        explain_code,
    )
    return Grant(
        merchant_id=prefix,
        access_token=token.access_token,
        refresh_token=token.refresh_token or None,
        expires_at=_expiry(token),
        scopes=tuple((token.scope or "").split()),
        attributes=_attributes(_reader(settings, prefix, token.access_token), prefix),
    )


def refresh(settings: LightspeedSettings, grant: Grant) -> Grant:
    """A new pair of tokens; the old pair is dead from here on. Older answers had no refresh token: the last one stays.

    Raises:
        Unauthorised: the merchant removed the app, or the refresh token was used before.
    """
    token = _obtain(
        settings,
        grant.merchant_id,
        {"grant_type": "refresh_token", "refresh_token": grant.refresh_token or ""},
        explain_refresh,
    )
    return Grant(
        merchant_id=grant.merchant_id,
        access_token=token.access_token,
        refresh_token=token.refresh_token or grant.refresh_token,
        expires_at=_expiry(token),
        scopes=tuple((token.scope or "").split()) or grant.scopes,
        attributes=grant.attributes,
    )


def from_token(settings: LightspeedSettings, prefix: str, token: str) -> Grant:
    """The grant behind a personal token, which does not expire and is its maker's.

    Raises:
        Unauthorised: the shop does not know it.
        InvalidRequest: the shop's domain prefix is not one.
    """
    prefix = checked_prefix(prefix.lower())
    get = _reader(settings, prefix, token)
    # The shop may refuse to speak of itself to a token that reads its sales: linking finds out.
    with contextlib.suppress(MissingScope):
        named = retailer_of(get).domain_prefix
        if named and named.lower() != prefix:
            raise UnexpectedPayload(f"lightspeed: {prefix} answers as another shop; the token was not kept.")
    attributes = {**_attributes(get, prefix), PERSONAL: "yes"}
    return Grant(merchant_id=prefix, access_token=token, attributes=attributes)


def _obtain(
    settings: LightspeedSettings, prefix: str, form: Mapping[str, str], explain_: Callable[[int, bytes], PipelineError]
) -> _Token:
    app = {
        "client_id": settings.required_client_id(),
        "client_secret": settings.required_client_secret().get_secret_value(),
    }
    caller = Caller("lightspeed", settings.base_url_of(prefix), {}, explain_, policy=ONCE, reset_header=RATE_RESET)
    body = caller.call("POST", TOKEN_PATH, form={**app, **form})
    try:
        token = _token.decode(body)
    except msgspec.DecodeError as error:
        reason = str(error)
    else:
        if token.domain_prefix and token.domain_prefix.lower() != prefix:
            raise UnexpectedPayload(f"lightspeed: {prefix} answered a token of another shop; it was not kept.")
        return token
    raise UnexpectedPayload(
        f"lightspeed: {TOKEN_PATH} answered {len(body)} bytes that are not as documented: {reason}."
    )


def _expiry(token: _Token) -> datetime | None:
    try:
        return token.expires_at()
    except (ValueError, OverflowError, OSError):
        raise UnexpectedPayload(f"lightspeed: {TOKEN_PATH} answered an expiry that is not a time.") from None


def _attributes(get: Get, prefix: str) -> Mapping[str, str]:
    """The prefix, and what a courtesy would add: the tokens are ours by now, and linking does not fail for these."""
    attributes = {DOMAIN_PREFIX: prefix}
    with contextlib.suppress(PipelineError):
        attributes[REGISTERS] = str(count_registers(get))
    with contextlib.suppress(PipelineError):
        if name := retailer_of(get).name:
            attributes[MERCHANT_NAME] = name
    return attributes


def _reader(settings: LightspeedSettings, prefix: str, token: str) -> Get:
    caller = Caller("lightspeed", settings.base_url_of(prefix), {}, explain)
    auth = Bearer(SecretStr(token))
    return lambda path, params: caller.call("GET", path, params=params, auth=auth)
