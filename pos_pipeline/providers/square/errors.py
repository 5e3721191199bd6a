"""What Square's refusals mean.

Only Square's own words for a fault are quoted (category, code, field); its `detail` may hold what a
customer typed.
"""

import re
from http import HTTPStatus

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

VERSION_CODES = {"INVALID_SQUARE_VERSION_FORMAT", "API_VERSION_INCOMPATIBLE"}
_WORD = re.compile(r"[A-Za-z0-9_.\[\]]{1,64}")


class _Fault(msgspec.Struct):
    code: str = ""
    field: str | None = None


class _Refusal(msgspec.Struct):
    """Both shapes: `errors[]` everywhere, `{message, type}` also seen from /oauth2."""

    errors: list[_Fault] = []
    type: str = ""


def explain(status: int, body: bytes) -> PipelineError:
    """See `Provider.explain`."""
    fault = _fault(body)
    said = f"square: answered {status}"
    said += f" {fault.code}" if fault.code else ""
    said += f" for field {fault.field}" if fault.field else ""
    match status:
        case 400:
            error = _explain_bad_request(said, fault)
        case 401:
            error = Unauthorised(f"{said}: the merchant's token is not accepted.")
        case 403:
            error = MissingScope(f"{said}: the merchant's grant does not cover this.", scope="")
        case 404 if fault.code:
            error = NotFound(f"{said}.")
        case 404:
            error = Misconfigured(f"{said}, and not in Square's form: is SQUARE_BASE_URL right?")
        case 429:
            error = RateLimited(f"{said}: too many requests.")
        case _ if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            error = ProviderUnavailable(f"{said}.")
        case _:
            error = UnexpectedPayload(f"{said}: Square does not accept a request of ours.")
    return error


def explain_consent(status: int, body: bytes) -> PipelineError:
    """The same for /oauth2/token, which answers 400, 401 or 403 to a code or refresh token it does not take."""
    error = explain(status, body)
    if status in {400, 401, 403} and not isinstance(error, Misconfigured):
        return Unauthorised(
            "square: the consent is not accepted: its code was used or is older than five minutes, the merchant "
            f"withdrew it, or SQUARE_APP_ID and SQUARE_APP_SECRET are not of the same app ({error})"
        )
    return error


def _explain_bad_request(said: str, fault: _Fault) -> PipelineError:
    if fault.field == "cursor" or fault.code == "INVALID_CURSOR":
        return CursorExpired(f"{said}: a cursor lives about five minutes.")
    if fault.code in VERSION_CODES:
        return Misconfigured(f"{said}: correct SQUARE_API_VERSION.")
    return UnexpectedPayload(f"{said}: Square does not accept a request of ours.")


def _fault(body: bytes) -> _Fault:
    """The first fault, in Square's fixed words only."""
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except msgspec.DecodeError:
        return _Fault()
    fault = refusal.errors[0] if refusal.errors else _Fault(code=refusal.type)
    return _Fault(_word(fault.code), _word(fault.field or "") or None)


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else ""
