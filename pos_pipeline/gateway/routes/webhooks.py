"""`/webhooks/{provider}`: where a POS tells what happens. Stored, answered, then acted upon.

Codes are chosen for what a POS does with them: 2xx only when it is stored; 503 when our store is down, since
several never repeat a delivery after a 4xx; 401 and 404 for what is not for us.
"""

from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from pos_pipeline.accounts.door import provider_named
from pos_pipeline.errors import SignatureInvalid
from pos_pipeline.gateway.context import Core
from pos_pipeline.gateway.intake import Intake
from pos_pipeline.gateway.keyring import Keyring
from pos_pipeline.gateway.problems import Problem, Refusal
from pos_pipeline.orchestration.inbox import Fate
from pos_pipeline.provider import Provider
from pos_pipeline.services import Services
from pos_pipeline.webhooks import Delivery, WebhookEvent, Webhooks

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

MAX_BODY_BYTES = 5 * 1024 * 1024
"""Toast's orders come with 600 KB and more."""
RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "The signature is missing or wrong."},
    404: {"model": Problem, "description": "No such POS, or nobody has linked this merchant; nothing was stored."},
    413: {"model": Problem, "description": "Larger than any event."},
    502: {"model": Problem, "description": "Signed, and not what the POS documents; nothing was stored."},
    503: {"model": Problem, "description": "Our store does not answer: deliver it again."},
}


class Received(BaseModel):
    """What became of a delivery."""

    stored: int = Field(description="Events that were not here yet.")
    duplicates: int = Field(description="Events that were.")


@router.post("/{provider}", summary="Take a delivery of a POS", responses=RESPONSES)
async def receive(core: Core, request: Request, provider: str) -> Received:
    """For the POS only: the body is believed by its signature, and is a hint to read what it is about."""
    pos, webhooks = _listening(core, provider)
    delivery = Delivery(
        f"{request.app.state.public_url}{request.url.path}{'?' if request.url.query else ''}{request.url.query}",
        {name: ", ".join(request.headers.getlist(name)) for name in request.headers},
        await _body(request),
    )
    keyring: Keyring = request.app.state.keyrings.setdefault(provider, Keyring(core, pos))
    events = await run_sync(_open, webhooks, delivery, keyring)
    intake: Intake = request.app.state.intake
    fates = await intake.put(provider, events) if events else []
    if any(event.is_arrival for event in events):
        request.app.state.conductor.look_for_codes(provider)
    elif fates and all(fate is Fate.UNKNOWN for fate in fates):
        raise Refusal(404, "unknown_merchant", "Nobody has linked this merchant; nothing was stored.")
    if Fate.STORED in fates:
        request.app.state.conductor.wake()
    return Received(stored=fates.count(Fate.STORED), duplicates=fates.count(Fate.DUPLICATE))


def _listening(core: Services, provider: str) -> tuple[Provider, Webhooks]:
    pos = provider_named(core, provider)
    if pos.webhooks is None or not core.settings.enable_webhooks:
        raise Refusal(404, "not_found", f"{provider}: no deliveries are taken here.")
    return pos, pos.webhooks


def _open(webhooks: Webhooks, delivery: Delivery, keyring: Keyring) -> list[WebhookEvent]:
    try:
        return list(webhooks.open(delivery, keyring.keys()))
    except SignatureInvalid:
        return list(webhooks.open(delivery, keyring.keys(again=True)))


async def _body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def _too_large() -> Refusal:
    return Refusal(413, "too_large", f"A delivery has at most {MAX_BODY_BYTES} bytes.", {"Connection": "close"})
