"""Getting tokens as an application does: the merchant's browser, then the token endpoint."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from square import Square

from pos_pipeline.sandbox import Sandbox
from pos_pipeline.sandbox.square.grants import CLIENT_ID, CLIENT_SECRET

REDIRECT = "http://127.0.0.1:9/callback"


def consent(sandbox: Sandbox, **query: str) -> dict[str, str]:
    """What the callback receives after the merchant's browser went to authorize."""
    arguments = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT, "state": "s1", **query}
    answer = httpx.get(f"{sandbox.base_url()}/oauth2/authorize", params=arguments, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def exchange(square: Square, code: str, **changes: Any) -> Any:
    """ObtainToken for a code."""
    arguments = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uri": REDIRECT}
    return square.o_auth.obtain_token(grant_type="authorization_code", code=code, **(arguments | changes))


def refresh(square: Square, token: str, **changes: Any) -> Any:
    """ObtainToken for a refresh token."""
    arguments = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | changes
    return square.o_auth.obtain_token(grant_type="refresh_token", refresh_token=token, **arguments)
