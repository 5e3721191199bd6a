"""Links a merchant's till to a tenant, and ends that.

    authorize ──▶ merchant consents ──▶ complete ──┐
                  personal access token ──▶ link_with_token ──▶ connection + an account per shop

Linking is all or nothing: shops are read with the new token before anything is stored. Linking a
merchant again renews its grant and clears its errors; history and positions stay as they are.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from pos_pipeline.accounts.connections import Connection, load_connection, read_connection
from pos_pipeline.accounts.consent import issue_state, take_state
from pos_pipeline.accounts.door import caller_of, provider_named
from pos_pipeline.accounts.grants import read_grant, write_grant
from pos_pipeline.accounts.shops import refresh_accounts, revive_accounts
from pos_pipeline.errors import InvalidRequest, MissingScope, NotFound, TokenUnreadable, Unauthorised
from pos_pipeline.http import HttpApi
from pos_pipeline.http.budget import Unlimited
from pos_pipeline.provider import Grant, Location, Provider
from pos_pipeline.settings import load_settings

if TYPE_CHECKING:
    from pos_pipeline.services import Services

__all__ = ["authorize", "complete", "disconnect", "link_with_token", "refresh_accounts"]

log = structlog.get_logger(__name__)

CONNECT = """
insert into pos.connections (tenant_id, pos_provider, merchant_id, attributes)
values (%s, %s, %s, %s)
on conflict (tenant_id, pos_provider, merchant_id) do update
set attributes = excluded.attributes, status = 'active', error_type = null, error_message = null, updated_at = now()
returning id
"""

DISCONNECT = """
update pos.connections
set
    access_token = null,
    refresh_token = null,
    token_expires_at = null,
    status = 'disconnected',
    error_type = null,
    error_message = null,
    updated_at = now()
where id = %s
"""
DISCONNECT_ACCOUNTS = """
update pos.accounts set status = 'disconnected', error_message = null, updated_at = now() where connection_id = %s
"""
OTHER_TENANTS = """
select exists (
    select from pos.connections as other
    inner join pos.connections as this
        on other.pos_provider = this.pos_provider and other.merchant_id = this.merchant_id and other.id <> this.id
    where this.id = %s and other.access_token is not null
)
"""


def authorize(services: "Services", provider: str, tenant_id: UUID, redirect_uri: str) -> str:
    """Where the merchant's browser goes to consent; it comes back to `redirect_uri` with code and state.

    Raises:
        NotFound: no such provider or tenant.
        InvalidRequest: `redirect_uri` is not an address a browser can come back to.
        Misconfigured: the provider's application is not set up.
    """
    pos = provider_named(services, provider)
    address = urlsplit(redirect_uri)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise InvalidRequest(f"{provider}: redirect address {redirect_uri!r} is not an http or https address.")
    _require_tenant(services, tenant_id)
    settings = load_settings(pos.settings_type)
    return pos.authorize_url(settings, issue_state(services.database, tenant_id, provider, redirect_uri), redirect_uri)


def complete(services: "Services", provider: str, state: str, code: str) -> Connection:
    """The connection a merchant has just consented to.

    Raises:
        InvalidRequest: the state is unknown, used or too old.
        Unauthorised: the POS does not take the code.
        MissingScope: the consent does not even let us see the shops.
    """
    pos = provider_named(services, provider)
    consent = take_state(services.database, provider, state)
    grant = pos.exchange(load_settings(pos.settings_type), code, consent.redirect_uri)
    return _link(services, pos, consent.tenant_id, grant)


def link_with_token(services: "Services", provider: str, tenant_id: UUID, token: str) -> Connection:
    """The connection behind a personal access token.

    Raises:
        NotFound: no such provider or tenant.
        InvalidRequest: the token is empty.
        Unauthorised: the POS does not accept it.
    """
    pos = provider_named(services, provider)
    _require_tenant(services, tenant_id)
    if not token.strip():
        raise InvalidRequest(f"{provider}: the access token is empty.")
    grant = pos.from_token(load_settings(pos.settings_type), token.strip())
    return _link(services, pos, tenant_id, grant)


def disconnect(services: "Services", connection_id: UUID) -> None:
    """Withdraw the authorization at the POS and forget the tokens. What was read stays; so do the accounts.

    The authorization is left standing when another tenant reads the same merchant: Square knows one per
    merchant and application, and withdrawing it would cut them off.

    Raises:
        NotFound: there is no such connection.
        ProviderUnavailable: the POS does not answer; nothing has changed, try again.
    """
    connection = load_connection(services.database, connection_id)
    pos = provider_named(services, connection.provider)
    with services.database.transaction() as transaction:
        try:
            grant = read_grant(transaction, services.vault, connection_id, lock=True).grant
        except TokenUnreadable:
            grant = None
            log.warning("no key opens the token: withdraw it at the POS by hand", connection_id=str(connection_id))
        [(is_shared,)] = transaction.execute(OTHER_TENANTS, (connection_id,)).fetchall()
        if grant and not is_shared:
            pos.revoke(load_settings(pos.settings_type), grant)
        transaction.execute(DISCONNECT, (connection_id,))
        transaction.execute(DISCONNECT_ACCOUNTS, (connection_id,))
    log.info("till disconnected", connection_id=str(connection_id), provider=pos.name)


def _link(services: "Services", pos: Provider, tenant_id: UUID, grant: Grant) -> Connection:
    locations = _shops_behind(pos, grant)
    with services.database.transaction() as transaction:
        [(connection_id,)] = transaction.execute(
            CONNECT, (tenant_id, pos.name, grant.merchant_id, Jsonb(dict(grant.attributes)))
        ).fetchall()
        write_grant(transaction, services.vault, tenant_id, connection_id, grant)
        connection = read_connection(transaction, connection_id)
        frequency = services.settings.default_sync_frequency_minutes
        refresh_accounts(transaction, connection, locations, sync_frequency_minutes=frequency)
        revive_accounts(transaction, connection_id)
    log.info("till linked", connection_id=str(connection_id), provider=pos.name, shops=len(locations))
    return load_connection(services.database, connection_id)


def _shops_behind(pos: Provider, grant: Grant) -> Sequence[Location]:
    api = HttpApi(caller_of(pos, grant.attributes), _Fixed(pos, grant), Unlimited())
    try:
        return pos.locations(api)
    except MissingScope as error:
        scope = ", ".join(stream.scope for stream in pos.streams if stream.describes_locations)
        raise MissingScope(f"{error} Without it the shops cannot be seen.", error.scope or scope) from None


class _Fixed:
    """The token just obtained, before there is a row to renew it in."""

    def __init__(self, pos: Provider, grant: Grant) -> None:
        self._pos = pos
        self._token = SecretStr(grant.access_token)

    def current(self) -> SecretStr:
        return self._token

    def renew(self, rejected: SecretStr) -> SecretStr:  # noqa: ARG002 - there is no other
        raise Unauthorised(f"{self._pos.name}: the POS rejects the token it has just accepted or issued.")


def _require_tenant(services: "Services", tenant_id: UUID) -> None:
    if not services.database.fetch("select from pos.tenants where id = %s", (tenant_id,)):
        raise NotFound(f"tenant: there is no {tenant_id}.")
