"""A connection's accounts: one per shop, as the POS last described them."""

from collections.abc import Sequence
from uuid import UUID

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.provider import MERCHANT_NAME, Location
from pos_pipeline.warehouse.database import Connection as Transaction

# A name somebody gave an account by hand is kept: only one that we made follows the shop's.
# Nothing is written when nothing changed, so `updated_at` tells a change.
UPSERT = """
insert into pos.accounts as a (
    tenant_id,
    connection_id,
    pos_provider,
    account_name,
    location_id,
    location_name,
    timezone,
    currency,
    day_closes_at,
    sync_frequency_minutes,
    status
)
values (
    %(tenant_id)s,
    %(connection_id)s,
    %(provider)s,
    %(account_name)s,
    %(location_id)s,
    %(name)s,
    %(timezone)s,
    %(currency)s,
    coalesce(%(day_closes_at)s::time, '00:00'),
    coalesce(
        (select min(s.sync_frequency_minutes) from pos.accounts as s where s.connection_id = %(connection_id)s),
        %(sync_frequency_minutes)s
    ),
    %(status)s
)
on conflict (tenant_id, pos_provider, location_id) do update
set
    connection_id = excluded.connection_id,
    account_name = case
        when a.account_name in (a.location_name, %(prefix)s || a.location_name) then excluded.account_name
        else a.account_name
    end,
    location_name = excluded.location_name,
    timezone = excluded.timezone,
    currency = excluded.currency,
    day_closes_at = coalesce(%(day_closes_at)s::time, a.day_closes_at),
    updated_at = now()
where (a.connection_id, a.location_name, a.timezone, a.currency, a.day_closes_at)
    is distinct from (
        excluded.connection_id,
        excluded.location_name,
        excluded.timezone,
        excluded.currency,
        coalesce(%(day_closes_at)s::time, a.day_closes_at)
    )
"""

REVIVE = """
update pos.accounts
set status = 'active', error_message = null, error_count = 0, next_sync_at = now(), updated_at = now()
where connection_id = %s
"""


def refresh_accounts(
    transaction: Transaction,
    connection: Connection,
    locations: Sequence[Location],
    *,
    sync_frequency_minutes: int = 15,
) -> None:
    """Make accounts of new shops and take over changed names, time zones, currencies and closing hours. Never deletes.

    Closed shops have accounts as well: they have a past. A new shop is synced as often as the
    connection's other shops; `sync_frequency_minutes` counts for the first ones.
    """
    merchant = connection.attributes.get(MERCHANT_NAME, "")
    for location in locations:
        transaction.execute(
            UPSERT,
            {
                "tenant_id": connection.tenant_id,
                "connection_id": connection.id,
                "provider": connection.provider,
                "prefix": _prefix(merchant),
                "account_name": account_name(merchant, location.name),
                "location_id": location.location_id,
                "name": location.name,
                "timezone": location.timezone,
                "currency": location.currency,
                "day_closes_at": location.day_closes_at,
                "sync_frequency_minutes": sync_frequency_minutes,
                "status": connection.status,
            },
        )


def account_name(merchant: str, shop: str) -> str:
    """What we call an account until somebody names it: business and shop, the business not twice."""
    return shop if shop.casefold().startswith(merchant.casefold()) else _prefix(merchant) + shop


def _prefix(merchant: str) -> str:
    return f"{merchant} · " if merchant else ""


def revive_accounts(transaction: Transaction, connection_id: UUID) -> None:
    """Put every account of a newly linked connection back into service, due now."""
    transaction.execute(REVIVE, (connection_id,))
