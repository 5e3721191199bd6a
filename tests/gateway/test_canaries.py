"""Secrets and people's data pass through a gateway, much goes wrong, and nothing of them is left lying.

Looked through are what its process printed, every answer, row and file, and what Dagster was asked.
Answers that have to carry a state or a code are the only ones that may.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from rig.tills import settings_for

from pos_pipeline.accounts.grants import read_grant
from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.sandbox import running_sandbox
from pos_pipeline.sandbox.shop.merchants import PANADERIA
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

PUBLIC = "https://pos.example"
SECRET = "canary-secret-our-callers-sign-with"
SIGNATURE_KEY = "canary-signature-key"
NAME, EMAIL = "Canaria Perdida", "secreta@correo.example"
SERVE = "from pos_pipeline.cli import main; main()"
TABLES = """
select c.oid::regclass::text
from pg_catalog.pg_class as c
where c.relkind in ('r', 'p') and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
"""


class DagsterPage(BaseHTTPRequestHandler):
    """Starts every run it is asked for, and remembers what it was asked."""

    def do_POST(self) -> None:
        """One mutation."""
        asked = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.asked.append(asked)  # type: ignore[attr-defined]
        self.server.is_asked.set()  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"data": {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "r"}}}}')

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass
class Aviary:
    """A gateway with canaries all around it."""

    url: str
    process: subprocess.Popen[bytes]
    printed: Path
    dagster: ThreadingHTTPServer
    canaries: dict[str, str]
    answers: dict[str, str] = field(default_factory=dict)
    """What may not carry any canary, by what was asked."""

    def ask(self, what: str, method: str, path: str, *, may_carry: bool = False, **options: Any) -> httpx.Response:
        """Send a request and keep the answer."""
        options["headers"] = {"Authorization": f"Bearer {self.canaries['token']}"} | options.get("headers", {})
        answer = httpx.request(method, f"{self.url}/api/v1/pos/{path}", trust_env=False, timeout=30, **options)
        if not may_carry:
            self.answers[f"{what}: {answer.status_code}"] = f"{answer.headers} {answer.text}"
        return answer

    def lines(self) -> list[dict[str, Any]]:
        """What the gateway has logged."""
        return [json.loads(line) for line in self.printed.read_text().splitlines()]

    def tags(self) -> list[dict[str, str]]:
        """Of the run that was asked for last."""
        return json.loads(self.dagster.asked[-1])["variables"]["tags"]  # type: ignore[attr-defined, no-any-return]

    def singing(self, home: Path, database: Database) -> dict[str, list[str]]:
        """Which canaries are heard where; empty when all are silent."""
        places = {"log": self.printed.read_text(), "runs": "\n".join(self.dagster.asked)}  # type: ignore[attr-defined]
        places |= self.answers
        for (table,) in database.fetch(TABLES):
            rows = [str(row) for (row,) in database.fetch(f"select to_jsonb(t)::text from {table} as t")]
            # bytes are shown in hexadecimal; a canary may have been stored as bytes
            places[table] = "\n".join(rows) + "".join(
                bytes.fromhex(one).decode("latin-1") for one in hexadecimals(rows)
            )
        places |= {str(path): path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file()}
        return {
            place: heard
            for place, text in places.items()
            if (heard := [name for name, canary in self.canaries.items() if canary in text])
        }


def hexadecimals(rows: list[str]) -> Iterator[str]:
    """What a column of bytes holds, as it is shown in rows."""
    for row in rows:
        for part in row.split("\\\\x")[1:]:
            digits = part.partition('"')[0]
            if len(digits) % 2 == 0:
                yield digits


@pytest.fixture
def dagster() -> Iterator[ThreadingHTTPServer]:
    """A Dagster."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), DagsterPage)
    server.asked, server.is_asked = [], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def token(tenant: Tenant, seconds: int = 600) -> str:
    """A token for the tenant."""
    claims = {"aud": "pos-pipeline", "tenant_id": str(tenant.id), "scope": "admin", "exp": int(time.time()) + seconds}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))


@pytest.fixture
def aviary(
    services: Services, bakery: Tenant, dagster: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Aviary]:
    """A gateway that listens, over simulated clouds and this test's database."""
    with running_sandbox(days=1, sales_per_day=2, merchants=[PANADERIA]) as sandbox:
        for provider in ("square", "toast"):
            for name, value in settings_for(provider, sandbox.base_url(provider)).items():
                monkeypatch.setenv(name, value)
        canaries = {"caller's secret": SECRET, "signature key": SIGNATURE_KEY, "name": NAME, "e-mail": EMAIL}
        canaries |= {name: value for name, value in os.environ.items() if name.endswith("_SECRET")}
        canaries |= {"token": token(bakery), "old token": token(bakery, -600)}
        environment = os.environ | {
            "DATABASE_URL": services.database.url,
            "POS_HOME": str(services.settings.pos_home),
            "POS_JWT_SECRET": SECRET,
            "POS_PUBLIC_URL": PUBLIC,
            "POS_DAGSTER_URL": f"http://127.0.0.1:{dagster.server_port}",
            "SQUARE_WEBHOOK_SIGNATURE_KEY": SIGNATURE_KEY,
        }
        printed = tmp_path / "printed"
        with printed.open("wb") as errors:
            command = [sys.executable, "-c", SERVE, "gateway", "--port", "0"]
            process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors)  # noqa: S603
            try:
                assert process.stdout is not None
                said = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline().decode())
                assert said, printed.read_text()
                yield Aviary(said[0], process, printed, dagster, canaries)
            finally:
                process.terminate()
                process.communicate(timeout=30)


