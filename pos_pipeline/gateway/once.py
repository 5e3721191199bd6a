"""`Idempotency-Key`: a POST that is sent again after a lost answer happens once and is answered the same.

The key is claimed before the request is carried out and gets its answer afterwards, sealed: it may hold a link
code or a state, which no table shows. A server error gives the key back, so the same request may be tried
again; so does a claim whose process died a minute ago.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid5

from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.routing import APIRoute
from psycopg.errors import ForeignKeyViolation

from pos_pipeline.errors import NotFound, TokenUnreadable
from pos_pipeline.gateway.identity import Identity, identify
from pos_pipeline.gateway.isolation import as_tenant
from pos_pipeline.gateway.problems import Refusal, problem
from pos_pipeline.services import Services

HEADER = "idempotency-key"
MAX_KEY_LENGTH = 255
SERVER_ERROR = 500
KEPT = "1 day"

FORGET = f"delete from pos.idempotency_keys where created_at < now() - interval '{KEPT}'"
CLAIM = """
insert into pos.idempotency_keys as k (tenant_id, key, request_digest) values (pos.tenant(), %s, %s)
on conflict (tenant_id, key) do update set created_at = now()
where k.answer is null and k.created_at < now() - interval '1 minute' and k.request_digest = excluded.request_digest
returning key
"""
FOUND = "select request_digest, answer from pos.idempotency_keys where key = %s"
ANSWERED = "update pos.idempotency_keys set answer = %s where key = %s"
GIVE_BACK = "delete from pos.idempotency_keys where key = %s and answer is null"
TOLD_AGAIN = ("content-type", "location", "etag", "cache-control")
"""Headers of an answer that belong to what was done and not to the moment."""


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
            keys = request.headers.getlist(HEADER)
            if request.method != "POST" or not keys:
                return await answer(request)
            [key] = keys if len(keys) == 1 else [""]
            if not key or len(key) > MAX_KEY_LENGTH or not key.isprintable():
                raise Refusal(
                    400, "invalid_request", f"Idempotency-Key is one of 1 to {MAX_KEY_LENGTH} printable characters."
                )
            identity = await run_sync(identify, request)
            slot = _Slot(request.app.state.services, identity, key, await _digest(request, identity))
            if (earlier := await run_sync(slot.claim)) is not None:
                return earlier
            try:
                response = await answer(request)
            except BaseException:
                await run_sync(slot.give_back)
                raise
            await run_sync(slot.keep, response)
            return response

        return guarded


class _Slot:
    """One key of one tenant."""

    def __init__(self, services: Services, identity: Identity, key: str, digest: bytes) -> None:
        self._database, self._vault = services.database, services.vault
        self._tenant_id, self._key, self._digest = identity.tenant_id, key, digest
        # An answer opens for its own key only, wherever its row is copied to.
        self._binding = {"tenant_id": identity.tenant_id, "connection_id": uuid5(identity.tenant_id, key)}

    def claim(self) -> Response | None:
        """The answer to an earlier request with this key; None when this is the first.

        Raises:
            NotFound: the tenant is not one of ours.
        """
        try:
            with as_tenant(self._database, self._tenant_id) as transaction:
                transaction.execute(FORGET)
                if transaction.execute(CLAIM, (self._key, self._digest)).fetchone():
                    return None
                row = transaction.execute(FOUND, (self._key,)).fetchone()
        except ForeignKeyViolation:
            raise NotFound("tenant: the token's is not one of this installation.") from None
        if row is None or (row[1] is None and bytes(row[0]) == self._digest):
            return problem(409, "in_progress", "The first request with this Idempotency-Key is still being answered.")
        digest, sealed = row
        if bytes(digest) != self._digest:
            return problem(422, "key_reused", "This Idempotency-Key came with another request before; use a new one.")
        try:
            answer = json.loads(self._vault.open(bytes(sealed), **self._binding))
        except TokenUnreadable:
            return problem(409, "answer_unreadable", "It was carried out, but its answer can no longer be read.")
        headers = answer["headers"] | {"Idempotency-Replayed": "true"}
        return Response(answer["body"].encode(), answer["status"], headers)

    def keep(self, response: Response) -> None:
        """Remember the answer, unless it is an error of ours."""
        if response.status_code >= SERVER_ERROR:
            self.give_back()
            return
        headers = {name: response.headers[name] for name in TOLD_AGAIN if name in response.headers}
        answer = {"status": response.status_code, "headers": headers, "body": bytes(response.body).decode()}
        sealed = self._vault.seal(json.dumps(answer), **self._binding)
        with as_tenant(self._database, self._tenant_id) as transaction:
            transaction.execute(ANSWERED, (sealed, self._key))

    def give_back(self) -> None:
        """Forget that there was a request."""
        with as_tenant(self._database, self._tenant_id) as transaction:
            transaction.execute(GIVE_BACK, (self._key,))


async def _digest(request: Request, identity: Identity) -> bytes:
    # With the scopes: a caller who may do less is not told what one who may do more was answered.
    scopes = " ".join(sorted(identity.scopes))
    text = f"{request.method} {request.url.path}?{request.url.query}\n{scopes}\n".encode()
    return hashlib.sha256(text + await request.body()).digest()
