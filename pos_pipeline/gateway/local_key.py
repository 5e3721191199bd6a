"""The key of an installation that nobody issues tokens for: made at the first start, for this machine only."""

import os
import secrets
import time
from pathlib import Path
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr

from pos_pipeline.errors import Misconfigured
from pos_pipeline.gateway.settings import MIN_SECRET_BYTES, GatewaySettings

KEY_FILE = "jwt.key"
ISSUER = "pos-pipeline"


def local_key(home: Path) -> SecretStr:
    """The key in this home, made if there is none; only its owner can read it.

    Raises:
        Misconfigured: the file cannot be read or made, or was cut short.
    """
    path = home / KEY_FILE
    try:
        home.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{KEY_FILE}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(MIN_SECRET_BYTES))
        # Of several processes that start together the first one's key stays.
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        key = path.read_text().strip()
    except OSError as error:
        raise Misconfigured(f"gateway: {path} cannot be read or made ({error.strerror}).") from None
    if len(key) < MIN_SECRET_BYTES:
        raise Misconfigured(f"gateway: {path} holds no key; remove it to have one made. Tokens made before end then.")
    return SecretStr(key)


def issue_token(
    settings: GatewaySettings, key: SecretStr, tenant_id: UUID, *, subject: str, scopes: str, seconds: int
) -> str:
    """A token of our own for one tenant.

    Raises:
        Misconfigured: somebody else issues tokens here.
    """
    if not settings.is_local:
        raise Misconfigured("token: tokens are issued elsewhere here (POS_JWKS_URL or POS_JWT_SECRET is set).")
    now = int(time.time())
    claims = {
        "iss": settings.jwt_issuer or ISSUER,
        "aud": settings.jwt_audience,
        "sub": subject,
        "iat": now,
        "exp": now + seconds,
        "scope": scopes,
        settings.jwt_tenant_claim: str(tenant_id),
    }
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(key.get_secret_value()))
