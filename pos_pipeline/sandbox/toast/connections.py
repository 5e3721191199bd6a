"""Restaurants that added the partner's integration in Toast Web, and what they let it read."""

import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from pos_pipeline.sandbox.home import Home

_SECTION = "toast_connections"


class Connection(Struct):
    """One restaurant's row in the partners API. Times are milliseconds since 1970, of the real clock."""

    restaurant_guid: str
    merchant_key: str
    location_key: str
    scopes: list[str]
    external_group_ref: str | None
    external_restaurant_ref: str | None
    created_ms: int
    modified_ms: int
    held_back: int = 0
    """How many requests were refused because the connection had not spread yet."""
    is_spread: bool = False


class Saved(Struct):
    """What survives a restart."""

    connections: dict[str, Connection] = {}


class Connections:
    """All connected restaurants, by GUID."""

    def __init__(self, home: Home, clock: Callable[[], float] = time.time) -> None:
        self._home = home
        self._clock = clock
        self._saved = home.load(_SECTION, Saved) or Saved()

    def all(self) -> list[Connection]:
        """Every connection, oldest first."""
        return sorted(self._saved.connections.values(), key=lambda row: (row.created_ms, row.restaurant_guid))

    def get(self, restaurant_guid: str) -> Connection | None:
        """The connection of a restaurant, if it has one."""
        return self._saved.connections.get(restaurant_guid)

    def connect(self, wanted: Sequence[Connection]) -> list[Connection]:
        """Connect restaurants, or give those connected already other references and scopes; the rows of the latter."""
        now = int(self._clock() * 1000)
        updated = []
        for row in wanted:
            row.created_ms = row.modified_ms = now
            old = self._saved.connections.get(row.restaurant_guid)
            if old is not None:
                row.created_ms, row.held_back, row.is_spread = old.created_ms, old.held_back, old.is_spread
                updated.append(row)
            self._saved.connections[row.restaurant_guid] = row
        self._home.save(_SECTION, self._saved)
        return updated

    def remove(self, merchant_key: str) -> list[Connection]:
        """A merchant removes the integration everywhere; the rows that are gone."""
        gone = [row for row in self.all() if row.merchant_key == merchant_key]
        for row in gone:
            row.modified_ms = int(self._clock() * 1000)
            del self._saved.connections[row.restaurant_guid]
        self._home.save(_SECTION, self._saved)
        return gone
