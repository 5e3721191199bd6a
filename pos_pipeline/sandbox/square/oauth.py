"""OAuth: `/oauth2/authorize`, `/oauth2/token`, `/oauth2/revoke`, `/oauth2/token/status`.

Consent is given at once, for `?merchant=<id>` or the first merchant; `?deny=true` refuses it.
Two shapes of error body exist in the wild and both are answered here: a code nobody knows gets
`{"message", "type"}`, everything else `{"errors": […]}`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pos_pipeline.sandbox.shop.clock import SECOND
from pos_pipeline.sandbox.square.errors import SquareError, invalid, unauthorized
from pos_pipeline.sandbox.square.grants import CLIENT_ID, CLIENT_SECRET, Access, Code, Tokens, challenge_of
from pos_pipeline.sandbox.square.wire import Json, whole_seconds

if TYPE_CHECKING:
    from pos_pipeline.sandbox.square.cloud import SquareCloud


class UnknownCodeError(Exception):
    """The other error shape: 401 with a message and a type."""

    def __init__(self, client_id: str) -> None:
        super().__init__("unknown code")
        self.body = {
            "message": f"Authorization code not found for app [{client_id}]",
            "type": "service.not_authorized",
        }


def authorize(cloud: "SquareCloud", query: Mapping[str, str]) -> str:
    """Where the merchant's browser is sent after consenting, or refusing.

    Raises:
        SquareError: 400 the application or the redirect is missing or unknown.
    """
    if query.get("client_id") != CLIENT_ID:
        raise invalid("BAD_REQUEST", "Unknown client_id.", "client_id")
    redirect_uri = query.get("redirect_uri")
    if not redirect_uri:
        raise invalid(
            "MISSING_REQUIRED_PARAMETER", "The sandbox registers no redirect: send redirect_uri.", "redirect_uri"
        )
    state = {"state": query["state"]} if "state" in query else {}
    joiner = "&" if "?" in redirect_uri else "?"
    if query.get("deny"):
        denial = {"error": "access_denied", "error_description": "user_denied"} | state
        return redirect_uri + joiner + urlencode(denial)
    merchant_key = cloud.merchant_key(query["merchant"]) if query.get("merchant") else cloud.first_merchant_key
    code = cloud.grants.consent(merchant_key, query.get("scope", ""), redirect_uri, query.get("code_challenge"))
    return redirect_uri + joiner + urlencode({"code": code, "response_type": "code"} | state)


def obtain_token(cloud: "SquareCloud", body: Mapping[str, Any]) -> Json:
    """ObtainToken: from a code or a refresh token.

    Raises:
        SquareError: 400 or 401.
        UnknownCodeError: 401 in the other shape.
    """
    client_id = str(body.get("client_id") or "")
    if client_id != CLIENT_ID:
        raise unauthorized("UNAUTHORIZED", "Not Authorized: unknown application.")
    short_lived = bool(body.get("short_lived"))
    grant_type = body.get("grant_type")
    if grant_type == "authorization_code":
        consent = _consent(cloud, body, client_id)
        return _tokens(cloud, cloud.grants.exchange(consent, short_lived=short_lived))
    if grant_type == "refresh_token":
        refresh_token = str(body.get("refresh_token") or "")
        if not cloud.grants.is_pkce(refresh_token):
            _check_secret(body)
        tokens = cloud.grants.refresh(refresh_token, body.get("scopes"), short_lived=short_lived)
        if tokens is None:
            raise unauthorized("UNAUTHORIZED", "Invalid refresh token.")
        return _tokens(cloud, tokens)
    raise invalid("INVALID_VALUE", "grant_type must be authorization_code or refresh_token.", "grant_type")


def revoke(cloud: "SquareCloud", authorization: str, body: Mapping[str, Any]) -> Json:
    """RevokeToken: one access token, or everything the merchant granted.

    Raises:
        SquareError: 401 wrong application secret, 400 or 404 otherwise.
    """
    if authorization != f"Client {CLIENT_SECRET}" or body.get("client_id") != CLIENT_ID:
        raise unauthorized("UNAUTHORIZED", "Not Authorized: wrong application secret.")
    token, merchant_id = body.get("access_token"), body.get("merchant_id")
    if bool(token) == bool(merchant_id):
        raise invalid("BAD_REQUEST", "Send exactly one of access_token and merchant_id.")
    merchant_key = cloud.grants.merchant_of(str(token)) if token else cloud.merchant_key(str(merchant_id))
    if merchant_key is None:
        raise SquareError(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", "Access token not found.")
    if token and body.get("revoke_only_access_token"):
        cloud.grants.revoke_token(str(token))
    else:
        cloud.end_authorization(merchant_key, "APPLICATION", personal_too=False)
    return {"success": True}


def token_status(cloud: "SquareCloud", access: Access) -> Json:
    """RetrieveTokenStatus; a personal token has no expiry."""
    status: Json = {"scopes": sorted(access.scopes), "client_id": access.client_id or CLIENT_ID}
    if access.expires_at is not None:
        status["expires_at"] = whole_seconds(int(access.expires_at) * SECOND)
    return status | {"merchant_id": cloud.merchant_id(access.merchant_key)}


def _consent(cloud: "SquareCloud", body: Mapping[str, Any], client_id: str) -> Code:
    if not body.get("code_verifier"):
        _check_secret(body)
    consent = cloud.grants.take_code(str(body.get("code") or ""))
    if consent is None:
        raise UnknownCodeError(client_id)
    if consent.redirect_uri != body.get("redirect_uri"):
        raise invalid("BAD_REQUEST", "redirect_uri differs from the one used to authorize.", "redirect_uri")
    if consent.challenge is not None and challenge_of(str(body.get("code_verifier"))) != consent.challenge:
        raise unauthorized("UNAUTHORIZED", "Invalid code verifier.")
    if consent.challenge is None and body.get("client_secret") is None:
        raise unauthorized("UNAUTHORIZED", "The code was not issued for PKCE: send client_secret.")
    return consent


def _check_secret(body: Mapping[str, Any]) -> None:
    if body.get("client_secret") != CLIENT_SECRET:
        raise unauthorized("UNAUTHORIZED", "Not Authorized: wrong application secret.")


def _tokens(cloud: "SquareCloud", tokens: Tokens) -> Json:
    answer: Json = {
        "access_token": tokens.access_token,
        "token_type": "bearer",
        "expires_at": whole_seconds(int(tokens.access.expires_at) * SECOND),
        "merchant_id": cloud.merchant_id(tokens.access.merchant_key),
        "refresh_token": tokens.refresh_token,
        "short_lived": tokens.is_short_lived,
    }
    if tokens.refresh.expires_at is not None:
        answer["refresh_token_expires_at"] = whole_seconds(int(tokens.refresh.expires_at) * SECOND)
    return answer
