"""Who may do what: personal access tokens, OAuth codes, access and refresh tokens.

Tokens follow the real clock, because clients compare `expires_at` with theirs; the shops' sales
follow the world's.
"""

import hashlib
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec import Struct

from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.square.errors import unauthorized
from pos_pipeline.sandbox.square.names import Names

CLIENT_ID = "sandbox-sq0idp-demo"
CLIENT_SECRET = "sandbox-sq0csb-demo"  # noqa: S105 - the simulated application's public constant
DEVELOPER_TOKEN = "sandbox-developer"  # noqa: S105 - as public as those
"""The personal token of the developer's own account: it sells nothing and manages the application's webhooks."""
SCOPES = (
    "MERCHANT_PROFILE_READ",
    "PAYMENTS_READ",
    "ORDERS_READ",
    "ITEMS_READ",
    "CUSTOMERS_READ",
    "EMPLOYEES_READ",
    "DEVICES_READ",
    "INVENTORY_READ",
    "SETTLEMENTS_READ",
    "BANK_ACCOUNTS_READ",
)
_DEFAULT_SCOPES = ("MERCHANT_PROFILE_READ", "PAYMENTS_READ", "SETTLEMENTS_READ", "BANK_ACCOUNTS_READ")
CODE_SECONDS = 5 * 60
ACCESS_SECONDS = 30 * 86_400
SHORT_ACCESS_SECONDS = 86_400
PKCE_REFRESH_SECONDS = 90 * 86_400
_SECTION = "square_grants"


class Access(NamedTuple):
    """What a token stands for."""

    merchant_key: str
    """Empty for the developer's own account."""
    scopes: frozenset[str]
    is_personal: bool
    token: str
    client_id: str | None
    expires_at: float | None


class AccessToken(Struct):
    """An access token got by OAuth. Times are seconds since 1970."""

    merchant_key: str
    scopes: list[str]
    expires_at: float
    client_id: str
    is_revoked: bool = False
    requests: int = 0


class RefreshToken(Struct):
    """A refresh token. Of the PKCE flow it works once and for 90 days, else always."""

    merchant_key: str
    scopes: list[str]
    expires_at: float | None = None
    is_dead: bool = False


class Saved(Struct):
    """What survives a restart."""

    issued: int = 0
    access: dict[str, AccessToken] = {}
    refresh: dict[str, RefreshToken] = {}
    generations: dict[str, int] = {}
    """How often each merchant's personal token was replaced."""


class Code(NamedTuple):
    """A consent not yet turned into tokens."""

    merchant_key: str
    scopes: list[str]
    redirect_uri: str | None
    challenge: str | None
    issued_at: float


class Tokens(NamedTuple):
    """What a token request is answered with."""

    access_token: str
    refresh_token: str
    access: AccessToken
    refresh: RefreshToken
    is_short_lived: bool


