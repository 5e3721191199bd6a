"""Who is let in."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.errors import Misconfigured, ProviderUnavailable
from pos_pipeline.gateway.app import build_app
from pos_pipeline.gateway.identity import build_verifier
from pos_pipeline.gateway.local_key import issue_token, local_key
from pos_pipeline.gateway.problems import Refusal
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

SECRET = "a-secret-of-more-than-thirty-two-bytes"
TENANT = UUID("0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11")


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


def unsigned(said: dict[str, Any], header: dict[str, Any]) -> str:
    """A token with any header and no signature."""
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, said))
    return ".".join(parts) + "."


def now(seconds: int) -> int:
    """So many seconds from now."""
    return int(time.time()) + seconds


# Made when a test asks, so that tests are called alike in every process.
WRONG: dict[str, Callable[[], str]] = {
    "expired": lambda: signed(claims(exp=now(-600))),
    "without an end": lambda: signed(claims(exp=None)),
    "with an end that is no time": lambda: signed(claims(exp="soon")),
    "not yet": lambda: signed(claims(nbf=now(600))),
    "for another service": lambda: signed(claims(aud="somebody-else")),
    "for other services": lambda: signed(claims(aud=["one", "two"])),
    "for no service": lambda: signed(claims(aud=None)),
    "of another issuer": lambda: signed(claims(iss="https://evil.example")),
    "of no issuer": lambda: signed(claims(iss=None)),
    "without a tenant": lambda: signed(claims(tenant_id=None)),
    "with a tenant by name": lambda: signed(claims(tenant_id="crumb")),
    "with a tenant by number": lambda: signed(claims(tenant_id=7)),
    "with several tenants": lambda: signed(claims(tenant_id=[str(TENANT)])),
    "signed with another secret": lambda: signed(claims(), secret="another-secret-of-more-than-32-bytes"),
    "signed wrongly": lambda: signed(claims(), algorithm="HS384")[:-4] + "AAAA",
    "signed by nobody": lambda: unsigned(claims(), {"alg": "none"}),
    "signed by Nobody": lambda: unsigned(claims(), {"alg": "nOnE"}),
    "that names no algorithm": lambda: unsigned(claims(), {}),
    "whose algorithm is a list": lambda: unsigned(claims(), {"alg": ["HS256"]}),
    "that brings its own key": lambda: unsigned(claims(), {"alg": "HS256", "jwk": {"kty": "oct", "k": "AA"}}),
    "without its signature": lambda: signed(claims()).rsplit(".", 1)[0] + ".",
    "in two parts": lambda: signed(claims()).rsplit(".", 1)[0],
    "with changed claims": lambda: ".".join(
        (
            signed(claims()).split(".")[0],
            unsigned(claims(scope="admin"), {}).split(".")[1],
            signed(claims()).split(".")[2],
        )
    ),
    "with claims that are a list": lambda: "eyJhbGciOiJIUzI1NiJ9.W10.AAAA",
    "that is none": lambda: "not.a.token",
    "that is nothing": lambda: "",
    "huge": lambda: "a" * 5000,
    "huge in parts": lambda: ".".join(["a" * 50_000] * 3),
    "not in ASCII": lambda: "é.é.é",
}


@pytest.mark.parametrize("token", WRONG.values(), ids=WRONG.keys())
def test_every_way_a_token_can_be_wrong(issuer: GatewaySettings, token: Callable[[], str]) -> None:
    """Refused with 401; nothing of the token is repeated."""
    text = token()
    with pytest.raises(Refusal) as refused:
        build_verifier(issuer, None).verify(text)

    assert refused.value.status == 401
    assert not text or text not in refused.value.detail


HEADERS: dict[str, list[str]] = {
    "another scheme": ["Basic {}"],
    "no scheme": ["{}"],
    "no token": ["Bearer"],
    "a blank for a token": ["Bearer "],
    "two good ones": ["Bearer {}", "Bearer {}"],
    "a good one and a bad one": ["Bearer {}", "Bearer made.up.token"],
    "a bad one and a good one": ["Basic x", "Bearer {}"],
    "two tokens in one": ["Bearer {}, Bearer {}"],
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("key", [(), (("Idempotency-Key", "k1"),)], ids=["plain", "once"])
def test_every_way_the_header_can_be_wrong(
    ask: Callable[..., TestClient],
    bakery: Tenant,
    token_of: Callable[..., str],
    headers: list[str],
    key: tuple[tuple[str, str], ...],
) -> None:
    """Whoever stands before us may have looked at the other one of two; a POST that is to happen once is no way in."""
    sent = [("Authorization", header.format(*[token_of(bakery.id)] * 2)) for header in headers]
    answer = ask().post("mappings/auto-map", headers=[*sent, *key])

    assert (answer.status_code, answer.json()["type"]) == (401, "urn:pos-pipeline:problem:unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_in_any_case(
    ask: Callable[..., TestClient], bakery: Tenant, token_of: Callable[..., str], scheme: str
) -> None:
    """RFC 9110 compares schemes without case, and lets there be more than one blank."""
    assert ask().get("accounts", headers={"Authorization": f"{scheme} {token_of(bakery.id)}"}).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host"])
def test_the_local_key_does_not_come_through_a_proxy(
    ask: Callable[..., TestClient], bakery: Tenant, header: str
) -> None:
    """The key this installation made is for its own machine, wherever a proxy before it listens."""
    answer = ask(bakery).get("accounts", headers={header: "127.0.0.1"})

    assert (answer.status_code, answer.json()["type"]) == (401, "urn:pos-pipeline:problem:unauthenticated")
    assert "POS_JWKS_URL" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("127.8.8.8", 200), ("::1", 200), ("10.0.0.7", 401), ("2001:db8::1", 401)],
)
def test_the_local_key_does_not_come_over_a_network(
    app: FastAPI, bakery: Tenant, token_of: Callable[..., str], address: str, status: int
) -> None:
    """Only from a loopback address."""
    client = TestClient(app, client=(address, 50_000), headers={"Authorization": f"Bearer {token_of(bakery.id)}"})

    assert client.get("/api/v1/pos/accounts").status_code == status


def test_a_tenant_that_is_not_here(ask: Callable[..., TestClient], bakery: Tenant, database: Database) -> None:
    """A good token of a tenant we do not have sees nothing and makes nothing."""
    stranger = ask(Tenant(TENANT, "stranger", "Stranger"))

    assert stranger.get("accounts").json()["items"] == []
    once = stranger.post("mappings/auto-map", headers={"Idempotency-Key": "k1"})
    assert (once.status_code, once.json()["type"]) == (404, "urn:pos-pipeline:problem:not_found")
    assert ask(bakery).get("accounts").status_code == 200
    assert database.fetch("select key from pos.idempotency_keys") == []


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
    forged = jwt.encode({"alg": "HS256", "kid": "k1"}, claims(), OctKey.import_key(SECRET))
    with pytest.raises(Refusal):
        verifier.verify(forged)


def test_a_key_of_nobody(key_server: HTTPServer) -> None:
    """A token signed with a key the issuer does not show is refused."""
    key_server.keys = {"keys": [RSAKey.generate_key(2048, {"kid": "k1"}).as_dict(private=False)]}  # type: ignore[attr-defined]
    verifier = build_verifier(GatewaySettings(jwks_url=f"http://127.0.0.1:{key_server.server_port}/"), None)
    stranger = RSAKey.generate_key(2048, {"kid": "k2"})

    with pytest.raises(Refusal):
        verifier.verify(jwt.encode({"alg": "RS256", "kid": "k2"}, claims(), stranger))


@pytest.mark.parametrize("spelling", ["pem", "jwk"])
def test_a_public_key_is_no_secret(key_server: HTTPServer, spelling: str) -> None:
    """Who signs with the bytes of the issuer's public key, which all the world has, is refused."""
    key = RSAKey.generate_key(2048, {"kid": "k1"})
    public = key.as_dict(private=False)
    key_server.keys = {"keys": [public]}  # type: ignore[attr-defined]
    verifier = build_verifier(GatewaySettings(jwks_url=f"http://127.0.0.1:{key_server.server_port}/keys"), None)
    secret = key.as_pem(private=False) if spelling == "pem" else json.dumps(public).encode()
    text = unsigned(claims(), {"alg": "HS256", "kid": "k1"}).rstrip(".")
    signature = base64.urlsafe_b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()).decode().rstrip("=")

    with pytest.raises(Refusal):
        verifier.verify(f"{text}.{signature}")


