"""A connection's grant in its row: opened when read, sealed when written."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pos_pipeline.accounts.vault import Vault
from pos_pipeline.errors import NotFound
from pos_pipeline.provider import Grant
from pos_pipeline.warehouse.database import Connection as Transaction

# `no key update` and not `update`: rows that refer to the connection, such as webhooks, can still be
# inserted while the lock is held across a call to the POS.
READ = """
select tenant_id, merchant_id, access_token, refresh_token, token_expires_at, scopes, attributes, token_renewed_at
from pos.connections
where id = %s
"""
READ_LOCKED = f"{READ} for no key update"

WRITE = """
update pos.connections
set
    access_token = %s,
    refresh_token = %s,
    token_expires_at = %s,
    scopes = %s,
    token_renewed_at = clock_timestamp(),
    updated_at = now()
where id = %s
"""


@dataclass(frozen=True)
class StoredGrant:
    """What the row holds."""

    tenant_id: UUID
    grant: Grant | None
    """None once the till is disconnected."""
    renewed_at: datetime | None


def read_grant(transaction: Transaction, vault: Vault, connection_id: UUID, *, lock: bool = False) -> StoredGrant:
    """The grant of a connection; with `lock`, nobody else refreshes or relinks until the transaction ends.

    Raises:
        NotFound: there is no such connection.
        TokenUnreadable: no key opens it.
    """
    row = transaction.execute(READ_LOCKED if lock else READ, (connection_id,)).fetchone()
    if row is None:
        raise NotFound(f"connection: there is no {connection_id}.")
    tenant_id, merchant_id, access, refresh, expires_at, scopes, attributes, renewed_at = row
    if access is None:
        return StoredGrant(tenant_id, None, renewed_at)
    grant = Grant(
        merchant_id=merchant_id,
        access_token=vault.open(access, tenant_id=tenant_id, connection_id=connection_id),
        refresh_token=refresh and vault.open(refresh, tenant_id=tenant_id, connection_id=connection_id),
        expires_at=expires_at,
        scopes=tuple(scopes),
        attributes=attributes,
    )
    return StoredGrant(tenant_id, grant, renewed_at)


def write_grant(transaction: Transaction, vault: Vault, tenant_id: UUID, connection_id: UUID, grant: Grant) -> None:
    """Write a grant's tokens, sealed, and their scopes and expiry; nothing else of the connection."""
    refresh = grant.refresh_token
    transaction.execute(
        WRITE,
        (
            vault.seal(grant.access_token, tenant_id=tenant_id, connection_id=connection_id),
            None if refresh is None else vault.seal(refresh, tenant_id=tenant_id, connection_id=connection_id),
            grant.expires_at,
            list(grant.scopes),
            connection_id,
        ),
    )
