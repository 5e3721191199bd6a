"""Toast's login: client credentials, one token for all restaurants that they reach.

There is no consent page and no refresh token. Whoever logs in again gets the same token with the same end
until its last minute, logins are counted by address, and Toast expects one or two a day; so the core keeps
one token per set of credentials (`shared_token`).
"""

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
from pydantic import SecretStr

from pos_pipeline.errors import InvalidRequest
from pos_pipeline.http import Caller, RetryPolicy, decode
from pos_pipeline.provider import Credential, Grant
from pos_pipeline.providers.toast.errors import GUID, explain_login
from pos_pipeline.providers.toast.settings import ToastSettings

LOGIN_PATH = "/authentication/v1/authentication/login"
RESTAURANT = "restaurant"
"""Attribute of a grant: the restaurant's GUID, which every request names in a header."""
CLIENT_ID = "client_id"
"""Attribute of a grant that has credentials of its own; their secret stands in for a refresh token."""
PATIENCE = RetryPolicy(attempts=2)
"""Logins are limited by address, and nothing in the answer says when to come back."""

CREDENTIALS = (
    Credential(CLIENT_ID, "Client ID (Toast Web, Integrations, Toast API access, Manage credentials)", is_secret=False),
    Credential("client_secret", "Client secret of the same credentials"),
    Credential(
        "restaurant_guids", "GUIDs of the restaurants they are for, separated by commas (same page)", is_secret=False
    ),
)


class _Token(msgspec.Struct, rename="camel"):
    access_token: str
    expires_in: int


class _Login(msgspec.Struct):
    token: _Token


class _Claims(msgspec.Struct):
    exp: int | None = None


def app_grant(settings: ToastSettings) -> Grant:
    """Our integration's own grant, for what concerns no single restaurant.

    Raises:
        Misconfigured: it is not set up.
    """
    settings.app()
    return Grant(merchant_id="", access_token="")


def shared_token(settings: ToastSettings, grant: Grant) -> str:
    """See `Provider.shared_token`."""
    client_id, secret = _credentials(settings, grant)
    known = "\n".join((settings.base_url.rstrip("/"), client_id, secret.get_secret_value()))
    return f"toast:{hashlib.sha256(known.encode()).hexdigest()}"


def log_in(settings: ToastSettings, grant: Grant) -> Grant:
    """The grant with the token that its credentials have now.

    Raises:
        Unauthorised: the credentials are wrong, or the restaurant has deleted them.
    """
    client_id, secret = _credentials(settings, grant)
    request = {
        "clientId": client_id,
        "clientSecret": secret.get_secret_value(),
        "userAccessType": "TOAST_MACHINE_CLIENT",
    }
    begun = datetime.now(UTC)
    caller = Caller("toast", settings.base_url, {}, explain_login, policy=PATIENCE)
    body = caller.call("POST", LOGIN_PATH, json=request)
    token = decode(body, _Login, provider="toast", path=LOGIN_PATH).token
    ends = [begun + timedelta(seconds=token.expires_in), _end_of(token.access_token)]
    return replace(grant, access_token=token.access_token, expires_at=min(end for end in ends if end is not None))


def from_credentials(typed: Mapping[str, str]) -> Sequence[Grant]:
    """A grant per restaurant; whether Toast accepts them shows when the restaurants are read.

    Raises:
        InvalidRequest: a GUID is none.
    """
    guids = [guid.strip() for guid in typed["restaurant_guids"].split(",") if guid.strip()]
    if not guids or not all(GUID.fullmatch(guid) for guid in guids):
        raise InvalidRequest(
            "toast: restaurant_guids has to be one or more GUIDs such as 01234567-89ab-cdef-0123-456789abcdef, "
            "separated by commas."
        )
    return [
        Grant(
            merchant_id=guid,
            access_token="",
            refresh_token=typed["client_secret"],
            attributes={RESTAURANT: guid, CLIENT_ID: typed[CLIENT_ID]},
        )
        for guid in dict.fromkeys(guid.lower() for guid in guids)
    ]


def _credentials(settings: ToastSettings, grant: Grant) -> tuple[str, SecretStr]:
    """The grant's own credentials, or our integration's."""
    if grant.refresh_token is not None:
        return grant.attributes[CLIENT_ID], SecretStr(grant.refresh_token)
    return settings.app()


def _end_of(token: str) -> datetime | None:
    """When the token itself says that it ends; it is not verified, since nothing hangs on it but a date."""
    try:
        middle = token.split(".")[1]
        exp = msgspec.json.decode(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)), type=_Claims).exp
        return None if exp is None else datetime.fromtimestamp(exp, UTC)
    except (IndexError, ValueError, OverflowError, OSError):
        return None
