"""What Toast's refusals mean."""

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
from pos_pipeline.providers.toast.errors import explain, explain_login

REQUEST = "5ce8b2f1-0a0f-4d6c-8b2b-1f3c9a5e7d10"


def refusal(status: int, **changes: object) -> bytes:
    """A body in Toast's form, with a message nobody should read in a log."""
    body = {"status": status, "code": 10025, "message": "Mina Okafor …", "requestId": REQUEST, "errors": []}
    return json.dumps(body | changes).encode()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, UnexpectedPayload),
        (401, Unauthorised),
        (403, MissingScope),
        (404, NotFound),
        (408, ProviderUnavailable),
        (409, CursorExpired),
        (413, UnexpectedPayload),
        (415, UnexpectedPayload),
        (422, UnexpectedPayload),
        (429, RateLimited),
        (499, UnexpectedPayload),
        (500, ProviderUnavailable),
        (502, ProviderUnavailable),
        (503, ProviderUnavailable),
        (504, ProviderUnavailable),
    ],
)
def test_refusal_becomes_the_error_of_what_can_be_done(status: int, expected: type[PipelineError]) -> None:
    """The status decides; number and request are quoted for Toast's support, the message is not."""
    error = explain(status, refusal(status))

    assert type(error) is expected
    assert f"toast: answered {status} 10025 (request {REQUEST})" in str(error)
    assert "Mina" not in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"code":"Mina","requestId":"Mina"}',
        b'{"code":0,"requestId":7,"message":["Mina"]}',
    ],
)
def test_refusal_in_no_known_form_is_still_an_error(body: bytes) -> None:
    """The status is enough, and nothing of an unknown body is repeated."""
    assert str(explain(429, body)) == "toast: answered 429: too many requests."
    assert type(explain(400, body)) is UnexpectedPayload


def test_unknown_address_is_told_from_an_unknown_object() -> None:
    """404 in Toast's form is an object that is not there; in any other the base URL is wrong."""
    assert type(explain(404, refusal(404))) is NotFound
    with pytest.raises(Misconfigured, match="is TOAST_BASE_URL right"):
        raise explain(404, b'{"detail":"not found"}')


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_login_names_the_credentials(status: int) -> None:
    """Whoever reads it learns whose credentials to mend, and where."""
    error = explain_login(status, refusal(status))

    assert type(error) is Unauthorised
    assert "deleted them in Toast Web" in str(error)
    assert "TOAST_CLIENT_ID and TOAST_CLIENT_SECRET" in str(error)


def test_login_that_fails_for_other_reasons_is_not_a_refusal() -> None:
    """A limit or a breakdown says nothing about the credentials."""
    assert type(explain_login(429, refusal(429))) is RateLimited
    assert type(explain_login(503, b"")) is ProviderUnavailable
