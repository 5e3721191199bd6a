"""How much of a request is taken in: a body that is larger is refused before it is read, or as soon as it grows so."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pos_pipeline.gateway.problems import problem

MAX_BODY_BYTES = 5 * 1024 * 1024
"""As much as the largest delivery of a POS."""
DETAIL = f"A request has at most {MAX_BODY_BYTES} bytes."
CLOSE = {"Connection": "close"}


class Limits:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
            await problem(413, "too_large", DETAIL, headers=CLOSE)(scope, receive, send)
            return
        taken = 0

        async def take() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY_BYTES:
                raise HTTPException(413, DETAIL, CLOSE)
            return message

        await self.app(scope, take, send)
