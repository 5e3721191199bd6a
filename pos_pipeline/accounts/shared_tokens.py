"""Access tokens that one set of credentials has, however many connections use it.

Toast gives every login of a client the same token, counts logins and wants one or two a day. So the token
lives in one row per set of credentials; whoever finds it missing, dying or rejected logs in under that row's
lock, and everybody else takes what came of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from pydantic import SecretStr

from pos_pipeline.accounts.vault import Vault
from pos_pipeline.errors import Unauthorised
from pos_pipeline.provider import Grant, Provider
from pos_pipeline.settings import load_settings
from pos_pipeline.warehouse.database import Connection as Transaction
from pos_pipeline.warehouse.database import Database

NO_TENANT = UUID(int=0)
MARGIN = timedelta(seconds=60)
"""A token is replaced this long before it expires; Toast hands out another one only from then on."""
PAUSE = timedelta(minutes=30)
"""Refused credentials are not tried again sooner: logins are limited, and only a person can mend it."""

OPEN = "insert into pos.shared_tokens (id, pos_provider) values (%s, %s) on conflict (id) do nothing"
READ = "select access_token, token_expires_at, refused_at, refusal from pos.shared_tokens where id = %s"
WRITE = """
update pos.shared_tokens
set access_token = %s, token_expires_at = %s, token_renewed_at = clock_timestamp(), refused_at = null, refusal = null
where id = %s
"""
REFUSE = """
update pos.shared_tokens set access_token = null, refused_at = clock_timestamp(), refusal = %s where id = %s
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Shared:
    token: SecretStr | None
    expires_at: datetime | None
    refused_at: datetime | None
    refusal: str | None

    def is_fresh(self, rejected: SecretStr | None, now: datetime) -> bool:
        """Whether it may be used: there, not dying, and not the one that was just rejected."""
        if self.token is None or (self.expires_at is not None and self.expires_at - MARGIN <= now):
            return False
        return rejected is None or self.token.get_secret_value() != rejected.get_secret_value()


class SharedTokens:
    """Access tokens for `HttpApi` from the row of a set of credentials. May be used by several threads.

    Args:
        database: Where the row is.
        vault: Seals and opens the token.
        provider: Whose `shared_token` names the credentials and whose `refresh` logs in.
        grant: The grant that holds the credentials, as it is now.
    """

    renewals = 3

    def __init__(self, database: Database, vault: Vault, provider: Provider, grant: Callable[[], Grant]) -> None:
        self._database = database
        self._vault = vault
        self._provider = provider
        self._grant = grant
        self._lock = Lock()
        self._token: SecretStr | None = None
        self._expires_at: datetime | None = None

    def current(self) -> SecretStr:
        """The token of the credentials; a login when there is none that lives another minute.

        Raises:
            Unauthorised: the credentials are refused, or were a moment ago.
            ProviderUnavailable, RateLimited: the POS does not answer; nothing has changed.
        """
        with self._lock:
            is_dying = self._expires_at is not None and self._expires_at - MARGIN <= datetime.now(UTC)
            return self._obtain(None) if self._token is None or is_dying else self._token

    def renew(self, rejected: SecretStr) -> SecretStr:
        """A token other than `rejected`, by one login for everybody; raises as `current`."""
        with self._lock:
            return self._obtain(rejected)

    def _obtain(self, rejected: SecretStr | None) -> SecretStr:
        grant = self._grant()
        settings = load_settings(self._provider.settings_type)
        row_id = uuid5(NAMESPACE_URL, f"pos:{self._provider.shared_token(settings, grant)}")
        with self._database.transaction() as transaction:
            transaction.execute(OPEN, (row_id, self._provider.name))
            # Most find a good token: they need no lock.
            shared = self._read(transaction, READ, row_id)
            if not shared.is_fresh(rejected, datetime.now(UTC)):
                shared = self._read(transaction, f"{READ} for no key update", row_id)
            now = datetime.now(UTC)
            if shared.is_fresh(rejected, now) and shared.token is not None:
                self._token, self._expires_at = shared.token, shared.expires_at
                return self._token
            if shared.refused_at is not None and shared.refused_at + PAUSE > now:
                raise Unauthorised(f"{shared.refusal} (not tried again before {shared.refused_at + PAUSE:%H:%M} UTC)")
            try:
                renewed = self._provider.refresh(settings, grant)
                if rejected is not None and renewed.access_token == rejected.get_secret_value():
                    raise Unauthorised(  # noqa: TRY301 - refused by another road
                        f"{self._provider.name}: rejects the token that it hands out for these credentials."
                    )
            except Unauthorised as refusal:
                transaction.execute(REFUSE, (str(refusal), row_id))
                error = refusal
            else:
                sealed = self._vault.seal(renewed.access_token, tenant_id=NO_TENANT, connection_id=row_id)
                transaction.execute(WRITE, (sealed, renewed.expires_at, row_id))
                log.info("logged in", provider=self._provider.name, expires_at=str(renewed.expires_at))
                self._token, self._expires_at = SecretStr(renewed.access_token), renewed.expires_at
                return self._token
        raise error

    def _read(self, transaction: Transaction, query: str, row_id: UUID) -> _Shared:
        [(sealed, expires_at, refused_at, refusal)] = transaction.execute(query, (row_id,)).fetchall()
        token = sealed and self._vault.open(sealed, tenant_id=NO_TENANT, connection_id=row_id)
        return _Shared(SecretStr(token) if token else None, expires_at, refused_at, refusal)
