"""An access token on its way into a request. Nothing that prints this object prints the token."""

from collections.abc import Iterator

import httpx
from pydantic import SecretStr


class Bearer(httpx.Auth):
    """`Authorization: Bearer …`, or another scheme where a POS wants one (`Client …`)."""

    def __init__(self, token: SecretStr, scheme: str = "Bearer") -> None:
        self._token = token
        self._scheme = scheme

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        """Put the header on; httpx calls this once a request."""
        request.headers["Authorization"] = f"{self._scheme} {self._token.get_secret_value()}"
        yield request
