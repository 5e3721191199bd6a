"""The control API under `/_sandbox`: what tests and the demo do to the world from outside."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pos_pipeline.errors import InvalidRequest, NotFound
from pos_pipeline.sandbox.sandbox import Sandbox


def build_control(sandbox: Sandbox) -> Starlette:
    """The control API of one sandbox. Errors are `{"error": message}` with 400 or 404."""

    def merchants(request: Request, _: dict[str, Any]) -> object:
        return {"merchants": sandbox.merchants(request.query_params.get("provider"))}

    def truth(request: Request, _: dict[str, Any]) -> object:
        asked = request.query_params
        return {"days": sandbox.truth(asked.get("merchant_id"), asked.get("provider", "square"))}

    def advance(_: Request, body: dict[str, Any]) -> object:
        return sandbox.advance(**_only(body, "hours", "sales", "merchant_id"))

    def faults(_: Request, body: dict[str, Any]) -> object:
        sandbox.faults(**body)
        return {}

    def revoke(_: Request, body: dict[str, Any]) -> object:
        sandbox.revoke(str(body.get("merchant_id")))
        return {}

    def requests(_: Request, __: dict[str, Any]) -> object:
        return sandbox.requests()

    def reset_requests(_: Request, __: dict[str, Any]) -> object:
        return sandbox.requests(reset=True)

    return Starlette(
        routes=[
            Route("/merchants", _endpoint(merchants), methods=["GET"]),
            Route("/truth", _endpoint(truth), methods=["GET"]),
            Route("/advance", _endpoint(advance), methods=["POST"]),
            Route("/faults", _endpoint(faults), methods=["POST"]),
            Route("/revoke", _endpoint(revoke), methods=["POST"]),
            Route("/requests", _endpoint(requests), methods=["GET"]),
            Route("/requests", _endpoint(reset_requests), methods=["DELETE"]),
        ]
    )


def _endpoint(handler: Callable[[Request, dict[str, Any]], object]) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            body = msgspec.json.decode(await request.body() or b"{}", type=dict[str, Any])
            answer, status = handler(request, body), 200
        except msgspec.DecodeError as error:
            answer, status = {"error": f"the body is not a JSON object: {error}"}, 400
        except InvalidRequest as error:
            answer, status = {"error": str(error)}, 400
        except NotFound as error:
            answer, status = {"error": str(error)}, 404
        return Response(msgspec.json.encode(answer), status, media_type="application/json")

    return serve


def _only(body: dict[str, Any], *names: str) -> dict[str, Any]:
    unknown = set(body) - set(names)
    if unknown:
        raise InvalidRequest(f"unknown {', '.join(sorted(unknown))}; known are {', '.join(names)}")
    return body
