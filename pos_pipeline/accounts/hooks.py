"""Has the POS tell us what happens at a connection's shops.

What was asked for, and what came of it, stays on the connection: `orchestration.silence` asks again.
"""

from typing import TYPE_CHECKING, LiteralString
from uuid import UUID

import structlog

from pos_pipeline.accounts.connections import Connection, load_connection
from pos_pipeline.accounts.door import open_api, provider_named
from pos_pipeline.errors import InvalidRequest, PipelineError
from pos_pipeline.webhooks import Subscription, Webhooks

if TYPE_CHECKING:
    from pos_pipeline.services import Services

ROUTE = "/api/v1/pos/webhooks"

# Of connection `c`. Where nobody has registered through us, events that came say that somebody has elsewhere.
WEBHOOK_STATUS: LiteralString = """case
    when c.status = 'disconnected' then 'none'
    when c.webhook_silent_since is not null then 'silent'
    when c.webhook_registered_at is not null then 'listening'
    when exists (select from pos.webhooks as w where w.connection_id = c.id) then 'listening'
    else 'none'
end"""
FORMER = "select webhook_id, webhook_url from pos.accounts where connection_id = %s and webhook_url is not null limit 1"
ADDRESS = "select webhook_address from pos.connections where id = %s"
KEEP = """
with kept as (
    update pos.accounts
    set
        webhook_id = %(subscription_id)s,
        webhook_url = %(url)s,
        webhook_signature_key = coalesce(%(key)s, webhook_signature_key),
        updated_at = now()
    where connection_id = %(connection_id)s
)
update pos.connections
set
    webhook_address = %(url)s,
    webhook_registered_at = case when %(is_again)s then coalesce(webhook_registered_at, now()) else now() end,
    webhook_silent_since = case when %(is_again)s then webhook_silent_since end,
    webhook_tried_at = case when %(is_again)s then webhook_tried_at end,
    webhook_tries = case when %(is_again)s then webhook_tries else 0 end,
    webhook_message = case when %(is_again)s then webhook_message end
where id = %(connection_id)s
"""
NOTE = "update pos.connections set webhook_address = %s, webhook_message = %s where id = %s"

log = structlog.get_logger(__name__)


def webhook_url(public_url: str, provider: str) -> str:
    """Where the POS delivers, if that is how we are reached."""
    return f"{public_url.rstrip('/')}{ROUTE}/{provider}"


def register_webhooks(services: "Services", connection_id: UUID, url: str) -> Subscription:
    """Subscribe `url` for a connection and keep what its deliveries are signed with. Doing it again changes nothing.

    Raises:
        NotFound: there is no such connection.
        InvalidRequest: the connection is disconnected, or the POS has no deliveries or no API for them.
        Misconfigured: a setting that this needs is missing.
        PipelineError: the POS refuses. What was asked for is remembered, with the reason.
    """
    connection = load_connection(services.database, connection_id)
    address = _telling(services, connection).address(url, connection.merchant_id)
    return _subscribe(services, connection, address, is_again=False)


def register_again(services: "Services", connection_id: UUID) -> bool:
    """Subscribe once more with the address that was asked for before; whether anything about it had to be mended.

    Raises:
        PipelineError: as `register_webhooks`.
    """
    connection = load_connection(services.database, connection_id)
    [(address,)] = services.database.fetch(ADDRESS, (connection_id,))
    if address is None:
        raise InvalidRequest(f"{connection.provider}: merchant {connection.merchant_id} has never been registered.")
    before = _former(services, connection)
    made = _subscribe(services, connection, address, is_again=True)
    return before != (made.subscription_id, made.url)


def listen(services: "Services", connection: Connection, public_url: str) -> None:
    """Subscribe to a newly linked connection's events, where that can be done without anybody.

    A till is linked all the same when it cannot: its syncs do not need them, and it is tried again by itself.
    """
    provider = provider_named(services, connection.provider)
    webhooks = provider.webhooks
    if not services.settings.enable_webhooks or webhooks is None or not webhooks.is_registered_by_api:
        return
    try:
        register_webhooks(services, connection.id, webhook_url(public_url, provider.name))
    except PipelineError as error:
        log.warning("webhooks not registered", connection_id=str(connection.id), error_type=error.code)


def _telling(services: "Services", connection: Connection) -> Webhooks:
    webhooks = provider_named(services, connection.provider).webhooks
    if webhooks is None:
        raise InvalidRequest(f"{connection.provider}: this POS sends no webhooks.")
    if connection.status == "disconnected":
        raise InvalidRequest(
            f"{connection.provider}: merchant {connection.merchant_id} is disconnected; link the till again."
        )
    return webhooks


def _subscribe(services: "Services", connection: Connection, address: str, *, is_again: bool) -> Subscription:
    webhooks = _telling(services, connection)
    settings = services.settings_of(provider_named(services, connection.provider))
    _, former = _former(services, connection)
    try:
        with open_api(services, connection) as api:
            made = webhooks.subscribe(settings, api, address, former)
    except PipelineError as error:
        if webhooks.is_registered_by_api:
            said = f"{str(error).rstrip('.')}. {error.action_required}"
            with services.database.transaction() as transaction:
                transaction.execute(NOTE, (address, f"Webhooks are not registered: {said}", connection.id))
        raise
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
                "is_again": is_again,
                "connection_id": connection.id,
            },
        )
    log.info("webhooks registered", connection_id=str(connection.id), provider=connection.provider)
    return made


def _former(services: "Services", connection: Connection) -> tuple[str, str]:
    """Id and address of its registration; both empty without one."""
    rows = services.database.fetch(FORMER, (connection.id,))
    return (str(rows[0][0]), str(rows[0][1])) if rows else ("", "")
