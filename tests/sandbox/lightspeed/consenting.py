"""Getting tokens as an application does: the merchant's browser, then the retailer's token endpoint."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from pos_pipeline.sandbox import Sandbox
from pos_pipeline.sandbox.lightspeed.grants import CLIENT_ID, CLIENT_SECRET

REDIRECT = "http://127.0.0.1:9/callback"
SCOPE = "sales:read outlets:read webhooks"


def come_back(sandbox: Sandbox, **query: str) -> dict[str, str]:
    """What the callback receives after the merchant's browser went to the consent page."""
    arguments = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "state": "s1",
        "scope": SCOPE,
        **query,
    }
    answer = httpx.get(f"{sandbox.base_url('lightspeed')}/connect", params=arguments)
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def ask_for_token(sandbox: Sandbox, prefix: str, **form: str) -> httpx.Response:
    """One request to a retailer's token endpoint as our application."""
    body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form}
    return httpx.post(f"{sandbox.base_url('lightspeed')}/{prefix}/api/1.0/token", data=body)


def exchange(sandbox: Sandbox, came: dict[str, str], **changes: str) -> httpx.Response:
    """Tokens for what came back."""
    form = {"grant_type": "authorization_code", "code": came["code"], "redirect_uri": REDIRECT, **changes}
    return ask_for_token(sandbox, came["domain_prefix"], **form)


def refresh(sandbox: Sandbox, tokens: dict[str, Any], **changes: str) -> httpx.Response:
    """The next pair."""
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **changes}
    return ask_for_token(sandbox, tokens["domain_prefix"], **form)


def connect(sandbox: Sandbox, merchant_id: str, scope: str = SCOPE) -> dict[str, Any]:
    """A first pair for a merchant."""
    answer = exchange(sandbox, come_back(sandbox, merchant=merchant_id, scope=scope))
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens
