"""Asks a merchant's consent from the terminal and waits for it."""

# ruff: noqa: PLC0415 - `--help` does without the core

import time
from typing import TYPE_CHECKING
from uuid import UUID

from pos_pipeline.commands._output import note
from pos_pipeline.errors import InvalidRequest

if TYPE_CHECKING:
    from pos_pipeline.accounts.connections import Connection
    from pos_pipeline.provider import Provider
    from pos_pipeline.services import Services

CONSENT_SECONDS = 600
"""How long this command waits; an OAuth state is valid as long, a link code for days."""
POLL_SECONDS = 10.0


def link_by_consent(services: "Services", provider: "Provider", tenant_id: UUID, port: int) -> "list[Connection]":
    """What the merchant has linked: one connection by the browser's answer, or all that entered our code.

    Raises:
        Unauthorised: the merchant declined, or nobody answered in time.
        InvalidRequest: nobody has entered the code in time; it stays good and is looked for by itself.
    """
    from pos_pipeline.accounts.linking import authorize, complete
    from pos_pipeline.commands._callback import Callback

    if provider.links_by_code:
        return _link_by_code(services, provider, tenant_id)
    with Callback(port) as callback:
        url = authorize(services, provider.name, tenant_id, callback.redirect_uri).url
        note(f"Open this address in the merchant's browser and agree:\n\n{url}\n\nWaiting on {callback.redirect_uri} …")
        return [complete(services, provider.name, callback.wait(url, CONSENT_SECONDS))]


def _link_by_code(services: "Services", provider: "Provider", tenant_id: UUID) -> "list[Connection]":
    from pos_pipeline.accounts.codes import collect
    from pos_pipeline.accounts.consent import message_on_code
    from pos_pipeline.accounts.linking import authorize

    invitation = authorize(services, provider.name, tenant_id, "http://127.0.0.1/")
    code = invitation.code or ""
    note(
        f"Add our integration to the shop at {provider.title} and enter this code as its Location ID:\n\n"
        f"    {code}\n\n{invitation.url}\n\nWaiting for {provider.title} to know of it …"
    )
    deadline, told = time.monotonic() + CONSENT_SECONDS, None
    while not (linked := collect(services, provider.name, code=code)):
        message = message_on_code(services.database, code)
        if message and message != told:
            note(message)
            told = message
        if time.monotonic() > deadline:
            raise InvalidRequest(
                f"{provider.name}: nobody has entered {code} within {CONSENT_SECONDS // 60} minutes. It stays good for "
                "days; the shop appears by itself while the pipeline runs."
            )
        time.sleep(POLL_SECONDS)
    return linked
