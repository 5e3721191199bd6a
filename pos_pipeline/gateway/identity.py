"""Who asks: a bearer JWT, verified, with a tenant and scopes.

The keys are those of a JWKS address, of a shared secret, or of the key file this installation made for
itself; which one is a setting, and a token's own header never chooses.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import httpx
import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization, OctKey
from joserfc.jwt import ClaimsOption
from pydantic import SecretStr

from pos_pipeline.errors import ProviderUnavailable
from pos_pipeline.gateway.logs import tell
from pos_pipeline.gateway.origin import is_of_this_machine
from pos_pipeline.gateway.problems import Refusal
from pos_pipeline.gateway.settings import GatewaySettings

READ, WRITE, ADMIN = "read", "write", "admin"
IMPLIED = {ADMIN: {READ, WRITE, ADMIN}, WRITE: {READ, WRITE}, READ: {READ}}
LEEWAY_SECONDS = 30
KEYS_LIVE_SECONDS = 600.0
KEYS_PAUSE_SECONDS = 30.0
"""An unknown key makes us look again, but not more often than this."""
KEYS_STALE_SECONDS = 86_400.0
KEYS_RETRY_SECONDS = 2.0
"""Without any keys nobody gets in: look again soon, but not for every request."""
ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
SYMMETRIC = ["HS256", "HS384", "HS512"]

log = structlog.get_logger(__name__)
bearer = HTTPBearer(auto_error=False, description="A JWT with the tenant and the scopes read, write or admin.")


@dataclass(frozen=True)
class Identity:
    """Who a request comes from and what they may do."""

    tenant_id: UUID
    subject: str
    scopes: frozenset[str]


class Verifier:
    """Turns tokens into identities. May be used by several threads.

    Args:
        settings: Issuer, audience, tenant claim.
        keys: Keys as they are now; asked again for a token whose key is unknown, with `True`.
        algorithms: The only ones accepted.
    """

    def __init__(
        self, settings: GatewaySettings, keys: Callable[[bool], KeySet | OctKey], algorithms: list[str]
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._algorithms = algorithms
        claims: dict[str, ClaimsOption] = {
            "exp": {"essential": True},
            "aud": {"essential": True, "value": settings.jwt_audience},
        }
        if settings.jwt_issuer:
            claims["iss"] = {"essential": True, "value": settings.jwt_issuer}
        self._rules = jwt.JWTClaimsRegistry(None, LEEWAY_SECONDS, **claims)

    def verify(self, token: str) -> Identity:
        """The identity behind a token.

        Raises:
            Refusal: 401, with a reason that says nothing about the keys.
            ProviderUnavailable: the keys cannot be had.
        """
        claims = self._claims(token)
        tenant = claims.get(self._settings.jwt_tenant_claim)
        try:
            tenant_id = UUID(str(tenant))
        except ValueError:
            raise _refused(f"the claim {self._settings.jwt_tenant_claim} names no tenant") from None
        asked = claims.get("scope", claims.get("scopes", ""))
        words = asked.split() if isinstance(asked, str) else asked if isinstance(asked, list) else []
        scopes = frozenset(scope for word in words if isinstance(word, str) for scope in IMPLIED.get(word, ()))
        return Identity(tenant_id, str(claims.get("sub", "")), scopes)

    def _claims(self, token: str) -> dict[str, object]:
        for again in (False, True):
            try:
                claims = jwt.decode(token, self._keys(again), algorithms=self._algorithms).claims
                self._rules.validate(claims)
            except (JoseError, ValueError) as error:
                # Only a key we have not seen yet is worth a second look.
                if isinstance(error, JoseError) and "key" in error.error and not again:
                    continue
                reason = error.error if isinstance(error, JoseError) else "malformed"
                raise _refused(reason.replace("_", " ")) from None
            else:
                return dict(claims)
        raise _refused("its key is unknown")


def _refused(reason: str) -> Refusal:
    return Refusal(
        401,
        "unauthenticated",
        f"The token is not accepted: {reason}.",
        {"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


class RemoteKeys:
    """A JWKS address, read at most once in ten minutes, and once more for a key we do not know.

    While it does not answer the keys we have stay good for a day: longer, and a key that was withdrawn would too.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._read_at = self._tried_at = -math.inf

    def __call__(self, again: bool) -> KeySet:
        """The keys.

        Raises:
            ProviderUnavailable: they were never had or are too old, and cannot be had now.
        """
        with self._lock:
            now = time.monotonic()
            age = now - self._read_at
            pause = KEYS_PAUSE_SECONDS if age < KEYS_STALE_SECONDS else KEYS_RETRY_SECONDS
            if (again or age > KEYS_LIVE_SECONDS) and now - self._tried_at > pause:
                self._tried_at = now
                self._read()
            if self._keys is None or now - self._read_at > KEYS_STALE_SECONDS:
                raise ProviderUnavailable("gateway: the keys that sign our callers' tokens cannot be read.")
            return self._keys

    def _read(self) -> None:
        try:
            answer = httpx.get(self._url, timeout=5.0).raise_for_status()
            keys: KeySetSerialization = answer.json()
            self._keys = KeySet.import_key_set(keys)
            self._read_at = time.monotonic()
        except (httpx.HTTPError, ValueError, TypeError, KeyError, AttributeError, JoseError) as error:
            log.warning("keys not read", error_type=type(error).__name__)


def build_verifier(settings: GatewaySettings, local_key: SecretStr | None) -> Verifier:
    """The verifier these settings ask for; `local_key` counts only where nobody else issues tokens."""
    if settings.jwks_url:
        return Verifier(settings, RemoteKeys(settings.jwks_url), ASYMMETRIC)
    secret = settings.jwt_secret or local_key or SecretStr("")
    key = OctKey.import_key(secret.get_secret_value())
    return Verifier(settings, lambda _: key, SYMMETRIC)


def identify(request: Request) -> Identity:
    """The identity of this request's caller.

    Raises:
        Refusal: 401, there is no token or it is not accepted.
        ProviderUnavailable: the keys cannot be had.
    """
    given = request.headers.getlist("authorization")
    scheme, _, token = (given or [""])[0].partition(" ")
    if len(given) != 1 or scheme.lower() != "bearer" or not token:
        # Of two, whoever stands before us may have looked at the other one.
        raise Refusal(401, "unauthenticated", "Send one bearer token.", {"WWW-Authenticate": "Bearer"})
    if request.app.state.settings.is_local and not is_of_this_machine(request):
        raise Refusal(
            401,
            "unauthenticated",
            "Tokens of the installation's own key are good on its machine only; set POS_JWKS_URL or POS_JWT_SECRET.",
            {"WWW-Authenticate": "Bearer"},
        )
    verifier: Verifier = request.app.state.verifier
    identity = verifier.verify(token.strip())
    tell(tenant_id=str(identity.tenant_id))
    return identity


def known_caller(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Identity:
    """As `identify`; the parameter is for the OpenAPI."""
    return identify(request)


class Needs:
    """The caller, if they have a scope."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    def __call__(self, caller: Annotated[Identity, Depends(known_caller)]) -> Identity:
        """The caller's identity.

        Raises:
            Refusal: 403, the scope is missing.
        """
        if self.scope not in caller.scopes:
            raise Refusal(
                403,
                "missing_scope",
                f"This needs the scope {self.scope}.",
                {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{self.scope}"'},
            )
        return caller


Reader = Annotated[Identity, Depends(Needs(READ))]
Writer = Annotated[Identity, Depends(Needs(WRITE))]
Admin = Annotated[Identity, Depends(Needs(ADMIN))]
