"""The HTTP side of the cloud: addresses, faults, limits, tokens, scopes, error bodies."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pos_pipeline.sandbox.faults import HTML_PAGE, Fault
from pos_pipeline.sandbox.lightspeed import oauth
from pos_pipeline.sandbox.lightspeed.call import Call
from pos_pipeline.sandbox.lightspeed.errors import LightspeedError, failure, not_found, too_many
from pos_pipeline.sandbox.lightspeed.grants import Access
from pos_pipeline.sandbox.lightspeed.limiter import http_date
from pos_pipeline.sandbox.lightspeed.routes import ENDPOINTS, Endpoint
from pos_pipeline.sandbox.lightspeed.wire import encode

if TYPE_CHECKING:
    from pos_pipeline.sandbox.lightspeed.cloud import LightspeedCloud

TOKEN_PATH = "/api/1.0/token"  # noqa: S105 - an address
_TOO_MANY = 429
_SOON_SECONDS = 1
"""How far away an injected 429 says the end of the window is, unless the switch says otherwise."""


def build_app(cloud: "LightspeedCloud") -> Starlette:
    """The cloud as an ASGI application; every retailer's own address is a folder of it."""
    routes = [
        Route("/connect", _connect(cloud), methods=["GET"]),
        Route(f"/{{domain_prefix}}{TOKEN_PATH}", _token(cloud), methods=["POST"]),
        *(Route(f"/{{domain_prefix}}{e.path}", _endpoint(cloud, e), methods=[e.method]) for e in ENDPOINTS),
    ]
    return Starlette(routes=routes, exception_handlers={404: _no_route, 405: _no_method})


def _endpoint(cloud: "LightspeedCloud", endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        raw = await request.body()
        headers: dict[str, str] = {}
        try:
            with cloud.lock:
                cloud.requests[f"{endpoint.method} {endpoint.path}"] += 1
                fault = cloud.faults.decide()
                merchant_key = _merchant_key(cloud, request)
                if cloud.options.rate_limits:
                    allowance = cloud.limiter.take(merchant_key, cloud.budget(merchant_key))
                    headers = allowance.headers
            if cloud.faults.switches.latency_ms:
                await asyncio.sleep(cloud.faults.switches.latency_ms / 1000)
            if fault is not None and not fault.is_cut:
                return _faulty(cloud, fault, headers)
            if cloud.options.rate_limits and allowance.is_spent:
                raise too_many(headers)
            with cloud.lock:
                answer = endpoint.handler(_call(cloud, endpoint, request, raw, merchant_key))
        except LightspeedError as error:
            return _json(error.body, error.status, headers | error.headers)
        body = answer if isinstance(answer, bytes) else encode(answer)
        if fault is not None:
            body = body[: len(body) // 2]
        return Response(body, endpoint.status, headers, "application/json")

    return serve


def _merchant_key(cloud: "LightspeedCloud", request: Request) -> str:
    """The retailer whose address it is."""
    key = cloud.retailer_at(request.path_params["domain_prefix"])
    if key is None:
        raise not_found("Retailer")
    return key


def _call(cloud: "LightspeedCloud", endpoint: Endpoint, request: Request, raw: bytes, merchant_key: str) -> Call:
    """The request, authenticated."""
    access = _access(cloud, request)
    if access.merchant_key != merchant_key:
        raise failure(401, "Unauthorized: the token is another retailer's.")
    for scope in endpoint.scopes:
        if scope not in access.scopes:
            raise failure(403, f"Forbidden: the token lacks the scope {scope}.")
    if "product_categories" in endpoint.path and request.query_params.get("after") and cloud.faults.cursor_used():
        cloud.expire_cursors()
    return Call(
        cloud, cloud.book(merchant_key), access, cloud.world.now, request.query_params, raw, request.path_params
    )


def _access(cloud: "LightspeedCloud", request: Request) -> Access:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer" or not token:
        raise failure(401, "Unauthorized: send a bearer token.")
    return cloud.grants.authenticate(token, cloud.faults.switches.expire_tokens_after_requests)


def _faulty(cloud: "LightspeedCloud", fault: Fault, headers: dict[str, str]) -> Response:
    if fault.is_html:
        return Response(HTML_PAGE, fault.status, media_type="text/html")
    if fault.status == _TOO_MANY:
        wait = cloud.faults.switches.retry_after_seconds
        until = time.time() + (_SOON_SECONDS if wait is None else wait)
        refusal = too_many(headers | {"x-ratelimit-remaining": "0", "retry-after": http_date(until)})
        return _json(refusal.body, refusal.status, refusal.headers)
    return _json({"error": "Injected by the sandbox."}, fault.status, headers)


def _connect(cloud: "LightspeedCloud") -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            with cloud.lock:
                cloud.requests["GET /connect"] += 1
                return RedirectResponse(oauth.authorize(cloud, request.query_params), status_code=302)
        except LightspeedError as error:
            return _json(error.body, error.status, error.headers)

    return serve


def _token(cloud: "LightspeedCloud") -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        raw = await request.body()
        headers: dict[str, str] = {}
        try:
            with cloud.lock:
                cloud.requests[f"POST {TOKEN_PATH}"] += 1
                merchant_key = _merchant_key(cloud, request)
                if cloud.options.rate_limits:
                    allowance = cloud.token_limiter.take(merchant_key, cloud.token_budget)
                    headers = allowance.headers | {"x-ratelimit-reset": str(int(allowance.resets_at))}
                    if allowance.is_spent:
                        raise too_many(headers)
                form = dict(parse_qsl(raw.decode("utf-8", "replace")))
                return _json(oauth.obtain_token(cloud, merchant_key, form), 200, headers)
        except LightspeedError as error:
            return _json(error.body, error.status, headers | error.headers)

    return serve


def _json(body: object, status: int, headers: dict[str, str]) -> Response:
    return Response(encode(body), status, headers, "application/json")


async def _no_route(_: Request, __: Exception) -> Response:
    return _json({"errors": {"global": ["Not found"]}}, 404, {})


async def _no_method(_: Request, __: Exception) -> Response:
    return _json({"errors": {"global": ["Method not allowed"]}}, 405, {})
