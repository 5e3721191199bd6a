"""What Lightspeed's refusals mean.

There is no one form of them: `errors` by field, `error` as a word, a sentence or an object. Only words
we know are quoted, since the rest is text that may hold what a customer typed.
"""

from http import HTTPStatus
from typing import Any

import msgspec

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

WRONG_APP = "invalid_client"
WORDS = {
    "access_denied",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    WRONG_APP,
}
"""OAuth's own words (RFC 6749, 4.1.2.1 and 5.2)."""
FIELDS = {"after", "before", "date_from", "date_to", "deleted", "offset", "order_direction", "page_size", "type"}
"""Parameters of ours that an answer may complain of."""
REFUSED_CONSENTS = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class _Refusal(msgspec.Struct):
    error: Any = None
    errors: Any = None


class _Fault(msgspec.Struct):
    is_ours: bool = False
    """Whether the answer is a JSON object, as all of the API's are."""
    word: str = ""
    fields: tuple[str, ...] = ()


def explain(status: int, body: bytes) -> PipelineError:
    """See `Provider.explain`."""
    error: PipelineError
    fault = _fault(body)
    said = f"lightspeed: answered {status}"
    said += f" {fault.word}" if fault.word else ""
    said += f" for {', '.join(fault.fields)}" if fault.fields else ""
    match status:
        case 400 | 422 if fault.fields == ("after",):
            error = CursorExpired(f"{said}: the place in the list is not known any more.")
        case 401:
            error = Unauthorised(f"{said}: the merchant's token is not accepted.")
        case 403:
            error = MissingScope(f"{said}: the merchant's grant does not cover this.", scope="")
        case 404 if fault.is_ours:
            error = NotFound(f"{said}.")
        case 404:
            error = Misconfigured(
                f"{said}, and not in Lightspeed's form: is LIGHTSPEED_BASE_URL right, and does the shop still have "
                "the domain prefix it was linked with?"
            )
        case 429:
            error = RateLimited(f"{said}: too many requests.")
        case _ if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            error = ProviderUnavailable(f"{said}.")
        case _:
            error = UnexpectedPayload(f"{said}: Lightspeed does not accept a request of ours.")
    return error


def explain_code(status: int, body: bytes) -> PipelineError:
    """The same for the token endpoint when it is shown a code."""
    return _explain_consent(
        status,
        body,
        "the consent is not accepted: its code was used, is too old or belongs to another app. Start linking again",
    )


def explain_refresh(status: int, body: bytes) -> PipelineError:
    """The same for a refresh. A dead refresh token is final: nothing but a consent brings another."""
    return _explain_consent(
        status,
        body,
        "the refresh token is not accepted: the merchant removed the app, or the token was replaced by one whose "
        "answer never reached us. The merchant has to consent again",
    )


def _explain_consent(status: int, body: bytes, meaning: str) -> PipelineError:
    error = explain(status, body)
    if status not in REFUSED_CONSENTS:
        return error
    if _fault(body).word == WRONG_APP:
        return Misconfigured(
            f"{error} LIGHTSPEED_CLIENT_ID and LIGHTSPEED_CLIENT_SECRET are not those of one app; correct them."
        )
    return Unauthorised(f"lightspeed: {meaning} ({str(error).removeprefix('lightspeed: ')})")


def _fault(body: bytes) -> _Fault:
    """What the answer complains of, in known words only."""
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except msgspec.DecodeError:
        return _Fault()
    word = refusal.error if isinstance(refusal.error, str) and refusal.error in WORDS else ""
    named = refusal.errors if isinstance(refusal.errors, dict) else {}
    return _Fault(is_ours=True, word=word, fields=tuple(name for name in named if name in FIELDS))
