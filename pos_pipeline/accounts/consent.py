"""The `state` of an OAuth consent: what ties the merchant's answer to the tenant who asked.

Random, single use, ten minutes at most, bound to tenant, provider and redirect address. Only its hash
is stored, so reading the table lets nobody finish a linking.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pos_pipeline.errors import InvalidRequest
from pos_pipeline.warehouse.database import Database

LIFETIME = timedelta(minutes=10)
STATE_BYTES = 32


@dataclass(frozen=True)
class Consent:
    """What a state stands for."""

    tenant_id: UUID
    redirect_uri: str


def issue_state(database: Database, tenant_id: UUID, provider: str, redirect_uri: str) -> str:
    """A new state; forgets those of past days."""
    state = secrets.token_urlsafe(STATE_BYTES)
    with database.transaction() as transaction:
        transaction.execute("delete from pos.oauth_states where expires_at < now() - interval '1 day'")
        transaction.execute(
            """
            insert into pos.oauth_states (state_hash, tenant_id, pos_provider, redirect_uri, expires_at)
            values (%s, %s, %s, %s, now() + %s)
            """,
            (_digest(state), tenant_id, provider, redirect_uri, LIFETIME),
        )
    return state


def take_state(database: Database, provider: str, state: str) -> Consent:
    """What `state` stands for. It is used up by this call, whatever comes after.

    Raises:
        InvalidRequest: it is unknown, used, too old, or was issued for another provider.
    """
    rows = database.fetch(
        """
        update pos.oauth_states
        set used_at = now()
        where state_hash = %s and pos_provider = %s and used_at is null and expires_at > now()
        returning tenant_id, redirect_uri
        """,
        (_digest(state), provider),
    )
    if not rows:
        minutes = int(LIFETIME.total_seconds() // 60)
        raise InvalidRequest(
            f"{provider}: this consent was not asked for here, was answered already or is older than {minutes} "
            "minutes. Start the linking again."
        )
    return Consent(*rows[0])


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