class Grants:
    """All tokens of the cloud."""

    def __init__(
        self, names: Names, home: Home, merchant_keys: Iterable[str], clock: Callable[[], float] = time.time
    ) -> None:
        self._names = names
        self._home = home
        self._clock = clock
        self._saved = home.load(_SECTION, Saved) or Saved()
        self._codes: dict[str, Code] = {}
        self._merchant_keys = tuple(merchant_keys)
        self._personal = {self.personal_token(key): key for key in self._merchant_keys}

    def personal_token(self, merchant_key: str) -> str:
        """The merchant's personal access token: all scopes, no expiry."""
        generation = self._saved.generations.get(merchant_key, 0)
        return "EAAAP" + self._names.token("personal", f"{merchant_key}:{generation}")

    def authenticate(self, token: str, expire_after_requests: int | None = None) -> Access:
        """What a bearer token allows.

        Raises:
            SquareError: 401 UNAUTHORIZED, ACCESS_TOKEN_EXPIRED or ACCESS_TOKEN_REVOKED.
        """
        if token == DEVELOPER_TOKEN:
            return Access("", frozenset(), True, token, None, None)  # noqa: FBT003
        if token in self._personal:
            return Access(self._personal[token], frozenset(SCOPES), True, token, None, None)  # noqa: FBT003
        access = self._saved.access.get(token)
        if access is None:
            raise unauthorized("UNAUTHORIZED", "This request could not be authorized.")
        access.requests += 1
        if access.is_revoked:
            raise unauthorized("ACCESS_TOKEN_REVOKED", "The access token was revoked.")
        if access.expires_at <= self._clock() or (
            expire_after_requests is not None and access.requests > expire_after_requests
        ):
            raise unauthorized("ACCESS_TOKEN_EXPIRED", "The access token has expired.")
        scopes = frozenset(access.scopes)
        return Access(access.merchant_key, scopes, False, token, access.client_id, access.expires_at)  # noqa: FBT003

    def consent(self, merchant_key: str, scope: str, redirect_uri: str | None, challenge: str | None) -> str:
        """A code for the scopes, five minutes valid and good once."""
        scopes = [name for name in scope.replace("+", " ").split() if name in SCOPES] or list(_DEFAULT_SCOPES)
        code = "sq0cgb-" + self._names.token("code", self._next())
        self._codes[code] = Code(merchant_key, scopes, redirect_uri, challenge, self._clock())
        return code

    def take_code(self, code: str) -> Code | None:
        """The consent behind a code, which is used up by this; None when there is none or it is too old."""
        consent = self._codes.pop(code, None)
        if consent is None or self._clock() - consent.issued_at > CODE_SECONDS:
            return None
        return consent

    def exchange(self, consent: Code, *, short_lived: bool) -> Tokens:
        """First tokens for a consent."""
        expires_at = self._clock() + PKCE_REFRESH_SECONDS if consent.challenge else None
        refresh = RefreshToken(consent.merchant_key, consent.scopes, expires_at)
        refresh_token = "EQAA" + self._names.token("refresh", self._next())
        self._saved.refresh[refresh_token] = refresh
        return self._issue(refresh_token, refresh, consent.scopes, short_lived=short_lived)

    def refresh(self, token: str, scopes: list[str] | None, *, short_lived: bool) -> Tokens | None:
        """A new access token; with PKCE a new refresh token too. None when the refresh token is dead."""
        known = self._saved.refresh.get(token)
        if known is None or known.is_dead or (known.expires_at is not None and known.expires_at <= self._clock()):
            return None
        granted = known.scopes if scopes is None else [scope for scope in known.scopes if scope in scopes]
        if known.expires_at is None:
            return self._issue(token, known, granted, short_lived=short_lived)
        known.is_dead = True
        successor = RefreshToken(known.merchant_key, known.scopes, self._clock() + PKCE_REFRESH_SECONDS)
        token = "EQAA" + self._names.token("refresh", self._next())
        self._saved.refresh[token] = successor
        return self._issue(token, successor, granted, short_lived=short_lived)

    def is_pkce(self, refresh_token: str) -> bool:
        """Whether a refresh token is of the PKCE flow, which needs no client secret."""
        known = self._saved.refresh.get(refresh_token)
        return known is not None and known.expires_at is not None

    def revoke_token(self, token: str) -> str | None:
        """End one access token; the result is its merchant, None when unknown."""
        access = self._saved.access.get(token)
        if access is None:
            return None
        access.is_revoked = True
        self._save()
        return access.merchant_key

    def merchant_of(self, token: str) -> str | None:
        """The merchant of an access token got by OAuth."""
        access = self._saved.access.get(token)
        return None if access is None else access.merchant_key

    def revoke_merchant(self, merchant_key: str, *, personal_too: bool) -> None:
        """End every authorization of a merchant; with `personal_too` its personal token is replaced."""
        for access in self._saved.access.values():
            if access.merchant_key == merchant_key:
                access.is_revoked = True
        for refresh in self._saved.refresh.values():
            if refresh.merchant_key == merchant_key:
                refresh.is_dead = True
        if personal_too:
            self._personal.pop(self.personal_token(merchant_key))
            self._saved.generations[merchant_key] = self._saved.generations.get(merchant_key, 0) + 1
            self._personal[self.personal_token(merchant_key)] = merchant_key
        self._save()

    def authorized_scopes(self, merchant_key: str) -> frozenset[str]:
        """Scopes some application holds for the merchant now."""
        return frozenset(
            scope
            for refresh in self._saved.refresh.values()
            if refresh.merchant_key == merchant_key and not refresh.is_dead
            for scope in refresh.scopes
        )

    def _issue(self, refresh_token: str, refresh: RefreshToken, scopes: list[str], *, short_lived: bool) -> Tokens:
        lifetime = SHORT_ACCESS_SECONDS if short_lived else ACCESS_SECONDS
        access = AccessToken(refresh.merchant_key, scopes, self._clock() + lifetime, CLIENT_ID)
        access_token = "EAAAO" + self._names.token("access", self._next())
        self._saved.access[access_token] = access
        self._save()
        return Tokens(access_token, refresh_token, access, refresh, short_lived)

    def _next(self) -> str:
        self._saved.issued += 1
        return str(self._saved.issued)

    def _save(self) -> None:
        self._home.save(_SECTION, self._saved)


def challenge_of(verifier: str) -> str:
    """The PKCE challenge of a verifier: unpadded base64url of its SHA-256."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
