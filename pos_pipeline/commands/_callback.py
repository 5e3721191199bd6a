"""The other end of an OAuth redirect: one page on loopback that receives one answer.

    merchant's browser ──consent──▶ POS ──302──▶ http://127.0.0.1:PORT/callback?state=…&code=…

An answer whose state is not the one we sent out is refused and the wait goes on: another page in
the same browser can reach loopback too.
"""

import hmac
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from pos_pipeline.errors import InvalidRequest, Unauthorised

DONE = "Thank you. You can close this page; the terminal shows the shops that are linked now."
DENIED = "Not linked: consent was not given. You can close this page."
UNKNOWN = "This is not the answer we are waiting for."
SILENCE_SECONDS = 2


class Callback:
    """A loopback server for one redirect; port 0 takes any free one.

    Raises:
        InvalidRequest: the port is taken.
    """

    def __init__(self, port: int) -> None:
        self.state = ""
        self.answer: dict[str, str] | None = None
        try:
            self._server = HTTPServer(("127.0.0.1", port), _page_of(self))
        except OSError as error:
            raise InvalidRequest(
                f"port {port} on 127.0.0.1 cannot be listened on ({error.strerror}); choose another with --port."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.server_close()

    @property
    def redirect_uri(self) -> str:
        """What the POS sends the browser back to."""
        return f"http://127.0.0.1:{self._server.server_port}/callback"

    def wait(self, authorize_url: str, seconds: float) -> dict[str, str]:
        """The query of the answer to `authorize_url`.

        Raises:
            Unauthorised: the merchant declined, or nobody answered in time.
        """
        self.state = _first(parse_qs(urlsplit(authorize_url).query), "state")
        deadline = time.monotonic() + seconds
        while self.answer is None:
            self._server.timeout = deadline - time.monotonic()
            if self._server.timeout <= 0:
                raise Unauthorised(f"link: nobody answered within {seconds / 60:.0f} minutes; the till is not linked.")
            self._server.handle_request()
        if "code" not in self.answer:
            raise Unauthorised(f"link: consent was not given ({self.answer['error'] or 'no reason'}).")
        return self.answer

    def receive(self, query: dict[str, list[str]]) -> tuple[int, str]:
        """Status and text for the browser; keeps the answer if it is ours."""
        if not self.state or not hmac.compare_digest(_first(query, "state").encode(), self.state.encode()):
            return 400, UNKNOWN
        if _first(query, "code"):
            self.answer = {name: values[0] for name, values in query.items()}
            return 200, DONE
        error = _first(query, "error")
        self.answer = {"error": error[:80] if error.isprintable() else ""}
        return 403, DENIED


def _page_of(callback: Callback) -> type[BaseHTTPRequestHandler]:
    class Page(BaseHTTPRequestHandler):
        # Browsers open connections ahead of need; one that stays silent must not hold up the answer.
        timeout = SILENCE_SECONDS

        def do_GET(self) -> None:
            target = urlsplit(self.path)
            status, text = (404, UNKNOWN)
            if target.path == "/callback":
                status, text = callback.receive(parse_qs(target.query))
            body = f"<!doctype html><meta charset=utf-8><title>POS pipeline</title><p>{text}</p>".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the request line carries the code."""

    return Page


def _first(query: dict[str, list[str]], name: str) -> str:
    return query.get(name, [""])[0]
