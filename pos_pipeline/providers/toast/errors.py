"""What Toast's refusals mean.

Only the number of the fault and the id of the request are quoted, which Toast's support asks for; its
`message` may hold what a guest typed.
"""

import re
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

GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class _Refusal(msgspec.Struct, rename="camel"):
    """Toast's `ErrorMessage`; every member may be missing or of another kind."""

    code: Any = None
    request_id: Any = None
    message: Any = None

    def is_toasts(self) -> bool:
        return self.request_id is not None or self.message is not None

    def __str__(self) -> str:
        code = f" {self.code}" if isinstance(self.code, int) and self.code else ""
        known = isinstance(self.request_id, str) and GUID.fullmatch(self.request_id)
        return code + (f" (request {self.request_id})" if known else "")


def explain(status: int, body: bytes) -> PipelineError:
    """See `Provider.explain`."""
    refusal = _refusal(body)
    said = f"toast: answered {status}{refusal}"
    match status:
        case 401:
            error: PipelineError = Unauthorised(f"{said}: the token is not accepted.")
        case 403:
            error = MissingScope(
                f"{said}: the restaurant is not connected to our credentials, or they do not cover this.", scope=""
            )
        case 404 if refusal.is_toasts():
            error = NotFound(f"{said}.")
        case 404:
            error = Misconfigured(f"{said}, and not in Toast's form: is TOAST_BASE_URL right?")
        case 409:
            error = CursorExpired(f"{said}: the configuration was published while it was read.")
        case 429:
            error = RateLimited(f"{said}: too many requests.")
        case _ if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            error = ProviderUnavailable(f"{said}.")
        case _:
            error = UnexpectedPayload(f"{said}: Toast does not accept a request of ours.")
    return error


def explain_login(status: int, body: bytes) -> PipelineError:
    """The same for a login, which is refused with 400, 401 or 403."""
    error = explain(status, body)
    if status in {400, 401, 403}:
        return Unauthorised(
            "toast: the client id and secret are not accepted. Where the restaurant brought its own, it made others "
            "or deleted them in Toast Web; else correct TOAST_CLIENT_ID and TOAST_CLIENT_SECRET "
            f"({str(error).removesuffix('.')})."
        )
    return error


def _refusal(body: bytes) -> _Refusal:
    try:
        return msgspec.json.decode(body, type=_Refusal)
    except msgspec.DecodeError:
        return _Refusal()
