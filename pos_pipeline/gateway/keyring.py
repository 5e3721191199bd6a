"""The keys deliveries may be signed with: those of the settings, and those the POS gave when we subscribed."""

import threading
import time

from pos_pipeline.errors import TokenUnreadable
from pos_pipeline.provider import Provider
from pos_pipeline.services import Services

LIVE_SECONDS = 60.0
PAUSE_SECONDS = 2.0
STORED = """
select distinct on (webhook_signature_key) tenant_id, connection_id, webhook_signature_key
from pos.accounts
where pos_provider = %s and webhook_signature_key is not null and status <> 'disconnected'
"""


class Keyring:
    """Keys of one provider, read at most once a minute. May be used by several threads."""

    def __init__(self, services: Services, provider: Provider) -> None:
        self._services = services
        self._provider = provider
        self._lock = threading.Lock()
        self._keys: tuple[str, ...] = ()
        self._read_at = -LIVE_SECONDS

    def keys(self, *, again: bool = False) -> tuple[str, ...]:
        """The keys; `again` looks for new ones, unless that was done a moment ago.

        Raises:
            WarehouseUnavailable: they cannot be read, and none are known.
        """
        with self._lock:
            age = time.monotonic() - self._read_at
            if age > LIVE_SECONDS or (again and age > PAUSE_SECONDS):
                self._keys = self._read()
                self._read_at = time.monotonic()
            return self._keys

    def _read(self) -> tuple[str, ...]:
        webhooks = self._provider.webhooks
        keys = list(webhooks.keys(self._services.settings_of(self._provider))) if webhooks else []
        for tenant_id, connection_id, sealed in self._services.database.fetch(STORED, (self._provider.name,)):
            try:
                keys.append(self._services.vault.open(bytes(sealed), tenant_id=tenant_id, connection_id=connection_id))
            except TokenUnreadable:
                continue
        return tuple(dict.fromkeys(keys))
