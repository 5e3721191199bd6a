"""`/oauth/{provider}`: a merchant's consent.

    authorize ──▶ a page of the POS ──browser──▶ callback ──▶ accounts, first import
              └─▶ a code to enter at the POS (Toast); nobody comes back, the code is looked for

The callback takes no token: the state ties it to the tenant that asked, once and for minutes.
"""

import html
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from pos_pipeline.accounts.codes import collect
from pos_pipeline.accounts.consent import consent_by_code, message_on_code
from pos_pipeline.accounts.door import provider_named
from pos_pipeline.accounts.hooks import listen
from pos_pipeline.accounts.linking import complete
from pos_pipeline.errors import InvalidRequest, NotFound, PipelineError, Unauthorised
from pos_pipeline.gateway.context import PROBLEMS, Core
from pos_pipeline.gateway.identity import Admin
from pos_pipeline.gateway.invitations import Link, invite
from pos_pipeline.gateway.problems import STATUS
from pos_pipeline.gateway.routes.accounts import Account, accounts_of
from pos_pipeline.orchestration.requests import welcome

router = APIRouter(prefix="/oauth", tags=["oauth"])

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<h1>{title}</h1><p>{text}</p></html>
"""
MAX_QUERY_LENGTH = 8_000
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
PAGES: dict[int | str, dict[str, Any]] = {
    status: {"content": {"text/html": {"schema": {"type": "string"}, "example": PAGE.format(title=title, text=text)}}}
    | {"description": words}
    for status, title, text, words in (
        (200, "Linked", "2 shops of Square linked. Their sales are on the way.", "The till is linked."),
        (400, "Not linked", "Start the linking again.", "Nobody asked for this consent, or it is too old."),
        (403, "Not linked", "Consent was not given.", "The merchant declined, or the POS takes the code for no good."),
        (404, "Not linked", "Toast sends nobody back here.", "There is no such POS, or it sends nobody back."),
        (422, "Not linked", "Grant MERCHANT_PROFILE_READ.", "The consent does not let us see the shops."),
        (500, "Not linked", "The application is not set up.", "This installation has no application at the POS."),
        (502, "Not linked", "The POS sent something unforeseen.", "The POS does not keep to its protocol."),
        (503, "Not linked", "Try again in a minute.", "The POS or our store does not answer."),
    )
}
"""What a merchant's browser may be shown, for the OpenAPI."""


ProviderName = Annotated[str, Path(description="The POS, by its short name.", examples=["square"])]
Code = Annotated[str, Path(description="The link code, however it is typed.", examples=["K7QM-2VXA-9PDR-WF3T"])]


class CodeState(BaseModel):
    """How far a link by code has come."""

    linked: list[Account] = Field(description="Shops linked by this look.")
    message: str | None = Field(
        None,
        description="What keeps it from being finished, if anything is known.",
        examples=["Toast lists the shop but does not let us read it yet; that takes up to half an hour."],
    )


@router.get("/{provider}/authorize", summary="Ask a merchant's consent", responses=PROBLEMS, response_model=Link)
def start(
    caller: Admin,
    core: Core,
    request: Request,
    provider: ProviderName,
    *,
    redirect: Annotated[bool, Query(description="Answer 302 to the POS's page instead of its address.")] = False,
) -> Response:
    """Where the merchant consents to our reading their till: the address of the page, or a redirect to it."""
    link = invite(core, request, caller, provider)
    if redirect and link.code is None:
        return RedirectResponse(link.authorize_url, 302, HEADERS)
    return Response(link.model_dump_json(), media_type="application/json", headers=HEADERS)


@router.get(
    "/{provider}/callback",
    summary="Where the merchant's browser comes back to",
    response_class=HTMLResponse,
    responses=PAGES,
)
def finish(core: Core, request: Request, provider: ProviderName) -> HTMLResponse:
    """Link the till the merchant has consented to. Not for programs: it answers a page."""
    answer = dict(request.query_params)
    if len(answer) != len(request.query_params.multi_items()) or len(str(request.query_params)) > MAX_QUERY_LENGTH:
        return _page(400, "Not linked", "The address is not one the POS sends. Start the linking again.")
    try:
        pos = provider_named(core, provider)
        if pos.links_by_code:
            return _page(404, "Not linked", f"{pos.title} sends nobody back here.")
        connection = complete(core, provider, answer)
    except Unauthorised as error:
        return _page(403, "Not linked", f"{error} {error.action_required}")
    except PipelineError as error:
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
        return _page(status, "Not linked", f"{error} {error.action_required}")
    welcome(core, [connection])
    listen(core, connection, request.app.state.public_url)
    request.app.state.conductor.wake()
    shops = len(connection.location_ids)
    return _page(
        200, "Linked", f"{shops} shop{'' if shops == 1 else 's'} of {pos.title} linked. Their sales are on the way."
    )


@router.get("/{provider}/codes/{code}", summary="Has the merchant entered the code?", responses=PROBLEMS)
def look_for_code(caller: Admin, core: Core, request: Request, provider: ProviderName, code: Code) -> CodeState:
    """Look whether the merchant has entered our code at the POS, and link the shops that have."""
    pos = provider_named(core, provider)
    if not pos.links_by_code:
        raise InvalidRequest(f"{provider}: tills are not linked by codes.")
    consent = consent_by_code(core.database, provider, code)
    if consent is None or consent.tenant_id != caller.tenant_id:
        raise NotFound("code: there is no such code; it may be too old.")
    connections = collect(core, provider, code=code)
    welcome(core, connections)
    for connection in connections:
        listen(core, connection, request.app.state.public_url)
    linked = [account for one in connections for account in accounts_of(core, caller, one.id)]
    return CodeState(linked=linked, message=message_on_code(core.database, code))


def _page(status: int, title: str, text: str) -> HTMLResponse:
    return HTMLResponse(PAGE.format(title=html.escape(title), text=html.escape(text)), status, HEADERS)
