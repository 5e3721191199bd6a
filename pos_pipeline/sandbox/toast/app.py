"""The HTTP side of the cloud: routes, tokens, the restaurant's header, limits, scopes, faults, error bodies."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pos_pipeline.sandbox.faults import HTML_PAGE, Fault
from pos_pipeline.sandbox.toast import toastweb
from pos_pipeline.sandbox.toast.book import Book
from pos_pipeline.sandbox.toast.call import Answer, Call
from pos_pipeline.sandbox.toast.errors import ToastError, forbidden, invalid, unauthorized
from pos_pipeline.sandbox.toast.grants import SCOPES, Client
from pos_pipeline.sandbox.toast.limits import Verdict
from pos_pipeline.sandbox.toast.routes import ENDPOINTS, Endpoint
from pos_pipeline.sandbox.toast.wire import encode, parse_guid

if TYPE_CHECKING:
    from pos_pipeline.sandbox.toast.cloud import ToastCloud

LOGIN = "/authentication/v1/authentication/login"
RESTAURANT_HEADER = "Toast-Restaurant-External-ID"
_TOO_MANY = 429
_LIMITED = "Rate limit exceeded"


def build_app(cloud: "ToastCloud") -> Starlette:
    """The cloud as an ASGI application."""
    routes = [
        Route(LOGIN, _plain(cloud, LOGIN, _log_in), methods=["POST"]),
        Route("/toastweb/add-integration", _plain(cloud, "/toastweb/add-integration", _add_integration)),
        Route("/toastweb/webhooks", _plain(cloud, "/toastweb/webhooks", _add_receiver), methods=["POST"]),
        Route(
            "/toastweb/webhooks/{id}", _plain(cloud, "/toastweb/webhooks/{id}", _remove_receiver), methods=["DELETE"]
        ),
        *(Route(endpoint.path, _endpoint(cloud, endpoint), methods=["GET"]) for endpoint in ENDPOINTS),
    ]
    return Starlette(routes=routes, exception_handlers={404: _no_route, 405: _no_method})


def _endpoint(cloud: "ToastCloud", endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        with cloud.lock:
            cloud.requests[f"GET {endpoint.path}"] += 1
            fault = cloud.faults.decide()
        if cloud.faults.switches.latency_ms:
            await asyncio.sleep(cloud.faults.switches.latency_ms / 1000)
        if fault is not None and not fault.is_cut:
            return _faulty(cloud, fault)
        verdict: Verdict | None = None
        try:
            with cloud.lock:
                client = _client(cloud, request)
                guid = _restaurant_guid(request) if endpoint.scope is not None else None
                verdict = _count(cloud, endpoint, request, client, guid)
                answer = endpoint.handler(_call(cloud, endpoint, request, client, guid))
        except ToastError as error:
            return _error(error, {} if verdict is None else verdict.headers())
        body = answer.body if isinstance(answer.body, bytes) else encode(answer.body)
        if fault is not None:
            body = body[: len(body) // 2]
        return _response(body, answer, verdict)

    return serve


def _client(cloud: "ToastCloud", request: Request) -> Client:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer" or not token:
        raise unauthorized()
    return cloud.grants.authenticate(token, cloud.faults.switches.expire_tokens_after_requests)


def _restaurant_guid(request: Request) -> str:
    """The restaurant asked about. What Toast answers without the header is not documented; here it is 400."""
    guid = request.headers.get(RESTAURANT_HEADER)
    if not guid:
        raise invalid(f"The header {RESTAURANT_HEADER} is required")
    return parse_guid(guid)


def _count(
    cloud: "ToastCloud", endpoint: Endpoint, request: Request, client: Client, guid: str | None
) -> Verdict | None:
    if not cloud.options.rate_limits:
        return None
    address = request.client.host if request.client else ""
    verdict = cloud.limiter.take(f"{client.id}:{guid}" if guid else f"address:{address}", endpoint.limit)
    if not verdict.is_allowed:
        raise LimitedError(verdict)
    return verdict


class LimitedError(ToastError):
    """429 by the limits themselves."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(_TOO_MANY, _LIMITED)
        self.verdict = verdict


