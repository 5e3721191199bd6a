"""Links a merchant's till to a tenant, and ends that.

    authorize ──▶ merchant consents, browser comes back ──▶ complete ──┐
              └─▶ merchant enters our code at the POS ──▶ collect ──────┼──▶ connections + an account per shop
                  merchant types credentials in ──▶ link_with_credentials ──┘

Linking is all or nothing: shops are read with the new token before anything is stored. Linking a
merchant again renews its grant and clears its errors; history and positions stay as they are.
"""

from collections.abc import Mapping, Sequence
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
from pos_pipeline.accounts.shared_tokens import SharedTokens
from pos_pipeline.accounts.shops import refresh_accounts, revive_accounts
from pos_pipeline.errors import InvalidRequest, MissingScope, NotFound, TokenUnreadable, Unauthorised
from pos_pipeline.http import HttpApi
from pos_pipeline.http.api import Tokens
from pos_pipeline.http.budget import Unlimited
from pos_pipeline.provider import Grant, Invitation, Location, Provider
from pos_pipeline.settings import load_settings

if TYPE_CHECKING:
    from pos_pipeline.services import Services

__all__ = ["authorize", "complete", "disconnect", "link", "link_with_credentials", "refresh_accounts"]

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
    webhook_address = null,
    webhook_registered_at = null,
    webhook_silent_since = null,
    webhook_tried_at = null,
    webhook_tries = 0,
    webhook_message = null,
    status = 'disconnected',
    error_type = null,
    error_message = null,
    updated_at = now()
where id = %s
"""
DISCONNECT_ACCOUNTS = """
update pos.accounts
set
    status = 'disconnected',
    error_message = null,
    webhook_id = null,
    webhook_url = null,
    webhook_signature_key = null,
    updated_at = now()
where connection_id = %s
"""
OTHER_TENANTS = """
select exists (
    select from pos.connections as other
    inner join pos.connections as this
        on other.pos_provider = this.pos_provider and other.merchant_id = this.merchant_id and other.id <> this.id
    where this.id = %s and other.access_token is not null
)
"""


def authorize(services: "Services", provider: str, tenant_id: UUID, redirect_uri: str) -> Invitation:
    """What the merchant is to do: consent in a browser that comes back to `redirect_uri`, or enter a code.

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
    state = issue_state(services.database, tenant_id, provider, redirect_uri, as_code=pos.links_by_code)
    return Invitation(pos.authorize_url(settings, state, redirect_uri), state if pos.links_by_code else None)


def complete(services: "Services", provider: str, answer: Mapping[str, str]) -> Connection:
    """The connection a merchant has just consented to; `answer` is the query the browser came back with.

    Raises:
        InvalidRequest: the state is missing, unknown, used or too old, or the POS sends no browsers back.
        Unauthorised: the merchant declined, or the POS does not take the code.
        MissingScope: the consent does not even let us see the shops.
    """
    pos = provider_named(services, provider)
    if pos.links_by_code:
        raise InvalidRequest(f"{provider}: tills are linked by a code; there is no answer to complete.")
    consent = take_state(services.database, provider, answer.get("state", ""))
    if "error" in answer:
        # The POS's own word for it, which is one of a few; whatever else an address bar may hold is not repeated.
        reason = answer["error"] if answer["error"].replace("_", "").isalpha() else "no reason"
        raise Unauthorised(f"{provider}: consent was not given ({reason[:40]}); the till is not linked.")
    grant = pos.exchange(load_settings(pos.settings_type), answer, consent.redirect_uri)
    return link(services, pos, consent.tenant_id, grant)


def link_with_credentials(
    services: "Services", provider: str, tenant_id: UUID, typed: Mapping[str, str]
) -> list[Connection]:
    """The connections behind credentials a merchant typed in, by the names of `Provider.credentials`.

    Raises:
        NotFound: no such provider or tenant.
        InvalidRequest: the provider takes none, one is missing, unknown or malformed.
        Unauthorised: the POS does not accept them.
    """
    pos = provider_named(services, provider)
    _require_tenant(services, tenant_id)
    wanted = [credential.name for credential in pos.credentials]
    given = {name: value.strip() for name, value in typed.items() if value.strip()}
    if not wanted:
        raise InvalidRequest(f"{provider}: tills are linked by consent only.")
    if set(given) != set(wanted):
        wrong = ", ".join(sorted(set(given) ^ set(wanted)))
        raise InvalidRequest(f"{provider}: expected {', '.join(wanted)}; missing, empty or unknown: {wrong}.")
    grants = pos.from_credentials(load_settings(pos.settings_type), given)
    # All are looked at before the first is stored: half a chain is nobody's wish.
    shops = [(grant, _shops_behind(services, pos, grant)) for grant in grants]
    return [_store(services, pos, tenant_id, grant, locations) for grant, locations in shops]


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


def link(services: "Services", pos: Provider, tenant_id: UUID, grant: Grant) -> Connection:
    """Read the shops behind a grant, then store it with an account for each.

    Raises:
        Unauthorised, MissingScope: the POS does not show the shops; nothing is stored.
    """
    return _store(services, pos, tenant_id, grant, _shops_behind(services, pos, grant))


def _store(
    services: "Services", pos: Provider, tenant_id: UUID, grant: Grant, locations: Sequence[Location]
) -> Connection:
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


def api_of_grant(services: "Services", pos: Provider, grant: Grant) -> HttpApi:
    """The door to the POS with a grant that is in no connection's row, for the few requests of linking."""
    tokens: Tokens = _Fixed(pos, grant)
    if pos.shared_token(load_settings(pos.settings_type), grant) is not None:
        tokens = SharedTokens(services.database, services.vault, pos, lambda: grant)
    return HttpApi(caller_of(pos, grant.attributes), tokens, Unlimited(), grant.attributes)


def _shops_behind(services: "Services", pos: Provider, grant: Grant) -> Sequence[Location]:
    api = api_of_grant(services, pos, grant)
    try:
        return pos.locations(api)
    except MissingScope as error:
        scope = ", ".join(stream.scope for stream in pos.streams if stream.describes_locations)
        raise MissingScope(f"{error} Without it the shops cannot be seen.", error.scope or scope) from None


class _Fixed:
    """The token just obtained, before there is a row to renew it in."""

    renewals = 1

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
