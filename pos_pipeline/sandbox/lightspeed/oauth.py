"""OAuth: the consent page `/connect` and each retailer's token endpoint.

Consent is given at once, by `?merchant=<retailer id>` or the first retailer; `?deny=true` refuses it.
A request without any scope comes back as `error=access_denied`, as it does since scopes are mandatory.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pos_pipeline.sandbox.lightspeed.errors import LightspeedError, failure, invalid, oauth_failure
from pos_pipeline.sandbox.lightspeed.grants import ACCESS_SECONDS, CLIENT_ID, CLIENT_SECRET, SCOPES, Pair
from pos_pipeline.sandbox.lightspeed.wire import Json

if TYPE_CHECKING:
    from pos_pipeline.sandbox.lightspeed.cloud import LightspeedCloud


def authorize(cloud: "LightspeedCloud", query: Mapping[str, str]) -> str:
    """Where the merchant's browser is sent after consenting, or refusing.

    Raises:
        LightspeedError: 4xx the application or the redirect is missing or unknown.
    """
    if query.get("client_id") != CLIENT_ID:
        raise failure(400, "Unknown client_id.")
    if query.get("response_type") != "code":
        raise invalid("response_type", "must be code")
    redirect_uri = query.get("redirect_uri")
    if not redirect_uri:
        raise invalid("redirect_uri", "the sandbox registers no redirect: send redirect_uri")
    state = {"state": query["state"]} if "state" in query else {}
    joiner = "&" if "?" in redirect_uri else "?"
    scopes = [scope for scope in query.get("scope", "").split() if scope in SCOPES]
    if query.get("deny") or not scopes:
        return redirect_uri + joiner + urlencode({"error": "access_denied"} | state)
    wanted = query.get("merchant")
    merchant_key = cloud.find_merchant(wanted) if wanted else next(iter(cloud.merchants))
    if merchant_key is None:
        raise failure(404, "No such retailer.")
    code = cloud.grants.consent(merchant_key, scopes, redirect_uri)
    return redirect_uri + joiner + urlencode({"code": code, "domain_prefix": cloud.names.prefix(merchant_key)} | state)


def obtain_token(cloud: "LightspeedCloud", merchant_key: str, form: Mapping[str, str]) -> Json:
    """The token endpoint: from a code, or from a refresh token, which is used up.

    Raises:
        LightspeedError: 400 invalid_grant or unsupported_grant_type, 401 invalid_client, 504 the answer is lost.
    """
    if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
        raise oauth_failure(401, "invalid_client", "Client authentication failed.")
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        pair = cloud.grants.exchange(form.get("code", ""), merchant_key, form.get("redirect_uri", ""))
        if pair is None:
            raise oauth_failure(400, "invalid_grant", "The authorization code is invalid or has expired.")
    elif grant_type == "refresh_token":
        pair = cloud.grants.refresh(form.get("refresh_token", ""), merchant_key)
        if pair is None:
            raise oauth_failure(400, "invalid_grant", "The refresh token is invalid.")
        if cloud.faults.loses_answer():
            raise LightspeedError(504, {"error": "Gateway Timeout"})
    else:
        raise oauth_failure(400, "unsupported_grant_type", "Send authorization_code or refresh_token.")
    return _answer(cloud, pair)


def _answer(cloud: "LightspeedCloud", pair: Pair) -> Json:
    return {
        "access_token": pair.access_token,
        "token_type": "Bearer",
        "expires": int(pair.expires_at),
        "expires_in": ACCESS_SECONDS,
        "refresh_token": pair.refresh_token,
        "domain_prefix": cloud.names.prefix(pair.merchant_key),
        "scope": " ".join(pair.scopes),
    }
