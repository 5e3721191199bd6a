"""Who is let in."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.errors import Misconfigured
from pos_pipeline.gateway.identity import build_verifier
from pos_pipeline.gateway.local_key import issue_token, local_key
from pos_pipeline.gateway.problems import Refusal
from pos_pipeline.gateway.settings import GatewaySettings

SECRET = "a-secret-of-more-than-thirty-two-bytes"
TENANT = uuid4()


def claims(**changes: Any) -> dict[str, Any]:
    """What a good token says; None leaves a claim out."""
    good = {
        "iss": "https://issuer.example",
        "aud": "pos-pipeline",
        "sub": "service",
        "exp": int(time.time()) + 600,
        "tenant_id": str(TENANT),
        "scope": "read write",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(said: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    """A token."""
    return jwt.encode({"alg": algorithm}, said, OctKey.import_key(secret), algorithms=[algorithm])


@pytest.fixture
def issuer() -> GatewaySettings:
    """A shared secret and an issuer."""
    return GatewaySettings(jwt_secret=SecretStr(SECRET), jwt_issuer="https://issuer.example")


def test_a_good_token(issuer: GatewaySettings) -> None:
    """Tenant, subject and scopes come from the claims; write implies read."""
    identity = build_verifier(issuer, None).verify(signed(claims(scope="write")))

    assert (identity.tenant_id, identity.subject, identity.scopes) == (TENANT, "service", {"read", "write"})


@pytest.mark.parametrize(
    "token",
    [
        signed(claims(exp=int(time.time()) - 600)),
        signed(claims(exp=None)),
        signed(claims(aud="somebody-else")),
        signed(claims(aud=None)),
        signed(claims(iss="https://evil.example")),
        signed(claims(iss=None)),
        signed(claims(tenant_id=None)),
        signed(claims(tenant_id="crumb")),
        signed(claims(), secret="another-secret-of-more-than-32-bytes"),
        signed(claims(), algorithm="HS384")[:-4] + "AAAA",
        "eyJhbGciOiJub25lIn0." + signed(claims()).split(".")[1] + ".",
        signed(claims()).rsplit(".", 1)[0] + ".",
        "not.a.token",
        "",
        "a" * 5000,
        "é.é.é",
    ],
)
def test_every_way_a_token_can_be_wrong(issuer: GatewaySettings, token: str) -> None:
    """Refused with 401; nothing of the token is repeated."""
    with pytest.raises(Refusal) as refused:
        build_verifier(issuer, None).verify(token)

    assert refused.value.status == 401
    assert not token or token not in refused.value.detail


def test_unknown_scopes_are_worth_nothing(issuer: GatewaySettings) -> None:
    """A scope of another service lets nobody in here."""
    assert build_verifier(issuer, None).verify(signed(claims(scope="sales:admin Read"))).scopes == frozenset()


class KeyPage(BaseHTTPRequestHandler):
    """Gives out the keys its server holds."""

    def do_GET(self) -> None:
        """The keys."""
        body = json.dumps(self.server.keys).encode()  # type: ignore[attr-defined]
        self.server.reads += 1  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def key_server() -> Iterator[HTTPServer]:
    """A JWKS address."""
    server = HTTPServer(("127.0.0.1", 0), KeyPage)
    server.reads = 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_keys_of_an_issuer(key_server: HTTPServer) -> None:
    """Signed with a key of the issuer's page, read once for many tokens; a shared-secret algorithm is refused."""
    key = RSAKey.generate_key(2048, {"kid": "k1"})
    key_server.keys = {"keys": [key.as_dict(private=False)]}  # type: ignore[attr-defined]
    settings = GatewaySettings(jwks_url=f"http://127.0.0.1:{key_server.server_port}/keys")
    verifier = build_verifier(settings, None)
    token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims(), key)

    assert {verifier.verify(token).tenant_id for _ in range(5)} == {TENANT}
    assert key_server.reads == 1  # type: ignore[attr-defined]
    public = key.as_pem(private=False).decode()
    forged = jwt.encode({"alg": "HS256", "kid": "k1"}, claims(), OctKey.import_key(SECRET))
    with pytest.raises(Refusal):
        verifier.verify(forged)
    assert public


def test_a_key_of_nobody(key_server: HTTPServer) -> None:
    """A token signed with a key the issuer does not show is refused."""
    key_server.keys = {"keys": [RSAKey.generate_key(2048, {"kid": "k1"}).as_dict(private=False)]}  # type: ignore[attr-defined]
    verifier = build_verifier(GatewaySettings(jwks_url=f"http://127.0.0.1:{key_server.server_port}/"), None)
    stranger = RSAKey.generate_key(2048, {"kid": "k2"})

    with pytest.raises(Refusal):
        verifier.verify(jwt.encode({"alg": "RS256", "kid": "k2"}, claims(), stranger))


def test_the_local_key(tmp_path: Path) -> None:
    """Made once, readable by its owner only, good for tokens of this installation."""
    key = local_key(tmp_path)
    token = issue_token(GatewaySettings(), key, TENANT, subject="me", scopes="read", seconds=60)

    assert local_key(tmp_path) == key
    assert (tmp_path / "jwt.key").stat().st_mode & 0o077 == 0
    assert build_verifier(GatewaySettings(), key).verify(token).tenant_id == TENANT


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (GatewaySettings(host="0.0.0.0"), "POS_JWKS_URL or POS_JWT_SECRET"),  # noqa: S104 - refused
        (GatewaySettings(jwt_secret=SecretStr("short")), "POS_JWT_SECRET"),
        (GatewaySettings(jwt_secret=SecretStr(SECRET), jwks_url="https://issuer.example"), "unset one"),
        (GatewaySettings(host="0.0.0.0", jwks_url="http://issuer.example"), "https"),  # noqa: S104 - refused
    ],
)
def test_settings_that_would_let_anybody_in(settings: GatewaySettings, names: str) -> None:
    """The message names the setting."""
    with pytest.raises(Misconfigured, match=names):
        settings.checked()


def test_no_token_no_answer(ask: Callable[..., TestClient], bakery: Tenant) -> None:
    """Every tenant route says how to come in; health does not ask."""
    answer = ask().get("accounts")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert ask(bakery).get("accounts").status_code == 200
    assert ask().get("http://testserver/healthz").json() == {"status": "ok"}
    assert ask().get("http://testserver/readyz").status_code == 200
