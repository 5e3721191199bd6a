"""The Webhook Subscriptions API; personal access tokens only."""

import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool

from pos_pipeline.sandbox.courier import Delivery, Target
from pos_pipeline.sandbox.square.call import Call, texts
from pos_pipeline.sandbox.square.errors import invalid
from pos_pipeline.sandbox.square.events import EVENT_SCOPES, TEST_EVENT
from pos_pipeline.sandbox.square.subscriptions import Subscription
from pos_pipeline.sandbox.square.wire import Json

_LATEST_VERSION = "2026-09-16"


def event_types(_: Call) -> Json:
    """ListWebhookEventTypes."""
    metadata = [
        {"event_type": kind, "api_version_introduced": "2020-02-26", "release_status": "PUBLIC"}
        for kind in EVENT_SCOPES
    ]
    return {"event_types": list(EVENT_SCOPES), "metadata": metadata}


def list_subscriptions(call: Call) -> Json:
    """ListWebhookSubscriptions; the list leaves the keys out."""
    found = [_rendered(subscription, with_key=False) for subscription in call.cloud.subscriptions.all()]
    return {"subscriptions": found} if found else {}


def create_subscription(call: Call) -> Json:
    """CreateWebhookSubscription; the answer carries the signature key."""
    wanted = _wanted(call)
    kinds = _kinds(wanted.get("event_types"))
    url = _url(wanted.get("notification_url"))
    call.cloud.open_all_books()
    created = call.cloud.subscriptions.create(
        call.access.merchant_key,
        str(wanted.get("name") or "Webhook"),
        kinds,
        url,
        str(wanted.get("api_version") or _LATEST_VERSION),
        enabled=bool(wanted.get("enabled", True)),
    )
    return {"subscription": _rendered(created)}


def get_subscription(call: Call) -> Json:
    """RetrieveWebhookSubscription."""
    return {"subscription": _rendered(call.cloud.subscriptions.get(call.path["subscription_id"]))}


def update_subscription(call: Call) -> Json:
    """UpdateWebhookSubscription: only what is sent changes."""
    known, wanted = call.cloud.subscriptions.get(call.path["subscription_id"]), _wanted(call)
    changed = replace(
        known,
        name=str(wanted.get("name", known.name)),
        event_types=_kinds(wanted["event_types"]) if "event_types" in wanted else known.event_types,
        notification_url=_url(wanted["notification_url"]) if "notification_url" in wanted else known.notification_url,
        enabled=bool(wanted.get("enabled", known.enabled)),
        updated_at=time.time(),
    )
    return {"subscription": _rendered(call.cloud.subscriptions.put(changed), with_key=False)}


def delete_subscription(call: Call) -> Json:
    """DeleteWebhookSubscription."""
    call.cloud.subscriptions.delete(call.path["subscription_id"])
    return {}


def renew_signature_key(call: Call) -> Json:
    """UpdateWebhookSubscriptionSignatureKey."""
    return {"signature_key": call.cloud.subscriptions.renew_key(call.path["subscription_id"]).signature_key}


async def _send_test(call: Call, subscription: Subscription) -> Json:
    now = datetime.now(UTC).isoformat()
    serial = call.cloud.names.token("test", now)
    body = msgspec.json.encode(
        {
            "merchant_id": call.book.context.merchant_id,
            "type": TEST_EVENT,
            "event_id": serial,
            "created_at": now,
            "data": {"type": "webhooks", "id": serial[:20]},
        }
    )
    target = Target(subscription.notification_url, subscription.signature_key)
    result = await run_in_threadpool(call.cloud.courier.send, target, Delivery(subscription.id, body, now))
    status = result if isinstance(result, int) else 0
    return {
        "subscription_test_result": {
            "id": serial,
            "status_code": status,
            "payload": body.decode(),
            "created_at": now,
            "updated_at": now,
        },
        "notification_url": target.url,
        "status_code": status,
        "passes_filter": True,
        "payload": msgspec.json.decode(body),
    }


def test_subscription(call: Call) -> Awaitable[Json]:
    """TestWebhookSubscription: one delivery at once, and what the listener answered."""
    return _send_test(call, call.cloud.subscriptions.get(call.path["subscription_id"]))


def _wanted(call: Call) -> dict[str, Any]:
    wanted = call.body.get("subscription")
    if not isinstance(wanted, dict):
        raise invalid("MISSING_REQUIRED_PARAMETER", "Missing required parameter.", "subscription")
    return wanted


def _kinds(value: object) -> list[str]:
    kinds = texts(value or [], "subscription.event_types")
    for kind in kinds:
        if kind not in EVENT_SCOPES:
            raise invalid("INVALID_VALUE", f"Unknown event type `{kind}`.", "subscription.event_types")
    if not kinds:
        raise invalid("MISSING_REQUIRED_PARAMETER", "At least one event type is required.", "subscription.event_types")
    return kinds


def _url(value: object) -> str:
    parts = urlsplit(str(value or ""))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid("INVALID_VALUE", "Not a URL.", "subscription.notification_url")
    return str(value)


def _rendered(subscription: Subscription, *, with_key: bool = True) -> Json:
    """Times are in Go's style here, unlike anywhere else."""
    rendered: Json = {
        "id": subscription.id,
        "name": subscription.name,
        "enabled": subscription.enabled,
        "event_types": subscription.event_types,
        "notification_url": subscription.notification_url,
        "api_version": subscription.api_version,
    }
    if with_key:
        rendered["signature_key"] = subscription.signature_key
    for name in ("created_at", "updated_at"):
        moment = datetime.fromtimestamp(int(getattr(subscription, name)), UTC)
        rendered[name] = moment.strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
    return rendered