def _call(cloud: "ToastCloud", endpoint: Endpoint, request: Request, client: Client, guid: str | None) -> Call:
    book: Book | None = None
    scopes = frozenset(SCOPES)
    if guid is not None:
        scopes = cloud.scopes_at(client, guid)
        if endpoint.scope not in scopes:
            raise forbidden(f"The client lacks the scope {endpoint.scope} at restaurant {guid}")
        book = cloud.book(guid)
    url = str(request.url.replace(query=""))
    return Call(cloud, client, scopes, cloud.world.now, url, dict(request.query_params), request.path_params, book)


def _response(body: bytes, answer: Answer, verdict: Verdict | None) -> Response:
    response = Response(body, 200, None if verdict is None else verdict.headers(), "application/json")
    for name, value in answer.headers:
        response.headers.append(name, value)
    return response


def _faulty(cloud: "ToastCloud", fault: Fault) -> Response:
    if fault.is_html:
        return Response(HTML_PAGE, fault.status, media_type="text/html")
    headers = {}
    if fault.status == _TOO_MANY:
        wait = cloud.faults.switches.retry_after_seconds
        headers["retry-after"] = str(1 if wait is None else wait)
    return _error(ToastError(fault.status, "Injected by the sandbox"), headers)


def _error(error: ToastError, headers: dict[str, str] | None = None) -> Response:
    if isinstance(error, LimitedError):
        headers = error.verdict.headers()
    return Response(encode(error.body(str(uuid.uuid4()))), error.status, headers, "application/json")


def _plain(
    cloud: "ToastCloud", path: str, handler: Callable[["ToastCloud", Request, bytes], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """Login and the sandbox's own pages, which know neither tokens nor faults."""

    async def serve(request: Request) -> Response:
        raw = await request.body()
        try:
            with cloud.lock:
                cloud.requests[f"{request.method} {path}"] += 1
                return handler(cloud, request, raw)
        except ToastError as error:
            return _error(error)

    return serve


def _log_in(cloud: "ToastCloud", request: Request, raw: bytes) -> Response:
    if cloud.faults.switches.limit_logins:
        cloud.grants.check_login_rate(request.client.host if request.client else "")
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise ToastError(415, "Content type must be application/json")
    body = _body(raw)
    if body.get("userAccessType") != "TOAST_MACHINE_CLIENT":
        raise unauthorized("Unauthorized")
    token, seconds = cloud.grants.log_in(
        str(body.get("clientId") or ""),
        str(body.get("clientSecret") or ""),
        cloud.faults.switches.expire_tokens_after_requests,
    )
    told = {
        "tokenType": "Bearer",
        "scope": None,
        "expiresIn": seconds,
        "accessToken": token,
        "idToken": None,
        "refreshToken": None,
    }
    return _ok({"@class": ".SuccessfulResponse", "token": told, "status": "SUCCESS"})


def _add_integration(cloud: "ToastCloud", request: Request, _: bytes) -> Response:
    where = toastweb.add_integration(cloud, request.query_params)
    return Response(where, media_type="text/html") if isinstance(where, bytes) else RedirectResponse(where, 302)


def _add_receiver(cloud: "ToastCloud", _: Request, raw: bytes) -> Response:
    return _ok(toastweb.add_receiver(cloud, _body(raw)))


def _remove_receiver(cloud: "ToastCloud", request: Request, _: bytes) -> Response:
    return _ok(toastweb.remove_receiver(cloud, request.path_params["id"]))


def _ok(body: object) -> Response:
    return Response(encode(body), 200, media_type="application/json")


def _body(raw: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(raw or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise invalid("The request body is not a JSON object") from None


async def _no_route(request: Request, _: Exception) -> Response:
    return _error(ToastError(404, f"Nothing is at {request.url.path}"))


async def _no_method(request: Request, _: Exception) -> Response:
    return _error(ToastError(405, f"{request.method} is not allowed here"))
