"""Lightspeed's token endpoint on loopback, and the two lists linking looks at.

Only as much as consent needs; the simulated cloud does the rest. Every refresh ends the pair before it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

CLIENT_ID, CLIENT_SECRET = "app-id", "canary-secret"
PREFIX, CODE, PERSONAL = "panaderia-sol", "code-1", "lsxs_pt_personal"
EXPIRES = 1_800_000_000
SCOPE = "sales:read outlets:read"
REDIRECT = "https://pos.example/callback"

Reply = tuple[int, Any]
INVALID_GRANT: Reply = (400, {"error": "invalid_grant", "error_description": "The refresh token is invalid."})


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str]


@dataclass
class LightspeedOffice:
    """State of the office. `refusal` answers the token endpoint instead of itself; `token` changes its answers."""

    url: str = ""
    codes: set[str] = field(default_factory=lambda: {CODE})
    issued: int = 0
    refusal: Reply | None = None
    token: dict[str, Any] = field(default_factory=dict)
    retailer: Reply = (200, {"data": {"id": "R1", "name": "Panadería Sol", "domain_prefix": PREFIX}})
    registers: Reply | None = None
    asked: list[Asked] = field(default_factory=list)

    @property
    def token_calls(self) -> list[Mapping[str, str]]:
        """Forms the token endpoint was sent."""
        return [asked.form for asked in self.asked if asked.path.endswith("/token")]

    def reply(self, asked: Asked) -> Reply:
        """What the office answers."""
        _, prefix, *rest = urlsplit(asked.path).path.split("/")
        path = "/".join(rest)
        if path == "api/1.0/token":
            return self.refusal or self._token(prefix, asked.form)
        if asked.headers.get("authorization") not in {f"Bearer {PERSONAL}", f"Bearer access-{self.issued}"}:
            return 401, {"errors": {"global": ["Unauthorized"]}}
        if path == "api/2.0/retailer":
            return self.retailer
        if path == "api/2.0/registers":
            return self.registers or self._registers(dict(parse_qsl(urlsplit(asked.path).query)))
        return 404, {}

    def _token(self, prefix: str, form: Mapping[str, str]) -> Reply:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        if form["grant_type"] == "authorization_code":
            if form["code"] not in self.codes or form["redirect_uri"] != REDIRECT:
                return 400, {"error": "invalid_grant"}
            self.codes.remove(form["code"])
        elif form["refresh_token"] != f"refresh-{self.issued}":
            return INVALID_GRANT
        self.issued += 1
        answer = {
            "access_token": f"access-{self.issued}",
            "token_type": "Bearer",
            "expires": EXPIRES,
            "expires_in": 86400,
            "refresh_token": f"refresh-{self.issued}",
            "domain_prefix": prefix,
            "scope": SCOPE,
        } | self.token
        return 200, {name: value for name, value in answer.items() if value is not ...}

    def _registers(self, query: Mapping[str, str]) -> Reply:
        rows = [{"id": f"r{number}", "version": number} for number in (5, 6, 7) if number > int(query["after"])][:2]
        return 200, {"data": rows, "version": {"max": rows[-1]["version"] if rows else None}}


@contextmanager
def open_office() -> Iterator[LightspeedOffice]:
    """The office on a free port; every shop's address is a folder of it."""
    office = LightspeedOffice()

    class Desk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode())))

        def _answer(self, form: dict[str, str]) -> None:
            asked = Asked(self.command, self.path, {n.lower(): v for n, v in self.headers.items()}, form)
            office.asked.append(asked)
            status, reply = office.reply(asked)
            content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Desk) as server:
        office.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield office
        server.shutdown()
