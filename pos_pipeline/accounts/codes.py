"""Finishes links by code: the merchant entered our code at the POS, and the POS tells us who did.

Nobody's browser comes back, so this is asked for again and again while codes are open, and now and then
afterwards: a merchant who removes us at the POS simply drops out of the list.
"""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from pos_pipeline.accounts.connections import Connection, connections_of, load_connection, mark_failed
from pos_pipeline.accounts.consent import Consent, consent_by_code, normalised, note_on_code
from pos_pipeline.accounts.door import open_api, provider_named
from pos_pipeline.accounts.linking import api_of_grant, link
from pos_pipeline.accounts.shops import revive_accounts
from pos_pipeline.errors import InvalidRequest, Misconfigured, MissingScope, PipelineError, Unauthorised
from pos_pipeline.provider import Claim, Provider
from pos_pipeline.settings import load_settings

if TYPE_CHECKING:
    from pos_pipeline.services import Services

LINKED_BY_CODE = "linked_by_code"
"""Attribute of connections whose standing is told by the list of claims."""
OWNERS = """
select tenant_id, status, updated_at from pos.connections where pos_provider = %s and merchant_id = %s
"""
REVIVE = """
update pos.connections
set status = 'active', error_type = null, error_message = null, updated_at = now()
where id = %s and status = 'error'
returning id
"""
NOT_OPEN_YET = "{title} lists the shop but does not let us read it yet; that takes up to half an hour."

log = structlog.get_logger(__name__)


def is_set_up(services: "Services", provider: Provider) -> bool:
    """Whether this installation has an app at the provider, so that codes can be asked after."""
    try:
        provider.app_grant(services.settings_of(provider))
    except Misconfigured:
        return False
    return True


def collect(services: "Services", provider: str, *, code: str | None = None) -> list[Connection]:
    """Link every shop whose link code was entered at the POS since we last asked; with `code` only those of it.

    A shop that cannot be linked keeps its code open, with the reason on it. One that has left the list and
    cannot be read any more is in `error`; one that has come back is in service again.

    Raises:
        NotFound: no such provider.
        InvalidRequest: its tills are not linked by codes.
        Unauthorised, ProviderUnavailable: the POS does not tell who is connected; nothing has changed.
    """
    pos = provider_named(services, provider)
    if not pos.links_by_code:
        raise InvalidRequest(f"{provider}: tills are not linked by codes.")
    settings = load_settings(pos.settings_type)
    claims = pos.claims(settings, api_of_grant(services, pos, pos.app_grant(settings)))
    linked = []
    for claim in claims:
        if code is not None and normalised(claim.code) != normalised(code):
            continue
        consent = consent_by_code(services.database, provider, claim.code)
        if consent is not None and (connection := _finish(services, pos, claim, consent)) is not None:
            linked.append(connection)
    if code is None:
        _notice_departures(services, pos, {claim.grant.merchant_id for claim in claims})
    return linked


def _finish(services: "Services", pos: Provider, claim: Claim, consent: Consent) -> Connection | None:
    merchant_id, message = claim.grant.merchant_id, ""
    owners: dict[UUID, tuple[str, datetime]] = {
        tenant_id: (status, changed_at)
        for tenant_id, status, changed_at in services.database.fetch(OWNERS, (pos.name, merchant_id))
    }
    status, changed_at = owners.pop(consent.tenant_id, ("", consent.asked_at))
    # The code of a shop that was disconnected here still stands at the POS: only one asked for since links it again.
    if status == "active" or (status == "disconnected" and consent.asked_at <= changed_at):
        return None
    if any(other != "disconnected" for other, _ in owners.values()):
        message = (
            f"{pos.title} shop {merchant_id} is linked to another business; it has to be disconnected there first."
        )
    else:
        try:
            grant = replace(claim.grant, attributes={**claim.grant.attributes, LINKED_BY_CODE: "yes"})
            connection = link(services, pos, consent.tenant_id, grant)
        except MissingScope:
            message = NOT_OPEN_YET.format(title=pos.title)
        except PipelineError as error:
            message = f"{str(error).rstrip('.')}. {error.action_required}"
    note_on_code(services.database, claim.code, message or None)
    return connection if not message else None


def _notice_departures(services: "Services", pos: Provider, present: set[str]) -> None:
    for connection in connections_of(services.database, provider=pos.name, active_only=False):
        if LINKED_BY_CODE not in connection.attributes or connection.status == "disconnected":
            continue
        if connection.merchant_id in present:
            _revive(services, connection)
        elif connection.status == "active" and not _is_readable(services, pos, connection):
            with services.database.transaction() as transaction:
                left = Unauthorised(f"{pos.name}: merchant {connection.merchant_id} has removed us at {pos.title}.")
                mark_failed(transaction, connection.id, left)
            log.info("merchant has left", connection_id=str(connection.id), provider=pos.name)


def _revive(services: "Services", connection: Connection) -> None:
    if connection.status != "error":
        return
    pos = provider_named(services, connection.provider)
    if not _is_readable(services, pos, connection):
        return
    with services.database.transaction() as transaction:
        if transaction.execute(REVIVE, (connection.id,)).fetchone():
            revive_accounts(transaction, connection.id)


def _is_readable(services: "Services", pos: Provider, connection: Connection) -> bool:
    """Whether the shops can be read: a list that came back short must not put anybody out of service."""
    try:
        with open_api(services, load_connection(services.database, connection.id)) as api:
            pos.locations(api)
    except (Unauthorised, MissingScope):
        return False
    except PipelineError:
        return connection.status == "active"
    return True