@pytest.mark.parametrize("page", [{}, [], "keys", {"keys": "none"}, {"keys": [{"kty": "RSA"}]}, {"keys": [7]}, None])
def test_keys_that_cannot_be_read(key_server: HTTPServer, page: object) -> None:
    """Nobody is let in, callers are told to come again, and the issuer is not asked for each of them."""
    key_server.keys = page  # type: ignore[attr-defined]
    verifier = build_verifier(GatewaySettings(jwks_url=f"http://127.0.0.1:{key_server.server_port}/keys"), None)

    for _ in range(3):
        with pytest.raises((ProviderUnavailable, Refusal)):
            verifier.verify(signed(claims()))
    assert key_server.reads <= 2  # type: ignore[attr-defined]


def test_keys_of_an_issuer_that_has_gone(key_server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys we have serve for a day; a new one is found as soon as its issuer is back."""
    clock = [0.0]
    monkeypatch.setattr("pos_pipeline.gateway.identity.time", SimpleNamespace(monotonic=lambda: clock[0]))
    old, new = (RSAKey.generate_key(2048, {"kid": kid}) for kid in ("k1", "k2"))
    key_server.keys = {"keys": [old.as_dict(private=False)]}  # type: ignore[attr-defined]
    verifier = build_verifier(GatewaySettings(jwks_url=f"http://127.0.0.1:{key_server.server_port}/keys"), None)
    good = {"exp": int(time.time()) + 10 * 86_400}
    token, later = (
        jwt.encode({"alg": "RS256", "kid": kid}, claims(**good), key) for kid, key in (("k1", old), ("k2", new))
    )
    assert verifier.verify(token).tenant_id == TENANT

    key_server.keys = "gone"  # type: ignore[attr-defined]
    clock[0] = 80_000.0
    assert verifier.verify(token).tenant_id == TENANT
    clock[0] = 90_000.0
    with pytest.raises(ProviderUnavailable):
        verifier.verify(token)
    key_server.keys = {"keys": [new.as_dict(private=False)]}  # type: ignore[attr-defined]
    clock[0] = 90_010.0
    assert verifier.verify(later).tenant_id == TENANT
    with pytest.raises(Refusal):
        verifier.verify(token)


def test_keys_out_of_reach_are_told_as_ours(services: Services, bakery: Tenant) -> None:
    """503 with a time to come again: the caller's token may be fine."""
    app = build_app(services, GatewaySettings(jwks_url="http://127.0.0.1:1/keys"))
    answer = TestClient(app).get("/api/v1/pos/accounts", headers={"Authorization": f"Bearer {signed(claims())}"})

    assert bakery
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:pos-pipeline:problem:provider_unavailable")
    assert int(answer.headers["retry-after"]) > 0


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
