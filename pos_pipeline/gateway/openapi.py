"""The OpenAPI document: what FastAPI finds in the routes, and what all of them have in common.

Refusals are `application/problem+json` with an example each, every answer has `X-Request-ID`, and what FastAPI
says of its own refusals is left out: this gateway gives none of those.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from pos_pipeline.gateway.problems import MEDIA_TYPE, PREFIX, Problem

REF = "#/components/schemas/"
NOT_OURS = ("HTTPValidationError", "ValidationError")
CODES = {
    400: ("invalid_request", "The days go from 2026-02-01 to 2026-01-01; expected 1 to 366 of them, in order."),
    401: ("unauthenticated", "The token is not accepted: expired token."),
    403: ("missing_scope", "This needs the scope admin."),
    404: ("not_found", "account: there is no 0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11."),
    409: ("in_progress", "The first request with this Idempotency-Key is still being answered."),
    412: ("changed_meanwhile", "It was changed since you read it; read it again."),
    413: ("too_large", "A request has at most 5242880 bytes."),
    422: ("invalid_request", "The request is not what this route takes."),
    500: ("unforeseen", "Something failed here; the log has it under this request's id."),
    502: ("unexpected_payload", "square: the POS sent something its protocol does not allow."),
    503: ("warehouse_unavailable", "warehouse: localhost/pos does not answer. Start it, or correct DATABASE_URL."),
}
"""A refusal of each status, for the examples; which codes there are is the routes' business."""
TEXT = {"type": "string"}
HEADERS = {
    401: {"WWW-Authenticate": {"description": "How to come in.", "schema": TEXT, "example": "Bearer"}},
    412: {"ETag": {"description": "The version there is.", "schema": TEXT, "example": '"0b8f6a52-62c1e4b8d1c40"'}},
    503: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}, "example": "5"}},
}
REQUEST_ID = {
    "description": "The request's id, by which the log has it: yours if you sent one that is fit.",
    "schema": TEXT,
    "example": "3f0b5f0e8f6c4a0f9a3e0c1d8f1f6f11",
}


def describe(app: FastAPI) -> None:
    """Have `app` tell of itself this way."""
    found = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(found())
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    for operation in _operations(document):
        for status, response in operation["responses"].items():
            _complete(int(status), response)
    schemas = document["components"]["schemas"]
    for name in NOT_OURS:
        schemas.pop(name, None)
    schemas.setdefault(Problem.__name__, Problem.model_json_schema(ref_template=REF + "{model}"))
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _complete(status: int, response: dict[str, Any]) -> None:
    response["headers"] = {"X-Request-ID": REQUEST_ID} | HEADERS.get(status, {}) | response.get("headers", {})
    reference = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    if reference.removeprefix(REF) not in {Problem.__name__, *NOT_OURS}:
        return
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and reference != REF + Problem.__name__:
        response["description"] = "The request is not what this route takes."
    code, detail = CODES[status]
    example = {"type": PREFIX + code, "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    response["content"] = {MEDIA_TYPE: {"schema": {"$ref": REF + Problem.__name__}, "example": example}}