def link_square(aviary: Aviary) -> None:
    """A merchant consents; the way back is taken twice, then once more with a refusal."""
    link = aviary.ask("authorize", "GET", "oauth/square/authorize", may_carry=True).json()["authorize_url"]
    aviary.canaries["state"] = dict(parse_qsl(urlsplit(link).query))["state"]
    back = urlsplit(httpx.get(link, trust_env=False).headers["location"]).query
    aviary.canaries["code"] = dict(parse_qsl(back))["code"]
    for what in ("callback", "callback again"):
        aviary.ask(what, "GET", f"oauth/square/callback?{back}")
    aviary.ask("declined", "GET", f"oauth/square/callback?error=access_denied&state={aviary.canaries['state']}")
    assert [what for what in aviary.answers if what.startswith("callback")] == ["callback: 200", "callback again: 400"]


def deliver(aviary: Aviary, merchant: str, key: str) -> int:
    """Square tells of a payment and, as it does, of the person behind it."""
    person = {"given_name": NAME, "email_address": EMAIL}
    body = json.dumps(
        {
            "merchant_id": merchant,
            "type": "payment.created",
            "event_id": "e1",
            "created_at": "2026-09-18T10:00:00Z",
            "data": {"type": "payment", "id": "p1", "object": {"payment": {"customer": person, "note": NAME}}},
        }
    ).encode()
    address = f"{PUBLIC}/api/v1/pos/webhooks/square"
    signature = base64.b64encode(hmac.new(key.encode(), address.encode() + body, hashlib.sha256).digest()).decode()
    headers = {"x-square-hmacsha256-signature": signature}
    return aviary.ask("delivery", "POST", "webhooks/square", content=body, headers=headers).status_code


def test_nothing_is_left_lying(aviary: Aviary, services: Services, database: Database) -> None:
    """Linking by consent, code and credentials, deliveries, refusals, failures: no sink holds a canary."""
    link_square(aviary)
    [(connection_id, merchant)] = database.fetch("select id, merchant_id from pos.connections")
    with database.transaction() as transaction:
        grant = read_grant(transaction, services.vault, UUID(str(connection_id))).grant
    assert grant is not None
    aviary.canaries |= {"access token": grant.access_token, "refresh token": grant.refresh_token or "none"}
    account_id = aviary.ask("accounts", "GET", "accounts").json()["items"][0]["id"]

    again = {"headers": {"Idempotency-Key": "k1"}, "may_carry": True}
    links = [aviary.ask("reconnect", "POST", f"accounts/{account_id}/reconnect", **again).json() for _ in range(2)]
    assert links[0] == links[1]
    aviary.canaries["second state"] = dict(parse_qsl(urlsplit(links[0]["authorize_url"]).query))["state"]
    code = aviary.ask("toast", "GET", "oauth/toast/authorize", may_carry=True).json()["code"]
    aviary.canaries["link code"] = code
    assert aviary.ask("code", "GET", f"oauth/toast/codes/{code}").status_code == 200

    for credential, statuses in ((grant.access_token, {201}), ("EAAA-canary-personal-token", {400, 422})):
        typed = {"pos_provider": "square", "credentials": {"access_token": credential}}
        aviary.canaries[f"typed {len(aviary.canaries)}"] = credential
        assert aviary.ask("credentials", "POST", "accounts", json=typed).status_code in statuses
    assert [deliver(aviary, merchant, key) for key in (SIGNATURE_KEY, "another")] == [200, 401]
    old = {"Authorization": f"Bearer {aviary.canaries['old token']}"}
    assert aviary.ask("expired", "GET", "accounts", headers=old).status_code == 401
    aviary.ask("query", "GET", f"accounts?access_token={aviary.canaries['token']}&code={aviary.canaries['code']}")
    database.fetch("update pos.sync_requests set status = 'done' where kind = 'live' returning id")
    aviary.dagster.is_asked.clear()  # type: ignore[attr-defined]
    asked = aviary.ask("sync", "POST", f"sync/{account_id}", headers={"X-Request-ID": "the-request-of-a-test"})
    assert asked.headers["x-request-id"] == "the-request-of-a-test"
    assert aviary.dagster.is_asked.wait(30)  # type: ignore[attr-defined]
    with database.transaction() as transaction:
        transaction.execute("alter table pos.product_mappings rename to elsewhere")
    assert aviary.ask("failure", "GET", f"mappings?pos_product_id={EMAIL}").status_code == 500

    aviary.process.terminate()
    aviary.process.communicate(timeout=30)
    assert aviary.singing(services.settings.pos_home, database) == {}
    lines = aviary.lines()
    assert {"key": "pos/request_id", "value": "the-request-of-a-test"} in aviary.tags()
    failure = next(line for line in lines if line["event"] == "request failed")
    assert failure["error_type"] == "UndefinedTable"
    assert "/oauth/{provider}/codes/{code}" in {line.get("route") for line in lines}
    of_tenant = [line for line in lines if line.get("route") == "/sync/{account_id}"]
    assert [(line["request_id"], line["status"]) for line in of_tenant] == [("the-request-of-a-test", 202)]
    assert all(line["tenant_id"] for line in of_tenant)
