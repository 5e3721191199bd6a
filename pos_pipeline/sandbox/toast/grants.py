"""Who may log in, and the tokens they hold.

Two kinds of clients log in at the same endpoint: the partner, whose reach is every restaurant that
added its integration, and a merchant's own Standard API access, whose reach is that merchant's
restaurants. Tokens follow the real clock, because clients compare their expiry with theirs.
"""

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
from msgspec import Struct

from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.toast.errors import ToastError, unauthorized
from pos_pipeline.sandbox.toast.names import Names

CLIENT_ID = "sandbox-toast-partner"
CLIENT_SECRET = "sandbox-toast-secret"  # noqa: S105 - the simulated partner's public constant
SCOPES = (
    "cashmgmt:read",
    "config:read",
    "delivery_info.address:read",
    "digital_schedule:read",
    "guest.pi:read",
    "kitchen:read",
    "labor.employees:read",
    "labor:read",
    "menus:read",
    "orders:read",
    "packaging:read",
    "restaurants:read",
    "stock:read",
)
TOKEN_SECONDS = 86_400
RENEWAL_SECONDS = 60
"""Logging in again brings the same token until so long before its end."""
LOGINS_PER_HOUR = 2
_HOUR = 3600
_SECTION = "toast_grants"
_KEY = b"sandbox-toast-token-key"


class Client(NamedTuple):
    """Who logged in. `merchant_key` is None for the partner."""

    id: str
    merchant_key: str | None


class Token(Struct):
    """A token handed out. Times are seconds since 1970."""

    client_id: str
    issued_at: float
    expires_at: float
    requests: int = 0
    is_dead: bool = False


class Saved(Struct):
    """What survives a restart."""

    issued: int = 0
    tokens: dict[str, Token] = {}
    generations: dict[str, int] = {}
    """How often each merchant's credential set was deleted and made anew."""


class Grants:
    """All credentials and tokens of the cloud."""

    def __init__(
        self,
        names: Names,
        home: Home,
        merchant_keys: Iterable[str],
        groups: Callable[[str], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._names = names
        self._home = home
        self._group_of = groups
        self._clock = clock
        self._saved = home.load(_SECTION, Saved) or Saved()
        self._logins: dict[str, list[float]] = {}
        self._clients = {CLIENT_ID: (Client(CLIENT_ID, None), CLIENT_SECRET)}
        for merchant_key in merchant_keys:
            self._admit(merchant_key)

    def credentials(self, merchant_key: str) -> tuple[str, str]:
        """Client id and secret of a merchant's Standard API access."""
        serial = f"{merchant_key}:{self._saved.generations.get(merchant_key, 0)}"
        return self._names.secret("client id", serial)[:32], self._names.secret("client secret", serial)

    def log_in(self, client_id: str, secret: str, expire_after_requests: int | None = None) -> tuple[str, int]:
        """A token and the seconds it has left: the one handed out before while that is good.

        Raises:
            ToastError: 401 unknown client or wrong secret.
        """
        known = self._clients.get(client_id)
        if known is None or not hmac.compare_digest(known[1].encode(), secret.encode()):
            raise unauthorized("Unauthorized")
        now = self._clock()
        for text, token in self._saved.tokens.items():
            is_spent = token.is_dead or _is_used_up(token, expire_after_requests)
            if token.client_id == client_id and not is_spent and token.expires_at - now > RENEWAL_SECONDS:
                return text, int(token.expires_at - now)
        return self._issue(known[0], now), TOKEN_SECONDS

    def authenticate(self, text: str, expire_after_requests: int | None = None) -> Client:
        """Whose token it is.

        Raises:
            ToastError: 401 unknown, expired, or its credentials are gone.
        """
        token = self._saved.tokens.get(text)
        if token is None or token.is_dead or token.client_id not in self._clients:
            raise unauthorized()
        token.requests += 1
        if token.expires_at <= self._clock() or _is_used_up(token, expire_after_requests, spare=1):
            token.is_dead = True
            raise unauthorized("The access token expired")
        return self._clients[token.client_id][0]

    def delete_credentials(self, merchant_key: str) -> None:
        """The merchant deletes its credential set, which ends its tokens; the next one is another."""
        del self._clients[self.credentials(merchant_key)[0]]
        self._saved.generations[merchant_key] = self._saved.generations.get(merchant_key, 0) + 1
        self._admit(merchant_key)
        self._home.save(_SECTION, self._saved)

    def check_login_rate(self, address: str) -> None:
        """Count a login of an address.

        Raises:
            ToastError: 429 it is one too many within the hour.
        """
        now = self._clock()
        recent = [at for at in self._logins.get(address, ()) if at > now - _HOUR]
        self._logins[address] = [*recent, now]
        if len(recent) >= LOGINS_PER_HOUR:
            raise ToastError(429, "Too many login requests", key="RATE_LIMIT_EXCEEDED")

    def _admit(self, merchant_key: str) -> None:
        client_id, secret = self.credentials(merchant_key)
        self._clients[client_id] = (Client(client_id, merchant_key), secret)

    def _issue(self, client: Client, now: float) -> str:
        self._saved.issued += 1
        self._saved.tokens = {text: token for text, token in self._saved.tokens.items() if token.expires_at > now}
        text = self._jwt(client, int(now))
        self._saved.tokens[text] = Token(client.id, now, now + TOKEN_SECONDS)
        self._home.save(_SECTION, self._saved)
        return text

    def _jwt(self, client: Client, now: int) -> str:
        owner = (
            {
                "https://toasttab.com/type": "PARTNER",
                "https://toasttab.com/partner_guid": self._names.guid("client", ""),
            }
            if client.merchant_key is None
            else {
                "https://toasttab.com/type": "CUSTOMER",
                "https://toasttab.com/management_set_guid": self._group_of(client.merchant_key),
            }
        )
        claims = owner | {
            "https://toasttab.com/client_name": client.id,
            "https://toasttab.com/access_type": "TOAST_MACHINE_CLIENT",
            "iss": "https://toast-pos-sandbox.invalid/",
            "sub": f"{client.id}@clients",
            "aud": "https://toast-services-api/",
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "azp": client.id,
            "scope": " ".join(SCOPES),
            "gty": "client-credentials",
            "jti": str(self._saved.issued),
        }
        signed = b".".join(_part(msgspec.json.encode(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return (signed + b"." + _part(hmac.new(_KEY, signed, hashlib.sha256).digest())).decode()


def _is_used_up(token: Token, expire_after_requests: int | None, *, spare: int = 0) -> bool:
    return expire_after_requests is not None and token.requests >= expire_after_requests + spare


def _part(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
