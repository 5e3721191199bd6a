"""X-Series has no one error body; each part of it answers in a shape of its own."""


class LightspeedError(Exception):
    """An answer that is not 2xx."""

    def __init__(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body
        self.headers = headers or {}


def failure(status: int, message: str) -> LightspeedError:
    """The shape of the 2.0 API for what concerns the whole request."""
    return LightspeedError(status, {"errors": {"global": [message]}})


def invalid(field: str, message: str) -> LightspeedError:
    """422: one argument is wrong."""
    return LightspeedError(422, {"errors": {field: [message]}})


def not_found(kind: str) -> LightspeedError:
    """404: the retailer has no such object."""
    return failure(404, f"{kind} not found")


def oauth_failure(status: int, code: str, description: str) -> LightspeedError:
    """The shape of the token endpoint."""
    return LightspeedError(status, {"error": code, "error_description": description})


def too_many(headers: dict[str, str]) -> LightspeedError:
    """429: the window's requests are used up."""
    return LightspeedError(429, {"error": "Too Many Requests", "message": "Rate limiting enforced"}, headers)
