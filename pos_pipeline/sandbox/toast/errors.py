"""Toast's error body, `ErrorMessage`: one shape for every status."""


class ToastError(Exception):
    """An answer that is not 2xx."""

    def __init__(self, status: int, message: str, *, code: int = 0, key: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.key = key

    def body(self, request_id: str) -> dict[str, object]:
        """What the client reads."""
        return {
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "messageKey": self.key,
            "fieldName": None,
            "link": None,
            "requestId": request_id,
            "developerMessage": None,
            "errors": [],
            "canRetry": None,
        }


def invalid(message: str) -> ToastError:
    """400: the request is wrong."""
    return ToastError(400, message)


def unauthorized(message: str = "Full authentication is required to access this resource") -> ToastError:
    """401: the token is missing, unknown or expired, or the credentials are."""
    return ToastError(401, message)


def forbidden(message: str) -> ToastError:
    """403: the token is good but not for this restaurant, or not for this."""
    return ToastError(403, message)


def not_found(kind: str, guid: str) -> ToastError:
    """404: no such object."""
    return ToastError(404, f"{kind} {guid} was not found")
