"""What Lightspeed's refusals mean."""

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
from pos_pipeline.providers.lightspeed.errors import explain, explain_code, explain_refresh

SECRET = "ana@example.es"
FORMS = [
    {"errors": {"global": [SECRET]}},
    {"status": "error", "error": SECRET, "details": SECRET},
    {"error": SECRET},
    {"error": {"code": 17, "message": SECRET}},
    {"errors": [SECRET]},
    {"errors": {SECRET: [SECRET]}},
    {"message": SECRET},
    {},
]
"""There is no one form of a refusal; these are those that were seen, and a few more."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, UnexpectedPayload),
        (401, Unauthorised),
        (403, MissingScope),
        (404, NotFound),
        (405, UnexpectedPayload),
        (408, ProviderUnavailable),
        (409, UnexpectedPayload),
        (422, UnexpectedPayload),
        (429, RateLimited),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
        (599, ProviderUnavailable),
    ],
)
def test_status_decides_in_every_form(status: int, expected: type[PipelineError], form: object) -> None:
    """Text in a refusal may be what a customer typed; it is never repeated."""
    error = explain(status, json.dumps(form).encode())

    assert type(error) is expected
    assert f"lightspeed: answered {status}" in str(error)
    assert SECRET not in str(error)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'"x"', b'{"errors": '])
def test_refusal_in_no_form_is_still_an_error(body: bytes) -> None:
    """The status is enough; a 404 that is not Lightspeed's own leads to the setting."""
    assert type(explain(429, body)) is RateLimited
    assert type(explain(400, body)) is UnexpectedPayload
    assert type(explain(404, body)) is Misconfigured
    assert "LIGHTSPEED_BASE_URL" in str(explain(404, body))


def test_parameters_of_ours_are_named() -> None:
    """Whoever reads the message sees which one was refused."""
    error = explain(422, b'{"errors": {"page_size": ["must be at least 1"], "ana": ["x"]}}')

    assert type(error) is UnexpectedPayload
    assert "answered 422 for page_size:" in str(error)


@pytest.mark.parametrize("status", [400, 422])
def test_place_that_is_not_known_any_more(status: int) -> None:
    """The list is to be read again from its start."""
    assert type(explain(status, b'{"errors": {"after": ["unknown"]}}')) is CursorExpired


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("word", ["invalid_grant", "invalid_request", "something else"])
def test_refused_consent_is_final(status: int, word: str) -> None:
    """Which word comes with which status is not documented; what to do is said, and the POS's text is not."""
    body = json.dumps({"error": word, "error_description": SECRET}).encode()

    for explain_, advice in ((explain_code, "Start linking again"), (explain_refresh, "consent again")):
        error = explain_(status, body)
        assert type(error) is Unauthorised
        assert advice in str(error)
        assert SECRET not in str(error)


def test_lost_answer_is_named_as_a_cause() -> None:
    """A merchant who has done nothing learns why the till has to be linked again."""
    error = explain_refresh(400, b'{"error": "invalid_grant", "error_description": "The refresh token is invalid."}')

    assert "replaced by one whose answer never reached us" in str(error)
    assert "(answered 400 invalid_grant" in str(error)


@pytest.mark.parametrize("status", [400, 401])
def test_wrong_application_is_not_the_merchants_fault(status: int) -> None:
    """It would refuse every merchant at once; none of them is told to consent again."""
    error = explain_refresh(status, b'{"error": "invalid_client"}')

    assert type(error) is Misconfigured
    assert "LIGHTSPEED_CLIENT_SECRET" in str(error)


@pytest.mark.parametrize(
    ("status", "expected"), [(429, RateLimited), (504, ProviderUnavailable), (500, ProviderUnavailable)]
)
def test_outage_of_the_token_endpoint_is_no_refusal(status: int, expected: type[PipelineError]) -> None:
    """The merchant's grant may well stand."""
    assert type(explain_refresh(status, b'{"error": "Gateway Timeout"}')) is expected
