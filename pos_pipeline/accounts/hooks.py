"""Has the POS tell us what happens at a connection's shops."""

from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from pos_pipeline.accounts.connections import Connection, load_connection
from pos_pipeline.accounts.door import open_api, provider_named
from pos_pipeline.errors import InvalidRequest
from pos_pipeline.webhooks import Subscription

if TYPE_CHECKING:
    from pos_pipeline.services import Services

KEEP = """
update pos.accounts
set
    webhook_id = %(subscription_id)s,
    webhook_url = %(url)s,
    webhook_signature_key = coalesce(%(key)s, webhook_signature_key),
    updated_at = now()
where connection_id = %(connection_id)s
"""

FORMER = "select webhook_url from pos.accounts where connection_id = %s and webhook_url is not null limit 1"

log = structlog.get_logger(__name__)


def register_webhooks(services: "Services", connection_id: UUID, url: str) -> Subscription:
    """Subscribe `url` for a connection and keep what its deliveries are signed with. Doing it again changes nothing.

    Raises:
        NotFound: there is no such connection.
        InvalidRequest: the connection is disconnected, or the POS has no deliveries or no API for them.
        Misconfigured: a setting that this needs is missing.
    """
    connection = load_connection(services.database, connection_id)
    provider = provider_named(services, connection.provider)
    if provider.webhooks is None:
        raise InvalidRequest(f"{provider.name}: this POS sends no webhooks.")
    if connection.status == "disconnected":
        raise InvalidRequest(
            f"{provider.name}: merchant {connection.merchant_id} is disconnected; link the till again."
        )
    address = provider.webhooks.address(url, connection.merchant_id)
    with open_api(services, connection) as api:
        made = provider.webhooks.subscribe(services.settings_of(provider), api, address, _former(services, connection))
    sealed = made.signature_key and services.vault.seal(
        made.signature_key, tenant_id=connection.tenant_id, connection_id=connection.id
    )
    with services.database.transaction() as transaction:
        transaction.execute(
            KEEP,
            {
                "subscription_id": made.subscription_id,
                "url": made.url,
                "key": sealed or None,
                "connection_id": connection.id,
            },
        )
    log.info("webhooks registered", connection_id=str(connection.id), provider=provider.name)
    return made


def _former(services: "Services", connection: Connection) -> str:
    """The address it was registered with before, if any."""
    rows = services.database.fetch(FORMER, (connection.id,))
    return str(rows[0][0]) if rows else ""
