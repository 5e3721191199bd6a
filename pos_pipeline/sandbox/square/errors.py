"""Square's error bodies: `{"errors": [{"category", "code", "detail", "field"}]}`."""


class SquareError(Exception):
    """An answer that is not 2xx."""

    def __init__(self, status: int, category: str, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.error: dict[str, str] = {"category": category, "code": code, "detail": detail}
        if field is not None:
            self.error["field"] = field

    @property
    def body(self) -> dict[str, object]:
        """What the client reads."""
        return {"errors": [self.error]}


def invalid(code: str, detail: str, field: str | None = None) -> SquareError:
    """400: the request is wrong."""
    return SquareError(400, "INVALID_REQUEST_ERROR", code, detail, field)


def not_found(kind: str, identifier: str) -> SquareError:
    """404: no such object."""
    return SquareError(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", f"Could not find {kind} with id: {identifier}")


def unauthorized(code: str, detail: str) -> SquareError:
    """401: the token is missing, unknown, expired or revoked."""
    return SquareError(401, "AUTHENTICATION_ERROR", code, detail)


def forbidden(code: str, detail: str) -> SquareError:
    """403: the token is good but not for this."""
    return SquareError(403, "AUTHENTICATION_ERROR", code, detail)


def stale_cursor(detail: str) -> SquareError:
    """400: a cursor that expired or belongs to another query."""
    return invalid("INVALID_CURSOR", detail, "cursor")
