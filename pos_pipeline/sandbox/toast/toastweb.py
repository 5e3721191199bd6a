"""Toast Web, as far as a merchant and Toast's support use it. Sandbox only: none of this is Toast's protocol.

GET /toastweb/add-integration   the merchant's employee adds the integration and types our code
POST /toastweb/webhooks         Toast's support subscribes an address to a category
"""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pos_pipeline.sandbox.toast.connections import Connection
from pos_pipeline.sandbox.toast.errors import invalid, not_found
from pos_pipeline.sandbox.toast.grants import SCOPES
from pos_pipeline.sandbox.toast.receivers import CATEGORIES

if TYPE_CHECKING:
    from pos_pipeline.sandbox.toast.cloud import ToastCloud

_PAGE = """<!doctype html><html lang="es"><head><meta charset="utf-8"><title>Toast Web (sandbox)</title></head>
<body><h1>Integration added</h1><p>This page belongs to the sandbox, not to Toast.</p><ul>{rows}</ul></body></html>"""


def add_integration(cloud: "ToastCloud", query: Mapping[str, str]) -> str | bytes:
    """Connect restaurants to the partner. Where the browser goes next, or a page when it goes nowhere.

    `code` lands in *Location ID* of every restaurant, `group` in *Group ID*. `merchant` is a management
    group, the first when absent; `location` one of its restaurants, all when absent; `scope` what the
    partner may read there, everything when absent.

    Raises:
        ToastError: 400 no code or an unknown scope, 404 no such merchant or restaurant.
    """
    code = query.get("code")
    if not code:
        raise invalid("code is required: what the merchant types as Location ID")
    scopes = (query.get("scope") or " ".join(SCOPES)).split()
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise invalid(f"unknown scope {', '.join(unknown)}")
    merchant_key, location_keys = _where(cloud, query.get("merchant"), query.get("location"))
    rows = [
        Connection(
            restaurant_guid=cloud.location_id(merchant_key, location_key),
            merchant_key=merchant_key,
            location_key=location_key,
            scopes=scopes,
            external_group_ref=query.get("group") or None,
            external_restaurant_ref=code,
            created_ms=0,
            modified_ms=0,
        )
        for location_key in location_keys
    ]
    cloud.connect(rows)
    redirect_uri = query.get("redirect_uri")
    if not redirect_uri:
        names = (cloud.context_of(row.restaurant_guid).location.name for row in rows)
        return _PAGE.format(rows="".join(f"<li>{escape(name)}</li>" for name in names)).encode()
    joiner = "&" if "?" in redirect_uri else "?"
    return redirect_uri + joiner + urlencode({"state": query.get("state") or code, "code": code})


def add_receiver(cloud: "ToastCloud", body: Mapping[str, Any]) -> dict[str, str]:
    """Subscribe `url` to `category`, or restart it; the answer carries the secret.

    Raises:
        ToastError: 400.
    """
    url, category = str(body.get("url") or ""), str(body.get("category") or "")
    if not url.startswith(("http://", "https://")) or category not in CATEGORIES:
        raise invalid(f"send a url and a category out of {', '.join(CATEGORIES)}")
    receiver = cloud.receivers.add(url, category)
    cloud.backoff.restart(receiver.id)
    return {"id": receiver.id, "secret": receiver.secret}


def remove_receiver(cloud: "ToastCloud", identifier: str) -> dict[str, str]:
    """End a subscription.

    Raises:
        ToastError: 404.
    """
    if not cloud.receivers.remove(identifier):
        raise not_found("Subscription", identifier)
    return {}


def _where(cloud: "ToastCloud", merchant: str | None, location: str | None) -> tuple[str, list[str]]:
    merchant_key = cloud.find_merchant(merchant) if merchant else next(iter(cloud.merchants))
    if merchant_key is None:
        raise not_found("ManagementGroup", str(merchant))
    keys = list(cloud.merchants[merchant_key].locations)
    chosen = [key for key in keys if not location or cloud.location_id(merchant_key, key) == location]
    if not chosen:
        raise not_found("Restaurant", str(location))
    return merchant_key, chosen
