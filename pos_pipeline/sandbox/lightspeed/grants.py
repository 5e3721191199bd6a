"""Who may do what: personal tokens, OAuth codes, and pairs of tokens that replace one another.

Tokens follow the real clock, because clients compare `expires` with theirs; the shops' sales follow the world's.
"""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec import Struct

from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.lightspeed.errors import failure
from pos_pipeline.sandbox.lightspeed.names import Names

CLIENT_ID = "sandbox-xseries-demo"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - the simulated application's public constant
SCOPES = frozenset(
    {
        "audit:read",
        "consignments:read",
        "customers:read",
        "fulfillments:read",
        "gift_cards:read",
        "inventory:read",
        "outlets:read",
        "payment_types:read",
        "payments:read",
        "products:read",
        "products:read:price_books",
        "promotions:read",
        "registers:read",
        "retailer:read",
        "sales:read",
        "services:read",
        "store_credits:read",
        "suppliers:read",
        "taxes:read",
        "users:read",
        "webhooks",
    }
)
CODE_SECONDS = 10 * 60
"""Claimed by third parties only; the official pages name no lifetime."""
ACCESS_SECONDS = 86_400
_SECTION = "lightspeed_grants"


class Access(NamedTuple):
    """What a token stands for."""

    merchant_key: str
    scopes: frozenset[str]
    is_personal: bool


class Pair(Struct):
    """An access token and the refresh token issued with it; they end together."""

    merchant_key: str
    scopes: list[str]
    access_token: str
    refresh_token: str
    expires_at: float
    requests: int = 0


class Saved(Struct):
    """What survives a restart: living pairs by their refresh tokens, and what keeps tokens from repeating."""

    issued: int = 0
    pairs: dict[str, Pair] = {}
    generations: dict[str, int] = {}
    """How often each merchant's personal token was replaced."""


class Code(NamedTuple):
    """A consent not yet turned into tokens."""

    merchant_key: str
    scopes: list[str]
    redirect_uri: str
    issued_at: float


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
        self._by_access = {pair.access_token: pair for pair in self._saved.pairs.values()}
        self._personal = {self.personal_token(key): key for key in merchant_keys}

    def personal_token(self, merchant_key: str) -> str:
        """The merchant's personal token: all scopes, no expiry, no refresh."""
        return self._names.token("personal", f"{merchant_key}:{self._saved.generations.get(merchant_key, 0)}")

    def authenticate(self, token: str, expire_after_requests: int | None = None) -> Access:
        """What a bearer token allows.

        Raises:
            LightspeedError: 401 unknown, ended or expired.
        """
        if token in self._personal:
            return Access(self._personal[token], SCOPES, is_personal=True)
        pair = self._by_access.get(token)
        if pair is None:
            raise failure(401, "Unauthorized: the token is not known or was revoked.")
        pair.requests += 1
        is_worn = expire_after_requests is not None and pair.requests > expire_after_requests
        if is_worn or pair.expires_at <= self._clock():
            raise failure(401, "Unauthorized: the token has expired.")
        return Access(pair.merchant_key, frozenset(pair.scopes), is_personal=False)

    def consent(self, merchant_key: str, scopes: list[str], redirect_uri: str) -> str:
        """A code for the scopes, good once and for ten minutes."""
        code = self._names.token("code", self._next())
        self._codes[code] = Code(merchant_key, scopes, redirect_uri, self._clock())
        return code

    def exchange(self, code: str, merchant_key: str, redirect_uri: str) -> Pair | None:
        """The first pair for a code, which is used up by this; None when it is not good for that."""
        consent = self._codes.pop(code, None)
        if consent is None or self._clock() - consent.issued_at > CODE_SECONDS:
            return None
        if (consent.merchant_key, consent.redirect_uri) != (merchant_key, redirect_uri):
            return None
        return self._issue(merchant_key, consent.scopes)

    def refresh(self, refresh_token: str, merchant_key: str) -> Pair | None:
        """The next pair; both old tokens end with this. None when the refresh token has ended before."""
        old = self._saved.pairs.get(refresh_token)
        if old is None or old.merchant_key != merchant_key:
            return None
        self._end(old)
        return self._issue(merchant_key, old.scopes)

    def revoke(self, merchant_key: str) -> None:
        """End every token of a merchant; its personal one is replaced."""
        for pair in [pair for pair in self._saved.pairs.values() if pair.merchant_key == merchant_key]:
            self._end(pair)
        self._personal.pop(self.personal_token(merchant_key))
        self._saved.generations[merchant_key] = self._saved.generations.get(merchant_key, 0) + 1
        self._personal[self.personal_token(merchant_key)] = merchant_key
        self._home.save(_SECTION, self._saved)

    def _issue(self, merchant_key: str, scopes: list[str]) -> Pair:
        serial = self._next()
        pair = Pair(
            merchant_key,
            scopes,
            self._names.token("access", serial),
            self._names.token("refresh", serial),
            float(int(self._clock()) + ACCESS_SECONDS),
        )
        self._saved.pairs[pair.refresh_token] = pair
        self._by_access[pair.access_token] = pair
        self._home.save(_SECTION, self._saved)
        return pair

    def _end(self, pair: Pair) -> None:
        del self._saved.pairs[pair.refresh_token]
        del self._by_access[pair.access_token]

    def _next(self) -> str:
        self._saved.issued += 1
        return str(self._saved.issued)
