"""Around every request: an id for it, a line about it, and an answer whatever happens inside.

The id is the caller's `X-Request-ID`, else the trace of their `traceparent`, else a new one. It is in the answer,
in problems (`instance`), in each line logged meanwhile, and on what was asked for, down to the Dagster run.
"""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pos_pipeline.gateway.logs import FACTS
from pos_pipeline.gateway.problems import problem

HEADER = "X-Request-ID"
FIT = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
NO_TRACE = "0" * 32
QUIET = {"/healthz", "/readyz", "/metrics"}
"""Asked all day by machines: only their failures are worth a line."""
SERVER_ERROR = 500

log = structlog.get_logger(__name__)


def request_id() -> str | None:
    """The id of the request being answered; None outside of one."""
    return (FACTS.get() or {}).get("request_id")


def id_from(headers: Headers) -> str:
    """The id a request comes with, if it is fit to be logged; else a new one."""
    given = headers.getlist(HEADER)
    if len(given) == 1 and FIT.fullmatch(given[0]):
        return given[0]
    traced = TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    if traced and traced[1] != NO_TRACE:
        return traced[1]
    return uuid4().hex


class Correlation:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        facts = {"request_id": id_from(Headers(scope=scope))}
        status, began = 0, time.monotonic()

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = facts["request_id"]
            await send(message)

        token = FACTS.set(facts)
        try:
            await self.app(scope, receive, tell)
        except Exception as error:
            log.exception("request failed", exc_info=error)
            if status:
                raise  # half an answer is out: the server has to break the connection
            answer = problem(500, "unforeseen", "Something failed here; the log has it under this request's id.")
            await answer(scope, receive, tell)
        finally:
            _tell_of(scope, status, began)
            FACTS.reset(token)


def _tell_of(scope: Scope, status: int, began: float) -> None:
    route = getattr(scope.get("route"), "path", "none")
    if route in QUIET and status < SERVER_ERROR:
        return
    milliseconds = round((time.monotonic() - began) * 1000, 1)
    log.info("request", method=scope["method"], route=route, status=status, milliseconds=milliseconds)
