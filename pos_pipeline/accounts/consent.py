"""The `state` of an OAuth consent: what ties the merchant's answer to the tenant who asked.

Random, single use, ten minutes at most, bound to tenant, provider and redirect address. Only its hash
is stored, so reading the table lets nobody finish a linking. Where the POS sends no browser back, the
state is a short code that the merchant enters at the POS; it lives for days.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pos_pipeline.errors import InvalidRequest
from pos_pipeline.warehouse.database import Database

LIFETIME = timedelta(minutes=10)
STATE_BYTES = 32
CODE_LIFETIME = timedelta(days=7)
"""A merchant has to find somebody with the right to add an integration, and may add several shops with one code."""
CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_GROUPS, CODE_GROUP_LENGTH = 4, 4
"""80 bits, in a form that can be read out over a counter."""


@dataclass(frozen=True)
class Consent:
    """What a state stands for."""

    tenant_id: UUID
    redirect_uri: str
    asked_at: datetime


def issue_state(database: Database, tenant_id: UUID, provider: str, redirect_uri: str, *, as_code: bool = False) -> str:
    """A new state, or a link code; forgets those of past days."""
    state = _code() if as_code else secrets.token_urlsafe(STATE_BYTES)
    with database.transaction() as transaction:
        transaction.execute("delete from pos.oauth_states where expires_at < now() - interval '1 day'")
        transaction.execute(
            """
            insert into pos.oauth_states (state_hash, tenant_id, pos_provider, redirect_uri, expires_at)
            values (%s, %s, %s, %s, now() + %s)
            """,
            (_digest(state), tenant_id, provider, redirect_uri, CODE_LIFETIME if as_code else LIFETIME),
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
        returning tenant_id, redirect_uri, created_at
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


def consent_by_code(database: Database, provider: str, code: str) -> Consent | None:
    """What a link code stands for; None when it is not one of ours or too old. It stays good until it expires."""
    rows = database.fetch(
        """
        select tenant_id, redirect_uri, created_at from pos.oauth_states
        where state_hash = %s and pos_provider = %s and expires_at > now()
        """,
        (_digest(normalised(code)), provider),
    )
    return Consent(*rows[0]) if rows else None


def note_on_code(database: Database, code: str, message: str | None) -> None:
    """Say what keeps a link code from being finished; None says that a shop was linked by it."""
    with database.transaction() as transaction:
        transaction.execute(
            """
            update pos.oauth_states
            set message = %(message)s,
                used_at = case when %(message)s::text is null then coalesce(used_at, now()) else used_at end
            where state_hash = %(digest)s
            """,
            {"message": message, "digest": _digest(normalised(code))},
        )


def message_on_code(database: Database, code: str) -> str | None:
    """What keeps this link code from being finished, if it was tried."""
    found = "select message from pos.oauth_states where state_hash = %s"
    rows = database.fetch(found, (_digest(normalised(code)),))
    return rows[0][0] if rows else None


def waits_for_codes(database: Database, provider: str) -> bool:
    """Whether any link code of this provider can still be entered."""
    found = "select exists (select from pos.oauth_states where pos_provider = %s and expires_at > now())"
    return bool(database.fetch(found, (provider,))[0][0])


def normalised(code: str) -> str:
    """A link code as we gave it, however it was typed."""
    letters = "".join(letter for letter in code.upper() if letter in CODE_ALPHABET)
    if len(letters) != CODE_GROUPS * CODE_GROUP_LENGTH:
        return code
    return "-".join(letters[at : at + CODE_GROUP_LENGTH] for at in range(0, len(letters), CODE_GROUP_LENGTH))


def _code() -> str:
    return normalised("".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_GROUPS * CODE_GROUP_LENGTH)))


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
