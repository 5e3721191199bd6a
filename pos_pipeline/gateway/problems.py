"""Refusals as RFC 9457 problems: `type` is stable and is what a program looks at, `detail` is for people.

Nothing of a request is repeated in a problem: it may hold a secret or somebody's name.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from pos_pipeline import errors
from pos_pipeline.gateway.logs import FACTS

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:pos-pipeline:problem:"
REQUEST = "urn:pos-pipeline:request:"
RETRY_SECONDS = 5

STATUS: Mapping[type[errors.PipelineError], int] = {
    errors.NotFound: 404,
    errors.InvalidRequest: 400,
    errors.SignatureInvalid: 401,
    errors.Busy: 409,
    errors.RateLimited: 503,
    errors.ProviderUnavailable: 503,
    errors.WarehouseUnavailable: 503,
    errors.BrokerUnavailable: 503,
    # The POS refused the merchant's grant: our caller's own token is fine, so 401 and 403 would mislead.
    errors.Unauthorised: 422,
    errors.MissingScope: 422,
    errors.UnexpectedPayload: 502,
}

CODES: Mapping[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}
"""What the web framework refuses by itself. Python's names of statuses change between its versions."""

log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """What every refusal looks like."""

    type: str = Field(examples=[f"{PREFIX}not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["account: there is no 0b8f…."])
    instance: str | None = Field(
        None, description="The request, by its `X-Request-ID`.", examples=[f"{REQUEST}3f0b5f0e8f6c4a0f9a3e0c1d8f1f6f11"]
    )
    action_required: str | None = Field(None, description="What a person can do about it, where somebody has to.")
    errors: list[dict[str, Any]] | None = Field(None, description="Places at fault in a request that does not parse.")


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of ours
    """A problem raised by the gateway itself."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    action_required: str | None = None,
    faults: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem as an answer."""
    body = Problem(
        type=PREFIX + code,
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        action_required=action_required,
        errors=faults,
        instance=(f"{REQUEST}{facts['request_id']}" if (facts := FACTS.get()) else None),
    )
    return JSONResponse(body.model_dump(exclude_none=True), status, dict(headers or {}), MEDIA_TYPE)


def problem_of(error: errors.PipelineError) -> JSONResponse:
    """What a failure of the core means to a caller of the API."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", error_type=error.code, error=str(error))
        return problem(status, error.code, "The installation is not set up for this; its log names the setting.")
    wait = getattr(error, "retry_after_seconds", None) or RETRY_SECONDS
    headers = {"Retry-After": str(int(wait) + 1)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    action = error.action_required if isinstance(error, errors.Permanent) else None
    return problem(status, error.code, str(error), action_required=action, headers=headers)


def install(app: FastAPI) -> None:
    """Make every refusal of `app` a problem."""

    @app.exception_handler(Refusal)
    def refused(_: Request, refusal: Refusal) -> JSONResponse:
        return problem(refusal.status, refusal.code, refusal.detail, headers=refusal.headers)

    @app.exception_handler(errors.PipelineError)
    def failed(_: Request, error: errors.PipelineError) -> JSONResponse:
        return problem_of(error)

    @app.exception_handler(RequestValidationError)
    def unreadable(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [{"at": ".".join(map(str, fault["loc"])), "expected": fault["msg"]} for fault in error.errors()]
        return problem(422, "invalid_request", "The request is not what this route takes.", faults=faults)

    @app.exception_handler(HTTPException)
    def plain(_: Request, error: HTTPException) -> JSONResponse:
        code = CODES.get(error.status_code, "refused")
        return problem(error.status_code, code, str(error.detail), headers=error.headers)
