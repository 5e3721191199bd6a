"""Asking for a consent, and the address a browser comes back to: made of settings, never of a request's headers."""

from fastapi import Request
from pydantic import BaseModel, Field

from pos_pipeline.accounts.consent import CODE_LIFETIME, LIFETIME
from pos_pipeline.accounts.door import provider_named
from pos_pipeline.accounts.linking import authorize
from pos_pipeline.gateway.identity import Identity
from pos_pipeline.services import Services


class Link(BaseModel):
    """What the merchant is to do."""

    authorize_url: str = Field(
        description="Page of the POS to open in the merchant's browser.",
        examples=["https://connect.squareup.com/oauth2/authorize?client_id=sq0idp-…&state=…"],
    )
    code: str | None = Field(
        None,
        description="To be entered there as Location ID, where the POS sends nobody back.",
        examples=["K7QM-2VXA-9PDR-WF3T"],
    )
    expires_in_seconds: int = Field(description="For so long the page or the code can be used.", examples=[600])


def invite(core: Services, request: Request, caller: Identity, provider: str) -> Link:
    """A new invitation of the caller's tenant.

    Raises:
        NotFound: no such provider.
        Misconfigured: its application is not set up.
    """
    pos = provider_named(core, provider)
    invitation = authorize(core, provider, caller.tenant_id, callback_url(request, provider))
    lifetime = CODE_LIFETIME if pos.links_by_code else LIFETIME
    return Link(authorize_url=invitation.url, code=invitation.code, expires_in_seconds=int(lifetime.total_seconds()))


def callback_url(request: Request, provider: str) -> str:
    """The redirect address registered with the POS."""
    return f"{request.app.state.public_url}/api/v1/pos/oauth/{provider}/callback"
