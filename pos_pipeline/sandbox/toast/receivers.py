"""Who listens to webhooks. Toast has no API for this: its support sets receivers up, one category each."""

from msgspec import Struct

from pos_pipeline.sandbox.courier import Target
from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.toast.names import Names

ORDERS, PARTNER, MENUS = "order_updated", "partner", "menus"
CATEGORIES = (ORDERS, PARTNER, MENUS)
_SECTION = "toast_receivers"


class Receiver(Struct, frozen=True):
    """One subscription: an address for one category, with a secret of its own."""

    id: str
    url: str
    category: str
    secret: str


class Saved(Struct):
    """What survives a restart."""

    receivers: dict[str, Receiver] = {}


class Receivers:
    """All subscriptions. Safe to read from the courier's threads."""

    def __init__(self, names: Names, home: Home) -> None:
        self._names = names
        self._home = home
        self._saved = home.load(_SECTION, Saved) or Saved()

    def __len__(self) -> int:
        return len(self._saved.receivers)

    def add(self, url: str, category: str) -> Receiver:
        """Subscribe an address to a category; doing it again gives the same subscription."""
        identifier = self._names.guid("receiver", f"{category}:{url}")
        receiver = Receiver(identifier, url, category, self._names.secret("webhook", identifier))
        self._saved.receivers[identifier] = receiver
        self._home.save(_SECTION, self._saved)
        return receiver

    def remove(self, identifier: str) -> bool:
        """End a subscription; whether there was one."""
        found = self._saved.receivers.pop(identifier, None) is not None
        self._home.save(_SECTION, self._saved)
        return found

    def of(self, category: str) -> list[Receiver]:
        """The subscriptions to a category."""
        return [receiver for receiver in self._saved.receivers.values() if receiver.category == category]

    def target(self, identifier: str) -> Target | None:
        """Where a subscription's deliveries go; None when it is gone."""
        found = self._saved.receivers.get(identifier)
        return None if found is None else Target(found.url, found.secret)
