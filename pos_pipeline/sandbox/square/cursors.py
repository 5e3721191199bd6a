"""Opaque page cursors that die after a while, as Square's do after about five minutes.

They live on the server: a restart forgets them, which clients have to survive anyway.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.square.errors import stale_cursor
from pos_pipeline.sandbox.square.names import Names
from pos_pipeline.sandbox.square.shelf import Key

TTL_SECONDS = 300.0
_SWEEP_EVERY = 1000


class Place(NamedTuple):
    """Where a listing stopped, and the moment its first page was asked for."""

    query: tuple[tuple[str, str], ...]
    asked_at: Instant
    after: Key | None
    offset: int = 0


class Cursors:
    """All cursors handed out and not yet dead."""

    def __init__(
        self, names: Names, ttl_seconds: float = TTL_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ttl_seconds = ttl_seconds
        self._names = names
        self._clock = clock
        self._issued = 0
        self._places: dict[str, tuple[float, Place]] = {}

    def issue(self, place: Place) -> str:
        """A new cursor for this place."""
        self._issued += 1
        if self._issued % _SWEEP_EVERY == 0:
            dead = self._clock() - self.ttl_seconds
            self._places = {token: entry for token, entry in self._places.items() if entry[0] > dead}
        token = self._names.token("cursor", str(self._issued))
        self._places[token] = (self._clock(), place)
        return token

    def resume(self, token: str, query: tuple[tuple[str, str], ...] | None) -> Place:
        """The place a cursor stands for. `query` None means the client sent the cursor alone.

        Raises:
            SquareError: 400 INVALID_CURSOR, field `cursor`: unknown, too old or from another query.
        """
        entry = self._places.get(token)
        if entry is None or self._clock() - entry[0] > self.ttl_seconds:
            self._places.pop(token, None)
            raise stale_cursor("The pagination cursor is invalid or has expired.")
        if query is not None and query != entry[1].query:
            raise stale_cursor("The pagination cursor does not match the request's query.")
        return entry[1]

    def expire_all(self) -> None:
        """Kill every cursor handed out so far."""
        self._places.clear()
