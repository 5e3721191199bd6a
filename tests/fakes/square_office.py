"""Square's consent endpoints on loopback: tokens, their status, revocation, and the merchant's name.

Only as much as consent needs; the simulated cloud does the rest. It insists on what Square insists
on: JSON bodies, our id and secret, single-use codes, `Client <secret>` for a revocation.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

APP_ID, APP_SECRET = "sq0idp-app", "sq0csp-canary-secret"
MERCHANT = "MLMADPANADERIA1"
SCOPES = ["PAYMENTS_READ", "ORDERS_READ"]

Reply = tuple[int, dict[str, Any]]

NOT_AUTHORISED: Reply = (401, {"message": f"Not authorized for app [{APP_ID}]", "type": "service.not_authorized"})
UNAUTHORISED: Reply = (401, {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "UNAUTHORIZED"}]})


@dataclass
class SquareOffice:
    """State of the office; `refusal` answers /oauth2/token and /oauth2/revoke instead of itself."""

    url: str = ""
    codes: set[str] = field(default_factory=lambda: {"sq0cgb-code"})
    issued: int = 0
    personal: str = "EAAA-personal"
    is_revoked: bool = False
    refusal: Reply | None = None
    merchant_reply: Reply = (200, {"merchant": {"id": MERCHANT, "business_name": "Panadería Ejemplo"}})
    asked: list[tuple[str, str, dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def reply(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Reply:
        """What the office answers."""
        if path == "/square/oauth2/token/status":
            return self._status(headers.get("authorization", ""))
        if path == f"/square/v2/merchants/{MERCHANT}":
            return self.merchant_reply
        if self.refusal:
            return self.refusal
        if path == "/square/oauth2/token":
            return self._token(body)
        if path == "/square/oauth2/revoke":
            return self._revoke(headers.get("authorization", ""), body)
        return 404, {}

    def _token(self, body: dict[str, Any]) -> Reply:
        if (body.get("client_id"), body.get("client_secret")) != (APP_ID, APP_SECRET):
            return NOT_AUTHORISED
        if body["grant_type"] == "authorization_code":
            if body["code"] not in self.codes or body["redirect_uri"] != "https://pos.example/callback":
                return NOT_AUTHORISED
            self.codes.remove(body["code"])
        elif self.is_revoked or body["refresh_token"] != "EQAA-refresh":
            return 400, {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "BAD_REQUEST"}]}
        self.issued += 1
        return 200, {
            "access_token": f"EAAA-access-{self.issued}",
            "token_type": "bearer",
            "expires_at": "2026-12-22T10:00:00Z",
            "merchant_id": MERCHANT,
            "refresh_token": "EQAA-refresh",
            "short_lived": False,
        }

    def _status(self, authorization: str) -> Reply:
        if authorization == f"Bearer {self.personal}":
            return 200, {"scopes": SCOPES, "merchant_id": MERCHANT, "client_id": APP_ID, "expires_at": ""}
        if authorization == f"Bearer EAAA-access-{self.issued}" and not self.is_revoked:
            return 200, {"scopes": SCOPES, "merchant_id": MERCHANT, "expires_at": "2026-12-22T10:00:00Z"}
        return UNAUTHORISED

    def _revoke(self, authorization: str, body: dict[str, Any]) -> Reply:
        if authorization != f"Client {APP_SECRET}" or body != {"client_id": APP_ID, "merchant_id": MERCHANT}:
            return NOT_AUTHORISED
        if self.is_revoked:
            return UNAUTHORISED
        self.is_revoked = True
        return 200, {"success": True}


@contextmanager
def open_office() -> Iterator[SquareOffice]:
    """The office on a free port, under the path prefix /square."""
    office = SquareOffice()

    class Desk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def _answer(self, body: dict[str, Any]) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            office.asked.append((self.command, self.path, headers, body))
            status, reply = office.reply(self.path, headers, body)
            content = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Desk) as server:
        office.url = f"http://127.0.0.1:{server.server_port}/square"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield office
        server.shutdown()
