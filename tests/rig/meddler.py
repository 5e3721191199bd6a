"""A proxy between us and a cloud that changes answers as a test decides."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx

SALES_PATHS = {"square": "/v2/orders/search", "toast": "/orders/v2/ordersBulk", "lightspeed": "/api/2.0/sales"}
"""How the paths end at which the providers list what was sold."""
_HOP_BY_HOP = {"connection", "content-length", "date", "host", "server", "transfer-encoding", "content-encoding"}


@dataclass
class Exchange:
    """One request and the answer about to be given to it."""

    method: str
    path: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Meddler:
    """`meddle` may change an exchange in place; `url` is the base URL to use instead of the cloud's."""

    url: str
    meddle: Callable[[Exchange], None] = lambda _: None
    seen: list[str] = field(default_factory=list)


@contextmanager
def between(upstream: str) -> Iterator[Meddler]:
    """A meddler before `upstream`, on a port of its own, until the block ends."""
    with httpx.Client(base_url=upstream, timeout=30, trust_env=False) as client:

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            meddler: ClassVar[Meddler]

            def do_GET(self) -> None:
                self._pass("GET", b"")

            def do_POST(self) -> None:
                self._pass("POST", self.rfile.read(int(self.headers.get("content-length", 0))))

            def _pass(self, method: str, content: bytes) -> None:
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
                answer = client.request(method, self.path, content=content, headers=headers)
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
                exchange = Exchange(
                    method, self.path, dict(self.headers), content, answer.status_code, kept, answer.content
                )
                self.meddler.seen.append(f"{method} {self.path.partition('?')[0]}")
                self.meddler.meddle(exchange)
                self.send_response_only(exchange.status)
                for name, value in exchange.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(exchange.body)))
                self.end_headers()
                self.wfile.write(exchange.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        Handler.meddler = Meddler(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield Handler.meddler
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
