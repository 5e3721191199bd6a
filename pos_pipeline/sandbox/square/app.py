"""The HTTP side of the cloud: routes, version header, faults, tokens, scopes, error bodies."""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pos_pipeline.sandbox.faults import HTML_PAGE, Fault
from pos_pipeline.sandbox.square import oauth
from pos_pipeline.sandbox.square.call import Call
from pos_pipeline.sandbox.square.errors import SquareError, forbidden, invalid, unauthorized
from pos_pipeline.sandbox.square.grants import Access
from pos_pipeline.sandbox.square.routes import ENDPOINTS, PERSONAL, Endpoint

if TYPE_CHECKING:
    from pos_pipeline.sandbox.square.cloud import SquareCloud

PINNED_VERSION = "2026-09-16"
"""What the application is pinned to when a request names no version."""
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")
_FAULT_CODES = {
    429: ("RATE_LIMIT_ERROR", "RATE_LIMITED"),
    500: ("API_ERROR", "INTERNAL_SERVER_ERROR"),
    502: ("API_ERROR", "BAD_GATEWAY"),
    503: ("API_ERROR", "SERVICE_UNAVAILABLE"),
    504: ("API_ERROR", "GATEWAY_TIMEOUT"),
}
_encode = msgspec.json.Encoder().encode


def build_app(cloud: "SquareCloud") -> Starlette:
    """The cloud as an ASGI application."""
    routes = [
        Route("/oauth2/authorize", _oauth(cloud, "/oauth2/authorize", _authorize), methods=["GET"]),
        Route("/oauth2/token", _oauth(cloud, "/oauth2/token", _token), methods=["POST"]),
        Route("/oauth2/token/status", _oauth(cloud, "/oauth2/token/status", _status), methods=["POST"]),
        Route("/oauth2/revoke", _oauth(cloud, "/oauth2/revoke", _revoke), methods=["POST"]),
        *(Route(e.path, _endpoint(cloud, e), methods=[e.method]) for e in ENDPOINTS),
    ]
    return Starlette(routes=routes, exception_handlers={404: _no_route, 405: _no_method})


def _endpoint(cloud: "SquareCloud", endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        raw = await request.body()
        with cloud.lock:
            cloud.requests[f"{endpoint.method} {endpoint.path}"] += 1
            fault = cloud.faults.decide()
            version = request.headers.get("square-version") or PINNED_VERSION
        if cloud.faults.switches.latency_ms:
            await asyncio.sleep(cloud.faults.switches.latency_ms / 1000)
        if fault is not None and not fault.is_cut:
            return _faulty(cloud, fault)
        try:
            if not _VERSION.fullmatch(version):
                raise invalid("INVALID_SQUARE_VERSION_FORMAT", "Square-Version must be YYYY-MM-DD.", "Square-Version")
            with cloud.lock:
                answer = endpoint.handler(_call(cloud, endpoint, request, raw))
            if inspect.isawaitable(answer):
                answer = await answer
        except SquareError as error:
            return _json(error.body, error.status, version)
        body = answer if isinstance(answer, bytes) else _encode(answer)
        if fault is not None:
            body = body[: len(body) // 2]
        return Response(body, 200, _headers(version), "application/json")

    return serve


def _call(cloud: "SquareCloud", endpoint: Endpoint, request: Request, raw: bytes) -> Call:
    """The request, authenticated and parsed."""
    access = _access(cloud, request)
    if endpoint.scope == PERSONAL:
        if not access.is_personal:
            raise unauthorized("UNAUTHORIZED", "This endpoint accepts personal access tokens only.")
    elif endpoint.scope not in access.scopes:
        raise forbidden(
            "INSUFFICIENT_SCOPES",
            "The merchant has not given your application sufficient permissions to do that. The merchant must "
            f"authorize your application for the following scopes: {endpoint.scope}",
        )
    query = dict(request.query_params)
    body = _body(raw) if endpoint.method in ("POST", "PUT") else {}
    has_cursor = bool(query.get("cursor") or body.get("cursor"))
    if has_cursor and cloud.faults.cursor_used():
        cloud.cursors.expire_all()
    # The developer's account sells nothing, and has no scope that would lead to a book.
    book = cloud.book(access.merchant_key or next(iter(cloud.merchants)))
    return Call(cloud, book, access, cloud.world.now, query, body, request.path_params)


def _access(cloud: "SquareCloud", request: Request) -> Access:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer" or not token:
        raise unauthorized("UNAUTHORIZED", "This request could not be authorized.")
    return cloud.grants.authenticate(token, cloud.faults.switches.expire_tokens_after_requests)


def _body(raw: bytes) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(raw or b"{}")
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        raise invalid("EXPECTED_JSON_BODY", "Expected a JSON object in the request body.")
    return body


def _faulty(cloud: "SquareCloud", fault: Fault) -> Response:
    if fault.is_html:
        return Response(HTML_PAGE, fault.status, media_type="text/html")
    category, code = _FAULT_CODES[fault.status]
    error = SquareError(fault.status, category, code, "Injected by the sandbox.")
    response = _json(error.body, fault.status, PINNED_VERSION)
    wait = cloud.faults.switches.retry_after_seconds
    if fault.status == 429 and wait is not None:  # noqa: PLR2004
        response.headers["retry-after"] = str(wait)
    return response


def _oauth(
    cloud: "SquareCloud", path: str, handler: Callable[["SquareCloud", Request, bytes], Response]
) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        raw = await request.body()
        try:
            with cloud.lock:
                cloud.requests[f"{request.method} {path}"] += 1
                return handler(cloud, request, raw)
        except SquareError as error:
            return _json(error.body, error.status, PINNED_VERSION)
        except oauth.UnknownCodeError as error:
            return _json(error.body, 401, PINNED_VERSION)

    return serve


def _authorize(cloud: "SquareCloud", request: Request, _: bytes) -> Response:
    return RedirectResponse(oauth.authorize(cloud, request.query_params), status_code=302)


def _token(cloud: "SquareCloud", _: Request, raw: bytes) -> Response:
    return _json(oauth.obtain_token(cloud, _body(raw)), 200, PINNED_VERSION)


def _status(cloud: "SquareCloud", request: Request, _: bytes) -> Response:
    access = _access(cloud, request)
    if not access.merchant_key:
        raise unauthorized("UNAUTHORIZED", "This request could not be authorized.")
    return _json(oauth.token_status(cloud, access), 200, PINNED_VERSION)


def _revoke(cloud: "SquareCloud", request: Request, raw: bytes) -> Response:
    return _json(oauth.revoke(cloud, request.headers.get("authorization", ""), _body(raw)), 200, PINNED_VERSION)


def _json(body: object, status: int, version: str) -> Response:
    return Response(_encode(body), status, _headers(version), "application/json")


def _headers(version: str) -> dict[str, str]:
    return {"square-version": version}


async def _no_route(request: Request, _: Exception) -> Response:
    error = SquareError(
        404, "INVALID_REQUEST_ERROR", "NOT_FOUND", f"API endpoint for URL path `{request.url.path}` not found"
    )
    return _json(error.body, 404, PINNED_VERSION)


async def _no_method(request: Request, _: Exception) -> Response:
    error = SquareError(405, "INVALID_REQUEST_ERROR", "METHOD_NOT_ALLOWED", f"{request.method} is not allowed here.")
    return _json(error.body, 405, PINNED_VERSION)
