"""Keeps connections' tokens alive. The row is the authority; nobody refreshes without holding its lock.

With a POS whose refresh tokens are single use, two processes that refresh at once leave a dead pair
behind. So the refresher locks the row, reads it again, calls the POS only if the stored token is
still the one to replace, and has stored the new pair before anybody uses it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from pydantic import SecretStr

from pos_pipeline.accounts.connections import mark_failed
from pos_pipeline.accounts.grants import StoredGrant, read_grant, write_grant
from pos_pipeline.accounts.shared_tokens import SharedTokens
from pos_pipeline.accounts.vault import Vault
from pos_pipeline.errors import PipelineError, Unauthorised
from pos_pipeline.http.api import Tokens
from pos_pipeline.provider import Grant, Provider
from pos_pipeline.settings import load_settings
from pos_pipeline.warehouse.database import Database

if TYPE_CHECKING:
    from pos_pipeline.services import Services

log = structlog.get_logger(__name__)


REFRESH_BEFORE = timedelta(hours=6)
"""The sweep renews tokens that expire so soon; a sync renews its own a minute before."""
JITTER = timedelta(days=1)
"""Tills that were linked together have their tokens renewed spread over so long, not in one minute."""
JITTER_STEPS = 24 * 60
DYING = timedelta(seconds=60)


def tokens_of(services: "Services", provider: Provider, connection_id: UUID) -> Tokens:
    """Where this connection's access tokens come from: its own row, or that of credentials it shares.

    Nothing is read before the first token is asked for.
    """
    return _Tokens(services, provider, connection_id)


class _Tokens:
    """Decides at the first call, since the grant tells it."""

    def __init__(self, services: "Services", provider: Provider, connection_id: UUID) -> None:
        self._services = services
        self._provider = provider
        self._connection_id = connection_id
        self._lock = Lock()
        self._source: Tokens | None = None

    @property
    def renewals(self) -> int:
        """See `Tokens.renewals`."""
        return self._chosen().renewals

    def current(self) -> SecretStr:
        """See `Tokens.current`."""
        return self._chosen().current()

    def renew(self, rejected: SecretStr) -> SecretStr:
        """See `Tokens.renew`."""
        return self._chosen().renew(rejected)

    def _chosen(self) -> Tokens:
        with self._lock:
            if self._source is None:
                database, vault = self._services.database, self._services.vault
                settings = self._services.settings_of(self._provider)
                is_shared = self._provider.shared_token(settings, self._grant()) is not None
                self._source = (
                    SharedTokens(database, vault, self._provider, self._grant)
                    if is_shared
                    else TokenSource(database, vault, self._provider, self._connection_id)
                )
            return self._source

    def _grant(self) -> Grant:
        with self._services.database.transaction() as transaction:
            stored = read_grant(transaction, self._services.vault, self._connection_id)
        return _present(stored, self._provider, self._connection_id)


class TokenSource:
    """Access tokens of one connection for `HttpApi`. May be used by several threads."""

    renewals = 1

    def __init__(self, database: Database, vault: Vault, provider: Provider, connection_id: UUID) -> None:
        self._database = database
        self._vault = vault
        self._provider = provider
        self._connection_id = connection_id
        self._lock = Lock()
        self._token: SecretStr | None = None
        self._expires_at: datetime | None = None
        self._can_refresh = False

    def current(self) -> SecretStr:
        """The token as last read, from the row the first time; a refreshed one when that is about to expire.

        Raises:
            Unauthorised: the till is disconnected.
            TokenUnreadable: no key opens it.
        """
        with self._lock:
            if self._token is None or self._is_dying():
                with self._database.transaction() as transaction:
                    stored = read_grant(transaction, self._vault, self._connection_id)
                self._take(_present(stored, self._provider, self._connection_id))
            if self._is_dying():
                self._renew(
                    lambda grant: grant.expires_at is not None and grant.expires_at - DYING <= datetime.now(UTC)
                )
            return self._token or SecretStr("")

    def renew(self, rejected: SecretStr) -> SecretStr:
        """A token other than `rejected`: somebody else's newer one if there is one, else a refreshed one.

        Raises:
            Unauthorised: the POS refuses; the connection and its shops are now in `error`.
            ProviderUnavailable, RateLimited: the POS does not answer; nothing has changed.
        """
        with self._lock:
            return self._renew(lambda grant: grant.access_token == rejected.get_secret_value())

    def _renew(self, is_stale: Callable[[Grant], bool]) -> SecretStr:
        outcome = _refresh_under_lock(
            self._database,
            self._vault,
            self._provider,
            self._connection_id,
            is_stale=lambda stored: is_stale(_present(stored, self._provider, self._connection_id)),
            is_fatal=lambda _: True,
        )
        return self._take(outcome.grant)

    def _take(self, grant: Grant) -> SecretStr:
        self._token, self._can_refresh = SecretStr(grant.access_token), grant.refresh_token is not None
        self._expires_at = grant.expires_at
        return self._token

    def _is_dying(self) -> bool:
        """Whether the token is about to expire and can be replaced."""
        return self._can_refresh and self._expires_at is not None and self._expires_at - DYING <= datetime.now(UTC)


@dataclass(frozen=True)
class RefreshReport:
    """What a sweep over the tokens did."""

    refreshed: tuple[UUID, ...]
    failures: Mapping[UUID, PipelineError] = field(default_factory=dict)
    """By connection; their tokens are as they were."""


def refresh_due(services: "Services", older_than: timedelta = timedelta(days=7)) -> RefreshReport:
    """Refresh every active connection's token that is older than `older_than` or expires within hours.

    Each is renewed up to `JITTER` early, by a share of it that is its own. Square asks for it weekly; other
    tokens live no longer than a day. One refusal stops nobody else. Nor does it take the connection out of
    service while its access token has time left: a wrong app secret refuses every merchant at once, and a
    grant that was really withdrawn shows at the next sync, which does mark it.
    """
    due = services.database.fetch(
        """
        select id, pos_provider
        from pos.connections
        where
            status = 'active' and refresh_token is not null and access_token is not null
            and (token_renewed_at < now() - %s or token_expires_at < now() + %s)
        order by token_renewed_at
        """,
        (older_than - JITTER, REFRESH_BEFORE),
    )
    soonest = datetime.now(UTC) + REFRESH_BEFORE
    refreshed: list[UUID] = []
    failures: dict[UUID, PipelineError] = {}
    for connection_id, provider in due:
        oldest = datetime.now(UTC) - older_than + _early(connection_id)
        try:
            outcome = _refresh_under_lock(
                services.database,
                services.vault,
                services.providers[provider],
                connection_id,
                is_stale=partial(_is_old, oldest=oldest, soonest=soonest),
                is_fatal=lambda grant: grant.expires_at is None or grant.expires_at < datetime.now(UTC),
            )
        except PipelineError as error:
            failures[connection_id] = error
            log.warning("token not refreshed", connection_id=str(connection_id), error_type=error.code)
        else:
            refreshed += [connection_id] if outcome.is_new else []
    return RefreshReport(tuple(refreshed), failures)


def _is_old(stored: StoredGrant, *, oldest: datetime, soonest: datetime) -> bool:
    grant, renewed_at = stored.grant, stored.renewed_at
    if grant is None or not grant.access_token or renewed_at is None:
        return False
    return renewed_at < oldest or (grant.expires_at or soonest) < soonest


def _early(connection_id: UUID) -> timedelta:
    return JITTER * (connection_id.int % JITTER_STEPS) / JITTER_STEPS


@dataclass(frozen=True)
class _Outcome:
    grant: Grant
    is_new: bool


def _refresh_under_lock(
    database: Database,
    vault: Vault,
    provider: Provider,
    connection_id: UUID,
    *,
    is_stale: Callable[[StoredGrant], bool],
    is_fatal: Callable[[Grant], bool],
) -> _Outcome:
    """The stored grant, refreshed first if `is_stale` says so of the row as it is under the lock.

    A refusal marks the connection failed if `is_fatal`; that too happens under the lock, so that it
    cannot hit a grant the merchant has given anew in between.
    """
    with database.transaction() as transaction:
        stored = read_grant(transaction, vault, connection_id, lock=True)
        stale = is_stale(stored)
        grant = _present(stored, provider, connection_id)
        if not stale:
            return _Outcome(grant, is_new=False)
        try:
            renewed = _refreshed(provider, grant)
        except Unauthorised as refusal:
            error = refusal
            if is_fatal(grant):
                mark_failed(transaction, connection_id, error)
        else:
            write_grant(transaction, vault, stored.tenant_id, connection_id, renewed)
            return _Outcome(renewed, is_new=True)
    raise error


def _refreshed(provider: Provider, grant: Grant) -> Grant:
    if grant.refresh_token is None:
        raise Unauthorised(
            f"{provider.name}: the token of merchant {grant.merchant_id} is rejected and cannot be refreshed."
        )
    return provider.refresh(load_settings(provider.settings_type), grant)


def _present(stored: StoredGrant, provider: Provider, connection_id: UUID) -> Grant:
    if stored.grant is None:
        raise Unauthorised(f"{provider.name}: connection {connection_id} is disconnected and holds no token.")
    return stored.grant
