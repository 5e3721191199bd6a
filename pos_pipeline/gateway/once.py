"""`Idempotency-Key`: a POST that is sent again after a lost answer happens once and is answered the same.

The key is claimed before the request is carried out and gets its answer afterwards. A server error gives
the key back, so the same request may be tried again; so does a claim whose process died a minute ago.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from psycopg.types.json import Jsonb

from pos_pipeline.gateway.identity import Identity
from pos_pipeline.gateway.isolation import as_tenant
from pos_pipeline.gateway.problems import Refusal, problem
from pos_pipeline.warehouse.database import Database

HEADER = "idempotency-key"
MAX_KEY_LENGTH = 255
SERVER_ERROR = 500
KEPT = "1 day"

FORGET = f"delete from pos.idempotency_keys where created_at < now() - interval '{KEPT}'"
CLAIM = """
insert into pos.idempotency_keys as k (tenant_id, key, request_digest) values (pos.tenant(), %s, %s)
on conflict (tenant_id, key) do update set created_at = now()
where k.status is null and k.created_at < now() - interval '1 minute' and k.request_digest = excluded.request_digest
returning key
"""
FOUND = "select request_digest, status, body from pos.idempotency_keys where key = %s"
ANSWERED = "update pos.idempotency_keys set status = %s, body = %s where key = %s"
GIVE_BACK = "delete from pos.idempotency_keys where key = %s and status is null"


PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Of your choice. The request happens once, however often it is sent with it within a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
    "example": "order-4711",
}


class OnceRoute(APIRoute):
    """A route whose POSTs honour `Idempotency-Key`, for callers with a token."""

    def __init__(self, *args: Any, **options: Any) -> None:
        if "POST" in (options.get("methods") or ()):
            options["openapi_extra"] = {"parameters": [PARAMETER]} | (options.get("openapi_extra") or {})
        super().__init__(*args, **options)

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """The route's handler, guarded."""
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            key = request.headers.get(HEADER)
            authorization = request.headers.get("authorization", "").partition(" ")
            if request.method != "POST" or key is None or authorization[0].lower() != "bearer":
                return await answer(request)
            if not key or len(key) > MAX_KEY_LENGTH or not key.isprintable():
                raise Refusal(400, "invalid_request", f"Idempotency-Key is 1 to {MAX_KEY_LENGTH} printable characters.")
            identity: Identity = await run_sync(request.app.state.verifier.verify, authorization[2])
            slot = _Slot(request.app.state.services.database, identity, key, await _digest(request))
            if (earlier := await run_sync(slot.claim)) is not None:
                return earlier
            try:
                response = await answer(request)
            except BaseException:
                await run_sync(slot.give_back)
                raise
            await run_sync(slot.keep, response.status_code, bytes(response.body))
            return response

        return guarded


class _Slot:
    """One key of one tenant."""

    def __init__(self, database: Database, identity: Identity, key: str, digest: bytes) -> None:
        self._database, self._tenant_id, self._key, self._digest = database, identity.tenant_id, key, digest

    def claim(self) -> Response | None:
        """The answer to an earlier request with this key; None when this is the first."""
        with as_tenant(self._database, self._tenant_id) as transaction:
            transaction.execute(FORGET)
            if transaction.execute(CLAIM, (self._key, self._digest)).fetchone():
                return None
            row = transaction.execute(FOUND, (self._key,)).fetchone()
        if row is None or (row[1] is None and bytes(row[0]) == self._digest):
            return problem(409, "in_progress", "The first request with this Idempotency-Key is still being answered.")
        digest, status, body = row
        if bytes(digest) != self._digest:
            return problem(422, "key_reused", "This Idempotency-Key came with another request before; use a new one.")
        return JSONResponse(body, status, {"Idempotency-Replayed": "true"})

    def keep(self, status: int, body: bytes) -> None:
        """Remember the answer, unless it is an error of ours."""
        if status >= SERVER_ERROR:
            self.give_back()
            return
        content: Any = json.loads(body) if body else None
        with as_tenant(self._database, self._tenant_id) as transaction:
            transaction.execute(ANSWERED, (status, Jsonb(content), self._key))

    def give_back(self) -> None:
        """Forget that there was a request."""
        with as_tenant(self._database, self._tenant_id) as transaction:
            transaction.execute(GIVE_BACK, (self._key,))


async def _digest(request: Request) -> bytes:
    text = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(text + await request.body()).digest()
