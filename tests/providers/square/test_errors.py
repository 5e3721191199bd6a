"""What Square's refusals mean."""

import json

import pytest

from pos_pipeline.errors import (
    CursorExpired,
    Misconfigured,
    MissingScope,
    NotFound,
    PipelineError,
    ProviderUnavailable,
    RateLimited,
    Unauthorised,
    UnexpectedPayload,
)
from pos_pipeline.providers.square.errors import explain


def refusal(code: str, field: str | None = None) -> bytes:
    """A body in Square's form, with a detail nobody should read in a log."""
    fault = {"category": "INVALID_REQUEST_ERROR", "code": code, "detail": "ana@example.es is not …", "field": field}
    return json.dumps({"errors": [fault]}).encode()


@pytest.mark.parametrize(
    ("status", "code", "field", "expected"),
    [
        (401, "UNAUTHORIZED", None, Unauthorised),
        (401, "ACCESS_TOKEN_EXPIRED", None, Unauthorised),
        (401, "ACCESS_TOKEN_REVOKED", None, Unauthorised),
        (401, "CLIENT_DISABLED", None, Unauthorised),
        (403, "INSUFFICIENT_SCOPES", None, MissingScope),
        (403, "FORBIDDEN", None, MissingScope),
        (404, "NOT_FOUND", None, NotFound),
        (429, "RATE_LIMITED", None, RateLimited),
        (400, "INVALID_CURSOR", None, CursorExpired),
        (400, "BAD_REQUEST", "cursor", CursorExpired),
        (400, "INVALID_VALUE", "location_ids", UnexpectedPayload),
        (400, "API_VERSION_INCOMPATIBLE", None, Misconfigured),
        (400, "INVALID_SQUARE_VERSION_FORMAT", None, Misconfigured),
        (405, "METHOD_NOT_ALLOWED", None, UnexpectedPayload),
        (410, "GONE", None, UnexpectedPayload),
        (408, "REQUEST_TIMEOUT", None, ProviderUnavailable),
        (500, "INTERNAL_SERVER_ERROR", None, ProviderUnavailable),
        (503, "SERVICE_UNAVAILABLE", None, ProviderUnavailable),
        (504, "GATEWAY_TIMEOUT", None, ProviderUnavailable),
        (599, "A_CODE_OF_NEXT_YEAR", None, ProviderUnavailable),
    ],
)
def test_refusal_becomes_the_error_of_what_can_be_done(
    status: int, code: str, field: str | None, expected: type[PipelineError]
) -> None:
    """Status, code and field decide; they are quoted, Square's detail is not."""
    error = explain(status, refusal(code, field))

    assert type(error) is expected
    assert f"square: answered {status} {code}" in str(error)
    assert (field or "") in str(error)
    assert "ana@" not in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"errors":[]}',
        b'{"errors":[{"code":7}]}',
        b'{"errors":[{"code":"ana@example.es","field":"a b"}]}',
        b'{"message":"ana@example.es","type":"ana@example.es"}',
    ],
)
def test_refusal_in_no_known_form_is_still_an_error(body: bytes) -> None:
    """The status is enough, and nothing of an unknown body is repeated."""
    assert str(explain(429, body)) == "square: answered 429: too many requests."
    assert type(explain(404, body)) is Misconfigured
    assert type(explain(400, body)) is UnexpectedPayload


def test_missing_scope_can_be_named_by_the_reader() -> None:
    """Square does not say which scope is missing; who read the stream does."""
    error = explain(403, refusal("INSUFFICIENT_SCOPES"))
    assert isinstance(error, MissingScope)
    named = MissingScope(f"{error} Stream payments.", "PAYMENTS_READ")

    assert (error.scope, named.action_required) == ("", "Link the till again and grant PAYMENTS_READ.")
