"""Registering webhooks, in the old way (a form with JSON in it) and in the dated one (JSON)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from pos_pipeline.sandbox.lightspeed.call import Call
from pos_pipeline.sandbox.lightspeed.errors import LightspeedError
from pos_pipeline.sandbox.lightspeed.hooks import EVENT_TYPES, Hook
from pos_pipeline.sandbox.lightspeed.wire import Json, encode


def list_hooks(call: Call) -> bytes:
    """The application's own hooks of the retailer."""
    return encode([_rendered(call, hook) for hook in _own(call)])


def create_hook(call: Call) -> Json:
    """A new hook; the same may be made twice and is then heard twice."""
    wanted = _form(call)
    return _rendered(call, _created(call, wanted))


def change_hook(call: Call) -> Json:
    """Another address or type, or a pause."""
    return _rendered(call, _changed(call, _form(call)))


def delete_hook(call: Call) -> Json:
    """The end of a hook."""
    call.cloud.hooks.delete(_hook(call))
    return {"status": "success"}


def list_dated(call: Call) -> Json:
    """The same list in the dated API's envelope."""
    return {"data": [_dated(call, hook) for hook in _own(call)]}


def create_dated(call: Call) -> Json:
    """A new hook; 409 when there is one of this type with this address."""
    wanted = _json(call.raw)
    if any((hook.url, hook.type) == (wanted.get("url"), wanted.get("type")) for hook in _own(call)):
        raise LightspeedError(409, {"error": "A webhook with this url and type exists."})
    return {"data": _dated(call, _created(call, wanted))}


def get_dated(call: Call) -> Json:
    """One hook."""
    return {"data": _dated(call, _hook(call))}


def change_dated(call: Call) -> Json:
    """Another address or type, or a pause."""
    return {"data": _dated(call, _changed(call, _json(call.raw)))}


def delete_dated(call: Call) -> bytes:
    """The end of a hook."""
    call.cloud.hooks.delete(_hook(call))
    return b""


def _own(call: Call) -> list[Hook]:
    return call.cloud.hooks.of(call.access.merchant_key, is_personal=call.access.is_personal)


def _hook(call: Call) -> Hook:
    access = call.access
    return call.cloud.hooks.get(call.path["hook_id"], access.merchant_key, is_personal=access.is_personal)


def _created(call: Call, wanted: dict[str, Any]) -> Hook:
    url, kind = _url(wanted.get("url")), _kind(wanted.get("type"))
    access = call.access
    active = bool(wanted.get("active", True))
    return call.cloud.hooks.create(access.merchant_key, url, kind, is_personal=access.is_personal, active=active)


def _changed(call: Call, wanted: dict[str, Any]) -> Hook:
    hook = _hook(call)
    return call.cloud.hooks.change(
        hook,
        url=_url(wanted.get("url", hook.url)),
        kind=_kind(wanted.get("type", hook.type)),
        active=bool(wanted.get("active", hook.active)),
    )


def _form(call: Call) -> dict[str, Any]:
    """The JSON in the form's one field."""
    fields = parse_qs(call.raw.decode("utf-8", "replace"))
    return _json(fields.get("data", [""])[0].encode())


def _json(raw: bytes) -> dict[str, Any]:
    try:
        wanted = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        wanted = None
    if not isinstance(wanted, dict):
        raise _refused("Send url, type and active.")
    return wanted


def _url(value: object) -> str:
    parts = urlsplit(str(value or ""))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise _refused("url is not an address.")
    return str(value)


def _kind(value: object) -> str:
    if value not in EVENT_TYPES:
        raise _refused(f"type must be one of {', '.join(EVENT_TYPES)}.")
    return str(value)


def _refused(message: str) -> LightspeedError:
    return LightspeedError(400, {"error": message})


def _rendered(call: Call, hook: Hook) -> Json:
    return _dated(call, hook) | {"user_id": call.book.context.owner_id}


def _dated(call: Call, hook: Hook) -> Json:
    return {
        "id": hook.id,
        "retailer_id": call.book.context.retailer_id,
        "type": hook.type,
        "url": hook.url,
        "active": hook.active,
    }
