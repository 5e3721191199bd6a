"""A webhook endpoint on loopback."""

import json
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

PATIENCE_SECONDS = 20


class Received(NamedTuple):
    """One request a listener got."""

    headers: dict[str, str]
    body: str

    @property
    def event(self) -> dict[str, Any]:
        """The parsed body."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


class Listener:
    """A webhook endpoint on loopback that answers what it is told and keeps what it gets."""

    def __init__(self, path: str) -> None:
        inbox: queue.Queue[Received] = queue.Queue()
        answers: list[int] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                inbox.put(Received({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(answers.pop(0) if answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Keep the test's output quiet."""

        self.inbox, self.answers = inbox, answers
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}{path}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def take(self, count: int) -> list[Received]:
        """The next so many requests."""
        return [self.inbox.get(timeout=PATIENCE_SECONDS) for _ in range(count)]

    def take_until(self, wanted: Callable[[list[Received]], bool]) -> list[Received]:
        """Requests up to the one that makes `wanted` true."""
        got: list[Received] = []
        while not wanted(got):
            got.extend(self.take(1))
        return got

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
