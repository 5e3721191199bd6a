"""Objects of one kind in the order of their times, so that a page costs a bisection, not a scan.

Bodies are rendered when first read and kept until the object changes.
"""

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from pos_pipeline.sandbox.bodies import Bodies, BodyBudget
from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.shop.records import Sale

CREATED, UPDATED, CLOSED = "created", "updated", "closed"
Key = tuple[Instant, str]
"""Position in a timeline: the time, then the id."""
_LAST_ID = "\x7f"


class Item(Struct, frozen=True, gc=False):
    """One object of the cloud: where it stands in time and what it is rendered from."""

    id: str
    location_id: str
    created: Instant
    updated: Instant
    closed: Instant | None
    sale: Sale
    part: int | None = None
    """Position of the tender or refund within the sale; None for the sale itself."""


class Shelf:
    """All objects of one kind of one merchant."""

    def __init__(self, render: Callable[[Item], bytes], budget: BodyBudget) -> None:
        self._render = render
        self._items: dict[str, Item] = {}
        self._bodies = Bodies(budget)
        self._timelines: dict[tuple[str, str], list[Key]] = {}

    def get(self, identifier: str) -> Item | None:
        """The object with this id, if there is one."""
        return self._items.get(identifier)

    def put(self, item: Item) -> None:
        """Add an object or replace its earlier version."""
        old = self._items.get(item.id)
        self._items[item.id] = item
        self._bodies.drop(item.id)
        for (field, location_id), timeline in self._timelines.items():
            if old is not None and location_id == old.location_id and (when := getattr(old, field)) is not None:
                del timeline[bisect_left(timeline, (when, old.id))]
            if location_id == item.location_id and (when := getattr(item, field)) is not None:
                insort(timeline, (when, item.id))

    def body(self, item: Item) -> bytes:
        """The object's JSON."""
        return self._bodies.get(item.id, lambda: self._render(item))

    def between(
        self,
        location_ids: Iterable[str],
        field: str,
        low: Instant | None,
        high: Instant | None,
        *,
        ascending: bool,
        after: Key | None = None,
        matches: Callable[[Item], bool] | None = None,
        limit: int,
    ) -> Sequence[tuple[Key, Item]]:
        """The first `limit` objects of these locations whose `field` lies in [low, high], past the key `after`."""
        keys = heapq.merge(
            *(self._walk(place, field, low, high, after, ascending=ascending) for place in location_ids),
            reverse=not ascending,
        )
        pairs = ((key, self._items[key[1]]) for key in keys)
        return list(islice((pair for pair in pairs if matches is None or matches(pair[1])), limit))

    def _walk(
        self,
        location_id: str,
        field: str,
        low: Instant | None,
        high: Instant | None,
        after: Key | None,
        *,
        ascending: bool,
    ) -> Iterator[Key]:
        timeline = self._timeline(field, location_id)
        first = 0 if low is None else bisect_left(timeline, (low, ""))
        last = len(timeline) if high is None else bisect_right(timeline, (high, _LAST_ID))
        if ascending:
            start = first if after is None else max(first, bisect_right(timeline, after))
            return (timeline[position] for position in range(start, last))
        end = last if after is None else min(last, bisect_left(timeline, after))
        return (timeline[position] for position in range(end - 1, first - 1, -1))

    def _timeline(self, field: str, location_id: str) -> list[Key]:
        timeline = self._timelines.get((field, location_id))
        if timeline is None:
            timeline = sorted(
                (when, item.id)
                for item in self._items.values()
                if item.location_id == location_id and (when := getattr(item, field)) is not None
            )
            self._timelines[field, location_id] = timeline
        return timeline
