"""Webhook subscriptions of the application, and who hears what."""

import time
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from pos_pipeline.sandbox.courier import Target
from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.square.errors import not_found
from pos_pipeline.sandbox.square.events import EVENT_SCOPES, Event
from pos_pipeline.sandbox.square.names import Names

if TYPE_CHECKING:
    from pos_pipeline.sandbox.square.grants import Grants

_SECTION = "square_subscriptions"


class Subscription(Struct, frozen=True):
    """One listener. Made with a merchant's personal token it hears that merchant, and all who authorized us."""

    id: str
    merchant_key: str
    name: str
    event_types: list[str]
    notification_url: str
    api_version: str
    signature_key: str
    created_at: float
    updated_at: float
    enabled: bool = True


class Saved(Struct):
    """What survives a restart."""

    issued: int = 0
    subscriptions: dict[str, Subscription] = {}


class Subscriptions:
    """All subscriptions of the cloud. Safe to read from the courier's threads."""

    def __init__(self, names: Names, home: Home, grants: "Grants") -> None:
        self._names = names
        self._home = home
        self._grants = grants
        self._saved = home.load(_SECTION, Saved) or Saved()

    def __len__(self) -> int:
        return len(self._saved.subscriptions)

    def all(self) -> list[Subscription]:
        """Every subscription, oldest first."""
        return list(self._saved.subscriptions.values())

    def get(self, identifier: str) -> Subscription:
        """One subscription.

        Raises:
            SquareError: 404.
        """
        found = self._saved.subscriptions.get(identifier)
        if found is None:
            raise not_found("webhook subscription", identifier)
        return found

    def create(
        self,
        merchant_key: str,
        name: str,
        event_types: list[str],
        notification_url: str,
        api_version: str,
        *,
        enabled: bool,
    ) -> Subscription:
        """A new subscription with a signature key of its own."""
        self._saved.issued += 1
        serial, now = str(self._saved.issued), time.time()
        identifier = f"wbhk_{self._names.token('subscription', serial)[:32].lower()}"
        key = self._names.token("signature", serial)[:22]
        return self.put(
            Subscription(
                identifier, merchant_key, name, event_types, notification_url, api_version, key, now, now, enabled
            )
        )

    def put(self, subscription: Subscription) -> Subscription:
        """Store a new or changed subscription."""
        self._saved.subscriptions[subscription.id] = subscription
        self._home.save(_SECTION, self._saved)
        return subscription

    def delete(self, identifier: str) -> None:
        """Forget a subscription; deliveries under way are given up.

        Raises:
            SquareError: 404.
        """
        self.get(identifier)
        del self._saved.subscriptions[identifier]
        self._home.save(_SECTION, self._saved)

    def renew_key(self, identifier: str) -> Subscription:
        """Give a subscription a new signature key."""
        self._saved.issued += 1
        key = self._names.token("signature", str(self._saved.issued))[:22]
        return self.put(replace(self.get(identifier), signature_key=key, updated_at=time.time()))

    def target(self, identifier: str) -> Target | None:
        """Where a subscription's deliveries go now; None when it is gone or switched off."""
        found = self._saved.subscriptions.get(identifier)
        return Target(found.notification_url, found.signature_key) if found is not None and found.enabled else None

    def listeners(self, event: Event) -> list[str]:
        """Ids of the subscriptions that hear an event."""
        scope = EVENT_SCOPES[event.kind]
        authorized = scope is None or scope in self._grants.authorized_scopes(event.merchant_key)
        return [
            subscription.id
            for subscription in self._saved.subscriptions.values()
            if subscription.enabled
            and event.kind in subscription.event_types
            and (authorized or subscription.merchant_key == event.merchant_key)
        ]
